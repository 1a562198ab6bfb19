"""With how many processes the trainings of a student cost least, as memory permits.

Trainings are independent. With fewer GPUs for each, and more trainings at a time, processes wait less for each other.
Splitting long sequences over GPUs (DeepSpeed's Ulysses) shortens a training as well, but a group of GPUs that shares a
sequence waits as one process does. So it costs at least as many GPU-hours as that many processes fewer.
"""

from __future__ import annotations

from typing import Any

import polars as pl

from scale_or_reason.planning.estimate import GB, HOUR, Estimator
from scale_or_reason.planning.speed import training_flops_of
from scale_or_reason.planning.work import Unit
from scale_or_reason.study.catalogue import Student

#: The numbers of processes that the plan compares.
PROCESSES = (1, 2, 4, 8, 16)
#: GPU-hours above the fewest, as a share, that shorter trainings with more processes may cost.
SHORTER_COSTS = 0.01
#: Room that a choice leaves for what the memory estimate does not see, as a share of a GPU's memory.
MARGIN = 0.1
PROCESSES_COLUMNS: dict[str, Any] = {
    "student": pl.String(),
    "processes": pl.Int64(),
    "utilisation": pl.Float64(),
    "gpu_hours": pl.Float64(),
    "longest_hours": pl.Float64(),
    "memory_gb": pl.Float64(),
    "fits": pl.Boolean(),
    "configured": pl.Boolean(),
    "best": pl.Boolean(),
}


def processes_table(estimator: Estimator, units: list[Unit]) -> pl.DataFrame:
    """A row per student and number of processes, for all its trainings together, without start-up."""
    trainings: dict[str, list[Unit]] = {}
    for unit in units:
        if unit.stage == "training" and unit.model is not None:
            trainings.setdefault(unit.model.name, []).append(unit)
    rows = [row for own in trainings.values() for row in _marked(_rows(estimator, own), estimator.gpu.memory_gb)]
    return pl.DataFrame(rows, PROCESSES_COLUMNS)


def _rows(estimator: Estimator, units: list[Unit]) -> list[dict[str, Any]]:
    student = units[0].model
    assert isinstance(student, Student)
    shape, rows = estimator.shape(student), []
    assert shape is not None
    work = [(unit, training_flops_of(shape, unit.calls)) for unit in units]
    alone = sum(estimator.training_gpu_seconds(unit, flops, 1) for unit, flops in work) / HOUR
    for processes in sorted({*PROCESSES, student.processes}):
        hours = [estimator.training_gpu_seconds(unit, flops, processes) / HOUR for unit, flops in work]
        memory = estimator.training_memory(student, shape, processes).total / GB
        rows.append(
            {
                "student": student.name,
                "processes": processes,
                "utilisation": alone / sum(hours),
                "gpu_hours": sum(hours),
                "longest_hours": max(hours) / processes,
                "memory_gb": memory,
                "fits": memory <= estimator.gpu.memory_gb,
                "configured": processes == student.processes,
                "best": False,
            }
        )
    return rows


def _marked(rows: list[dict[str, Any]], gpu_memory_gb: float) -> list[dict[str, Any]]:
    """One student's ``rows`` with ``best``: the most processes that cost little more.

    That is at most ``SHORTER_COSTS`` more GPU-hours than the fewest, among those that fit with a margin; with none,
    among those that fit.
    """
    fitting = [row for row in rows if row["memory_gb"] <= (1 - MARGIN) * gpu_memory_gb]
    fitting = fitting or [row for row in rows if row["fits"]]
    if fitting:
        fewest = min(row["gpu_hours"] for row in fitting)
        near = [row for row in fitting if row["gpu_hours"] <= (1 + SHORTER_COSTS) * fewest]
        max(near, key=lambda row: row["processes"])["best"] = True
    return rows
