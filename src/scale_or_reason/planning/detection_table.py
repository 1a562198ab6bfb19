"""What the comparisons of a study can detect: a table by family and benchmark, and as text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
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
#: The answers that are compared: those of every table of scores, and those of ``test_time`` in a study with votes.
SCORES, VOTES = "scores", "votes"
#: For both kinds of ``answers``, one row per family (``benchmark`` is null) and benchmark. ``samples``: answers per
#: item of the IFT student, ``reasoning_samples`` of the other; of a family the smallest numbers. Shares;
#: ``detectable`` is the smallest difference of two given models, ``detectable_recipes`` that of two recipes whose
#: trainings vary between seeds; null if none is. ``share`` of the family's variance.
#: ``items``: of the family all, ``items_needed`` of each of its benchmarks.
COLUMNS: dict[str, Any] = {
    "family": pl.String(),
    "benchmark": pl.String(),
    "answers": pl.String(),
    "items": pl.Int64(),
    "samples": pl.Int64(),
    "reasoning_samples": pl.Int64(),
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
    rows = []
    for family, members in study.families.items():
        compared = [_compared(config, assumed, measured, name) for name in members]
        sd = measured.seed_sd.get(family) if measured else None
        seed_sd = assumed.number("detection.seed_sd", "points") / 100 if sd is None else sd
        voting = _with_votes(study, compared)
        for answers, own in ((SCORES, compared), *([(VOTES, voting)] if voting != compared else [])):
            shared = {"family": family, "answers": answers, "seeds": len(study.seeds), "seed_sd": seed_sd}
            for row in _rows(own, len(study.seeds), seed_sd):
                source = _source(measured, [row["benchmark"]] if row["benchmark"] else members)
                rows.append(row | shared | {"source": source})
    return pl.DataFrame(rows, schema=COLUMNS)


def _rows(family: Sequence[Compared], seeds: int, seed_sd: float) -> Iterator[dict[str, Any]]:
    """The numbers of a family, and of each of its benchmarks."""
    total = variance(family, seeds, 0.0) * len(family) ** 2
    for benchmark, own in ((None, family), *((one.name, [one]) for one in family)):
        needed = to_see(own, WANTED, seeds, seed_sd)
        yield {
            "benchmark": benchmark,
            "items": sum(one.items for one in own),
            "samples": min(one.samples for one in own),
            "reasoning_samples": min(one.other_samples or one.samples for one in own),
            "discordance": sum(one.discordance for one in own) / len(own),
            "noise": sum(one.noise for one in own) / len(own),
            "detectable": detectable(own, seeds),
            "detectable_recipes": detectable(own, seeds, seed_sd),
            "share": sum(one.variance(seeds) for one in own) / total if total else None,
        } | {f"{name}_needed": number for name, number in needed.items()}


def _with_votes(study: Study, compared: Sequence[Compared]) -> list[Compared]:
    """The same comparisons with the further answers of ``study.votes``, of the formats whose students give them."""
    plain, reasoning = (
        any(cell.ratio == ratio and study.votes.cells.has(cell) for cell in study.trainings()) for ratio in (0.0, 1.0)
    )

    def with_further(one: Compared) -> Compared:
        if one.name not in study.votes.benchmarks or not (plain or reasoning):
            return one
        most = study.votes.samples
        samples, others = (most if votes else one.samples for votes in (plain, reasoning))
        return replace(one, samples=samples, other_samples=others)

    return [with_further(one) for one in compared]


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


def _source(measured: Discordances | None, benchmarks: Sequence[str]) -> str:
    if measured is None or not any(name in measured.discordance for name in benchmarks):
        return "assumed"
    return f"measured in {measured.study}"


def detection_rows(table: pl.DataFrame) -> list[list[str]]:
    """The families of the table as text, with a heading; differences in points."""
    rows = [["family", "two models", "two recipes", "largest part of the variance", "items", "samples", "seeds"]]
    for family in table.filter(pl.col("benchmark").is_null()).to_dicts():
        own = table.filter(family=family["family"], answers=family["answers"])
        parts = own.filter(pl.col("benchmark").is_not_null())
        largest = parts.sort("share", descending=True).row(0, named=True)
        part = f"{largest['benchmark']} ({counted(largest['items'], 'item')}): {largest['share']:.0%}"
        needed = [_needed(family, name) for name in ("items", "samples", "seeds")]
        found = [_points(family[name]) for name in ("detectable", "detectable_recipes")]
        name = family["family"] + (", with votes" if family["answers"] == VOTES else "")
        rows.append([name, *found, part, *needed])
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
    notes = [
        "Smallest differences in points between two students on the same items (80 % power, two-sided 5 %).",
        f"Two models: these weights. Two recipes: trained again, each with {seeds} seed{'s' if seeds > 1 else ''}"
        " (study.seeds). Intervals contain that from two seeds on.",
        "Alone, these show 2 points: items of every benchmark, samples of the largest part, seeds (as in"
        " config/studies/seeds.yaml).",
        f"Discordance: {sources}. By benchmark: detection.csv.",
    ]
    if VOTES in table["answers"].to_list():
        notes.append(
            "With votes: a reasoning and an IFT student of study.votes, with all of their answers, as in test_time.csv."
            " Every other table has the answers that all students give."
        )
    return notes
