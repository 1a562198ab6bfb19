"""Votes and cut thoughts as cells of the page: a cell that answers in another way, on the tasks that it answers so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from scale_or_reason.reporting.explorer.encoding import SINGLE
from scale_or_reason.scoring.evidence import CELL, Evidence
from scale_or_reason.study.thinking_budgets import ThinkingBudget

#: Name of a value on the page -> column of the table ``test_time``.
_VALUES = {
    **{name: name for name in ("accuracy", "accuracy_low", "accuracy_high", "gain", "gain_low", "gain_high")},
    "pass_at_k": "pass_at_k",
    "tokens": "answer_tokens",
    "inference": "inference_flops",
    "budget": "budget",
}


@dataclass(frozen=True)
class Served:
    """A cell of the evidence that answers in another way; ``values``: task -> name -> value."""

    cell: int
    serving: str
    budget: ThinkingBudget | None
    values: Mapping[str, Mapping[str, Any]]


def served_cells(test_time: pl.DataFrame, evidence: Evidence) -> list[Served]:
    """The further ways to answer of every cell, from a ``test_time`` table, in its order.

    Rows of cells and tasks that the evidence does not have are left out: the page shows what has scores.
    """
    places = {row: number for number, row in enumerate(evidence.cells.select(CELL).iter_rows())}
    found: dict[tuple[int, str], dict[str, dict[str, Any]]] = {}
    budgets = {}
    for row in test_time.filter(pl.col("serving") != SINGLE).iter_rows(named=True):
        cell, task = places.get(tuple(row[name] for name in CELL)), row["benchmark"] or row["family"]
        if cell is None or task not in evidence.tasks:
            continue
        found.setdefault((cell, row["serving"]), {})[task] = {name: row[own] for name, own in _VALUES.items()}
        budgets[row["serving"]] = ThinkingBudget.of_row(row)
    return [Served(cell, serving, budgets[serving], values) for (cell, serving), values in found.items()]


def servings_of(served: Sequence[Served]) -> list[str]:
    """The ways to answer: budgets in ascending order, each with its votes."""
    budgets = {each.serving: each.budget for each in served}

    def order(name: str) -> tuple[Any, ...]:
        return budgets[name] is not None, budgets[name], int(name.partition("vote@")[2] or 1)

    return sorted(budgets, key=order)
