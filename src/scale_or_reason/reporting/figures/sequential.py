"""Sequential training: the gap to IFT over the ratio above, accuracy against training FLOPs below (v2 figures 5, 7)."""

from __future__ import annotations

import polars as pl
import seaborn as sns
from matplotlib.figure import Figure

from scale_or_reason.reporting.figures import accuracy_by_flops, drawing, legends, ratio_gap
from scale_or_reason.reporting.figures.grid import panel_grid, tasks_in
from scale_or_reason.reporting.figures.results import Results
from scale_or_reason.reporting.figures.style import Style

_COST = "training"


def table(results: Results, *, tasks: str) -> pl.DataFrame:
    """The data of :func:`draw`; the column ``block`` is ``gap`` (above) or ``cost`` (below)."""
    above = ratio_gap.table(results, tasks=tasks)
    below = accuracy_by_flops.table(results, tasks=tasks, costs=[_COST], sequential=True, fits=False)
    blocks = [above.with_columns(block=pl.lit("gap")), below.with_columns(block=pl.lit("cost"))]
    return pl.concat(blocks, how="diagonal").select("block", pl.exclude("block"))


def draw(table: pl.DataFrame, style: Style) -> Figure:
    """The figure of ``table``; call it within ``style.applied()``."""
    above, below = (table.filter(block=block) for block in ("gap", "cost"))
    grid = panel_grid(tasks_in(table), style, blocks=2)
    ratio_gap.draw_block(grid, 0, above, style)
    grid.label(0, **ratio_gap.AXIS_LABELS)
    accuracy_by_flops.draw_block(grid, 1, below, style, heights=below)
    grid.label(1, x=accuracy_by_flops.AXIS_LABELS[_COST], y="Accuracy (%)")
    sns.despine(grid.figure)
    sizes = table["size_b"].drop_nulls().unique().sort().to_list()
    handles = drawing.size_handles(drawing.size_colours(sizes, style), style.marker_areas(sizes))
    handles += accuracy_by_flops.legend(below, style)
    legends.finish(grid.figure, table, handles, style, panel=("task", "block"))
    return grid.figure
