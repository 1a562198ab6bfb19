"""A plan: every job of a study with its costs, sums by stage, and checks against the GPUs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.wording import counted
from scale_or_reason.planning.assumptions import Assumptions, GpuType, Note
from scale_or_reason.planning.detection_table import detection_table
from scale_or_reason.planning.engine_layouts import layouts_table
from scale_or_reason.planning.estimate import GB, HOUR, Estimator
from scale_or_reason.planning.limits import over_the_limit
from scale_or_reason.planning.memory import checkpoint_bytes
from scale_or_reason.planning.processes import processes_table
from scale_or_reason.planning.units import MODEL_STAGES, STAGES, Unit
from scale_or_reason.planning.wall import wall_hours
from scale_or_reason.planning.work import Work
from scale_or_reason.study.catalogue import AdoptedModel, Judge, Student, TeacherModel
from scale_or_reason.study.local_files import is_local
from scale_or_reason.study.selection import data_fractions_of
from scale_or_reason.study.study import Study
from scale_or_reason.training.disk import CHECKPOINTS_AT_ONCE, free_bytes


@dataclass(frozen=True)
class Plan:
    """The cost of a study: ``cells`` (:data:`PLAN_COLUMNS`), ``stages``, ``memory`` by configuration, ``notes``.

    ``limited`` has the jobs that take longer than their limit (:data:`LIMIT_COLUMNS`); ``restarts`` is the number of
    further allocations that a job gets.
    ``processes`` compares numbers of training processes, ``layouts`` those of engines over their GPUs.
    ``checkpoints_gb``: what the largest training needs while it runs.
    ``free_gb``: what is free on the disk of the results.
    ``detection``: what comparisons can detect (:data:`~scale_or_reason.planning.detection_table.COLUMNS`).
    """

    study: str
    gpu: GpuType
    gpus: int
    cells: pl.DataFrame
    stages: pl.DataFrame
    memory: pl.DataFrame
    processes: pl.DataFrame
    layouts: pl.DataFrame
    downloads_gb: float
    checkpoints_gb: float
    free_gb: float
    notes: list[Note]
    limited: pl.DataFrame
    restarts: int
    detection: pl.DataFrame


def make_plan(
    config: Mapping[str, Any], study: Study, assumed: Assumptions, results: Path, measured: Mapping[str, float]
) -> Plan:
    """The plan of a study whose results folder is ``results``.

    ``measured``: rule -> seconds of its finished jobs. Raises :class:`StudyError` if a job needs more GPUs than
    ``plan.num_gpus`` or makes no progress within its time limit, and for missing assumptions.
    """
    estimator = Estimator(config, assumed)
    assumed.missing = []
    units = Work(config, study, assumed, results).units()
    _check_complete([*_unknown_shapes(estimator, study), *assumed.missing])
    cells = estimator.rows(units)
    gpus = int(assumed.number("num_gpus", "GPUs at a time"))
    detection = detection_table(config, study, assumed, results)
    _check_gpus(cells, gpus)
    return Plan(
        study=study.name,
        gpu=estimator.gpu,
        gpus=gpus,
        cells=cells,
        stages=_stages(cells, gpus, int(assumed.number("cpu_jobs.concurrent", "jobs at a time")), measured),
        memory=pl.DataFrame(list(estimator.memory_rows.values()), infer_schema_length=None),
        processes=processes_table(estimator, units),
        layouts=layouts_table(estimator, units),
        downloads_gb=_downloads(units, estimator) / GB,
        checkpoints_gb=_checkpoints(config, units, estimator) / GB,
        free_gb=free_bytes(results) / GB,
        notes=list(assumed.notes.values()),
        limited=over_the_limit(cells, config, study),
        restarts=config["compute"]["restarts"],
        detection=detection,
    )


def _unknown_shapes(estimator: Estimator, study: Study) -> Iterator[StudyError]:
    models: list[Student | TeacherModel | AdoptedModel | Judge] = [*study.students.values(), *study.judges.values()]
    models += study.adopted.values()
    models += [study.teacher] if study.teacher else []
    for model in models:
        try:
            estimator.shape(model)
        except StudyError as error:
            yield error


def _check_complete(missing: Sequence[StudyError]) -> None:
    """Raise one :class:`StudyError` for everything that the plan lacks."""
    missing = list({str(error.key): error for error in missing}.values())
    if len(missing) == 1:
        raise missing[0]
    if missing:
        raise StudyError(
            f"the plan lacks {counted(len(missing), 'number')}",
            where="config",
            key=", ".join(str(error.key) for error in missing),
            found="no number for any of these keys",
            expected="; ".join(dict.fromkeys(str(error.expected) for error in missing)),
            remedy="set them in an overlay, or run a pilot and set plan.calibrate_from to its study",
        )


def _check_gpus(cells: pl.DataFrame, gpus: int) -> None:
    largest = cells.sort("gpus", nulls_last=False).tail(1)
    if largest.height and largest["gpus"][0] > gpus:
        raise StudyError(
            "a job needs more GPUs than the plan has",
            where="config",
            key="plan.num_gpus",
            found=f"{gpus}, but {largest['stage'][0]} of {largest['model'][0]} needs {largest['gpus'][0]}",
            expected=f"at least {largest['gpus'][0]}",
            remedy="raise it, or reduce the GPUs of that model",
        )


def _stages(cells: pl.DataFrame, gpus: int, cpu_jobs: int, measured: Mapping[str, float]) -> pl.DataFrame:
    """One row per stage of the study; each number also for the remaining work (suffix ``_left``)."""
    rows = []
    for stage in STAGES:
        own = cells.filter(pl.col("stage") == stage)
        if own.is_empty():
            continue
        left = own.filter(~pl.col("done"))
        slots = gpus if stage in MODEL_STAGES else cpu_jobs
        row: dict[str, Any] = {"stage": stage}
        for suffix, part in (("", own), ("_left", left)):
            row |= {
                f"jobs{suffix}": part["job"].n_unique(),
                f"sequences{suffix}": part["sequences"].sum(),
                f"tokens{suffix}": _sum(part, "prompt_tokens") + _sum(part, "completion_tokens"),
                f"flops{suffix}": part["flops"].sum(),
                f"flops_exact{suffix}": part["flops_exact"].sum(),
                f"gpu_hours{suffix}": part["gpu_hours"].sum(),
                f"wall_hours{suffix}": wall_hours(_jobs(part), slots),
                f"price{suffix}": part["price"].sum(),
                f"disk_gb{suffix}": part["disk_gb"].sum(),
            }
        rules = own["rule"].unique().to_list()
        seconds = [measured[rule] for rule in rules if rule in measured]
        rows.append(
            row
            | {
                "memory_gb": own["memory_gb"].max(),
                "fits": own["fits"].all() if own["fits"].null_count() < own.height else None,
                "predicted_seconds": _sum(own.filter("done"), "hours") * HOUR if seconds else None,
                "measured_seconds": sum(seconds) if seconds else None,
            }
        )
    return pl.DataFrame(rows, infer_schema_length=None)


def _sum(cells: pl.DataFrame, column: str) -> float:
    return float(cells[column].sum())


def _jobs(cells: pl.DataFrame) -> list[tuple[float, int]]:
    jobs = cells.group_by("job", maintain_order=True).agg(pl.col("hours").sum(), pl.col("gpus").max())
    return [(hours, gpus) for _, hours, gpus in jobs.iter_rows()]


def _downloads(units: list[Unit], estimator: Estimator) -> float:
    """Bytes of the models to download from the hub."""
    served = (unit.model for unit in units if unit.model is not None and not getattr(unit.model, "endpoint", None))
    models = {model.model: model for model in served if not is_local(model.model)}
    shapes = [estimator.shape(model) for model in models.values()]
    return sum(shape.weight_bytes(2) for shape in shapes if shape is not None)


def _checkpoints(config: Mapping[str, Any], units: list[Unit], estimator: Estimator) -> float:
    """Bytes of the checkpoints of the largest training while it runs."""
    if not config["training"]["execution"]["checkpoint_steps"]:
        return 0.0
    students = {unit.model.name: unit.model for unit in units if unit.stage == "training" and unit.model}
    shapes = [estimator.shape(student) for student in students.values()]
    at_once = CHECKPOINTS_AT_ONCE + len(data_fractions_of(config["study"])["fractions"]) - 1
    sizes = [at_once * checkpoint_bytes(shape, config["training"]["dtype"]) for shape in shapes if shape is not None]
    return max(sizes, default=0.0)
