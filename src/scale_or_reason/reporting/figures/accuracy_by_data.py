"""Accuracy against training FLOPs, with a curve over sizes for each part of the data, and the frontier over all.

Students of the main corpus in a single format. A study without parts of the data has one curve for each format.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any

import numpy as np
import polars as pl
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from scale_or_reason.analysis.frontiers import pareto_frontier
from scale_or_reason.reporting.figures import accuracy_by_flops, drawing, legends, parts
from scale_or_reason.reporting.figures.grid import panel_grid, tasks_in
from scale_or_reason.reporting.figures.results import Results
from scale_or_reason.reporting.figures.style import Style
from scale_or_reason.reporting.figures.tasks import VALUES, select_tasks, students_of, task_points, teacher_of
from scale_or_reason.scoring import model_points
from scale_or_reason.study import labels

_SCHEMA = {
    "task": pl.String(),
    "family": pl.String(),
    "element": pl.String(),  # point | run (of several seeds) | teacher | note
    "ratio": pl.Float64(),
    "data_fraction": pl.Float64(),
    "student": pl.String(),
    "size_b": pl.Float64(),
    "flops": pl.Float64(),
    "accuracy": pl.Float64(),
    "ci_low": pl.Float64(),
    "ci_high": pl.Float64(),
    "on_frontier": pl.Boolean(),
    "note": pl.String(),
}
_RATIOS = (0.0, 1.0)
#: Opacity of the curve of the smallest part of the data; that of all data is 1.
_PALEST = 0.3


def table(results: Results, *, tasks: str) -> pl.DataFrame:
    """The data of :func:`draw`: accuracies as shares, FLOPs of training a model. Missing results get a note."""
    selected = select_tasks(results, tasks)
    points = task_points(results.with_parts(), selected)
    ours = students_of(points, results.corpus, _RATIOS).filter(pl.col("training_flops") > 0)
    ours = ours.with_columns(flops="training_flops")
    students, runs = (
        part(ours, [*VALUES, "flops"]) for part in (model_points.mean_over_seeds, model_points.single_runs)
    )
    rows: list[dict[str, Any]] = []
    for task in selected:
        own, single = (frame.filter(pl.col("task") == task.name) for frame in (students, runs))
        content = list(_panel(own.sort("ratio", "data_fraction", "size_b"), teacher_of(points, task), results))
        content += [{**row, "element": "run"} for row in single.to_dicts()]
        content += parts.note_rows({}, [parts.RUNS_NOTE] if single.height else [])
        rows += [{**row, "task": task.name, "family": task.family} for row in content]
    return parts.tidy(rows, _SCHEMA)


def _panel(points: pl.DataFrame, teacher: list[dict[str, Any]], results: Results) -> Iterator[dict[str, Any]]:
    frontier = pareto_frontier(points["flops"], points["accuracy"])
    for row, on_frontier in zip(points.to_dicts(), frontier, strict=True):
        yield {**row, "element": "point", "on_frontier": bool(on_frontier)}
    yield from ({**row, "ratio": None, "data_fraction": None} for row in teacher)
    there = set(points.select("ratio", "data_fraction", "student").rows())
    ratios = [ratio for ratio in _RATIOS if ratio in results.ratios]
    expected = product(ratios, sorted(results.data_fractions, reverse=True), results.students)
    missing = [
        f"{labels.size_label(results.sizes[student])} {labels.ratio_label(ratio)}, {labels.data_label(fraction)}"
        for ratio, fraction, student in expected
        if results.has_part(student, ratio, fraction) and (ratio, fraction, student) not in there
    ]
    notes = [labels.missing_note(missing)] if missing and there else []
    notes += [note] if there and (note := _choice_note(results, ratios)) else []
    notes += [] if there else [parts.EMPTY_NOTE]
    yield from parts.note_rows({}, notes + ([] if teacher else [parts.TEACHER_NOTE]))


def _choice_note(results: Results, ratios: Sequence[float]) -> str | None:
    """Which models the study trains on parts of the data, unless it trains all of them."""
    own = [
        {key for key in product(ratios, results.students) if results.has_part(key[1], key[0], fraction)}
        for fraction in (1.0, 0.0)
    ]
    if own[0] == own[1] or set(results.data_fractions) <= {1.0}:
        return None
    chosen = [
        f"{labels.ratio_label(ratio)} {', '.join(labels.size_label(results.sizes[name]) for name in names)}"
        for ratio in ratios
        if (names := [name for name in results.students if (ratio, name) in own[1]])
    ]
    return f"trained on parts of the data, too: {' and '.join(chosen) if chosen else 'none of this corpus'}"


def draw(table: pl.DataFrame, style: Style) -> Figure:
    """The figure of ``table``; call it within ``style.applied()``."""
    grid = panel_grid(tasks_in(table), style)
    points = table.filter(element="point")
    sizes, fractions = (points[name].unique().sort().to_list() for name in ("size_b", "data_fraction"))
    opacities = _opacities(fractions)
    for task, axes in grid.blocks[0].items():
        _draw_panel(axes, table.filter(task=task), opacities, style.marker_areas(sizes), style)
        drawing.accuracy_axis(axes, table.filter(task=task))
    grid.label(0, x=accuracy_by_flops.AXIS_LABELS["training"], y="Accuracy (%)")
    sns.despine(grid.figure)
    handles = accuracy_by_flops.legend(table, style)
    handles += [
        Line2D([], [], color=style.colours["note"], alpha=opacity, label=labels.data_label(fraction))
        for fraction, opacity in opacities.items()
    ]
    legends.finish(grid.figure, table, handles + drawing.area_handles(sizes, style), style, panel=("task",))
    return grid.figure


def _opacities(fractions: Sequence[float]) -> dict[float, float]:
    """From pale for the smallest part of the data to full for all of it."""
    steps = np.linspace(_PALEST if len(fractions) > 1 else 1.0, 1.0, len(fractions))
    return dict(zip(fractions, steps.tolist(), strict=True))


def _draw_panel(
    axes: Axes, panel: pl.DataFrame, opacities: dict[float, float], areas: dict[float, float], style: Style
) -> None:
    points, runs = (panel.filter(element=name) for name in ("point", "run"))
    if points.height:
        drawing.flops_axis(axes, min(points["flops"]), max(points["flops"]))
        drawing.frontier(axes, points.filter("on_frontier"), style)
    else:
        drawing.empty_panel(axes, style)
    drawing.teacher_line(axes, panel.filter(element="teacher"), style)
    colours = drawing.ratio_colours(_RATIOS, style)
    for (ratio, fraction), own in points.group_by("ratio", "data_fraction", maintain_order=True):
        look = {"color": colours[ratio], "alpha": opacities[fraction]}
        ordered = own.sort("size_b")
        axes.plot(ordered["flops"], ordered["accuracy"], zorder=3, **look)
        axes.vlines(ordered["flops"], ordered["ci_low"], ordered["ci_high"], lw=style.interval_width, zorder=2, **look)
        edges = [style.colours["frontier"] if on_frontier else "white" for on_frontier in ordered["on_frontier"]]
        area = [areas[size] for size in ordered["size_b"]]
        marks = {"marker": accuracy_by_flops.marker_of(ratio, style), "edgecolors": edges, "lw": style.interval_width}
        axes.scatter(ordered["flops"], ordered["accuracy"], s=area, zorder=4.5, **marks, **look)
        here = runs.filter(ratio=ratio, data_fraction=fraction)
        drawing.run_marks(axes, here, "flops", colours[ratio], style)
