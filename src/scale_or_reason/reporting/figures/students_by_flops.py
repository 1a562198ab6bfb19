"""A panel of accuracy against FLOPs for each task, with marks whose areas are the students' sizes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import polars as pl
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from scale_or_reason.reporting.figures import drawing, legends
from scale_or_reason.reporting.figures.grid import panel_grid, tasks_in
from scale_or_reason.reporting.figures.style import Style

#: Axes, the panel's points, the area of a mark by size, style.
DrawPanel = Callable[[Axes, pl.DataFrame, Mapping[float, float], Style], None]


def students_by_flops(
    table: pl.DataFrame, x: str, draw_panel: DrawPanel, handles: Sequence[Any], style: Style
) -> Figure:
    """The figure of a table with ``task``, ``element`` (points and notes) and ``size_b``; ``x`` labels the FLOPs.

    ``handles`` are the legend's, before those of the sizes. Call it within ``style.applied()``.
    """
    grid = panel_grid(tasks_in(table), style)
    points = table.filter(element="point")
    sizes = points["size_b"].unique().sort().to_list()
    for task, axes in grid.blocks[0].items():
        draw_panel(axes, points.filter(task=task), style.marker_areas(sizes), style)
    grid.label(0, x=x, y="Accuracy (%)")
    sns.despine(grid.figure)
    legends.finish(grid.figure, table, [*handles, *drawing.area_handles(sizes, style)], style, panel=("task",))
    return grid.figure
