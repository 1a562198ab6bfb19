"""GPU-hours of training an existing model, and of one of its answers, by the speeds of plans."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from scale_or_reason.planning.assumptions import Calls
from scale_or_reason.planning.estimate import Estimator
from scale_or_reason.planning.work import Unit
from scale_or_reason.scoring.evidence import CELL, Evidence
from scale_or_reason.study.study import Student, Study

Floats = NDArray[np.float64]


def lifetime_hours(
    estimator: Estimator, study: Study, evidence: Evidence, costs: pl.DataFrame, task: str, queries: float
) -> tuple[Floats, Floats]:
    """GPU-hours of training, and per answer for ``queries`` answers to the family ``task``, by cell of the evidence.

    Shapes: (cells,), (cells,). Tokens are those of the table ``costs``. NaN if they are unknown or the model is not a
    student.
    """
    training, answer = np.full((2, evidence.cells.height), np.nan)
    trained = _calls(costs.filter(stage="training"), [])
    evaluated = _calls(costs.filter((pl.col("stage") == "evaluation") & (pl.col("family") == task)), ["benchmark"])
    for cell, row in enumerate(evidence.cells.select(CELL).iter_rows(named=True)):
        student, key = study.students.get(row["student"]), tuple(row.values())
        if student is None:
            continue
        if key in trained:
            training[cell] = estimator.gpu_hours(_unit("training", student, trained[key]))
        if len(evaluated.get(key, [])) == len(evidence.families[task]):
            share = queries / len(evaluated[key])
            calls = [Calls(share, call.prompt, call.completion) for call in evaluated[key]]
            answer[cell] = estimator.gpu_hours(_unit("evaluation", student, calls)) / queries
    return training, answer


def _calls(costs: pl.DataFrame, keys: list[str]) -> dict[tuple[object, ...], list[Calls]]:
    """Cell -> sequences and mean tokens by ``keys``, averaged over the cell's replicas."""
    means = costs.group_by(*CELL, *keys, maintain_order=True).agg(
        pl.col("sequences").mean(),
        prompt=pl.col("prompt_tokens").sum() / pl.col("sequences").sum(),
        completion=pl.col("completion_tokens").sum() / pl.col("sequences").sum(),
    )
    found: dict[tuple[object, ...], list[Calls]] = {}
    for row in means.iter_rows(named=True):
        calls = Calls(row["sequences"], row["prompt"], row["completion"])
        found.setdefault(tuple(row[name] for name in CELL), []).append(calls)
    return found


def _unit(stage: str, student: Student, calls: list[Calls]) -> Unit:
    return Unit(stage, rule="", job="", cell="", target=Path(), model=student, calls=tuple(calls))
