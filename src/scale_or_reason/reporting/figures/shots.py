"""Accuracy of untrained base students by the number of few-shot examples (v2 figure 21)."""

from __future__ import annotations

from itertools import product
from typing import Any

import matplotlib.ticker as ticker
import polars as pl
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from scale_or_reason.common.wording import counted
from scale_or_reason.reporting.figures import drawing, legends, parts
from scale_or_reason.reporting.figures.grid import panel_grid, tasks_in
from scale_or_reason.reporting.figures.results import Results
from scale_or_reason.reporting.figures.style import Style
from scale_or_reason.reporting.figures.tasks import select_tasks, task_points
from scale_or_reason.study import labels

_SCHEMA = {
    "task": pl.String(),
    "family": pl.String(),
    "element": pl.String(),  # point | note
    "student": pl.String(),
    "size_b": pl.Float64(),
    "shots": pl.Int64(),
    "accuracy": pl.Float64(),
    "ci_low": pl.Float64(),
    "ci_high": pl.Float64(),
    "note": pl.String(),
}


def table(results: Results, *, tasks: str) -> pl.DataFrame:
    """The data of :func:`draw`, accuracies as shares."""
    selected = select_tasks(results, tasks)
    points = task_points(results, selected).filter(pl.col("kind") == "base").sort("size_b", "shots")
    rows: list[dict[str, Any]] = []
    for task in selected:
        panel = {"task": task.name, "family": task.family}
        own = points.filter((pl.col("task") == task.name) & pl.col("shots").is_in(list(results.base_shots)))
        rows += [{**row, "element": "point"} for row in own.to_dicts()]
        there = set(own.select("student", "shots").rows())
        missing = [
            f"{labels.size_label(results.sizes[student])} with {counted(count, 'shot')}"
            for student, count in product(results.students, sorted(results.base_shots))
            if (student, count) not in there
        ]
        notes = [labels.missing_note(missing)] if missing else []
        rows += parts.note_rows(panel, notes if there else [parts.EMPTY_NOTE])
    return parts.tidy(rows, _SCHEMA)


def draw(table: pl.DataFrame, style: Style) -> Figure:
    """The figure of ``table``; call it within ``style.applied()``."""
    grid = panel_grid(tasks_in(table), style)
    points = table.filter(pl.col("element") == "point")
    colours = drawing.size_colours(points["size_b"].unique().to_list(), style)
    counts = points["shots"].unique().sort().to_list()
    for task, axes in grid.blocks[0].items():
        _draw_panel(axes, points.filter(task=task), colours, counts, style)
    grid.label(0, x="Examples shown", y="Accuracy (%)")
    sns.despine(grid.figure)
    legends.finish(grid.figure, table, drawing.size_handles(colours), style, panel=("task",))
    return grid.figure


def _draw_panel(axes: Axes, points: pl.DataFrame, colours: dict[float, str], counts: list[int], style: Style) -> None:
    if points.is_empty():
        drawing.empty_panel(axes, style)
        return
    every = pl.DataFrame({"shots": counts}, schema={"shots": pl.Int64()})
    for size, colour in colours.items():
        own = every.join(points.filter(size_b=size), on="shots", how="left", maintain_order="left")
        drawing.series(axes, own, "shots", "accuracy", style, color=colour, marker="o", ms=3)
    drawing.accuracy_axis(axes, points)
    axes.xaxis.set_major_locator(ticker.FixedLocator(counts))
