"""Panels on a page: one per task, in one block or several stacked blocks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest

import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from scale_or_reason.reporting.figures.style import Style

#: Maximum panels side by side on a page.
MOST_COLUMNS = 4
#: Relative height of a panel in figures with more than two rows.
_LOWER = 0.8

Places = list[list[str | None]]


@dataclass(frozen=True)
class Grid:
    """``blocks`` have the same tasks; a block maps each task to its panel."""

    figure: Figure
    places: Places
    blocks: Sequence[Mapping[str, Axes]]

    def label(self, block: int, *, x: str, y: str) -> None:
        """Label the axes of a block: x if no panel is below, y in the first column."""
        for row, line in enumerate(self.places):
            for column, task in enumerate(line):
                if task is None:
                    continue
                below = self.places[row + 1][column] if row + 1 < len(self.places) else None
                if below is None:
                    self.blocks[block][task].set_xlabel(x)
                if column == 0:
                    self.blocks[block][task].set_ylabel(y)

    def is_last(self, task: str) -> bool:
        """Whether a task's panel is the last one of its row."""
        return any([name for name in line if name][-1] == task for line in self.places)


def tasks_in(table: pl.DataFrame) -> list[tuple[str, str]]:
    """The tasks of a table with their families, in its order."""
    return table.select("task", "family").unique(maintain_order=True).rows()


def panel_grid(tasks: Sequence[tuple[str, str]], style: Style, blocks: int = 1) -> Grid:
    """Empty panels for ``tasks`` (name and family), with their titles; one for each in every block."""
    places = arrange(tasks) or [[None]]
    lines, columns = len(places), max(map(len, places))
    height = style.panel_height_in * (1 if lines * blocks <= 2 else _LOWER)
    width = style.width_in * (1 if columns > 1 else 0.5)
    figure = Figure(figsize=(width, height * lines * blocks), layout="constrained")
    axes = figure.subplots(lines * blocks, columns, squeeze=False)
    found: list[dict[str, Axes]] = [{} for _ in range(blocks)]
    for block in range(blocks):
        for row, line in enumerate(places):
            for column in range(columns):
                panel = axes[block * lines + row, column]
                task = line[column]
                if task is None:
                    panel.set_axis_off()
                    continue
                found[block][task] = panel
                if block == 0 or lines > 1:
                    panel.set_title(task)
    _head_columns(tasks, places, found[0])
    return Grid(figure, places, found)


def arrange(tasks: Sequence[tuple[str, str]]) -> Places:
    """The layout of the tasks: families in rows, single benchmarks in one column per family."""
    names = [name for name, _ in tasks]
    if len(tasks) <= MOST_COLUMNS or all(name == family for name, family in tasks):
        return _filled([list(names[start : start + MOST_COLUMNS]) for start in range(0, len(names), MOST_COLUMNS)])
    families = list(dict.fromkeys(family for _, family in tasks))
    places: Places = []
    for start in range(0, len(families), MOST_COLUMNS):
        heads = families[start : start + MOST_COLUMNS]
        columns = [[name for name, family in tasks if family == head] for head in heads]
        places += map(list, zip_longest(*columns))
    return _filled(places)


def _filled(places: Places) -> Places:
    """Pad all lines to the longest."""
    longest = max(map(len, places), default=0)
    return [[*line, *[None] * (longest - len(line))] for line in places]


def _head_columns(tasks: Sequence[tuple[str, str]], places: Places, panels: Mapping[str, Axes]) -> None:
    """Write the family above the first of its benchmarks if each family has a column."""
    if len(tasks) <= MOST_COLUMNS:
        return
    headed = set()
    for task, family in tasks:
        if task != family and family not in headed:
            headed.add(family)
            encoding = {"ha": "center", "va": "bottom", "weight": "bold"}
            panels[task].annotate(family, (0.5, 1), (0, 16), "axes fraction", textcoords="offset points", **encoding)
