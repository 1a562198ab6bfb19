"""Studies whose truth is known, for the coverage of intervals and the calibration of frontiers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from made_outcomes import model_id, outcome_table, training_costs

from scale_or_reason.analysis.bootstrap import bootstrap
from scale_or_reason.analysis.replicates import interval
from scale_or_reason.common.intervals import mean_interval, mid_p_interval


@dataclass(frozen=True)
class Coverage:
    """How often 95 % intervals of a family's mean accuracy hold the truth, by method."""

    bootstrap: float
    mover: float


def coverage(items: Sequence[int], truth: Sequence[float], repeats: int, replicates: int, seed: int) -> Coverage:
    """Coverage for benchmarks of ``items`` questions, of which a model gets each right with probability ``truth``.

    Each repeat is a student of its own in one study, so that the bootstrap runs once.
    """
    generator = np.random.default_rng(seed)
    names = [f"benchmark_{number}" for number in range(len(items))]
    students = [f"student{number:05}" for number in range(repeats)]
    right = {
        model_id(student, 0.0): {
            name: generator.random(count) < share for name, count, share in zip(names, items, truth, strict=True)
        }
        for student in students
    }
    families = dict.fromkeys(names, "family")
    sizes = dict.fromkeys(students, 1.0)
    evidence = bootstrap(outcome_table(right), training_costs({}), families, sizes, seed, replicates)
    mean = float(np.mean(truth))
    by_bootstrap = by_mover = 0
    for cell in range(repeats):
        low, high = interval(evidence.get("accuracy", cell, "family"))
        by_bootstrap += low <= mean <= high  # type: ignore[operator]
        shares = [evidence.get("accuracy", cell, name)[0] for name in names]
        _, low, high = mean_interval(shares, *mid_p_interval(shares, items))
        by_mover += low <= mean <= high
    return Coverage(by_bootstrap / repeats, by_mover / repeats)
