"""Replicates of a study: what its models might have scored on other items, and after other trainings.

Items: the Bayesian bootstrap (Rubin 1981). In each replicate every item of a benchmark has a weight, drawn from the
unit exponential distribution. All models are averaged with the same weights, since all answer the same items: what is
hard for all of them cancels in differences. One more weight stands for an answer that was not seen. Whether it is right
is drawn for each cell and replicate with probability 1/2. The replicates of one accuracy are then a mixture of
Beta(right, wrong + 1) and Beta(right + 1, wrong), and their quantiles are the mid-P interval
(:func:`~scale_or_reason.common.intervals.mid_p_interval`). It is close to its nominal coverage for few items and for
accuracies near 0 and 1, also in means over a family. Without the extra weight the interval of 0 of 30 has no width. A
uniform prior, Beta(right + 1, wrong + 1), pulls every accuracy towards 1/2: intervals of a family's mean with
benchmarks near 0 then hold the truth in 50 to 90 % instead of 95 %.

Seeds: with the few replicas that a training has, drawing them with replacement gives intervals that are far too narrow.
A cell with several seeds therefore gets a t-distributed error with seeds - 1 degrees of freedom. Its variance is that
between the means of the seeds, less what the answers to single items contribute to it (which the items' weights already
carry). A cell with one seed has no such error.

``scipy.stats.bootstrap`` draws items with replacement, and cannot share the draws between models: hence our own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.seeds import derive_seed
from scale_or_reason.common.table_schemas import CELL_COLUMNS
from scale_or_reason.common.wording import counted
from scale_or_reason.flops.counts import counted_by
from scale_or_reason.scoring.evidence import MEASURES, Evidence, cells_of, families_present, with_families
from scale_or_reason.study.cells import parse_model_id

Floats = NDArray[np.float64]

REPLICATES = 2000
#: What is summed over items; right and wrong tokens are those of right and wrong answers, 0 for the others.
_ITEM_VALUES = ("right", "wrong", "flops", "right_tokens", "wrong_tokens")
#: Weights that are in memory at a time.
_CHUNK = 5_000_000


def bootstrap(
    outcomes: pl.DataFrame,
    costs: pl.DataFrame,
    families: Mapping[str, str],
    sizes: Mapping[str, float],
    seed: int,
    replicates: int = REPLICATES,
    count: str = "papers",
) -> Evidence:
    """Measured values and ``replicates`` of them for every cell and task, from an ``outcomes`` and a ``costs`` table.

    ``families`` maps benchmarks to families, in order; ``sizes`` students to billions of parameters. Equal seeds give
    equal replicates of a cell, whichever other cells there are. Models may lack benchmarks. ``count``
    (:mod:`~scale_or_reason.flops.counts`) is that of the FLOPs in ``outcomes``, and the one to take from ``costs``.

    Raises :class:`StudyError` if models were asked different items of a benchmark.
    """
    models = pl.DataFrame([parse_model_id(name).columns() for name in outcomes["model_id"].unique()], CELL_COLUMNS)
    cells = cells_of(models, counted_by(costs, count), sizes)
    there = set(outcomes["benchmark"].unique())
    benchmarks = [name for name in families if name in there]
    members = families_present(families, benchmarks)
    values = {name: np.full((replicates + 1, cells.height, len(benchmarks)), np.nan) for name in MEASURES}
    errors = {name: _SeedErrors(cells.height, len(benchmarks)) for name in MEASURES[:3]}
    for column, benchmark in enumerate(benchmarks):
        by_model = _item_matrices(outcomes.filter(pl.col("benchmark") == benchmark), benchmark)
        own = _Benchmark(benchmark, cells, by_model, seed)
        for measure, drawn in own.replicates(replicates).items():
            values[measure][:, own.rows, column] = drawn
        for measure, by_seed in own.by_seed().items():
            errors[measure].add(column, own.rows, by_seed)
    complete = {
        # where a student has no answer right, as on AIME perhaps, lengths are compared on the other benchmarks
        name: with_families(grid, benchmarks, members, skip_missing=name == "wrong_to_right_tokens")
        for name, grid in values.items()
    }
    names = [_cell_name(row) for row in cells.iter_rows(named=True)]
    for measure, error in errors.items():
        error.apply(complete[measure], benchmarks, members, names, (seed, measure))
    np.clip(complete["accuracy"], 0, 1, out=complete["accuracy"])
    return Evidence(cells.drop("models"), (*members, *benchmarks), members, complete, count)


def _item_matrices(outcomes: pl.DataFrame, benchmark: str) -> dict[str, Floats]:
    """Model -> (values, items), in the order of the items' names; means over an item's samples.

    ``right`` is a flag, or the probability that an answer is right.
    """
    tokens, right = pl.col("answer_tokens"), pl.col("right").cast(pl.Float64())
    per_item = (
        outcomes.lazy()
        .group_by("model_id", "item_id")
        .agg(
            right=right.mean(),
            wrong=(1 - right).mean(),
            flops=pl.col("flops").mean(),
            right_tokens=(tokens * right).mean(),
            wrong_tokens=(tokens * (1 - right)).mean(),
        )
        .sort("model_id", "item_id")
        .collect()
    )
    items: list[str] | None = None
    matrices = {}
    for (model,), part in per_item.group_by("model_id", maintain_order=True):
        asked = part["item_id"].to_list()
        if asked != (items := items or asked):
            raise StudyError(
                "models were asked different items of a benchmark",
                where=benchmark,
                found=f"{model}: {counted(len(asked), 'item')}, others {len(items)}",
                expected="the same items for all models",
                remedy="let all models of the study answer again",
            )
        matrices[str(model)] = part.select(_ITEM_VALUES).to_numpy().T
    return matrices


class _Benchmark:
    """The answers to one benchmark by cell: means over seeds of the values of each item."""

    def __init__(self, benchmark: str, cells: pl.DataFrame, by_model: Mapping[str, Floats], seed: int) -> None:
        present = [[model for model in models if model in by_model] for models in cells["models"]]
        self.rows = [number for number, models in enumerate(present) if models]
        self._names = [_cell_name(cells.row(number, named=True)) for number in self.rows]
        # per cell: (seeds, values, items)
        self._seeds = [np.stack([by_model[model] for model in present[number]]) for number in self.rows]
        self._means = np.stack([values.mean(axis=0) for values in self._seeds], axis=-1)  # (values, items, cells)
        self._benchmark, self._seed = benchmark, seed

    def replicates(self, count: int) -> dict[str, Floats]:
        """Measure -> (1 + count, cells)."""
        items, cells = self._means.shape[1:]
        # a matrix product of all values at once: (items, values * cells)
        stacked = np.ascontiguousarray(self._means.transpose(1, 0, 2).reshape(items, -1), np.float32)
        weights = np.random.default_rng(derive_seed(self._seed, "items", self._benchmark))
        step = max(1, _CHUNK // items)
        sums = []
        for start in range(0, count, step):
            drawn = weights.standard_exponential((min(step, count - start), items), np.float32)
            sums.append(drawn @ stacked)
        # Row 0 is what was measured: in double precision, all weights one.
        measured = self._means.sum(axis=1).reshape(1, -1)
        parts = np.split(np.concatenate([measured, *sums]).astype(np.float64), len(_ITEM_VALUES), axis=1)
        right, wrong, flops, right_tokens, wrong_tokens = parts
        # Not the sum of the weights: single precision rounds it differently, and where all answers are right
        # the wrong ones would be what is left of rounding, instead of none.
        total = right + wrong
        unseen, unseen_right = self._unseen(count, cells)
        with np.errstate(invalid="ignore", divide="ignore"):
            return {
                "accuracy": (right + unseen_right) / (total + unseen),
                "inference_flops": flops / total,
                "answer_tokens": (right_tokens + wrong_tokens) / total,
                "wrong_to_right_tokens": (wrong_tokens / wrong) / (right_tokens / right),
            }

    def _unseen(self, count: int, cells: int) -> tuple[Floats, Floats]:
        """The weight of the answer that was not seen, (1 + count, 1), and of it where it is right, (1 + count, cells).

        The measured values in row 0 have none.
        """
        generator = np.random.default_rng(derive_seed(self._seed, "unseen", self._benchmark))
        weight = np.append(0.0, generator.standard_exponential(count))[:, None]
        right = np.empty((count + 1, cells))
        for column, name in enumerate(self._names):
            coins = np.random.default_rng(derive_seed(self._seed, "coin", self._benchmark, name))
            right[:, column] = coins.integers(2, size=count + 1)
        return weight, weight * right

    def by_seed(self) -> dict[str, list[tuple[Floats, float]]]:
        """Measure -> for each cell its mean by seed, and the variance that single items alone give such a mean."""
        found: dict[str, list[tuple[Floats, float]]] = {name: [] for name in MEASURES[:3]}
        for values in self._seeds:
            linear = {"accuracy": values[:, 0], "inference_flops": values[:, 1]}
            linear["answer_tokens"] = values[:, 2] + values[:, 3]
            for name, grid in linear.items():
                found[name].append((grid.mean(axis=1), _interaction(grid) / grid.shape[1]))
        return found


def _interaction(grid: Floats) -> float:
    """Mean square of what neither seeds nor items explain (two-way analysis of variance); (seeds, items)."""
    seeds, items = grid.shape
    if seeds < 2 or items < 2:
        return 0.0
    rest = grid - grid.mean(axis=0) - grid.mean(axis=1, keepdims=True) + grid.mean()
    return float((rest**2).sum() / ((seeds - 1) * (items - 1)))


class _SeedErrors:
    """Collects the means by seed of all benchmarks and adds the seeds' error to replicates."""

    def __init__(self, cells: int, benchmarks: int) -> None:
        self._means: list[list[Floats | None]] = [[None] * benchmarks for _ in range(cells)]
        self._noise = np.zeros((cells, benchmarks))

    def add(self, column: int, rows: Sequence[int], by_seed: Sequence[tuple[Floats, float]]) -> None:
        for row, (means, noise) in zip(rows, by_seed, strict=True):
            self._means[row][column] = means
            self._noise[row, column] = noise

    def apply(
        self,
        values: Floats,
        benchmarks: Sequence[str],
        families: Mapping[str, Sequence[str]],
        names: Sequence[str],
        seed: tuple[int, str],
    ) -> None:
        """Add t-distributed errors to rows 1 and up of ``values`` (1 + replicates, cells, tasks), in place."""
        groups = [[benchmarks.index(name) for name in members] for members in families.values()]
        groups += [[column] for column in range(len(benchmarks))]
        tasks = [*families, *benchmarks]
        for row, name in enumerate(names):
            for task, columns in enumerate(groups):
                means = [self._means[row][column] for column in columns]
                if any(part is None or len(part) < 2 or len(part) != len(means[0]) for part in means):  # type: ignore[arg-type]
                    continue
                by_seed = np.mean(means, axis=0)  # type: ignore[arg-type]
                noise = self._noise[row, columns].sum() / len(columns) ** 2
                variance = max(0.0, by_seed.var(ddof=1) - noise) / len(by_seed)
                generator = np.random.default_rng(derive_seed(*seed, "seeds", name, tasks[task]))
                error = generator.standard_t(len(by_seed) - 1, size=len(values) - 1)
                values[1:, row, task] += np.sqrt(variance) * error


def _cell_name(row: Mapping[str, Any]) -> str:
    parts = [row[name] for name in ("kind", "corpus", "student", "curriculum", "ratio", "shots")]
    part_of_data = [] if row["data_fraction"] == 1 else [f"data-{row['data_fraction']}"]
    return "/".join(["" if part is None else str(part) for part in parts] + part_of_data)
