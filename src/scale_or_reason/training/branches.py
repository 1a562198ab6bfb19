"""Trainings on a part of a mixture, as branches of the training on all of it.

A run on a fraction of the data consists of the first steps of each phase of the full run, with the same batches, and
has a schedule of its own: warm-up, plateau, decay. Until the first batch or learning rate that differs it is the full
run. A checkpoint of the full run at that step therefore saves the short run everything but its own tail.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any

import polars as pl

from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.shares import part_of
from scale_or_reason.training.packing import BatchPlan
from scale_or_reason.training.sequences import Sequences


@dataclass(frozen=True)
class BranchStart:
    """The place of a branch: the number of steps that it shares with the full run, and its folder of checkpoints.

    ``identity`` is what the branch's training depends on.
    """

    step: int
    folder: Path
    identity: Mapping[str, Mapping[str, Any]]


def branch_steps(phases: Sequence[int], fraction: float) -> list[int]:
    """The steps of the full run that a run on ``fraction`` of the data consists of, numbered from 0.

    ``phases`` has the phase of each step of the full run, in order. Each phase gives the same share of its steps,
    rounded half up and at least one, so that the ratio of the formats stays. Raises :class:`StudyError` unless the
    fraction is above 0 and at most 1.
    """
    if not 0 < fraction <= 1:
        raise StudyError("the fraction of the data is out of range", found=fraction, expected="above 0, at most 1")
    steps: list[int] = []
    for phase in dict.fromkeys(phases):
        own = [step for step, other in enumerate(phases) if other == phase]
        steps += own[: max(1, part_of(fraction, len(own)))]
    return steps


def shared_steps(steps: Sequence[int], rates: Sequence[float], full_rates: Sequence[float]) -> int:
    """How many steps a run of ``steps`` (:func:`branch_steps`) with these learning rates shares with the full run.

    A checkpoint also has the rate of the step after it, which must be equal, too.
    """
    batches = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], enumerate(steps)))
    equal = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(rates, full_rates, strict=False)))
    return max(0, min(batches, equal - 1))


def part_of_mixture(mixture: pl.DataFrame, sequences: Sequences, plan: BatchPlan, steps: Sequence[int]) -> pl.DataFrame:
    """The rows of ``mixture``, in its order, that a run of these steps of the full run takes.

    ``sequences`` and ``plan`` are those of the full run on ``mixture``. A phase ends with the last sequence of its
    steps: samples too long for the training are among the rows where they lie before it.
    """
    last: dict[int, int] = {}
    for step in steps:
        sequence = plan.steps[step][-1]
        last[int(sequences.phases[sequence])] = int(sequences.positions[sequence])
    rows = mixture.with_row_index("row")
    ends = rows.filter(pl.col("position").is_in(list(last.values()))).select("phase", end="row")
    return rows.join(ends, on="phase", maintain_order="left").filter(pl.col("row") <= pl.col("end")).drop("row", "end")
