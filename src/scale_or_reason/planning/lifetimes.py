"""GPU-hours of training an existing model, of one of its answers and of what else it costs, by the speeds of plans."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from scale_or_reason.planning.assumptions import Calls
from scale_or_reason.planning.estimate import Estimator
from scale_or_reason.planning.units import Unit
from scale_or_reason.scoring.evidence import CELL, Evidence
from scale_or_reason.study.catalogue import Judge, Student, TeacherModel
from scale_or_reason.study.cells import FORMATS, TRAINED_KINDS
from scale_or_reason.study.learning_rates import Search, formats_at
from scale_or_reason.study.study import Study

Floats = NDArray[np.float64]
_Trained = dict[tuple[object, ...], list[Calls]]


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


def hours_paid_once(
    estimator: Estimator,
    study: Study,
    evidence: Evidence,
    costs: pl.DataFrame,
    search: Search,
    parts: Collection[str],
) -> dict[str, Floats]:
    """GPU-hours of what a model costs once besides its training, in full: part -> (cells,), for the names in ``parts``.

    They are those of :mod:`analysis.paid_once`; NaN for unknown ones, and for models on a server. All judges get equal
    shares of the jury's tokens, since the table ``costs`` has their sums.
    """
    found = {name: np.full(evidence.cells.height, np.nan) for name in parts}
    taught = _calls(costs.filter(stage="teacher"), ["format"])
    judged = _calls(costs.filter(stage="judging"), ["benchmark"])
    trained = _calls(costs.filter(stage="training", kind="distilled", corpus=search.corpus), [])
    for cell, row in enumerate(evidence.cells.select(CELL).iter_rows(named=True)):
        student, key = study.students.get(row["student"]), tuple(row.values())
        if student is None or row["kind"] not in TRAINED_KINDS:
            continue
        if "teacher" in parts and study.teacher and key in taught:
            found["teacher"][cell] = estimator.gpu_hours(_unit("generation", study.teacher, taught[key]))
        if "search" in parts:
            found["search"][cell] = _search_hours(estimator, student, row, trained, search)
        if "judging" in parts:
            found["judging"][cell] = _judging_hours(estimator, tuple(study.judges.values()), judged.get(key))
    return found


def _judging_hours(estimator: Estimator, judges: Sequence[Judge], judged: list[Calls] | None) -> float:
    if not judges:
        return 0.0
    if judged is None:
        return float("nan")
    calls = [Calls(call.count / len(judges), call.prompt, call.completion) for call in judged]
    return sum(estimator.gpu_hours(_unit("judging", judge, calls)) for judge in judges)


def _search_hours(
    estimator: Estimator, student: Student, row: dict[str, Any], trained: _Trained, search: Search
) -> float:
    if student.name not in search.students:
        return 0.0
    hours = 0.0
    for name in formats_at(row["kind"], row["curriculum"], row["ratio"], search.mixture_rule):
        alike = {"kind": "distilled", "corpus": search.corpus, "student": student.name, "ratio": FORMATS.index(name)}
        lengths = [
            calls for key, calls in trained.items() if alike.items() <= dict(zip(CELL, key, strict=True)).items()
        ]
        if not lengths:
            return float("nan")
        call = lengths[0][0]
        unit = _unit("learning_rates", student, [Calls(search.sequences, call.prompt, call.completion)])
        hours += estimator.gpu_hours(unit)
    return hours


def _calls(costs: pl.DataFrame, keys: list[str]) -> _Trained:
    """Cell -> sequences and mean tokens by ``keys``, averaged over the cell's replicas."""
    means = costs.group_by(*CELL, *keys, maintain_order=True).agg(
        pl.col("sequences").mean(),
        prompt=pl.col("prompt_tokens").sum() / pl.col("sequences").sum(),
        completion=pl.col("completion_tokens").sum() / pl.col("sequences").sum(),
    )
    found: _Trained = {}
    for row in means.iter_rows(named=True):
        calls = Calls(row["sequences"], row["prompt"], row["completion"])
        found.setdefault(tuple(row[name] for name in CELL), []).append(calls)
    return found


def _unit(stage: str, model: Student | TeacherModel | Judge, calls: list[Calls]) -> Unit:
    return Unit(stage, rule="", job="", cell="", target=Path(), model=model, calls=tuple(calls))
