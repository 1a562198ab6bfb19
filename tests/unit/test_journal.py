"""Chunks that are on disk are not done again, torn ones are."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scale_or_reason.common.journal import Journal, work_in_chunks


def squares(chunk: range) -> list[dict]:
    return [{"square": i * i} for i in chunk]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return Journal.beside(tmp_path / "out.parquet")


def test_it_lies_beside_the_output_under_a_hidden_name(tmp_path: Path) -> None:
    assert Journal.beside(tmp_path / "a/shard-0.parquet") == tmp_path / "a/.shard-0.parquet.journal.jsonl"


def test_work_goes_on_behind_the_last_whole_chunk(path: Path) -> None:
    asked: list[range] = []

    def until_killed(chunk: range) -> list[dict]:
        asked.append(chunk)
        if chunk.start == 6:
            raise KeyboardInterrupt
        return squares(chunk)

    with pytest.raises(KeyboardInterrupt):
        work_in_chunks(10, 3, Journal(path, "same"), until_killed)
    journal = Journal(path, "same")
    assert journal.rows == squares(range(6))

    def rest(chunk: range) -> list[dict]:
        asked.append(chunk)
        return squares(chunk)

    assert work_in_chunks(10, 3, journal, rest) == squares(range(10))
    assert asked == [range(0, 3), range(3, 6), range(6, 9), range(6, 9), range(9, 10)]


def test_other_work_starts_anew(path: Path) -> None:
    work_in_chunks(4, 2, Journal(path, "one"), squares)
    assert Journal(path, "another").rows == []
    assert Journal(path, "one").rows == []


@given(st.integers(0, 400), st.text(max_size=4))
def test_a_file_cut_anywhere_gives_whole_chunks(tmp_path_factory: pytest.TempPathFactory, cut: int, text: str) -> None:
    path = Journal.beside(tmp_path_factory.mktemp("journal") / "out.parquet")
    rows = [{"text": text + "\u2028\n", "number": i} for i in range(6)]
    work_in_chunks(6, 2, Journal(path, "same"), lambda chunk: rows[chunk.start : chunk.stop])
    whole = path.read_bytes()
    path.write_bytes(whole[: min(cut, len(whole))])
    journal = Journal(path, "same")
    assert len(journal.rows) % 2 == 0
    assert journal.rows == rows[: len(journal.rows)]
    assert work_in_chunks(6, 2, journal, lambda chunk: rows[chunk.start : chunk.stop]) == rows
    assert Journal(path, "same").rows == rows


def test_seconds_add_up_over_starts(path: Path) -> None:
    Journal(path, "same").append(squares(range(2)), 1.5)
    journal = Journal(path, "same")
    journal.append(squares(range(2, 4)), 2.0)
    assert Journal(path, "same").seconds == 3.5
    journal.remove()
    assert not path.exists()
