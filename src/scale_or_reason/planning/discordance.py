"""How often two students of a finished study disagree on an item, and how its trainings vary between seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from scale_or_reason.common.table_schemas import CELL_COLUMNS
from scale_or_reason.common.tables import scan_table
from scale_or_reason.study.cells import parse_model_id

_PAIR = ["corpus", "student", "data_fraction", "seed"]


@dataclass(frozen=True)
class Discordances:
    """Measurements of ``study``, of reasoning against IFT of the same student, corpus and seed; means over these pairs.

    ``discordance``: benchmark -> share of items that one answer of exactly one of the two is right on. ``noise``:
    benchmark -> the share of it that is answer noise, where items have several answers. ``seed_sd``: family -> standard
    deviation of the accuracy between trainings, where a cell has several seeds.
    """

    study: str
    discordance: Mapping[str, float] = field(default_factory=dict)
    noise: Mapping[str, float] = field(default_factory=dict)
    seed_sd: Mapping[str, float] = field(default_factory=dict)


def read_discordances(outcomes: Path, study: str, families: Mapping[str, Sequence[str]]) -> Discordances | None:
    """From the table of outcomes of a study; None if there is none, or if no two students can be compared."""
    if not outcomes.is_file():
        return None
    items = (
        scan_table(outcomes, "outcomes")
        .group_by("model_id", "benchmark", "item_id")
        .agg(right=pl.col("right").mean(), samples=pl.len())
        .collect()
    )
    cells = [parse_model_id(name).columns() for name in items["model_id"].unique()]
    models = pl.DataFrame(cells, CELL_COLUMNS).filter(pl.col("kind") == "distilled")
    own = items.join(models.select("model_id", *_PAIR, "curriculum", "ratio"), on="model_id")
    plain, reasoning = (own.filter(ratio=ratio) for ratio in (0.0, 1.0))
    pairs = plain.join(reasoning, on=[*_PAIR, "benchmark", "item_id"], suffix="_2")
    if pairs.is_empty():
        return None
    first, second, samples = pl.col("right"), pl.col("right_2"), pl.min_horizontal("samples", "samples_2")
    # unbiased for the variance of one answer to an item, from several
    unbiased = samples / (samples - 1)
    by_benchmark = pairs.group_by("benchmark").agg(
        discordance=(first * (1 - second) + second * (1 - first)).mean(),
        noise=(pl.when(samples > 1).then((first * (1 - first) + second * (1 - second)) * unbiased)).mean(),
    )
    found = {row["benchmark"]: row for row in by_benchmark.iter_rows(named=True)}
    return Discordances(
        study=study,
        discordance={name: row["discordance"] for name, row in found.items()},
        noise={
            name: min(1.0, row["noise"] / row["discordance"]) if row["discordance"] else 0.0
            for name, row in found.items()
            if row["noise"] is not None
        },
        seed_sd=_between_seeds(own, families),
    )


def _between_seeds(items: pl.DataFrame, families: Mapping[str, Sequence[str]]) -> dict[str, float]:
    """Family -> pooled standard deviation of the mean over its benchmarks between the seeds of a cell.

    What single items contribute is taken off, estimated by the mean square of what neither seeds nor items explain.
    """
    cell = ["corpus", "student", "curriculum", "ratio", "data_fraction"]
    several = items.filter(pl.col("seed").n_unique().over(cell) > 1)
    found = {}
    for family, members in families.items():
        own = several.filter(pl.col("benchmark").is_in(list(members)))
        if own["benchmark"].n_unique() < len(members):
            continue
        by_seed = own.group_by(*cell, "benchmark", "seed").agg(pl.col("right").mean())
        means = by_seed.group_by(*cell, "seed").agg(pl.col("right").mean())
        between = means.group_by(cell).agg(pl.col("right").var()).select(pl.col("right").mean()).item()
        right = pl.col("right")
        rest = right - right.mean().over(*cell, "benchmark", "item_id")
        rest = rest - right.mean().over(*cell, "benchmark", "seed") + right.mean().over(*cell, "benchmark")
        squares = (
            own.with_columns(square=rest**2)
            .group_by(*cell, "benchmark")
            .agg(total=pl.col("square").sum(), seeds=pl.col("seed").n_unique(), items=pl.col("item_id").n_unique())
        )
        freedom = (pl.col("seeds") - 1) * (pl.col("items") - 1)
        noise = squares.filter(pl.col("items") > 1).with_columns(noise=pl.col("total") / freedom / pl.col("items"))
        by_cell = noise.group_by(cell).agg(pl.col("noise").sum() / len(members) ** 2)
        contributed = by_cell["noise"].mean() if by_cell.height else 0.0
        found[family] = max(0.0, float(between) - float(contributed)) ** 0.5  # type: ignore[arg-type]
    return found
