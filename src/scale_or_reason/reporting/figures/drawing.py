"""Shared drawing functions within a panel: axes, series with intervals, the teacher, frontiers, handles of legends."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.ticker as ticker
import numpy as np
import polars as pl
from matplotlib import colormaps, rcParams
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, to_hex
from matplotlib.font_manager import FontProperties
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from scale_or_reason.reporting.figures import parts
from scale_or_reason.reporting.figures.legends import panel_width
from scale_or_reason.reporting.figures.style import Style
from scale_or_reason.study import labels

_ADOPTED = "P"


def flops_axis(axes: Axes, low: float, high: float) -> None:
    """A logarithmic axis around ``low`` to ``high`` FLOPs with two to four labelled powers of ten."""
    low, high = low / 1.6, high * 1.6
    if np.floor(np.log10(high)) - np.ceil(np.log10(low)) < 1:
        # Fewer than two powers of ten inside: a logarithmic axis needs a second label.
        low, high = 10 ** np.floor(np.log10(low)), 10 ** np.ceil(np.log10(high))
    axes.set_xscale("log")
    axes.set_xlim(low, high)
    axes.xaxis.set_major_locator(ticker.LogLocator(numticks=5))
    axes.xaxis.set_minor_locator(ticker.LogLocator(subs=range(2, 10), numticks=50))
    axes.xaxis.set_minor_formatter(ticker.NullFormatter())


def accuracy_axis(axes: Axes, drawn: pl.DataFrame) -> None:
    """A linear axis in per cent, from a multiple of ten below the lowest bound to slightly above the highest."""
    low = np.floor(min(drawn["ci_low"].drop_nulls(), default=0.0) * 10) / 10
    high = max(low + 0.1, max(drawn["ci_high"].drop_nulls(), default=1.0))
    axes.set_ylim(low - 0.02 * (high - low), high + 0.06 * (high - low))
    percent_axis(axes)


def percent_axis(axes: Axes) -> None:
    """Labels in per cent, or in points, for shares on a linear axis."""
    axes.yaxis.set_major_locator(ticker.MaxNLocator(nbins=6, steps=[1, 2, 5, 10]))
    axes.yaxis.set_major_formatter(ticker.FuncFormatter(lambda share, _: f"{100 * share:.4g}"))


def gap_axis(axes: Axes, style: Style) -> None:
    """An axis of differences in points, with a line at zero; call it after drawing."""
    axes.axhline(0, color=style.colours["note"], lw=style.interval_width, zorder=0.8)
    axes.margins(y=0.08)
    percent_axis(axes)


def size_axis(axes: Axes, sizes: Sequence[float], room: float = 1.4) -> None:
    """A logarithmic axis of student sizes, each labelled where its neighbours leave room; the ends always."""
    if not sizes:
        return
    axes.set_xscale("log")
    axes.set_xlim(sizes[0] / room, sizes[-1] * room)
    axes.xaxis.set_major_locator(ticker.FixedLocator(list(sizes)))
    low, high = (math.log(limit) for limit in axes.get_xlim())
    places = [(math.log(size) - low) / (high - low) for size in sizes]
    axes.xaxis.set_major_formatter(ticker.FixedFormatter(_apart(axes, places, [labels.size_label(x) for x in sizes])))
    axes.xaxis.set_minor_locator(ticker.NullLocator())


def _apart(axes: Axes, places: Sequence[float], names: Sequence[str]) -> list[str]:
    """Labels of ticks (places as shares of the axis), empty where one would touch another; the ends stay."""
    room = panel_width(axes)
    font = FontProperties(size=rcParams["xtick.labelsize"])
    figure = axes.get_figure(root=True)
    widths = []
    for name in names:
        text = Text(0, 0, name, fontproperties=font)
        text.set_figure(figure)
        widths.append(text.get_window_extent().width)
    gap = 0.35 * font.get_size_in_points() * figure.dpi / 72

    def touch(one: int, other: int) -> bool:
        return abs(places[one] - places[other]) * room < (widths[one] + widths[other]) / 2 + gap

    kept = [0, len(names) - 1]
    for rank in range(1, len(names) - 1):
        if not any(touch(rank, other) for other in kept):
            kept.append(rank)
    return [name if rank in kept else "" for rank, name in enumerate(names)]


def empty_panel(axes: Axes, style: Style) -> None:
    """Write a note into a panel without results."""
    axes.set(xticks=[], yticks=[])
    axes.text(0.5, 0.5, parts.EMPTY_NOTE, transform=axes.transAxes, ha="center", color=style.colours["note"])


def size_colours(sizes: Sequence[float], style: Style) -> dict[float, str]:
    """A colour for each student size, dark for small and light for large, distinguishable in grey print."""
    blend = colormaps[style.size_colours]
    step = 0.85 / max(len(sizes) - 1, 1)
    return {size: to_hex(blend(rank * step)) for rank, size in enumerate(sorted(sizes))}


def ratio_colours(ratios: Sequence[float], style: Style) -> dict[float, str]:
    """A colour for each ratio, from that of IFT (0) over grey to that of reasoning (1)."""
    ends = [style.colours["ift"], "#B5B5B5", style.colours["reasoning"]]
    blend = LinearSegmentedColormap.from_list("ratio", ends)
    return {ratio: to_hex(blend(float(ratio))) for ratio in ratios}


def series(axes: Axes, points: pl.DataFrame, x: str, y: str, style: Style, **encoding: Any) -> None:
    """A line with markers through ``points`` in their order, with the interval as a band; nulls leave gaps.

    ``encoding`` has at least the line's colour. A point without neighbours gets a bar in place of a band.
    """
    if points.is_empty():
        return
    colour = encoding["color"]
    axes.plot(points[x], points[y], zorder=4, **encoding)
    bounds = points.select(x, "ci_low", "ci_high").cast(pl.Float64).to_numpy()
    there = np.isfinite(bounds).all(axis=1)
    axes.fill_between(*bounds.T, where=there, color=colour, alpha=style.band_opacity, lw=0, zorder=2)
    neighbour = np.append(there[1:], False) | np.insert(there[:-1], 0, False)
    alone = points.filter(pl.Series(there & ~neighbour))
    axes.vlines(alone[x], alone["ci_low"], alone["ci_high"], color=colour, lw=style.interval_width, zorder=3)


def run_marks(axes: Axes, runs: pl.DataFrame, x: str, colour: str, style: Style) -> None:
    """A dash for each single run at the column ``x``, wider than the largest marker."""
    area = (style.marker_area[1] ** 0.5 + style.font_size) ** 2
    axes.scatter(runs[x], runs["accuracy"], marker="_", s=area, color=colour, lw=style.interval_width, zorder=3.5)


def teacher_line(axes: Axes, teacher: pl.DataFrame, style: Style) -> None:
    """The teacher's accuracy as a line across the panel, its interval as a band; ``teacher`` has one row or none."""
    colour = style.colours["teacher"]
    for row in teacher.to_dicts():
        axes.axhspan(row["ci_low"], row["ci_high"], color=colour, alpha=style.band_opacity, lw=0, zorder=0.5)
        axes.axhline(row["accuracy"], color=colour, ls=style.lines["teacher"], zorder=1)


def frontier(axes: Axes, points: pl.DataFrame, style: Style) -> None:
    """The frontier through ``points`` (columns ``flops`` and ``accuracy``), and the suboptimal area below it.

    A step function: between two frontier students the cheaper one is the best affordable. Set the axis first.
    """
    if points.is_empty():
        return
    points = points.sort("flops")
    flops = [*points["flops"], axes.get_xlim()[1]]
    accuracy = [*points["accuracy"], points["accuracy"][-1]]
    line = {"color": style.colours["frontier"], "ls": style.lines["frontier"], "lw": style.interval_width}
    axes.step(flops, accuracy, where="post", zorder=1.5, **line)
    shade = {"color": style.colours["suboptimal"], "alpha": style.suboptimal_opacity, "lw": 0}
    axes.fill_between(flops, accuracy, -1, step="post", zorder=0, **shade)


def adopted_points(axes: Axes, points: pl.DataFrame, style: Style) -> None:
    """Models that were not trained here, by name: no part of frontiers and fits."""
    if points.height:
        look = {"marker": _ADOPTED, "color": style.colours["note"], "lw": style.interval_width, "zorder": 4.6}
        axes.scatter(points["flops"], points["accuracy"], s=style.marker_area[-1], **look)
        name_points(axes, points, "flops", "accuracy", "student", style)


def adopted_handle(table: pl.DataFrame, style: Style) -> list[Line2D]:
    """The legend's entry of adopted models, if there are any."""
    if "adopted" not in table["element"]:
        return []
    return [Line2D([], [], ls="", marker=_ADOPTED, ms=4, color=style.colours["note"], label="Adopted")]


def teacher_handle(table: pl.DataFrame, style: Style) -> list[Line2D]:
    """The teacher's legend entry, if it is in the figure."""
    encoding = {"color": style.colours["teacher"], "ls": style.lines["teacher"], "label": style.labels["teacher"]}
    return [Line2D([], [], **encoding)] if "teacher" in table["element"] else []


def frontier_handles(style: Style) -> list[Any]:
    """The legend entries of :func:`frontier`."""
    encoding = {"color": style.colours["frontier"], "ls": style.lines["frontier"], "lw": style.interval_width}
    encoding |= {"marker": "o", "mfc": "white", "mew": style.interval_width, "ms": 4}
    shade = {"color": style.colours["suboptimal"], "alpha": 2 * style.suboptimal_opacity}
    return [
        Line2D([], [], label=style.labels["frontier"], **encoding),
        Patch(label=style.labels["suboptimal"], **shade),
    ]


def area_handles(sizes: Sequence[float], style: Style) -> list[Line2D]:
    """The legend entries of markers whose area encodes the student's size."""
    areas = style.marker_areas(list(sizes))
    dots = {"color": style.colours["note"], "marker": "o", "ls": ""}
    return [Line2D([], [], label=labels.size_label(size), ms=areas[size] ** 0.5, **dots) for size in sizes]


def size_handles(colours: Mapping[float, str], areas: Mapping[float, float] | None = None) -> list[Line2D]:
    """The legend entries of lines whose colour encodes the student's size; with ``areas`` also the markers' areas."""
    handles = []
    for size, colour in colours.items():
        width = areas[size] ** 0.5 if areas else 3.5
        handles.append(Line2D([], [], color=colour, marker="o", ms=width, label=labels.size_label(size)))
    return handles


def name_points(axes: Axes, points: pl.DataFrame, x: str, y: str, name: str, style: Style) -> None:
    """Label points with the least overlap of other labels and points; call it after drawing."""
    axes.figure.draw_without_rendering()  # computes the axes' positions
    places = axes.transData.transform(points.select(x, y).to_numpy()) if points.height else []
    scale = axes.figure.dpi / 72
    taken = [Bbox.from_bounds(left - 3 * scale, low - 3 * scale, 6 * scale, 6 * scale) for left, low in places]
    frame = axes.get_window_extent()
    for row, text in zip(points.to_dicts(), points[name], strict=True):
        label = axes.annotate(text, (row[x], row[y]), xytext=(0, 0), textcoords="offset points", **_note_text(style))
        costs = {}
        for offset, anchor in _OFFSETS.items():
            label.xyann, (ha, va) = offset, anchor
            label.set(ha=ha, va=va)
            box = label.get_window_extent()
            outside = box.width * box.height - _overlap(box, frame)
            costs[offset] = sum(_overlap(box, other) for other in taken) + 4 * outside
        best = min(costs, key=lambda offset: costs[offset])
        label.xyann, (ha, va) = best, _OFFSETS[best]
        label.set(ha=ha, va=va)
        taken.append(label.get_window_extent())


#: Candidate offsets of a label in points, with its anchor; best first.
_OFFSETS = {
    (5, 0): ("left", "center"),
    (-5, 0): ("right", "center"),
    (3, 4): ("left", "bottom"),
    (3, -4): ("left", "top"),
    (-3, 4): ("right", "bottom"),
    (-3, -4): ("right", "top"),
    (0, 6): ("center", "bottom"),
    (0, -6): ("center", "top"),
}


def _note_text(style: Style) -> dict[str, Any]:
    return {"fontsize": style.font_size - 1, "color": style.colours["note"], "zorder": 6, "annotation_clip": False}


def _overlap(first: Bbox, second: Bbox) -> float:
    shared = Bbox.intersection(first, second)
    return shared.width * shared.height if shared else 0.0
