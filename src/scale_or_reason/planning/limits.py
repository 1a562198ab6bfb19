"""Jobs against their time limits: how many allocations a job takes, and whether it makes progress in one.

Trainings and generations are stopped at the limit and continue in a new allocation. An allocation is lost on loading
the model and on what was in progress at its end: the steps since the last checkpoint, which is written on SIGTERM, and
the unfinished replies, the longest of which takes `max_tokens` steps of the engine.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import polars as pl

from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.wording import counted
from scale_or_reason.planning.units import TRAINING_STAGES
from scale_or_reason.study.job_sizes import job_settings
from scale_or_reason.study.study import Study

#: Before the limit, in hours: Slurm's signal to a training by `profiles/slurm`, which leaves time for a checkpoint, and
#: to a generation, whose replies are on disk by then.
_SIGNAL_HOURS = {"training": 15 / 60, "generation": 2 / 60}
_KINDS = {"learning_rates": "training", "training": "training", "evaluation": "engine", "judging": "judging"}
_KINDS["generation"] = "engine"
LIMIT_COLUMNS: dict[str, Any] = {
    "stage": pl.String(),
    "job": pl.String(),
    "model": pl.String(),
    "hours": pl.Float64(),
    "limit_hours": pl.Float64(),
    "allocations": pl.Int64(),
}


def over_the_limit(cells: pl.DataFrame, config: Mapping[str, Any], study: Study) -> pl.DataFrame:
    """The remaining jobs with models that take longer than their limit (:data:`LIMIT_COLUMNS`), longest first.

    ``cells`` are those of a plan. Raises :class:`StudyError` for a job that makes no progress within its limit.
    """
    jobs = (
        cells.filter(~pl.col("done") & pl.col("hours").is_not_null() & (pl.col("gpus") > 0))
        .group_by("stage", "job", maintain_order=True)
        .agg(
            pl.col("model").first(),
            pl.col("cell").first(),
            pl.col("hours", "start_hours").sum(),
            pl.col("longest_hours").max(),
            pl.len().alias("members"),
        )
    )
    rows = [row for job in jobs.iter_rows(named=True) if (row := _limited(job, config, study))]
    return pl.DataFrame(rows, schema=LIMIT_COLUMNS).sort("hours", descending=True, maintain_order=True)


def _limited(job: Mapping[str, Any], config: Mapping[str, Any], study: Study) -> dict[str, Any] | None:
    limit = _limit_hours(job, config["compute"], study)
    if job["hours"] <= limit:
        return None
    kind = "training" if job["stage"] in TRAINING_STAGES else "generation"
    progress = limit - _SIGNAL_HOURS[kind] - job["start_hours"] - job["longest_hours"]
    if progress <= 0:
        raise _no_progress(job, limit, _SIGNAL_HOURS[kind])
    # what is in progress at the end of an allocation is done again in the next one
    allocations = 1 + math.ceil((job["hours"] - limit) / progress)
    names = ("stage", "job", "model", "hours")
    return {name: job[name] for name in names} | {"limit_hours": limit, "allocations": allocations}


def _limit_hours(job: Mapping[str, Any], compute: Mapping[str, Any], study: Study) -> float:
    """The limit of the job's first attempt, by the rules' resources."""
    kind, stage = _KINDS[job["stage"]], job["stage"]
    of_student = stage in (*TRAINING_STAGES, "evaluation") and not job["cell"].startswith("teacher/")
    entry = study.students.get(job["model"]) or study.adopted.get(job["model"])
    size = entry.size_b if of_student and entry else None
    alone = job["cell"].startswith(("adopted/", "teacher/", "base/"))
    models = job["members"] if stage == "evaluation" and not alone else 1
    return models * job_settings(compute, kind, size)["runtime"] / 60


def _no_progress(job: Mapping[str, Any], limit: float, signal: float) -> StudyError:
    start, longest = (round(60 * job[name]) for name in ("start_hours", "longest_hours"))
    return StudyError(
        "a job makes no progress within its time limit",
        where="config",
        key=f"compute.jobs.{_KINDS[job['stage']]}.runtime",
        found=f"{counted(round(60 * limit), 'minute')} for {job['stage']} of {job['job']}",
        expected=f"more than {counted(start, 'minute')} to load the model, {longest} for the "
        f"longest unit of work that is saved, and {60 * signal:.0f} to stop",
        remedy="raise it (in compute.by_size for smaller students), or use more GPUs for that model",
    )
