"""Score and cost tables built from numbers given by hand, for tests of figures and tables."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from scale_or_reason.common.intervals import mid_p_interval
from scale_or_reason.common.tables import table_from_rows
from scale_or_reason.study.cells import AnyModel

ITEMS = 500


def score_table(rows: Iterable[tuple[AnyModel, str, float]]) -> pl.DataFrame:
    """A ``scores`` table with one benchmark per family from (model, family, accuracy)."""
    return table_from_rows([_score(*row) for row in rows], "scores")


def _score(model: AnyModel, family: str, accuracy: float) -> dict:
    low, high = mid_p_interval(accuracy, ITEMS)
    measured = {"n": ITEMS, "accuracy": accuracy, "ci_low": float(low), "ci_high": float(high)}
    counts = {"answer_tokens_mean": 10.0, "truncated": 0, "unparsable": 0, "judge_agreement": None}
    return model.columns() | {"benchmark": f"{family}-1", "family": family} | measured | counts


def cost_table(training: dict[AnyModel, float], inference: dict[tuple[AnyModel, str], float]) -> pl.DataFrame:
    """A ``costs`` table from training FLOPs by model and FLOPs per answer by model and family."""
    unknown = {"prompt_tokens": 0, "completion_tokens": 0, "seconds": None}
    rows = [
        model.columns()
        | {"stage": "training", "benchmark": None, "family": None, "sequences": 1, "flops": flops}
        | unknown
        for model, flops in training.items()
    ]
    rows += [
        model.columns()
        | {"stage": "evaluation", "benchmark": f"{family}-1", "family": family, "sequences": 2, "flops": 2 * flops}
        | unknown
        for (model, family), flops in inference.items()
    ]
    return table_from_rows(rows, "costs")
