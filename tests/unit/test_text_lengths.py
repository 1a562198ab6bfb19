"""The longest text of tables of answers and verdicts."""

from __future__ import annotations

import os
from pathlib import Path

import polars as pl
import pytest

from scale_or_reason.inference.text_lengths import longest_text

ANSWERS = {"prompt_tokens": [900, 10, 500], "answer_tokens": [1, 800, 600]}
VERDICTS = {"judge_prompt_tokens": [0, 1200], "judge_tokens": [0, 34]}


def table(folder: Path, name: str, columns: dict[str, list[int | None]]) -> str:
    pl.DataFrame(columns).write_parquet(folder / name)
    return str(folder / name)


def test_prompt_and_completion_count_together(tmp_path: Path) -> None:
    answers, verdicts = table(tmp_path, "[a].parquet", ANSWERS), table(tmp_path, "v.parquet", VERDICTS)
    manifest = tmp_path / "manifest.json"
    manifest.write_text("{}")
    assert longest_text([answers, str(manifest)]) == 1100
    assert longest_text([answers, verdicts]) == 1234
    assert longest_text([table(tmp_path, "none.parquet", {"prompt_tokens": [], "answer_tokens": []})]) == 0


def test_a_table_that_was_made_again_is_read_again(tmp_path: Path) -> None:
    answers = table(tmp_path, "a.parquet", ANSWERS)
    assert longest_text([answers]) == 1100
    table(tmp_path, "a.parquet", {"prompt_tokens": [7], "answer_tokens": [1]})
    os.utime(answers, (1, 1))
    assert longest_text([answers]) == 8


@pytest.mark.parametrize("content", [b"", b"PAR1 torn", b"--prompts x"])
def test_what_cannot_be_read_is_unknown(tmp_path: Path, content: bytes) -> None:
    torn = tmp_path / "torn.parquet"
    torn.write_bytes(content)
    assert longest_text([str(torn)]) is None
    assert longest_text([table(tmp_path, "a.parquet", ANSWERS), str(torn)]) is None


def test_files_without_token_counts_are_unknown(tmp_path: Path) -> None:
    assert longest_text([]) is None
    assert longest_text([str(tmp_path / "manifest.json")]) is None
    assert longest_text([table(tmp_path, "other.parquet", {"prompt_tokens": [1]})]) is None
