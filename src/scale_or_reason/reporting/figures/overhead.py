"""The gain of reasoning on a task against its token overhead (v1 figure 1, v2 figures 1 and 9).

The extra-token factor is the mean answer length of a reasoning student divided by that of the IFT student of the same
size and corpus; the gain is the difference of their accuracies. v1 shows a point per benchmark: the mean gain over all
sizes, at the geometric mean of the factors. v2 shows all sizes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any

import matplotlib.ticker as ticker
import numpy as np
import polars as pl
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from scale_or_reason.reporting.figures import drawing, legends, parts
from scale_or_reason.reporting.figures.gaps import gap, mean_gap
from scale_or_reason.reporting.figures.grid import panel_grid
from scale_or_reason.reporting.figures.results import Results
from scale_or_reason.reporting.figures.style import Style
from scale_or_reason.reporting.figures.tasks import VALUES, select_tasks, students_of, task_points
from scale_or_reason.scoring import model_points
from scale_or_reason.study import labels

_SCHEMA = {
    "task": pl.String(),
    "family": pl.String(),
    "element": pl.String(),  # point | note
    "student": pl.String(),  # null for means over all students
    "size_b": pl.Float64(),
    "token_factor": pl.Float64(),
    "gap": pl.Float64(),
    "ci_low": pl.Float64(),
    "ci_high": pl.Float64(),
    "note": pl.String(),
}
_MARKERS = "osD^vPX"
_AXIS_LABELS = {"x": "Extra-token factor", "y": "Accuracy gain (points)"}
#: Height of the single panel with all benchmarks, in page widths.
_SINGLE_WIDTH, _SINGLE_HEIGHT = 0.75, 0.5
#: Space above the points per legend entry, in heights of the axis.
_ROOM_PER_NAME = 0.12


def table(results: Results, *, tasks: str, by_size: bool) -> pl.DataFrame:
    """The data of :func:`draw`, gains as shares. ``tasks`` are single benchmarks.

    Without ``by_size`` a benchmark's point is the mean over all students with results there; if one of them lacks a
    format, the point is omitted.
    """
    selected = select_tasks(results, tasks)
    points = task_points(results, selected)
    students = model_points.mean_over_seeds(students_of(points, results.corpus, (0, 1)), VALUES)
    rows: list[dict[str, Any]] = []
    for task in selected:
        found = {(row["student"], row["ratio"]): row for row in students.filter(task=task.name).to_dicts()}
        panel = {"task": task.name, "family": task.family}
        own = list(_points(found, results))
        shown = [student for student in results.students if any((student, ratio) in found for ratio in (0.0, 1.0))]
        missing = [
            f"{labels.size_label(results.sizes[student])} {labels.ratio_label(ratio)}"
            for student, ratio in product(results.students, (0.0, 1.0))
            if (student, ratio) not in found
        ]
        if not by_size:
            own = [_mean(own)] if own and len(own) == len(shown) else []
        rows += [{**panel, "element": "point", **row} for row in own]
        rows += parts.note_rows(panel, [labels.missing_note(missing)] if found and missing else [])
        rows += parts.note_rows(panel, [] if own else [parts.EMPTY_NOTE])
    return parts.tidy(rows, _SCHEMA)


def _points(found: Mapping[tuple[str, float], Mapping[str, Any]], results: Results) -> Iterator[dict[str, Any]]:
    for student in results.students:
        ift, reasoning = found.get((student, 0.0)), found.get((student, 1.0))
        if ift and reasoning and ift["answer_tokens"]:
            factor = reasoning["answer_tokens"] / ift["answer_tokens"]
            size = {"student": student, "size_b": results.sizes[student]}
            yield {**size, "token_factor": factor, **gap(ift, reasoning)}


def _mean(points: Sequence[dict[str, Any]]) -> dict[str, Any]:
    factor = math.exp(sum(math.log(point["token_factor"]) for point in points) / len(points))
    return {"token_factor": factor} | mean_gap(points)


def draw(table: pl.DataFrame, style: Style) -> Figure:
    """The figure of ``table``; call it within ``style.applied()``."""
    sizes = table["size_b"].drop_nulls().unique().sort().to_list()
    return _draw_families(table, sizes, style) if sizes else _draw_single(table, style)


def _draw_families(table: pl.DataFrame, sizes: Sequence[float], style: Style) -> Figure:
    """A panel per family, a line through the sizes of each of its benchmarks."""
    families = table["family"].unique(maintain_order=True).to_list()
    grid = panel_grid([(family, family) for family in families], style)
    areas = style.marker_areas(list(sizes))
    for family, axes in grid.blocks[0].items():
        own = table.filter(family=family)
        encodings = _encodings(own["task"].unique(maintain_order=True).to_list(), style)
        for task, encoding in encodings.items():
            points = own.filter(pl.col("element") == "point", task=task).sort("size_b")
            axes.plot(points["token_factor"], points["gap"], color=encoding["color"], lw=style.interval_width, zorder=2)
            _bars(axes, points, encoding["color"], style)
            area = [areas[size] for size in points["size_b"]]
            axes.scatter(points["token_factor"], points["gap"], s=area, edgecolor="white", lw=0.4, zorder=4, **encoding)
        _axes(axes, own, style)
        low, high = axes.get_ylim()
        axes.set_ylim(low, high + _ROOM_PER_NAME * len(encodings) * (high - low))
        handles = [Line2D([], [], ls="", ms=3.5, label=task, **encoding) for task, encoding in encodings.items()]
        small = {"fontsize": style.font_size - 1, "frameon": False, "handletextpad": 0.2, "borderpad": 0.2}
        legends.shrink_legend(axes, axes.legend(handles=handles, loc="upper right", **small))
    grid.label(0, **_AXIS_LABELS)
    sns.despine(grid.figure)
    legends.finish(grid.figure, table, drawing.area_handles(sizes, style), style, panel=("task",))
    return grid.figure


def _draw_single(table: pl.DataFrame, style: Style) -> Figure:
    """One panel with all benchmarks, labelled; colour and marker encode the family."""
    size = (_SINGLE_WIDTH * style.width_in, _SINGLE_HEIGHT * style.width_in)
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.subplots()
    encodings = _encodings(table["family"].unique(maintain_order=True).to_list(), style)
    points = table.filter(pl.col("element") == "point")
    for family, encoding in encodings.items():
        own = points.filter(family=family)
        _bars(axes, own, encoding["color"], style)
        axes.scatter(own["token_factor"], own["gap"], s=style.marker_area[1] * 0.7, zorder=4, **encoding)
    _axes(axes, table, style)
    axes.set(xlabel=_AXIS_LABELS["x"], ylabel=_AXIS_LABELS["y"])
    sns.despine(figure)
    handles = [Line2D([], [], ls="", ms=4.5, label=family, **encoding) for family, encoding in encodings.items()]
    legends.finish(figure, table, handles, style, panel=("task",))
    drawing.name_points(axes, points, "token_factor", "gap", "task", style)
    return figure


def _encodings(names: Sequence[str], style: Style) -> dict[str, dict[str, Any]]:
    """Colour and marker of each name; names share them only if there are more names than colours."""
    ranks = {name: rank for rank, name in enumerate(names)}
    return {
        name: {"color": style.palette[rank % len(style.palette)], "marker": _MARKERS[rank % len(_MARKERS)]}
        for name, rank in ranks.items()
    }


def _bars(axes: Axes, points: pl.DataFrame, colour: str, style: Style) -> None:
    """Intervals as bars, since unordered points allow no band."""
    axes.vlines(points["token_factor"], points["ci_low"], points["ci_high"], color=colour, lw=0.5, alpha=0.6, zorder=3)


def _axes(axes: Axes, table: pl.DataFrame, style: Style) -> None:
    factors = table["token_factor"].drop_nulls().to_list()
    if not factors:
        drawing.empty_panel(axes, style)
        return
    axes.set_xscale("log")
    axes.set_xlim(min(factors) / 1.4, max(factors) * 1.4)
    axes.xaxis.set_major_locator(ticker.FixedLocator(_round_numbers(*axes.get_xlim())))
    axes.xaxis.set_major_formatter(ticker.FuncFormatter(lambda factor, _: f"{factor:g}×"))
    axes.xaxis.set_minor_locator(ticker.NullLocator())
    drawing.gap_axis(axes, style)


def _round_numbers(low: float, high: float) -> list[float]:
    """Ticks 1, 2, 5, 10, ... within an axis: more digits on a short axis, only powers of ten on a long one."""
    digits = (1, 1.5, 2, 3, 4, 6, 8) if high / low < 6 else (1, 2, 5) if high / low < 300 else (1,)
    powers = 10.0 ** np.arange(-3, 7)
    return [digit * power for power in powers for digit in digits if low <= digit * power <= high]
