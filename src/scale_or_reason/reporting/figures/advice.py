"""The figure of the advice: the best student for every budget and number of answers, one panel per family."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import matplotlib.ticker as ticker
import numpy as np
import polars as pl
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import NDArray
from scipy import ndimage

from scale_or_reason.reporting.figures.drawing import empty_panel, ratio_colours
from scale_or_reason.reporting.figures.grid import panel_grid
from scale_or_reason.reporting.figures.legends import write_below
from scale_or_reason.reporting.figures.style import Style
from scale_or_reason.study.labels import data_label, ratio_label, size_label

#: Below this probability the comparison of reasoning and IFT is uncertain.
SURE = 0.95
#: Height and width of a student's label as shares of the panel, including a margin.
_NAME = (0.06, 0.2)


def draw(table: pl.DataFrame, style: Style, *, budget: float, queries: float, unit: str) -> Figure:
    """The figure; call it within ``style.applied()``. ``table`` is a ``regions`` table."""
    families = table["family"].unique(maintain_order=True).to_list()
    grid = panel_grid([(family, family) for family in families], style)
    ratios = sorted(table["ratio"].drop_nulls().unique())
    colours = ratio_colours(sorted({0.0, 1.0, *ratios}), style)
    for family, axes in grid.blocks[0].items():
        own = table.filter(family=family)
        if own["best"].null_count() == own.height:
            empty_panel(axes, style)
            continue
        _draw_family(axes, own, colours, style)
        axes.plot([queries], [budget], marker="*", ms=style.font_size, color="white", mec="black", mew=0.6, zorder=6)
    grid.label(0, x="Answers", y=f"Lifetime budget ({unit})")
    sns.despine(grid.figure)
    handles = [Patch(color=colours[ratio], label=ratio_label(ratio)) for ratio in ratios]
    known = table["reasoning_probability"].null_count() < table.height  # not from published accuracies
    if known:
        edge = style.colours["note"]
        handles.append(Patch(facecolor="white", edgecolor=edge, hatch="////", label="IFT or reasoning: uncertain"))
    star = {"marker": "*", "ls": "", "color": "white", "mec": "black", "mew": 0.6}
    handles.append(Line2D([], [], ms=style.font_size, label="asked for", **star))
    note = "Numbers are student sizes. White: no affordable model."
    if (table["data_fraction"].drop_nulls() < 1).any():
        note += " Below a size: the part of the data that it is trained on, unless all."
    if (table["serving"].fill_null("single") != "single").any():
        note += " vote@K: the majority of K answers. budget-N: thoughts cut after N tokens."
    if table["serving"].fill_null("").str.contains("budget-p").any():
        note += " budget-pN: thoughts cut at percentile N of their lengths."
    if known:
        note += " Hatched: the probability that the best model is trained on reasoning is between"
        note += f" {1 - SURE:.2f} and {SURE:.2f}."
    write_below(grid.figure, handles, note, style)
    return grid.figure


def _draw_family(axes: Axes, own: pl.DataFrame, colours: Mapping[float, str], style: Style) -> None:
    budgets, queries = (np.sort(own[name].unique().to_numpy()) for name in ("budget", "queries"))
    shape = (len(budgets), len(queries))
    ordered = own.sort("budget", "queries")
    image = np.ones((*shape, 3))
    ratios = ordered["ratio"].to_numpy().reshape(shape)
    for ratio, colour in colours.items():
        image[ratios == ratio] = to_rgb(colour)
    axes.set(xscale="log", yscale="log")
    axes.pcolormesh(queries, budgets, image, shading="nearest", rasterized=True)
    names = ordered.select(pl.concat_str(pl.col("best", "serving").fill_null(""), separator=" ")).to_series()
    regions = names.rank("dense").to_numpy().reshape(shape)
    for region in np.unique(regions):
        axes.contour(
            queries, budgets, regions == region, levels=[0.5], colors="white", linewidths=style.interval_width / 2
        )
    sure = ordered["reasoning_probability"].cast(pl.Float64).to_numpy().reshape(shape)
    unsure = (sure > 1 - SURE) & (sure < SURE)
    if unsure.any():
        shades = axes.contourf(queries, budgets, unsure, levels=[0.5, 1.5], colors="none", hatches=["////"])
        shades.set(edgecolor="white", linewidth=0, hatch_linewidth=style.interval_width / 2)
    _name_regions(axes, ordered, regions, queries, budgets, style)
    axes.set(xlim=queries[[0, -1]], ylim=budgets[[0, -1]])
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(ticker.LogLocator(numticks=5))
        axis.set_minor_formatter(ticker.NullFormatter())


def _name_regions(
    axes: Axes, ordered: pl.DataFrame, regions: NDArray[Any], queries: NDArray[Any], budgets: NDArray[Any], style: Style
) -> None:
    """Label each connected region with the student's size, centred where the label fits."""
    sizes = ordered["size_b"].cast(pl.Float64).to_numpy().reshape(regions.shape)
    parts = ordered["data_fraction"].cast(pl.Float64).to_numpy().reshape(regions.shape)
    servings = ordered["serving"].fill_null("single").to_numpy().reshape(regions.shape)
    box = np.ones([max(1, round(part * steps)) for part, steps in zip(_NAME, regions.shape, strict=True)])
    for region in np.unique(regions):
        pieces, number = ndimage.label(regions == region)
        for piece in range(1, number + 1):
            room = ndimage.binary_erosion(pieces == piece, box)
            if not room.any() or np.isnan(sizes[room][0]):
                continue
            depth = ndimage.distance_transform_edt(np.pad(room, 1))[1:-1, 1:-1]
            row, column = np.unravel_index(depth.argmax(), depth.shape)
            encoding = {"ha": "center", "va": "center", "color": "white", "size": style.font_size - 1, "weight": "bold"}
            part = parts[room][0]
            label = size_label(sizes[room][0]) + ("" if part == 1 else f"\n{data_label(part)}")
            if servings[room][0] != "single":
                label += f"\n{servings[room][0]}"
            axes.text(queries[column], budgets[row], label, zorder=5, **encoding)
