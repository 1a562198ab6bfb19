"""Accuracy by size under several limits on the length of answers (v1 figure 10, v2 figure 13)."""

from __future__ import annotations

from itertools import product
from typing import Any

import polars as pl
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from scale_or_reason.common.wording import counted
from scale_or_reason.reporting.figures import drawing, legends, parts
from scale_or_reason.reporting.figures.grid import panel_grid, tasks_in
from scale_or_reason.reporting.figures.results import Results
from scale_or_reason.reporting.figures.style import Style
from scale_or_reason.reporting.figures.tasks import students_of
from scale_or_reason.scoring import model_points
from scale_or_reason.study import labels
from scale_or_reason.study.cells import FORMATS

_SCHEMA = {
    "task": pl.String(),
    "family": pl.String(),
    "element": pl.String(),  # point | note
    "format": pl.String(),
    "max_tokens": pl.Int64(),
    "student": pl.String(),
    "size_b": pl.Float64(),
    "accuracy": pl.Float64(),
    "ci_low": pl.Float64(),
    "ci_high": pl.Float64(),
    "note": pl.String(),
}
#: From the shortest limit to the longest.
_LINES = (":", "-", "--", "-.")


def table(results: Results) -> pl.DataFrame:
    """The data of :func:`draw`, accuracies as shares: students of one format on the main corpus.

    Raises :class:`StudyError` for a student of unknown size.
    """
    ours = students_of(results.table("length_limits"), results.corpus, (0, 1))
    points = model_points.with_format(model_points.with_sizes(ours, results.sizes))
    series = ["benchmark", "format", "max_tokens", "student", "size_b"]
    means = points.group_by(series).agg(pl.col("accuracy", "ci_low", "ci_high").mean()).sort([*series[:3], "size_b"])
    family_of = {benchmark: family for family, names in results.families.items() for benchmark in names}
    rows: list[dict[str, Any]] = []
    for benchmark in results.limited_benchmarks:
        panel = {"task": benchmark, "family": family_of[benchmark]}
        own = means.filter(benchmark=benchmark)
        rows += [{**panel, "element": "point", **row} for row in own.to_dicts()]
        there = set(own.select("format", "max_tokens", "student").rows())
        missing = [
            f"{labels.model_label(name, results.sizes[student])} with {counted(limit, 'token')}"
            for name, limit, student in product(FORMATS, sorted(results.limits), results.students)
            if (name, limit, student) not in there
        ]
        notes = [labels.missing_note(missing)] if missing else []
        rows += parts.note_rows(panel, notes if there else [parts.EMPTY_NOTE])
    if not rows:
        panel = {"task": "limited benchmarks", "family": "limited benchmarks"}
        rows = parts.note_rows(panel, [f"{parts.EMPTY_NOTE}: study.length_limits has no other limit"])
    return parts.tidy(rows, _SCHEMA)


def draw(table: pl.DataFrame, style: Style) -> Figure:
    """The figure of ``table``; call it within ``style.applied()``."""
    grid = panel_grid(tasks_in(table), style)
    points = table.filter(pl.col("element") == "point")
    sizes = points["size_b"].unique().sort().to_list()
    limits = points["max_tokens"].unique().sort().to_list()
    for task, axes in grid.blocks[0].items():
        _draw_panel(axes, points.filter(task=task), sizes, limits, style)
    grid.label(0, x="Student size (parameters)", y="Accuracy (%)")
    sns.despine(grid.figure)
    there = set(points.select("format", "max_tokens").rows())
    handles = [
        Line2D(
            [], [], label=f"{style.labels[name]}, {counted(limit, 'token')}", **_encoding(name, limit, limits, style)
        )
        for name, limit in product(FORMATS, limits)
        if (name, limit) in there
    ]
    legends.finish(grid.figure, table, handles, style, panel=("task",))
    return grid.figure


def _draw_panel(axes: Axes, points: pl.DataFrame, sizes: list[float], limits: list[int], style: Style) -> None:
    if points.is_empty():
        drawing.empty_panel(axes, style)
        return
    every = pl.DataFrame({"size_b": sizes}, schema={"size_b": pl.Float64()})
    for name, limit in product(FORMATS, limits):
        own = every.join(points.filter(format=name, max_tokens=limit), on="size_b", how="left", maintain_order="left")
        drawing.series(axes, own, "size_b", "accuracy", style, **_encoding(name, limit, limits, style))
    drawing.size_axis(axes, sizes)
    drawing.accuracy_axis(axes, points)


def _encoding(name: str, limit: int, limits: list[int], style: Style) -> dict[str, Any]:
    """Colour and marker of the format; the longest limit has filled markers."""
    rank, colour = limits.index(limit), style.colours[name]
    face = colour if limit == limits[-1] else "white"
    return {"color": colour, "marker": style.markers[name], "ls": _LINES[rank % len(_LINES)], "ms": 3.5, "mfc": face}
