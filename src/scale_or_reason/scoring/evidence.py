"""The input of the analysis: for every cell and task the measured values and their bootstrap replicates.

A *cell* is a model with all of its seeds. A *task* is a family of benchmarks (the unweighted mean over them) or a
single benchmark. Values are arrays of shape (1 + replicates, cells, tasks): row 0 has the measured values, the other
rows the replicates (:mod:`analysis.bootstrap`). Tables without single answers, such as a paper's, have row 0 only.
Missing values are NaN.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from scale_or_reason.common.table_schemas import CELL_COLUMNS
from scale_or_reason.scoring.families import training_costs
from scale_or_reason.study.cells import FORMATS, HYBRID_KINDS

Floats = NDArray[np.float64]

#: Accuracy is a share; FLOPs and tokens are means per answer; the last is a ratio of mean lengths.
MEASURES = ("accuracy", "inference_flops", "answer_tokens", "wrong_to_right_tokens")
#: The columns that identify a cell: those of a model without its replica.
CELL = [name for name in CELL_COLUMNS if name not in ("model_id", "seed")]
#: The columns of ``Evidence.cells``.
CELLS_SCHEMA = {
    **{name: CELL_COLUMNS[name] for name in CELL},
    "size_b": pl.Float64(),
    "seeds": pl.Int64(),
    "training_flops": pl.Float64(),
}
COSTS = ("training", "inference")


@dataclass(frozen=True)
class Evidence:
    """See the module. ``cells`` has the columns ``CELLS_SCHEMA``, a row per cell.

    ``families`` maps each family to its benchmarks; ``tasks`` are their names, families first. ``flops_by`` is how
    FLOPs are counted (:mod:`scale_or_reason.flops.counts`).
    """

    cells: pl.DataFrame
    tasks: tuple[str, ...]
    families: Mapping[str, Sequence[str]]
    values: Mapping[str, Floats]
    flops_by: str = "papers"
    _index: dict[tuple[Any, ...], int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        index = {tuple(row): number for number, row in enumerate(self.cells.select(CELL).iter_rows())}
        object.__setattr__(self, "_index", index)

    @property
    def replicates(self) -> int:
        """The number of replicates; 0 if single answers are not available."""
        return len(self.values["accuracy"]) - 1

    def place(self, key: tuple[Any, ...]) -> int | None:
        """The row of the cell with these values of the columns ``CELL``; None if it is missing."""
        return self._index.get(key)

    def find(
        self, student: str, corpus: str, ratio: float, curriculum: str = "seq", data_fraction: float = 1.0
    ) -> int | None:
        """The row of a distilled cell, None if it is missing. At ratios 0 and 1 all curricula are one cell."""
        curriculum = "seq" if ratio in (0, 1) else curriculum
        named: dict[str, Any] = {"kind": "distilled", "corpus": corpus, "student": student, "curriculum": curriculum}
        named |= {"ratio": float(ratio), "data_fraction": float(data_fraction)}
        return self._index.get(tuple(named.get(name) for name in CELL))

    def adapted(self, student: str, first: str, second: str) -> int | None:
        """The row of an adaptation, None if it is missing."""
        ratio = float(FORMATS.index(second))
        curriculum = f"{first}-then-{second}"
        named = {"kind": "adapted", "student": student, "curriculum": curriculum, "ratio": ratio, "data_fraction": 1.0}
        return self._index.get(tuple(named.get(name) for name in CELL))

    def teacher(self) -> int | None:
        """The row of the teacher: in reasoning mode if evaluated, else in IFT mode; None if missing."""
        rows = self.cells.with_row_index().filter(pl.col("kind") == "teacher").sort("ratio", descending=True)
        return int(rows["index"][0]) if rows.height else None

    def get(self, measure: str, cell: int, task: str) -> Floats:
        """Measured value and replicates, shape (1 + replicates,); NaN for a missing task."""
        if task not in self.tasks:
            return np.full(self.replicates + 1, np.nan)
        return self.values[measure][:, cell, self.tasks.index(task)]

    def cost(self, cost: str, cell: int, task: str) -> Floats:
        """FLOPs of training the cell (the same in each replicate) or of one answer."""
        if cost == "inference":
            return self.get("inference_flops", cell, task)
        training = self.cells["training_flops"][cell]
        return np.full(self.replicates + 1, np.nan if training is None else training)

    def family_of(self, task: str) -> str:
        """The family of a task; a family is its own."""
        return next(name for name, benchmarks in self.families.items() if task == name or task in benchmarks)

    def key(self, cell: int, task: str) -> dict[str, Any]:
        """The key columns of a cell and task in a table; ``benchmark`` is null for a family's mean."""
        benchmark = None if task in self.families else task
        row = self.cells.select(*CELL, "size_b", "seeds").row(cell, named=True)
        return row | {"family": self.family_of(task), "benchmark": benchmark}

    def name(self, cell: int) -> str:
        """The cell's model id without its seed."""
        row = self.cells.row(cell, named=True)
        if row["kind"] == "distilled":
            part = "" if row["data_fraction"] == 1 else f"/data-{row['data_fraction']:g}"
            return f"{row['corpus']}/{row['student']}/{row['curriculum']}/rho-{row['ratio']:g}{part}"
        if row["kind"] in HYBRID_KINDS:
            mode = row["kind"].removeprefix("hybrid-")
            return f"{row['corpus']}/{row['student']}/{row['curriculum']}/rho-{row['ratio']:g}/hybrid/{mode}"
        if row["kind"] == "teacher":
            return f"teacher/{row['student']}/{FORMATS[int(row['ratio'])]}"
        if row["kind"] == "adapted":
            return f"adapted/{row['student']}/{row['curriculum']}"
        return f"{row['kind']}/{row['student']}"


def cells_of(models: pl.DataFrame, costs: pl.DataFrame, sizes: Mapping[str, float]) -> pl.DataFrame:
    """The ``cells`` of :class:`Evidence`, with the ids of each cell's replicas in the column ``models``.

    ``models`` has ``CELL_COLUMNS``, a row per model; the FLOPs of training are means over a cell's replicas.
    """
    known = models.join(training_costs(costs), on="model_id", how="left", maintain_order="left")
    size = pl.col("student").replace_strict(sizes, default=None, return_dtype=pl.Float64())
    return (
        known.sort(*CELL, "seed", nulls_last=True)
        .group_by(CELL, maintain_order=True)
        .agg(pl.col("training_flops").mean(), models=pl.col("model_id"), seeds=pl.len().cast(pl.Int64))
        .with_columns(size_b=size)
        .sort("kind", "corpus", "size_b", "student", "curriculum", "ratio", "data_fraction", "shots", nulls_last=True)
    )


def with_families(
    values: Floats, benchmarks: Sequence[str], families: Mapping[str, Sequence[str]], *, skip_missing: bool = False
) -> Floats:
    """``values`` (..., benchmarks) preceded by the means over each family: (..., families + benchmarks).

    A family's mean is NaN if one of its benchmarks is NaN, since a mean over fewer benchmarks is not comparable. With
    ``skip_missing`` it is the mean over the others.
    """
    columns = {name: position for position, name in enumerate(benchmarks)}
    means = []
    for members in families.values():
        own = values[..., [columns[name] for name in members]]
        count = (~np.isnan(own)).sum(axis=-1) if skip_missing else own.shape[-1]
        total = np.nansum(own, axis=-1) if skip_missing else own.sum(axis=-1)
        means.append(np.where(np.equal(count, 0), np.nan, total / np.maximum(count, 1)))
    return np.concatenate([np.stack(means, axis=-1), values], axis=-1) if means else values


def families_present(families: Mapping[str, str], benchmarks: Sequence[str]) -> dict[str, list[str]]:
    """Family -> its benchmarks among ``benchmarks``; ``families`` maps benchmark -> family."""
    found: dict[str, list[str]] = {}
    for benchmark, family in families.items():
        if benchmark in benchmarks:
            found.setdefault(family, []).append(benchmark)
    return found


def evidence_from_tables(
    scores: pl.DataFrame, costs: pl.DataFrame, families: Mapping[str, str], sizes: Mapping[str, float]
) -> Evidence:
    """The evidence in tables of ``scores`` and ``costs``: measured values without replicates.

    ``families`` maps benchmarks to families, ``sizes`` students to billions of parameters.
    """
    cells = cells_of(scores.select(list(CELL_COLUMNS)).unique(), costs, sizes)
    benchmarks = [name for name in families if name in scores["benchmark"]]
    answering = costs.filter(pl.col("stage") == "evaluation")
    each = answering.select("model_id", "benchmark", inference_flops=pl.col("flops") / pl.col("sequences"))
    rows = scores.join(each, on=["model_id", "benchmark"], how="left")
    cell_of = {model: number for number, models in enumerate(cells["models"]) for model in models}
    rows = rows.rename({"answer_tokens_mean": "answer_tokens"}, strict=False)
    rows = rows.with_columns(cell=pl.col("model_id").replace_strict(cell_of, return_dtype=pl.Int64()))
    members = families_present(families, benchmarks)
    values = {}
    for measure in MEASURES:
        grid = np.full((1, cells.height, len(benchmarks)), np.nan)
        if measure in rows.columns:
            means = rows.group_by("cell", "benchmark").agg(pl.col(measure).mean()).drop_nulls()
            for cell, benchmark, value in means.iter_rows():
                grid[0, cell, benchmarks.index(benchmark)] = value
        values[measure] = with_families(grid, benchmarks, members)
    return Evidence(cells.drop("models"), (*members, *benchmarks), members, values)
