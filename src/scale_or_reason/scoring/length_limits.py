"""The same students under several limits on the length of their answers (v1 figure 10, v2 figure 13)."""

from __future__ import annotations

import polars as pl

from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.table_schemas import SCHEMAS
from scale_or_reason.study.cells import Cell, LimitedCell, parse_model_id

_KEY = ["model_id", "benchmark"]


def compare_length_limits(scores: pl.DataFrame, max_tokens: int) -> pl.DataFrame:
    """A ``length_limits`` table: a row for each trained model, benchmark and limit, the limits in ascending order.

    ``scores`` are those of models with a limit in their ids, and of the same models under the study's own limit of
    ``max_tokens`` tokens. Rows of other models and benchmarks do not count. Raises :class:`StudyError` if no model
    has a limit in its id, and if a model's own scores are not there.
    """
    limited = pl.col("kind") == LimitedCell.kind
    asked_again, own = _under_their_limits(scores.filter(limited)), scores.filter(~limited)
    if asked_again.is_empty():
        raise StudyError(
            "no scores are of a model with a limit of its own",
            where="--scores",
            found=f"{scores.height} rows of other models",
            expected="CORPUS/STUDENT/seq|mix/rho-R/seed-N/max-tokens-N, beside the same without max-tokens-N",
            remedy="score models with max-tokens-N in their ids, too",
        )
    missing = asked_again.join(own, on=_KEY, how="anti")
    if missing.height:
        raise StudyError(
            "scores under the study's own limit are missing",
            where="--scores",
            found=f"{missing.height} rows without; the first: {missing.select(_KEY).row(0)}",
            expected="a row for each model and benchmark that has one with max-tokens-N",
            remedy="score the same models without max-tokens-N in their ids too",
        )
    first = own.join(asked_again, on=_KEY, how="semi").with_columns(max_tokens=pl.lit(max_tokens, pl.Int64))
    table = pl.concat([first, asked_again], how="diagonal").select(list(SCHEMAS["length_limits"]))
    order = ["corpus", "student", "curriculum", "ratio", "seed"]
    return table.sort([*order, "family", "benchmark", "max_tokens"], maintain_order=True)


def _under_their_limits(scores: pl.DataFrame) -> pl.DataFrame:
    """``scores`` of models with a limit, the limit in a column and no longer in their ids."""
    rows = []
    for row in scores.iter_rows(named=True):
        model = parse_model_id(row["model_id"])
        assert isinstance(model, LimitedCell)
        rows.append({**row, "model_id": model.cell.model_id, "kind": Cell.kind, "max_tokens": model.max_tokens})
    return pl.DataFrame(rows, schema={**SCHEMAS["scores"], "max_tokens": pl.Int64()})
