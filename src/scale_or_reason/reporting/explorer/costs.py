"""What cells cost in each unit: FLOPs by both counts, and measured hours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from scale_or_reason.analysis.paid_once import teacher_flops
from scale_or_reason.flops.counts import COUNTS, counted_by
from scale_or_reason.planning.measured_hours import JobGpus, answer_hours, teacher_hours, training_hours
from scale_or_reason.scoring.evidence import Evidence, evidence_from_tables

Floats = NDArray[np.float64]

#: The unit of measured hours beside the two counts of FLOPs.
HOURS = "hours"
#: Kinds of models that were not trained here: no teacher has answered for them.
_UNTRAINED = ("base", "teacher")


@dataclass(frozen=True)
class Measured:
    """How hours are measured: the GPUs of jobs, what an hour is called, and where the teacher's jobs are recorded."""

    gpus: JobGpus
    unit: str
    adaptation_corpora: Mapping[str, str]
    timings: Path

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any], timings: Path) -> Measured:
        """From the rule's JSON: ``training``, ``answering``, ``teacher`` of :class:`JobGpus`, the corpora, the unit."""
        gpus = JobGpus(**{name: settings[name] for name in ("training", "answering", "teacher")})
        return cls(gpus, settings["unit"], settings["adaptation_corpora"], timings)


@dataclass(frozen=True)
class UnitCosts:
    """Costs in one unit: ``training`` and ``teacher`` (cells,), ``inference`` of one answer (cells, tasks)."""

    training: Floats
    teacher: Floats
    inference: Floats


def costs_by_unit(
    evidence: Evidence,
    scores: pl.DataFrame,
    costs: pl.DataFrame,
    families: Mapping[str, str],
    sizes: Mapping[str, float],
    measured: Measured | None,
) -> dict[str, UnitCosts]:
    """The costs of the cells of ``evidence`` in each unit, NaN where unknown; hours only if one is known.

    ``teacher`` are all of the teacher's answers that a cell learnt from. Base students and the teacher have 0 training
    and learnt from nobody.
    """
    found = {}
    for count in COUNTS:
        counted = counted_by(costs, count)
        own = evidence_from_tables(scores, counted, families, sizes)
        training = np.array(own.cells["training_flops"].to_list(), float)
        found[count] = UnitCosts(training, teacher_flops(evidence, counted), own.values["inference_flops"][0])
    if measured is not None:
        hours = _hours(evidence, costs, measured)
        if np.isfinite(hours.training).any() or np.isfinite(hours.inference).any():
            found[HOURS] = hours
    untrained = np.isin(evidence.cells["kind"].to_list(), _UNTRAINED)
    for unit in found.values():
        unit.training[untrained] = unit.teacher[untrained] = 0.0
    return found


def _hours(evidence: Evidence, costs: pl.DataFrame, measured: Measured) -> UnitCosts:
    answers = [answer_hours(evidence, costs, task, measured.gpus) for task in evidence.tasks]
    return UnitCosts(
        training_hours(evidence, costs, measured.gpus),
        teacher_hours(evidence, measured.gpus, measured.adaptation_corpora, measured.timings),
        np.stack(answers, axis=-1),
    )
