"""How to answer an item: majority votes and cut thoughts beside single answers, at their inference FLOPs.

A *serving* is a way to answer an item with a model: ``single``, ``vote@K`` for the majority of K answers, ``budget-N``
for thoughts that are cut after N tokens, and both together.
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
from scale_or_reason.study.cells import HYBRID_KINDS

Floats = NDArray[np.float64]


class Serving(NamedTuple):
    """A budget of thinking tokens (0 for none) and a number of answers that vote."""

    budget: int
    k: int

    @property
    def name(self) -> str:
        """As in the tables."""
        parts = [f"budget-{self.budget}"] * (self.budget > 0) + [f"vote@{self.k}"] * (self.k > 1)
        return " ".join(parts) or "single"


SINGLE = Serving(0, 1)


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
    known = servings.filter(pl.col(measure).is_not_null()).with_columns(pl.col("budget").fill_null(0))
    for (budget, k), part in known.group_by("budget", "k"):
        own = part.with_columns(right=pl.col(measure))
        evidence = bootstrap(own, costs, families, sizes, seed, replicates)
        found[Serving(int(budget), int(k))] = _complete(evidence, families)
    return dict(sorted(found.items()))


def _complete(evidence: Evidence, families: Mapping[str, str]) -> Evidence:
    """The evidence with NaN for the families of which benchmarks are missing."""
    for family, members in evidence.families.items():
        if len(members) < list(families.values()).count(family):
            for grid in evidence.values.values():
                grid[:, :, evidence.tasks.index(family)] = np.nan
    return evidence


def serving_table(accuracy: Mapping[Serving, Evidence], passed: Mapping[Serving, Evidence]) -> pl.DataFrame:
    """A ``test_time`` table from the evidence of accuracy and of pass@k, both by serving.

    Rows are ordered by cell, task and serving. The frontier is that of accuracy and inference FLOPs per item, among all
    distilled students of a corpus and all servings; other models are on none.
    """
    rows = list(_rows(accuracy, passed))
    _mark_frontiers(rows)
    rows.sort(key=lambda row: row.pop("order"))
    return table_from_rows(rows, "test_time")


def _rows(accuracy: Mapping[Serving, Evidence], passed: Mapping[Serving, Evidence]) -> Iterator[dict[str, Any]]:
    for serving, evidence in passed.items():
        for cell in range(evidence.cells.height):
            for task in evidence.tasks:
                if np.isfinite(evidence.get("accuracy", cell, task)[0]):
                    yield _row(accuracy, evidence, cell, task, serving)


def _row(
    accuracy: Mapping[Serving, Evidence], passed: Evidence, cell: int, task: str, serving: Serving
) -> dict[str, Any]:
    row = passed.key(cell, task) | {"serving": serving.name, "budget": serving.budget or None, "k": serving.k}
    row |= _estimate("pass_at_k", passed.get("accuracy", cell, task))
    row |= {name: _number(passed.get(name, cell, task)) for name in ("answer_tokens", "inference_flops")}
    row["order"] = (passed.name(cell), passed.family_of(task), task not in passed.families, task, serving)
    voted, single = (_values(accuracy, passed, cell, task, each) for each in (serving, SINGLE))
    if voted is None:
        return row
    row |= _estimate("accuracy", voted)
    row["points"] = (passed.get("inference_flops", cell, task), voted)
    return row | (_estimate("gain", voted - single) if serving != SINGLE and single is not None else {})


def place_in(other: Evidence, evidence: Evidence, cell: int) -> int | None:
    """The place of a cell of ``evidence`` in another evidence; None if it is not there."""
    key = evidence.cells.select(CELL).row(cell)
    return next((place for place, row in enumerate(other.cells.select(CELL).iter_rows()) if row == key), None)


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
