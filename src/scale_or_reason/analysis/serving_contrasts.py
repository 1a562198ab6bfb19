"""One reasoning trace against the votes of plain answers that cost as much."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from scale_or_reason.analysis.replicates import benjamini_hochberg, interval, p_value
from scale_or_reason.analysis.serving import SINGLE, Serving, place_in
from scale_or_reason.common.tables import table_from_rows
from scale_or_reason.scoring.evidence import Evidence

Floats = NDArray[np.float64]

#: A share of an answer's FLOPs that only rounding makes: one token of 100,000 is more.
_NOTHING = 1e-9


def trace_contrasts(evidence: Mapping[Serving, Evidence]) -> pl.DataFrame:
    """A ``test_time_contrasts`` table: one answer of a reasoning student against IFT votes of the same student.

    ``evidence`` has the accuracy of each serving (:func:`~scale_or_reason.analysis.serving.evidence_of_servings`). The
    trace is whole or cut at a budget. It is compared with the largest measured number of IFT answers whose FLOPs per
    item do not exceed those of the trace, so the votes are never given more compute. ``answers_paid`` is the number of
    plain answers, sharing one prompt, that the trace would pay for; null if all of them are empty, since any number
    costs as much. ``q`` is the false discovery rate over all families, or over all single benchmarks.
    Students without an IFT twin on the same corpus and data have no row.
    """
    rows = list(_rows(evidence)) if SINGLE in evidence else []
    for whole in (True, False):
        own = [row for row in rows if (row["benchmark"] is None) == whole]
        known = benjamini_hochberg([np.nan if row.get("p") is None else row["p"] for row in own])
        for row, q in zip(own, known, strict=True):
            row["q"] = None if np.isnan(q) else float(q)
    return table_from_rows(rows, "test_time_contrasts")


def _rows(evidence: Mapping[Serving, Evidence]) -> Iterator[dict[str, Any]]:
    single = evidence[SINGLE]
    traces = [serving for serving in evidence if serving.k == 1]
    for cell, row in enumerate(single.cells.iter_rows(named=True)):
        twin = None
        if row["kind"] == "distilled" and row["ratio"] > 0:
            twin = single.find(row["student"], row["corpus"], 0.0, data_fraction=row["data_fraction"])
        if twin is None:
            continue
        for task in single.tasks:
            for serving in traces:
                trace = _point(evidence[serving], single, cell, task)
                if trace is not None:
                    yield single.key(cell, task) | {"serving": serving.name} | _compared(evidence, twin, task, trace)


def _point(other: Evidence, single: Evidence, cell: int, task: str) -> tuple[Floats, Floats] | None:
    """FLOPs per item and accuracy of a cell of ``single`` in another evidence; None if one is unknown."""
    place = place_in(other, single, cell)
    if place is None:
        return None
    flops, accuracy = other.cost("inference", place, task), other.get("accuracy", place, task)
    return (flops, accuracy) if np.isfinite(flops[0]) and np.isfinite(accuracy[0]) else None


def _compared(
    evidence: Mapping[Serving, Evidence], twin: int, task: str, trace: tuple[Floats, Floats]
) -> dict[str, Any]:
    """The trace beside the most votes of the IFT twin that cost no more."""
    row: dict[str, Any] = {"flops": float(trace[0][0]), "accuracy": float(trace[1][0])}
    plain = _point(evidence[SINGLE], evidence[SINGLE], twin, task)
    if plain is None:
        return row | {"note": "IFT has no accuracy or FLOPs"}
    votes = [
        (serving.k, point)
        for serving in evidence
        if serving.budget is None and (point := _point(evidence[serving], evidence[SINGLE], twin, task)) is not None
    ]
    most, (flops, _) = max(votes, key=lambda vote: vote[0])
    # FLOPs per item grow linearly with the number of answers; without votes a further answer has its own prompt
    each = (flops[0] - plain[0][0]) / (most - 1) if most > 1 else plain[0][0]
    if each > plain[0][0] * _NOTHING:
        row["answers_paid"] = float(1 + (trace[0][0] - plain[0][0]) / each)
    affordable = [(k, point) for k, point in votes if point[0][0] <= trace[0][0]]
    if not affordable:
        return row | {"note": "one IFT answer costs more"}
    k, (flops, accuracy) = max(affordable, key=lambda vote: vote[0])
    difference = trace[1] - accuracy
    low, high = interval(difference)
    row |= {"ift_serving": Serving(None, k).name, "ift_flops": float(flops[0]), "ift_accuracy": float(accuracy[0])}
    row |= {"difference": float(difference[0]), "difference_low": low, "difference_high": high}
    row["p"] = p_value(difference)
    if "answers_paid" not in row:
        row["note"] = "all IFT answers are empty, so any number of them costs as much as one"
    elif k == most:
        row["note"] = "the trace would pay for more IFT answers than there are"
    return row
