"""Students under several limits on answer length (v1 figure 10, v2 figure 13)."""

from __future__ import annotations

import polars as pl

from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.table_schemas import SCHEMAS
from scale_or_reason.common.wording import counted
from scale_or_reason.study.cells import Cell, LimitedCell, parse_model_id

_KEY = ["model_id", "benchmark"]


def compare_length_limits(scores: pl.DataFrame, max_tokens: int) -> pl.DataFrame:
    """A ``length_limits`` table: one row per trained model, benchmark and limit, limits ascending.

    ``scores`` has models with a limit in their ids, and the same models under the study's limit of ``max_tokens``
    tokens. Rows of other models and benchmarks are ignored. Raises :class:`StudyError` if no model has a limit in its
    id, and if scores of the same model under the study's limit are missing.
    """
    limited = pl.col("kind") == LimitedCell.kind
    rescored, own = _under_their_limits(scores.filter(limited)), scores.filter(~limited)
    if rescored.is_empty():
        raise StudyError(
            "no scores of a model with another length limit",
            where="--scores",
            found=f"{counted(scores.height, 'row')} of other models",
            expected="CORPUS/STUDENT/CURRICULUM/rho-R/seed-N/max-tokens-N, beside the same without max-tokens-N",
            remedy="also score models with max-tokens-N in their ids",
        )
    missing = rescored.join(own, on=_KEY, how="anti")
    if missing.height:
        raise StudyError(
            "scores under the study's length limit are missing",
            where="--scores",
            found=f"{counted(missing.height, 'missing row')}; the first: {missing.select(_KEY).row(0)}",
            expected="a row for each model and benchmark that has one with max-tokens-N",
            remedy="also score the same models without max-tokens-N in their ids",
        )
    first = own.join(rescored, on=_KEY, how="semi").with_columns(max_tokens=pl.lit(max_tokens, pl.Int64))
    table = pl.concat([first, rescored], how="diagonal").select(list(SCHEMAS["length_limits"]))
    order = ["corpus", "student", "curriculum", "ratio", "seed"]
    return table.sort([*order, "family", "benchmark", "max_tokens"], maintain_order=True)


def _under_their_limits(scores: pl.DataFrame) -> pl.DataFrame:
    """``scores`` of models with a limit; the limit is moved from the ids to a column."""
    rows = []
    for row in scores.iter_rows(named=True):
        model = parse_model_id(row["model_id"])
        assert isinstance(model, LimitedCell)
        rows.append({**row, "model_id": model.cell.model_id, "kind": Cell.kind, "max_tokens": model.max_tokens})
    return pl.DataFrame(rows, schema={**SCHEMAS["scores"], "max_tokens": pl.Int64()})
