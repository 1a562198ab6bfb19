"""Studies whose truth is known, for the coverage of intervals and the calibration of frontiers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from made_outcomes import model_id, outcome_table, training_costs

from scale_or_reason.analysis.bootstrap import bootstrap
from scale_or_reason.analysis.contrasts import NEAR, frontier_table
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


SIZES = {"0.5B": 0.5, "1.5B": 1.5, "3B": 3.0, "7B": 7.0, "14B": 14.0}
#: Items of the family's benchmarks.
ITEMS = {"gsm8k": 500, "math_500": 300, "aime": 30}


def frontier_probabilities(studies: int, replicates: int, seed: int) -> pl.DataFrame:
    """Stated probabilities and the truth, a row per model of ``studies`` made-up studies.

    Columns: ``probability``, ``probability_near``, ``on`` and ``near`` (the truth), ``plateau`` (the student is among
    those whose true accuracies differ by less than 0.2 points from that of a smaller one).
    """
    generator = np.random.default_rng(seed)
    return pl.concat([_one_study(generator, replicates, number) for number in range(studies)])


def _one_study(generator: np.random.Generator, replicates: int, seed: int) -> pl.DataFrame:
    """Accuracy rises with size up to a plateau; reasoning adds something, and costs eight times as much."""
    places = np.arange(len(SIZES))
    rows = []
    for ratio in (0.0, 1.0):
        last = generator.integers(1, len(SIZES))
        start, step = generator.uniform(0.2, 0.4), generator.uniform(0.02, 0.08)
        truth = start + step * np.minimum(places, last) + generator.uniform(0, 0.002, len(SIZES))
        truth += ratio * generator.uniform(-0.05, 0.1)
        for place, (student, size) in enumerate(SIZES.items()):
            rows.append((model_id(student, ratio), size * 8**ratio, truth[place], place > last))
    shift = {"gsm8k": 0.1, "math_500": 0.0, "aime": -0.1}
    right: dict[str, dict[str, np.ndarray]] = {model: {} for model, *_ in rows}
    for benchmark, count in ITEMS.items():
        difficulty = generator.random(count)
        for model, _, accuracy, _ in rows:
            own = np.where(generator.random(count) < 0.5, difficulty, generator.random(count))
            right[model][benchmark] = own < accuracy + shift[benchmark]
    costs = training_costs({model: cost for model, cost, *_ in rows})
    evidence = bootstrap(outcome_table(right), costs, dict.fromkeys(ITEMS, "family"), SIZES, seed, replicates)
    table = frontier_table(evidence).filter(pl.col("benchmark").is_null(), cost="training", among="formats")
    stated = {model_id(row["student"], row["ratio"]): row for row in table.iter_rows(named=True)}
    found = []
    for model, cost, accuracy, plateau in rows:
        below = max(other for _, price, other, _ in rows if price <= cost) - accuracy
        probabilities = {name: stated[model][name] for name in ("probability", "probability_near")}
        found.append(probabilities | {"plateau": bool(plateau), "on": below <= 0, "near": below <= NEAR})
    return pl.DataFrame(found)


def calibration(table: pl.DataFrame, stated: str, truth: str) -> pl.DataFrame:
    """Of :func:`frontier_probabilities`, by fifths of the stated probability: its mean, the true share, how many."""
    fifth = (pl.col(stated) * 5).floor().clip(0, 4).cast(pl.Int64)
    return (
        table.group_by("plateau", fifth=fifth)
        .agg(stated=pl.col(stated).mean(), true=pl.col(truth).mean(), models=pl.len())
        .sort("plateau", "fifth")
    )
