"""The same students under several limits on the length of their answers (v1 figure 10, v2 figure 13)."""

from __future__ import annotations

import polars as pl

from scale_or_reason.cells import Cell, LimitedCell, parse_model_id
from scale_or_reason.errors import StudyError
from scale_or_reason.tables import SCHEMAS

_KEY = ["model_id", "benchmark"]


def compare_length_limits(limited: pl.DataFrame, own: pl.DataFrame, max_tokens: int) -> pl.DataFrame:
    """A ``length_limits`` table: a row for each trained model, benchmark and limit, the limits in ascending order.

    ``limited`` are the ``scores`` of models with a limit in their ids, ``own`` those of the same models under the
    study's own limit of ``max_tokens`` tokens, of which the benchmarks in ``limited`` count.

    Raises :class:`StudyError` for scores of other models, and if a model's own scores are not there.
    """
    asked_again = _under_their_limits(limited)
    missing = asked_again.join(own, on=_KEY, how="anti")
    if missing.height:
        raise StudyError(
            "scores under the study's own limit are missing",
            where="--own",
            found=f"{missing.height} rows without; the first: {missing.select(_KEY).row(0)}",
            expected="a row for each model and benchmark in --limited",
            remedy="score the same models without max-tokens-N in their ids too",
        )
    first = own.join(asked_again, on=_KEY, how="semi").with_columns(max_tokens=pl.lit(max_tokens, pl.Int64))
    table = pl.concat([first, asked_again], how="diagonal").select(list(SCHEMAS["length_limits"]))
    order = ["corpus", "student", "schedule", "ratio", "seed"]
    return table.sort([*order, "family", "benchmark", "max_tokens"], maintain_order=True)


def _under_their_limits(scores: pl.DataFrame) -> pl.DataFrame:
    """``scores`` with the limit in a column and no longer in the models' ids."""
    rows = []
    for row in scores.iter_rows(named=True):
        model = parse_model_id(row["model_id"])
        if not isinstance(model, LimitedCell):
            raise StudyError(
                "scores of a model without a limit of its own",
                where="--limited",
                found=row["model_id"],
                expected="CORPUS/STUDENT/seq|mix/rho-R/seed-N/max-tokens-N",
                remedy="give scores under the study's own limit with --own",
            )
        own = model.cell
        rows.append({**row, "model_id": own.model_id, "kind": Cell.kind, "max_tokens": model.max_tokens})
    return pl.DataFrame(rows, schema={**SCHEMAS["scores"], "max_tokens": pl.Int64()})
