"""The explorer page as a browser has it, and what it should draw."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from explorer_study import MadeStudy

from scale_or_reason.analysis.frontiers import pareto_frontier

DESKTOP, PHONE = {"width": 1400, "height": 900}, {"width": 360, "height": 740}
Chosen = Callable[[str], bool]


@dataclass
class Opened:
    """A page, and all that it asked for and complained about."""

    page: Any
    file: Path
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def go(self, hash_text: str = "") -> None:
        self.page.goto(f"{self.file.as_uri()}{hash_text}")

    def chosen(self, name: str, value: str, on: bool = True) -> None:
        """Click on a checkbox or a radio button, as it is found by its label."""
        box = next(
            one
            for one in self.page.locator(f"#controls input[name={name}]").all()
            if one.get_attribute("value") == value
        )
        box.set_checked(on)

    def points(self, task: str) -> dict[str, tuple[float, float]]:
        """Cell -> cost and accuracy of the points of a plot."""
        found = self.page.locator(f"figure[data-task='{task}'] .point").evaluate_all(
            "nodes => nodes.map(node => [node.dataset.cell, Number(node.dataset.cost), Number(node.dataset.accuracy)])"
        )
        return {name: (cost, accuracy) for name, cost, accuracy in found}

    def frontier(self, task: str) -> set[str]:
        found = self.page.locator(f"figure[data-task='{task}'] .point.best")
        return set(found.evaluate_all("nodes => nodes.map(node => node.dataset.cell)"))

    def point(self, task: str, cell: str) -> Any:
        return self.page.locator(f"figure[data-task='{task}'] .point[data-cell='{cell}']")

    def details(self) -> str:
        """All that the details say, in one line."""
        return " ".join(self.page.locator("#details").inner_text().split())

    def said(self) -> str:
        return self.page.locator("#live").inner_text()


def first_view(name: str) -> bool:
    """Students of the first corpus, one format after the other, on all data, with single answers."""
    return is_distilled(name) and name.startswith("general/") and "/seq/" in name


def drawn(
    study: MadeStudy, task: str, chosen: Chosen, axis: str = "training", queries: float = 1e9, **counted: Any
) -> dict[str, tuple[float, float]]:
    """What a plot should draw, from the tables: no place on a logarithmic axis for nothing, none for the unknown."""
    entries = {name: entry for name, entry in study.entries[task].items() if chosen(name)}
    values = {name: (entry.cost(axis, queries, **counted), entry.accuracy) for name, entry in entries.items()}
    return {name: pair for name, pair in values.items() if pair[0] > 0 and not math.isnan(pair[1])}


def check(opened: Opened, study: MadeStudy, task: str, chosen: Chosen, *cost: Any, **counted: Any) -> None:
    """Points and frontier of a plot are those of the tables; ``cost`` and ``counted`` as for :func:`drawn`."""
    expected, found = drawn(study, task, chosen, *cost, **counted), opened.points(task)
    assert found.keys() == expected.keys()
    for name, pair in expected.items():
        assert found[name] == pytest.approx(pair, rel=1e-12)
    names = list(expected)
    costs, accuracies = (np.array(column) for column in zip(*expected.values(), strict=True))
    best = pareto_frontier(costs, accuracies)
    assert opened.frontier(task) == {name for name, on in zip(names, best, strict=True) if on}


def is_distilled(name: str) -> bool:
    """On all data, with single answers."""
    further = "/data-" in name or " vote@" in name or " budget-" in name
    return name.startswith(("general/", "math/")) and not further


def percent(share: float) -> str:
    return f"{100 * share:.1f} %"
