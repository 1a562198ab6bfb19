"""Accuracy against inference FLOPs if answers are cut off at a length (v1 figure 9, v2 figure 12).

Each student's answers are cut off at five percentiles of their lengths: a longer answer counts as wrong and costs the
FLOPs up to the cut. The frontier is over all students and limits.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import Any

import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from scale_or_reason.analysis.frontiers import pareto_frontier
from scale_or_reason.reporting.figures import drawing, parts
from scale_or_reason.reporting.figures.results import Results
from scale_or_reason.reporting.figures.students_by_flops import students_by_flops
from scale_or_reason.reporting.figures.style import Style
from scale_or_reason.reporting.figures.tasks import Task, select_tasks, students_of
from scale_or_reason.scoring import model_points
from scale_or_reason.scoring.outcomes import STOPS
from scale_or_reason.study import labels
from scale_or_reason.study.cells import FORMATS

_SCHEMA = {
    "task": pl.String(),
    "family": pl.String(),
    "element": pl.String(),  # point | note
    "format": pl.String(),
    "student": pl.String(),
    "size_b": pl.Float64(),
    "percentile": pl.Int64(),
    "flops": pl.Float64(),
    "accuracy": pl.Float64(),
    "on_frontier": pl.Boolean(),
    "note": pl.String(),
}
_VALUES = ("flops", "accuracy")


def table(results: Results, *, tasks: str) -> pl.DataFrame:
    """The data of :func:`draw`: accuracies as shares, FLOPs per answer; means over seeds.

    A family with a missing benchmark has no mean. Raises :class:`StudyError` for a student of unknown size.
    """
    stopped = students_of(results.table("early_stopping"), results.corpus, (0, 1))
    stopped = model_points.with_format(model_points.with_sizes(stopped, results.sizes))
    rows: list[dict[str, Any]] = []
    for task in select_tasks(results, tasks):
        panel = {"task": task.name, "family": task.family}
        own = _means(stopped, task)
        frontier = pareto_frontier(own["flops"], own["accuracy"])
        points = own.with_columns(on_frontier=pl.Series(frontier, dtype=pl.Boolean)).to_dicts()
        rows += [{**row, **panel, "element": "point"} for row in points]
        there = {(row["student"], row["format"], row["percentile"]) for row in points}
        missing = [
            labels.model_label(name, results.sizes[student])
            for name, student in product(FORMATS, results.students)
            if not {(student, name, percentile) for percentile in STOPS} <= there
        ]
        notes = [labels.missing_note(missing)] if missing else []
        rows += parts.note_rows(panel, notes if points else [parts.EMPTY_NOTE])
    return parts.tidy(rows, _SCHEMA)


def _means(stopped: pl.DataFrame, task: Task) -> pl.DataFrame:
    """Means by student, format and percentile, over the task's benchmarks, then over seeds."""
    model = ["student", "size_b", "format", "percentile"]
    own = stopped.filter(pl.col("benchmark").is_in(task.benchmarks))
    whole = own.filter(pl.len().over("model_id", "percentile") == len(task.benchmarks))
    runs = whole.group_by(*model, "seed").agg(pl.col(*_VALUES).mean())
    return runs.group_by(model).agg(pl.col(*_VALUES).mean()).sort("format", "size_b", "percentile")


def draw(table: pl.DataFrame, style: Style) -> Figure:
    """The figure of ``table``; call it within ``style.applied()``."""
    return students_by_flops(table, "Inference FLOPs per answer", _draw_panel, _legend(style), style)


def _draw_panel(axes: Axes, points: pl.DataFrame, areas: Mapping[float, float], style: Style) -> None:
    if points.is_empty():
        drawing.empty_panel(axes, style)
        return
    drawing.flops_axis(axes, min(points["flops"]), max(points["flops"]))
    drawing.frontier(axes, points.filter("on_frontier"), style)
    for (name, size), own in points.group_by("format", "size_b", maintain_order=True):
        encoding = {"color": style.colours[str(name)]}
        axes.plot(
            own["flops"], own["accuracy"], ls=style.lines[str(name)], lw=style.interval_width, zorder=2, **encoding
        )
        area, colour = areas[float(size)], encoding["color"]
        edges = [style.colours["frontier"] if on_frontier else colour for on_frontier in own["on_frontier"]]
        whole = [percentile == 100 for percentile in own["percentile"]]
        marks = {
            "marker": style.markers[str(name)],
            "s": [area if last else area / 2 for last in whole],
            "facecolors": [colour if last else "white" for last in whole],
            "edgecolors": edges,
        }
        axes.scatter(own["flops"], own["accuracy"], lw=style.interval_width, zorder=4, **marks)
    axes.set_ylim(-0.02, min(1.02, max(points["accuracy"]) * 1.1 + 0.02))
    drawing.percent_axis(axes)


def _legend(style: Style) -> list[Any]:
    handles: list[Any] = []
    for name in FORMATS:
        encoding = {"color": style.colours[name], "marker": style.markers[name], "ls": style.lines[name], "ms": 4}
        handles.append(Line2D([], [], label=style.labels[name], **encoding))
    stop = {"color": style.colours["note"], "marker": "o", "mfc": "white", "ls": "", "ms": 3}
    handles.append(Line2D([], [], label="Stopped early", **stop))
    return handles + drawing.frontier_handles(style)
