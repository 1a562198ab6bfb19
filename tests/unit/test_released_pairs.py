"""Published pairs: chosen questions only, the faults of our own pairs, token counts of a real tokenizer."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from programs import run

import scale_or_reason.data.released_pairs as released_pairs
from scale_or_reason.common.dataset_rows import read_jsonl
from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.seeds import stable_id
from scale_or_reason.common.table_schemas import SCHEMAS
from scale_or_reason.common.tables import check_table, read_table, table_from_rows
from scale_or_reason.data.faulty_rows import FaultyRows
from scale_or_reason.data.pairs import PairMaker
from scale_or_reason.data.released_pairs import paired_rows

THOUGHT = "<think>\nwell\n</think>\n\n"


def row(number: int, **changes: Any) -> dict[str, Any]:
    return {"prompt": f" Question {number}? ", "ift": f"{number}", "reasoning": f"{THOUGHT}{number}", **changes}


def chosen(*numbers: int) -> pl.DataFrame:
    prompts = [f"Question {number}?" for number in numbers]
    rows = [{"prompt_id": stable_id("c", prompt), "corpus": "c", "prompt": prompt} for prompt in prompts]
    return table_from_rows(rows, "prompts")


def pair(
    rows: Iterable[dict[str, Any]],
    questions: pl.DataFrame,
    maker: PairMaker | None = None,
    faults: FaultyRows | None = None,
) -> pl.DataFrame:
    parts = paired_rows(
        enumerate(rows, start=1),
        questions.iter_slices(2),
        maker or new_maker(),
        corpus="c",
        count_prompts=lambda texts: [10 + len(text) for text in texts],
        count_answers=lambda texts: [len(text) for text in texts],
        where="rows.jsonl",
        faults=faults or FaultyRows(),
    )
    return pl.concat([new_maker().pair(chosen(), *(pl.DataFrame(schema=SCHEMAS["generations"]),) * 2), *parts])


def new_maker(**overlaps: str) -> PairMaker:
    rows = [
        {"prompt_id": stable_id("c", f"Question {name[1:]}?"), "benchmark": benchmark, "item_id": "i"}
        for name, benchmark in overlaps.items()
    ]
    table = table_from_rows([{**row, "shared_words": ""} for row in rows], "overlaps")
    return PairMaker(table, teacher="released", sampling="{}", seed=0)


@pytest.mark.parametrize("chunk", [1, 3, 100])
def test_pairs_of_the_chosen_questions(monkeypatch: pytest.MonkeyPatch, chunk: int) -> None:
    monkeypatch.setattr(released_pairs, "CHUNK", chunk)
    rows = [row(1), row(2), row(3), row(2, ift="another answer"), row(4)]
    pairs = pair(rows, chosen(4, 2, 1))
    check_table(pairs, "pairs", "test")
    assert pairs["prompt"].to_list() == ["Question 1?", "Question 2?", "Question 4?"]
    assert pairs.row(1, named=True) == {
        "prompt_id": stable_id("c", "Question 2?"),
        "prompt": "Question 2?",
        "ift": "2",
        "reasoning": f"{THOUGHT}2",
        "prompt_tokens": 21,
        "ift_tokens": 2,  # with the token that ended it
        "reasoning_tokens": len(THOUGHT) + 2,
        "ift_finish": "stop",
        "reasoning_finish": "stop",
        "teacher": "released",
        "sampling": "{}",
        "seed": 0,
    }


def test_faults_are_counted_as_those_of_our_own_pairs() -> None:
    rows = [row(1, ift=""), row(2, reasoning="no end"), row(3), row(4, ift=None), row(5)]
    maker = new_maker(q3="gsm8k")
    assert pair(rows, chosen(1, 2, 3, 4, 5), maker)["ift"].to_list() == ["5"]
    dropped = {reason: count for reason, count in maker.audit.dropped.items() if count}
    assert dropped == {"empty": 2, "no_closing_think_tag": 1, "benchmark_overlap": 1}
    assert maker.audit.overlaps == {"gsm8k": 1}


def test_the_first_sound_row_of_a_prompt_counts() -> None:
    rows = [row(1, ift=""), row(2, ift=""), row(1), row(1, ift="later"), row(2, reasoning="")]
    maker = new_maker()
    assert pair(rows, chosen(1, 2), maker)["ift"].to_list() == ["1"]
    assert maker.audit.kept == 1 and sum(maker.audit.dropped.values()) == maker.audit.dropped["empty"] == 1


@pytest.mark.parametrize("column", ["ift", "reasoning"])
@pytest.mark.parametrize("text", ["cut \ud83d", "a\0b", 7, {"text": "four"}, [{"type": "image"}], []])
def test_an_answer_that_is_no_text(column: str, text: Any) -> None:
    maker = new_maker()
    assert pair([row(1, **{column: text}), row(2)], chosen(1, 2), maker)["ift"].to_list() == ["2"]
    assert maker.audit.dropped["invalid_text"] == 1


def test_an_answer_in_parts() -> None:
    assert pair([row(1, ift=[{"type": "text", "text": "in "}, "parts"])], chosen(1))["ift"].to_list() == ["in parts"]


def test_rows_that_cannot_be_used_are_counted() -> None:
    faults = FaultyRows()
    rows = [row(1), StudyError("a line is not JSON"), {"prompt": "Who?"}, row(2, prompt=None), row(3)]
    assert pair(rows, chosen(1, 3), faults=faults)["ift"].to_list() == ["1", "3"]  # type: ignore[list-item]
    assert (faults.good, faults.faulty) == (3, 2) and "the first: a line is not JSON" in faults.summary()


def test_shared_cases(shared_dir: Path) -> None:
    """A surrogate in an answer, NUL, and two rows of one prompt of which the first is faulty."""
    for name, kept, dropped in (
        ("c12g_released_surrogate", ["first question here"], {"invalid_text": 1}),
        ("c12h_nul", ["bidi \u202e and zero\u200bwidth"], {}),  # the other row's prompt cannot be chosen
        ("c19_first_row_bad", ["same question", "other question"], {}),
    ):
        rows = list(read_jsonl(shared_dir / f"cases/data/{name}.jsonl"))
        prompts = {row["prompt"]: None for _, row in rows if "\0" not in row["prompt"]}
        ids = [{"prompt_id": stable_id("c", prompt), "corpus": "c", "prompt": prompt} for prompt in prompts]
        maker = new_maker()
        pairs = pair((row for _, row in rows), table_from_rows(ids, "prompts"), maker)
        assert pairs["prompt"].to_list() == kept
        assert {reason: count for reason, count in maker.audit.dropped.items() if count} == dropped


@pytest.mark.parametrize(
    ("bad", "key"), [({"prompt": "Who?", "ift": "Ann"}, "reasoning"), (row(1, prompt="\ud83d"), "prompt")]
)
def test_a_source_of_other_rows(bad: dict[str, Any], key: str) -> None:
    with pytest.raises(StudyError) as caught:
        pair([bad], chosen(1, 2))
    assert caught.value.key == f"row 1: {key}" and caught.value.where == "rows.jsonl"


def test_a_source_that_has_changed() -> None:
    with pytest.raises(StudyError, match="chosen prompts are in no row") as caught:
        pair([row(1)], chosen(1, 2, 3))
    assert "2 prompts" in str(caught.value)


@pytest.mark.slow
def test_the_programs(root: Path, tmp_path: Path) -> None:
    rows = [row(number) for number in range(5)] + [row(9, reasoning="no end")]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    items = {"benchmark": "gsm8k", "item_id": "i", "prompt": "Question 3?", "question": "Question 3?"}
    table = table_from_rows([{**items, "gold": ["3"], "choices": [], "extra": "{}"}], "items")
    table.write_parquet(tmp_path / "items.parquet")
    source = ("--corpus", "c", "--kind", "jsonl", "--path", tmp_path / "rows.jsonl", "--seed", 0)
    questions = {"--output": "prompts.parquet", "--audit": "questions.csv", "--manifest": "questions.json"}
    options = [word for option, name in questions.items() for word in (option, tmp_path / name)]
    assert run(root, "prepare_prompts.py", *source, "--schema", "released_pairs", *options).returncode == 0
    overlaps = ("--items", tmp_path / "items.parquet", "--output", tmp_path / "overlaps.parquet")
    assert run(root, "decontaminate_prompts.py", "--prompts", tmp_path / "prompts.parquet", *overlaps).returncode == 0
    files = ("--prompts", tmp_path / "prompts.parquet", "--overlaps", tmp_path / "overlaps.parquet")
    audits = ("--audit-csv", tmp_path / "a.csv", "--audit-json", tmp_path / "a.json")
    taking = (*source, *files, *audits, "--output", tmp_path / "pairs.parquet")
    result = run(root, "import_released_pairs.py", *taking, "--tokenizer", root / "resources" / "micro" / "teacher")
    assert result.returncode == 0, result.stderr
    assert "4 pairs kept, 2 dropped" in result.stdout
    audit = json.loads((tmp_path / "a.json").read_text())
    assert audit["overlaps"] == {"gsm8k": 1} and audit["commit"] is None
    pairs = read_table(tmp_path / "pairs.parquet", "pairs")
    assert sorted(pairs["prompt"]) == [f"Question {number}?" for number in (0, 1, 2, 4)]

    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(root / "resources" / "micro" / "teacher")
    prompt, ift, reasoning = pairs.select("prompt", "ift", "reasoning").row(0)
    message = [{"role": "user", "content": prompt}]
    asked = tokenizer.apply_chat_template(message, add_generation_prompt=True, return_dict=False)
    answers = [len(tokenizer(text, add_special_tokens=False)["input_ids"]) + 1 for text in (ift, reasoning)]
    assert pairs.select("prompt_tokens", "ift_tokens", "reasoning_tokens").row(0) == (len(asked), *answers)

    (tmp_path / "pairs.parquet").unlink()
    result = run(root, "import_released_pairs.py", *taking, "--tokenizer", tmp_path / "nowhere")
    assert result.returncode == 2 and "the tokenizer cannot be loaded" in result.stderr
    assert not (tmp_path / "pairs.parquet").exists()
