"""GPU-hours that a study has measured: of a model's training, of one of its answers, and of what else it costs once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from scale_or_reason.common.errors import StudyError
from scale_or_reason.planning.estimate import engine_gpus
from scale_or_reason.planning.timings import manifest_seconds, read_timings
from scale_or_reason.scoring.evidence import CELL, Evidence
from scale_or_reason.study.cells import TRAINED_KINDS
from scale_or_reason.study.learning_rates import Search, formats_at
from scale_or_reason.study.result_paths import result_path
from scale_or_reason.study.study import Study

Floats = NDArray[np.float64]
HOUR = 3600.0


def measured_hours(
    study: Study, evidence: Evidence, costs: pl.DataFrame, search: Search, results: Path, on_gpu: bool
) -> dict[str, dict[str, Floats]]:
    """Task -> name -> GPU-hours (cells,) of the evidence, for the families; NaN for what was not timed.

    Names are ``training``, ``answer`` (one answer to the family) and the parts of :mod:`analysis.paid_once`, in full.
    Training and answers take the seconds in the table ``costs``, without start-up, times the GPUs of the job.
    Verdicts take each judge's seconds from its manifests in the folder ``verdicts`` of ``results``, the teacher's
    answers and the search those of whole jobs, from Snakemake's records in its folder ``timings``. A server's GPUs are
    not known. Without GPUs an engine counts as one, and a training as its number of processes.
    """
    once = {name: np.full(evidence.cells.height, np.nan) for name in ("training", "teacher", "search", "judging")}
    by_task = {family: np.full(evidence.cells.height, np.nan) for family in evidence.families}
    timings = results / "timings"
    trained, judged = _seconds(costs.filter(stage="training")), _judging_hours(study, costs, results, on_gpu)
    evaluated = costs.filter(stage="evaluation").with_columns(seconds=pl.col("seconds") / pl.col("sequences"))
    answered = {name: _seconds(evaluated.filter(family=name), pl.Expr.mean) for name in evidence.families}
    for cell, row in enumerate(evidence.cells.select(CELL).iter_rows(named=True)):
        student, key = study.students.get(row["student"]), tuple(row.values())
        if student is None:
            continue
        # of a model on a part of the data: with the steps that it shares with the run on all of it
        once["training"][cell] = _hours(trained.get(key), student.processes)
        for family, seconds in answered.items():
            by_task[family][cell] = _hours(seconds.get(key), engine_gpus(student, on_gpu))
        once["judging"][cell] = judged.get(key, np.nan) if study.judges else 0.0
        if row["kind"] in TRAINED_KINDS:
            once["teacher"][cell] = _teacher_hours(study, row, timings, on_gpu)
            once["search"][cell] = _search_hours(study, row, search, timings)
    return {family: once | {"answer": hours} for family, hours in by_task.items()}


def _seconds(costs: pl.DataFrame, over_benchmarks: Any = pl.Expr.sum) -> dict[tuple[Any, ...], float]:
    """Cell -> seconds, combined over a model's rows and averaged over its replicas; only where all rows are timed."""
    timed = pl.col("seconds").null_count() == 0
    models = costs.group_by("model_id", *CELL).agg(pl.when(timed).then(over_benchmarks(pl.col("seconds"))))
    return {
        row[:-1]: row[-1] for row in models.group_by(CELL).agg(pl.col("seconds").mean()).drop_nulls("seconds").rows()
    }


def _judging_hours(study: Study, costs: pl.DataFrame, results: Path, on_gpu: bool) -> dict[tuple[Any, ...], float]:
    """Cell -> GPU-hours of all judges, averaged over its replicas; only where each judge was timed."""
    hours: dict[tuple[Any, ...], list[float]] = {}
    for model_id, *key in costs.filter(stage="judging").select("model_id", *CELL).unique(maintain_order=True).rows():
        own = 0.0
        for name, judge in study.judges.items():
            seconds = manifest_seconds(results / result_path("judging", judge=name, model_id=model_id))
            own += _hours(seconds, engine_gpus(judge, on_gpu))
        hours.setdefault(tuple(key), []).append(own)
    timed = {key: [own for own in each if np.isfinite(own)] for key, each in hours.items()}
    return {key: float(np.mean(each)) for key, each in timed.items() if each}


def _hours(seconds: float | None, gpus: int) -> float:
    return np.nan if seconds is None or not gpus else gpus * seconds / HOUR


def _teacher_hours(study: Study, row: Mapping[str, Any], timings: Path, on_gpu: bool) -> float:
    """Of the answers that the model learnt from: their share of all answers in a format, dropped ones included."""
    if study.teacher is None:
        return np.nan
    if row["kind"] == "adapted":
        corpora = (study.adaptation_corpora["from"], study.adaptation_corpora["to"])
        learnt = [(corpus, name, 1.0) for corpus, name in zip(corpora, row["curriculum"].split("-then-"), strict=True)]
    else:
        shares = {"ift": 1 - row["ratio"], "reasoning": row["ratio"]}
        learnt = [(row["corpus"], name, share * row["data_fraction"]) for name, share in shares.items() if share]
    folder = timings / "generate_teacher_answers"
    parts = [(_of_jobs([folder / corpus / name]), share) for corpus, name, share in learnt]
    if any(seconds is None for seconds, _ in parts):
        return np.nan
    return _hours(sum(share * (seconds or 0.0) for seconds, share in parts), engine_gpus(study.teacher, on_gpu))


def _search_hours(study: Study, row: Mapping[str, Any], search: Search, timings: Path) -> float:
    name = row["student"]
    if name not in search.students:
        return 0.0
    formats = formats_at(row["kind"], row["curriculum"], row["ratio"], search.mixture_rule)
    folders = [timings / "try_learning_rate" / search.corpus / name / one for one in formats]
    return _hours(_of_jobs(folders), study.students[name].processes)


def _of_jobs(folders: Sequence[Path]) -> float | None:
    """Seconds of all jobs with records in ``folders``; None if one of them has none."""
    try:
        return sum(float(read_timings(folder)["s"].sum()) for folder in folders)
    except StudyError:
        return None
