"""GPU-hours that a study has measured: of a model's training, of one of its answers, and of what else it costs once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True)
class JobGpus:
    """GPUs of a job: of a training and of an engine by the name of the model, and of the teacher's engine.

    0 stands for a server, whose GPUs are not known. Without GPUs an engine counts as one, and a training as its number
    of processes.
    """

    training: Mapping[str, int]
    answering: Mapping[str, int]
    teacher: int

    @classmethod
    def of_study(cls, study: Study, on_gpu: bool) -> JobGpus:
        """The GPUs of the study's students and of its teacher; 0 without a teacher."""
        return cls(
            {name: student.processes for name, student in study.students.items()},
            {name: engine_gpus(student, on_gpu) for name, student in study.students.items()},
            engine_gpus(study.teacher, on_gpu) if study.teacher else 0,
        )


def measured_hours(
    study: Study, evidence: Evidence, costs: pl.DataFrame, search: Search, results: Path, on_gpu: bool
) -> dict[str, dict[str, Floats]]:
    """Task -> name -> GPU-hours (cells,) of the evidence, for the families; NaN for what was not timed.

    Names are ``training``, ``answer`` (one answer to the family) and the parts of :mod:`analysis.paid_once`, in full.
    Training and answers take the seconds in the table ``costs``, without start-up, times the GPUs of the job
    (:class:`JobGpus`). Verdicts take each judge's seconds from its manifests in the folder ``verdicts`` of ``results``,
    the teacher's answers and the search those of whole jobs, from Snakemake's records in its folder ``timings``.
    """
    gpus, timings = JobGpus.of_study(study, on_gpu), results / "timings"
    once = {
        "training": training_hours(evidence, costs, gpus),
        "teacher": teacher_hours(evidence, gpus, study.adaptation_corpora, timings),
        **{name: np.full(evidence.cells.height, np.nan) for name in ("search", "judging")},
    }
    judged = _judging_hours(study, costs, results, on_gpu)
    for cell, row in enumerate(evidence.cells.select(CELL).iter_rows(named=True)):
        if row["student"] not in study.students:
            continue
        once["judging"][cell] = judged.get(tuple(row.values()), np.nan) if study.judges else 0.0
        if row["kind"] in TRAINED_KINDS:
            once["search"][cell] = _search_hours(study, row, search, timings)
    return {family: once | {"answer": answer_hours(evidence, costs, family, gpus)} for family in evidence.families}


def training_hours(evidence: Evidence, costs: pl.DataFrame, gpus: JobGpus) -> Floats:
    """GPU-hours of each cell's training, (cells,).

    Those of a model on a part of the data have the steps that it shares with the run on all of it.
    """
    return _by_cell(evidence, _seconds(costs.filter(stage="training")), gpus.training)


def answer_hours(evidence: Evidence, costs: pl.DataFrame, task: str, gpus: JobGpus) -> Floats:
    """GPU-hours of one answer to a family or benchmark, (cells,)."""
    own = costs.filter(pl.col("stage") == "evaluation", (pl.col("family") == task) | (pl.col("benchmark") == task))
    each = own.with_columns(seconds=pl.col("seconds") / pl.col("sequences"))
    return _by_cell(evidence, _seconds(each, pl.Expr.mean), gpus.answering)


def teacher_hours(evidence: Evidence, gpus: JobGpus, adaptation_corpora: Mapping[str, str], timings: Path) -> Floats:
    """GPU-hours of the teacher's answers that each cell learnt from, (cells,), from records of jobs in ``timings``.

    They are their share of all answers in a format, dropped ones included. ``adaptation_corpora`` is that of the study.
    """
    found = np.full(evidence.cells.height, np.nan)
    seconds: dict[Path, float | None] = {}
    for cell, row in enumerate(evidence.cells.select(CELL).iter_rows(named=True)):
        if row["kind"] not in TRAINED_KINDS or row["student"] not in gpus.training:
            continue
        learnt = _learnt(row, adaptation_corpora)
        for folder, _ in learnt:
            if folder not in seconds:
                seconds[folder] = _of_jobs([timings / "generate_teacher_answers" / folder])
        if all(seconds[folder] is not None for folder, _ in learnt):
            found[cell] = _hours(sum(share * (seconds[folder] or 0.0) for folder, share in learnt), gpus.teacher)
    return found


def _learnt(row: Mapping[str, Any], adaptation_corpora: Mapping[str, str]) -> list[tuple[Path, float]]:
    """The teacher's jobs, CORPUS/FORMAT, that a model learnt from, and the share of their answers."""
    if row["kind"] == "adapted":
        corpora = (adaptation_corpora["from"], adaptation_corpora["to"])
        return [
            (Path(corpus, name), 1.0) for corpus, name in zip(corpora, row["curriculum"].split("-then-"), strict=True)
        ]
    shares = {"ift": 1 - row["ratio"], "reasoning": row["ratio"]}
    return [(Path(row["corpus"], name), share * row["data_fraction"]) for name, share in shares.items() if share]


def _by_cell(evidence: Evidence, seconds: Mapping[tuple[Any, ...], float], gpus: Mapping[str, int]) -> Floats:
    """Hours of seconds by cell, NaN for models whose GPUs are not given."""
    rows = evidence.cells.select(CELL).iter_rows(named=True)
    return np.array([_hours(seconds.get(tuple(row.values())), gpus.get(row["student"], 0)) for row in rows], float)


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
