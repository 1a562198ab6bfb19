"""Lengths of right and wrong answers, and the program that measures them."""

from __future__ import annotations

import json

import polars as pl
import pytest
from programs import call

from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.rounding import rounded
from scale_or_reason.common.table_schemas import SCHEMAS
from scale_or_reason.common.tables import read_csv_table, read_table, scan_table, table_from_rows, write_table
from scale_or_reason.scoring.answer_lengths import answer_lengths
from scale_or_reason.study.cells import Cell

ONE, TWO = (Cell("general", "small", "seq", ratio).model_id for ratio in (0.0, 1.0))
FAMILIES = {"gsm8k": "Math-OE", "squad": "General-OE"}
ANSWERS = [
    (ONE, "gsm8k", True, 10),
    (ONE, "gsm8k", True, 20),
    (ONE, "gsm8k", False, 90),
    (ONE, "squad", True, 5),
    (TWO, "gsm8k", False, 400),
    (TWO, "gsm8k", False, 600),
]


def outcomes() -> pl.DataFrame:
    rows = [
        {"model_id": model, "benchmark": benchmark, "right": right, "answer_tokens": tokens}
        for model, benchmark, right, tokens in ANSWERS
    ]
    return table_from_rows(rows, "outcomes")


def test_lengths_are_means_by_verdict() -> None:
    table = answer_lengths(outcomes().lazy(), FAMILIES)
    assert dict(table.schema) == SCHEMAS["answer_lengths"]
    assert table.select("model_id", "family", "right", "answers", "answer_tokens_mean").rows() == [
        (ONE, "Math-OE", True, 2, 15.0),
        (ONE, "Math-OE", False, 1, 90.0),
        (ONE, "General-OE", True, 1, 5.0),
        (TWO, "Math-OE", False, 2, 500.0),
    ]
    assert table["ratio"].to_list() == [0.0, 0.0, 0.0, 1.0]


def test_no_answers_give_no_lengths() -> None:
    assert answer_lengths(outcomes().clear().lazy(), FAMILIES).is_empty()


def test_the_program_writes_both_tables(root, tmp_path) -> None:
    write_table(outcomes(), tmp_path / "outcomes.parquet", "outcomes")
    families = [{"name": family, "benchmarks": [benchmark]} for benchmark, family in FAMILIES.items()]
    arguments = ["--outcomes", tmp_path / "outcomes.parquet", "--families", json.dumps(families)]
    arguments += ["--parquet", tmp_path / "lengths.parquet", "--csv", tmp_path / "lengths.csv"]
    call(root, "measure_answer_lengths.py", *arguments)
    expected = answer_lengths(outcomes().lazy(), FAMILIES)
    assert read_table(tmp_path / "lengths.parquet", "answer_lengths").equals(expected)
    assert read_csv_table(tmp_path / "lengths.csv", "answer_lengths").equals(rounded(expected))


def test_other_columns_are_refused(tmp_path) -> None:
    pl.DataFrame({"a": [1]}).write_csv(tmp_path / "other.csv")
    pl.DataFrame({"a": [1]}).write_parquet(tmp_path / "other.parquet")
    for read, file in ((read_csv_table, "other.csv"), (scan_table, "other.parquet")):
        with pytest.raises(StudyError, match="columns"):
            read(tmp_path / file, "answer_lengths")
        with pytest.raises(StudyError, match="missing"):
            read(tmp_path / "none", "answer_lengths")
