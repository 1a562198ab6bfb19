"""Outcomes of made-up students whose true accuracies are known, for tests of the analysis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from scale_or_reason.common.table_schemas import SCHEMAS
from scale_or_reason.common.tables import table_from_rows
from scale_or_reason.study.cells import Cell

#: Spread of the items' difficulties, in the units of a student's ability.
SPREAD = 1.2
#: Nodes and weights with which means over normal distributions are computed.
_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(81)
_WEIGHTS = _WEIGHTS / _WEIGHTS.sum()


def logistic(x):
    return 1 / (1 + np.exp(-x))


def true_accuracy(ability: float, spread: float = SPREAD) -> float:
    """The mean over items, and over whatever else makes ``spread``."""
    return float((logistic(ability + spread * _NODES) * _WEIGHTS).sum())


def outcome_table(
    right: Mapping[str, Mapping[str, Sequence[float]]],
    tokens: Mapping[str, float] | None = None,
    flops: Mapping[str, Sequence[float]] | None = None,
) -> pl.DataFrame:
    """An ``outcomes`` table from 0 and 1 by model and benchmark, one answer for each item."""
    parts = [pl.DataFrame(schema=SCHEMAS["outcomes"])]
    for model, by_benchmark in right.items():
        for benchmark, values in by_benchmark.items():
            count = len(values)
            columns = {
                "model_id": [model] * count,
                "benchmark": [benchmark] * count,
                "item_id": [f"{item:05}" for item in range(count)],
                "sample": [0] * count,
                "right": np.asarray(values, bool),
                "prompt_tokens": [10] * count,
                "answer_tokens": np.full(count, int((tokens or {}).get(model, 20))),
                "flops": np.asarray((flops or {}).get(model, np.full(count, 1e9)), float),
            }
            parts.append(pl.DataFrame(columns, schema=SCHEMAS["outcomes"]))
    return pl.concat(parts)


def training_costs(flops: Mapping[str, float]) -> pl.DataFrame:
    """A ``costs`` table with the training of each model."""
    from scale_or_reason.study.cells import parse_model_id

    rows = [parse_model_id(model).columns() | {"stage": "training", "flops": value} for model, value in flops.items()]
    return table_from_rows(rows, "costs")


def model_id(student: str, ratio: float, seed: int = 0, corpus: str = "general", curriculum: str = "seq") -> str:
    return Cell(corpus, student, curriculum, float(ratio), seed).model_id
