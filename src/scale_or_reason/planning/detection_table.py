"""What the comparisons of a study can detect: a table by family and benchmark, and as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from scale_or_reason.common.wording import counted
from scale_or_reason.planning.assumptions import Assumptions
from scale_or_reason.planning.detection import Compared, detectable, to_see, variance
from scale_or_reason.planning.discordance import Discordances, read_discordances
from scale_or_reason.study.study import Study

#: The difference that the plan looks for, as a share: 2 points.
WANTED = 0.02
#: One row per family (``benchmark`` is null) and benchmark. Shares; ``detectable`` is the smallest difference of two
#: given models, ``detectable_recipes`` that of two recipes whose trainings vary between seeds; null if none is.
#: ``share`` of the family's variance. ``items``: of the family all, ``items_needed`` of each of its benchmarks.
COLUMNS: dict[str, Any] = {
    "family": pl.String(),
    "benchmark": pl.String(),
    "items": pl.Int64(),
    "samples": pl.Int64(),
    "seeds": pl.Int64(),
    "discordance": pl.Float64(),
    "noise": pl.Float64(),
    "seed_sd": pl.Float64(),
    "source": pl.String(),
    "detectable": pl.Float64(),
    "detectable_recipes": pl.Float64(),
    "share": pl.Float64(),
    "items_needed": pl.Int64(),
    "samples_needed": pl.Int64(),
    "seeds_needed": pl.Int64(),
}


def detection_table(config: Mapping[str, Any], study: Study, assumed: Assumptions, results: Path) -> pl.DataFrame:
    """The table ``COLUMNS`` of a study whose results folder is ``results``.

    Discordances are those of its own outcomes, else those of ``plan.calibrate_from``, else assumed. Empty for a study
    that does not compare students.
    """
    if not {0.0, 1.0} <= {*study.ratios} or not study.trainings():
        return pl.DataFrame(schema=COLUMNS)
    measured = _measured(config, study, results)
    seeds = len(study.seeds)
    rows: list[dict[str, Any]] = []
    for family, members in study.families.items():
        compared = [_compared(config, assumed, measured, name) for name in members]
        sd = measured.seed_sd.get(family) if measured else None
        seed_sd = assumed.number("detection.seed_sd", "points") / 100 if sd is None else sd
        total = variance(compared, seeds, 0.0) * len(compared) ** 2
        for benchmark, own in ((None, compared), *((one.name, [one]) for one in compared)):
            rows.append(
                {
                    "family": family,
                    "benchmark": benchmark,
                    "items": sum(one.items for one in own),
                    "samples": min(one.samples for one in own),
                    "seeds": seeds,
                    "discordance": sum(one.discordance for one in own) / len(own),
                    "noise": sum(one.noise for one in own) / len(own),
                    "seed_sd": seed_sd,
                    "source": _source(measured, own),
                    "detectable": detectable(own, seeds),
                    "detectable_recipes": detectable(own, seeds, seed_sd),
                    "share": sum(one.variance(seeds) for one in own) / total if total else None,
                }
                | {f"{name}_needed": number for name, number in to_see(own, WANTED, seeds, seed_sd).items()}
            )
    return pl.DataFrame(rows, schema=COLUMNS)


def _measured(config: Mapping[str, Any], study: Study, results: Path) -> Discordances | None:
    names = [study.name, *([config["plan"]["calibrate_from"]] if config["plan"]["calibrate_from"] else [])]
    folders = [results, *(results.parent / name for name in names[1:])]
    for name, folder in zip(names, folders, strict=True):
        found = read_discordances(folder / "tables" / "outcomes.parquet", name, study.families)
        if found is not None:
            return found
    return None


def _compared(
    config: Mapping[str, Any], assumed: Assumptions, measured: Discordances | None, benchmark: str
) -> Compared:
    samples = int(config["benchmarks"]["samples_per_item"].get(benchmark, 1))
    discordance = measured.discordance.get(benchmark) if measured else None
    noise = measured.noise.get(benchmark) if measured else None
    if discordance is None:
        discordance = assumed.number("detection.discordance", "share of the items")
    if noise is None:
        noise = assumed.number("detection.noise", "share of the discordance")
    return Compared(benchmark, assumed.items(benchmark) // samples, samples, discordance, noise)


def _source(measured: Discordances | None, own: Sequence[Compared]) -> str:
    if measured is None or not any(one.name in measured.discordance for one in own):
        return "assumed"
    return f"measured in {measured.study}"


def detection_rows(table: pl.DataFrame) -> list[list[str]]:
    """The families of the table as text, with a heading; differences in points."""
    rows = [["family", "two models", "two recipes", "largest part of the variance", "items", "samples", "seeds"]]
    for family in table.filter(pl.col("benchmark").is_null()).to_dicts():
        parts = table.filter(pl.col("benchmark").is_not_null(), family=family["family"])
        largest = parts.sort("share", descending=True).row(0, named=True)
        part = f"{largest['benchmark']} ({counted(largest['items'], 'item')}): {largest['share']:.0%}"
        needed = [_needed(family, name) for name in ("items", "samples", "seeds")]
        found = [_points(family[name]) for name in ("detectable", "detectable_recipes")]
        rows.append([family["family"], *found, part, *needed])
    return rows


def _points(share: float | None) -> str:
    return "none" if share is None else f"{100 * share:.1f}"


def _needed(row: Mapping[str, Any], name: str) -> str:
    seen = row["detectable_recipes" if name == "seeds" else "detectable"]
    if seen is not None and seen <= WANTED:
        return "enough"
    number = row[f"{name}_needed"]
    return "no number" if number is None else f"{number:,}"


def detection_notes(table: pl.DataFrame) -> list[str]:
    """What the columns of :func:`detection_rows` mean and assume."""
    sources = ", ".join(sorted(table["source"].unique()))
    seeds = table["seeds"][0]
    return [
        "Smallest differences in points between two students on the same items (80 % power, two-sided 5 %).",
        f"Two models: these weights. Two recipes: trained again, each with {seeds} seed{'s' if seeds > 1 else ''}"
        " (study.seeds). Intervals contain that from two seeds on.",
        "Alone, these show 2 points: items of every benchmark, samples of the largest part, seeds (as in"
        " config/studies/seeds.yaml).",
        f"Discordance: {sources}. By benchmark: detection.csv.",
    ]
