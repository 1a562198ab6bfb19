"""Several limits on the length of answers, side by side."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from programs import call

from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.tables import read_table, table_from_rows, write_table
from scale_or_reason.scoring.length_limits import compare_length_limits
from scale_or_reason.study.cells import BaseStudent, Cell, LimitedCell, parse_model_id

CELL = Cell("general", "small", "seq", 1.0)
LONGER = LimitedCell("general", "small", "seq", 1.0, max_tokens=200)


def scores(model_id: str, **accuracies: float) -> pl.DataFrame:
    measured = {"n": 10, "ci_low": 0.0, "ci_high": 1.0, "answer_tokens_mean": 70.0, "truncated": 2, "unparsable": 0}
    cell = parse_model_id(model_id).columns() | {"family": "Math-OE", "judge_agreement": None}
    rows = [cell | measured | {"benchmark": name, "accuracy": share} for name, share in accuracies.items()]
    return table_from_rows(rows, "scores")


OWN = scores(CELL.model_id, gsm8k=0.9, math_500=0.5, aime=0.1)
LIMITED = pl.concat(
    [
        scores(LONGER.model_id, math_500=0.7, aime=0.2),
        scores(LimitedCell("general", "small", "seq", 1.0, max_tokens=50).model_id, math_500=0.3, aime=0.0),
    ]
)
SCORES = pl.concat([LIMITED, OWN])


def test_limits_stand_side_by_side() -> None:
    table = compare_length_limits(SCORES, 100)
    assert table.select("benchmark", "max_tokens", "accuracy").rows() == [
        ("aime", 50, 0.0),
        ("aime", 100, 0.1),
        ("aime", 200, 0.2),
        ("math_500", 50, 0.3),
        ("math_500", 100, 0.5),
        ("math_500", 200, 0.7),
    ]
    assert set(table["model_id"]) == {CELL.model_id}
    assert set(table["kind"]) == {"distilled"}


def test_every_model_needs_scores_under_the_studys_own_limit() -> None:
    with pytest.raises(StudyError, match="length limit are missing"):
        compare_length_limits(pl.concat([LIMITED, OWN.filter(pl.col("benchmark") != "aime")]), 100)


def test_scores_without_any_limit_are_refused() -> None:
    with pytest.raises(StudyError, match=r"another length limit[\s\S]*3 rows of other models"):
        compare_length_limits(OWN, 100)


def test_models_without_another_limit_do_not_count() -> None:
    others = [scores(BaseStudent("small", 3).model_id, aime=0.1), scores(replace(CELL, seed=1).model_id, aime=0.1)]
    assert compare_length_limits(pl.concat([SCORES, *others]), 100).equals(compare_length_limits(SCORES, 100))


def test_the_program(root: Path, tmp_path: Path) -> None:
    write_table(SCORES, tmp_path / "scores.parquet", "scores")
    inputs = ["--scores", tmp_path / "scores.parquet", "--max-tokens", 100]
    outputs = ["--parquet", tmp_path / "table.parquet", "--csv", tmp_path / "table.csv"]
    call(root, "compare_length_limits.py", *inputs, *outputs)
    assert read_table(tmp_path / "table.parquet", "length_limits").equals(compare_length_limits(SCORES, 100))
    assert pl.read_csv(tmp_path / "table.csv")["max_tokens"].to_list() == [50, 100, 200] * 2
