"""How to answer an item: majority votes and cut thoughts beside single answers, at their inference FLOPs.

A *serving* is a way to answer an item with a model: ``single``, ``vote@K`` for the majority of K answers, ``budget-N``
for thoughts that are cut after N tokens, ``budget-pN`` for thoughts that are cut at a percentile of their lengths, and
votes and a budget together.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from scale_or_reason.analysis.bootstrap import REPLICATES, bootstrap
from scale_or_reason.analysis.frontiers import frontier_membership
from scale_or_reason.analysis.replicates import interval
from scale_or_reason.common.tables import table_from_rows
from scale_or_reason.scoring.evidence import CELL, Evidence
from scale_or_reason.study.cells import HYBRID_KINDS, parse_model_id
from scale_or_reason.study.thinking_budgets import ThinkingBudget

Floats = NDArray[np.float64]


class Serving(NamedTuple):
    """A thinking budget (None for whole thoughts) and a number of answers that vote."""

    budget: ThinkingBudget | None
    k: int

    @property
    def name(self) -> str:
        """As in the tables."""
        parts = [f"budget-{self.budget}"] * (self.budget is not None) + [f"vote@{self.k}"] * (self.k > 1)
        return " ".join(parts) or "single"

    @property
    def order(self) -> tuple[Any, ...]:
        """Whole thoughts first, then budgets in ascending order, each with its votes."""
        return (self.budget is not None, self.budget, self.k)


SINGLE = Serving(None, 1)
#: The mean number of tokens at which the thoughts of a cell (columns ``CELL``) are cut, by task and budget.
CutAt = Mapping[tuple[tuple[Any, ...], str, ThinkingBudget], float]


def evidence_of_servings(
    servings: pl.DataFrame,
    costs: pl.DataFrame,
    families: Mapping[str, str],
    sizes: Mapping[str, float],
    seed: int,
    replicates: int = REPLICATES,
    measure: str = "accuracy",
) -> dict[Serving, Evidence]:
    """The evidence of each serving: accuracy, and FLOPs and tokens of all of an item's answers.

    ``servings`` and ``costs`` are tables. With ``measure`` "pass_at_k" the accuracy is that of pass@k. Every serving
    has the same weights of items in the same replicate, so that differences between servings are paired, too. A family
    has values only if all of its benchmarks have this serving.
    """
    found = {}
    known = servings.filter(pl.col(measure).is_not_null())
    # the tokens of a percentile differ between models and benchmarks
    in_tokens = pl.when(pl.col("percentile").is_null()).then("budget")
    for (budget, percentile, k), part in known.group_by(in_tokens, "percentile", "k"):
        own = part.with_columns(right=pl.col(measure))
        evidence = bootstrap(own, costs, families, sizes, seed, replicates)
        serving = Serving(ThinkingBudget.of_row({"budget": budget, "percentile": percentile}), int(k))
        found[serving] = _complete(evidence, families)
    return dict(sorted(found.items(), key=lambda each: each[0].order))


def cut_at(servings: pl.DataFrame, families: Mapping[str, str]) -> CutAt:
    """The tokens at which thoughts are cut, from a ``servings`` table; ``families`` maps benchmarks to families.

    For a benchmark the mean over the seeds, for a family the mean over its benchmarks; those without thoughts are left
    out.
    """
    found: dict[tuple[tuple[Any, ...], str, ThinkingBudget], list[float]] = {}
    each = servings.select("model_id", "benchmark", "budget", "percentile").unique().drop_nulls("budget")
    for row in each.sort(pl.all()).iter_rows(named=True):
        columns, budget = parse_model_id(row["model_id"]).columns(), ThinkingBudget.of_row(row)
        if budget is not None:
            cell = tuple(columns[name] for name in CELL)
            found.setdefault((cell, row["benchmark"], budget), []).append(row["budget"])
    means = {key: float(np.mean(tokens)) for key, tokens in found.items()}
    members: dict[tuple[tuple[Any, ...], str, ThinkingBudget], list[float]] = {}
    for (cell, benchmark, budget), tokens in means.items():
        members.setdefault((cell, families[benchmark], budget), []).append(tokens)
    return means | {key: float(np.mean(tokens)) for key, tokens in members.items()}


def _complete(evidence: Evidence, families: Mapping[str, str]) -> Evidence:
    """The evidence with NaN for the families of which benchmarks are missing."""
    for family, members in evidence.families.items():
        if len(members) < list(families.values()).count(family):
            for grid in evidence.values.values():
                grid[:, :, evidence.tasks.index(family)] = np.nan
    return evidence


def serving_table(
    accuracy: Mapping[Serving, Evidence], passed: Mapping[Serving, Evidence], tokens: CutAt
) -> pl.DataFrame:
    """A ``test_time`` table from the evidence of accuracy and of pass@k, both by serving, and the tokens of budgets.

    Rows are ordered by cell, task and serving. The frontier is that of accuracy and inference FLOPs per item, among all
    distilled students of a corpus and all servings; other models are on none.
    """
    rows = list(_rows(accuracy, passed, tokens))
    _mark_frontiers(rows)
    rows.sort(key=lambda row: row.pop("order"))
    return table_from_rows(rows, "test_time")


def _rows(
    accuracy: Mapping[Serving, Evidence], passed: Mapping[Serving, Evidence], tokens: CutAt
) -> Iterator[dict[str, Any]]:
    for serving, evidence in passed.items():
        for cell in range(evidence.cells.height):
            for task in evidence.tasks:
                if np.isfinite(evidence.get("accuracy", cell, task)[0]):
                    budget = budget_columns(serving, evidence, cell, task, tokens)
                    yield _row(accuracy, evidence, cell, task, serving) | budget


def budget_columns(serving: Serving, evidence: Evidence, cell: int, task: str, tokens: CutAt) -> dict[str, int | None]:
    """The columns ``budget`` and ``percentile`` of a row; the mean of tokens is rounded."""
    if serving.budget is None:
        return {"budget": None, "percentile": None}
    mean = tokens.get((evidence.cells.select(CELL).row(cell), task, serving.budget))
    return {"budget": None if mean is None else round(mean), "percentile": serving.budget.percentile}


def _row(
    accuracy: Mapping[Serving, Evidence], passed: Evidence, cell: int, task: str, serving: Serving
) -> dict[str, Any]:
    row = passed.key(cell, task) | {"serving": serving.name, "k": serving.k}
    row |= _estimate("pass_at_k", passed.get("accuracy", cell, task))
    row |= {name: _number(passed.get(name, cell, task)) for name in ("answer_tokens", "inference_flops")}
    row["order"] = (passed.name(cell), passed.family_of(task), task not in passed.families, task, serving.order)
    voted, single = (_values(accuracy, passed, cell, task, each) for each in (serving, SINGLE))
    if voted is None:
        return row
    row |= _estimate("accuracy", voted)
    row["points"] = (passed.get("inference_flops", cell, task), voted)
    return row | (_estimate("gain", voted - single) if serving != SINGLE and single is not None else {})


def place_in(other: Evidence, evidence: Evidence, cell: int) -> int | None:
    """The place of a cell of ``evidence`` in another evidence; None if it is not there."""
    return other.place(evidence.cells.select(CELL).row(cell))


def _values(
    accuracy: Mapping[Serving, Evidence], passed: Evidence, cell: int, task: str, serving: Serving
) -> Floats | None:
    """Accuracy of a serving of a cell of another evidence; None if it is unknown."""
    place = place_in(accuracy[serving], passed, cell) if serving in accuracy else None
    if place is None:
        return None
    values = accuracy[serving].get("accuracy", place, task)
    return values if np.isfinite(values[0]) else None


def _mark_frontiers(rows: list[dict[str, Any]]) -> None:
    """Set ``on_frontier`` and its probability in the rows with points, which are removed."""
    competitions: dict[tuple[Any, ...], list[tuple[dict[str, Any], tuple[Floats, Floats]]]] = {}
    for row in rows:
        points = row.pop("points", None)
        if points is not None and row["kind"] in ("distilled", *HYBRID_KINDS) and np.isfinite(points[0][0]):
            place = (row["corpus"], row["family"], row["benchmark"])
            competitions.setdefault(place, []).append((row, points))
    for competitors in competitions.values():
        flops, accuracy = (np.stack([points[part] for _, points in competitors], axis=-1) for part in (0, 1))
        for column, (row, _) in zip(frontier_membership(flops, accuracy).T, competitors, strict=True):
            row["on_frontier"] = bool(column[0])
            row["frontier_probability"] = float(column[1:].mean()) if len(column) > 1 else None


def _estimate(name: str, values: Floats) -> dict[str, Any]:
    low, high = interval(values)
    return {name: float(values[0]), f"{name}_low": low, f"{name}_high": high}


def _number(values: Floats) -> float | None:
    return float(values[0]) if np.isfinite(values[0]) else None
