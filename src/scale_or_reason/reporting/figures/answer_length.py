"""Length of right and wrong answers of reasoning students by size, with their accuracy (v1 figures 8, 18; v2 4, 17).

Families show the mean over their benchmarks. If a student has no right (or no wrong) answer on one of them, the bar is
omitted with a note, since a mean over the others would not be comparable with other sizes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

import matplotlib.ticker as ticker
import numpy as np
import polars as pl
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from scale_or_reason.reporting.figures import drawing, legends, parts
from scale_or_reason.reporting.figures.grid import panel_grid, tasks_in
from scale_or_reason.reporting.figures.results import Results
from scale_or_reason.reporting.figures.style import Style
from scale_or_reason.reporting.figures.tasks import VALUES, Task, select_tasks, students_of, task_points
from scale_or_reason.scoring import model_points
from scale_or_reason.study import labels

_SCHEMA = {
    "task": pl.String(),
    "family": pl.String(),
    "element": pl.String(),  # point | note
    "student": pl.String(),
    "size_b": pl.Float64(),
    "right_tokens": pl.Float64(),
    "wrong_tokens": pl.Float64(),
    "accuracy": pl.Float64(),
    "ci_low": pl.Float64(),
    "ci_high": pl.Float64(),
    "note": pl.String(),
}
_ACCURACY = ("accuracy", "ci_low", "ci_high")
_BAR = 0.38


def table(results: Results, *, tasks: str) -> pl.DataFrame:
    """The data of :func:`draw`: lengths in tokens, means over seeds; accuracies as shares."""
    selected = select_tasks(results, tasks)
    points = students_of(task_points(results, selected), results.corpus, [1])
    accuracies = model_points.mean_over_seeds(points, VALUES)
    lengths = _lengths(results)
    rows: list[dict[str, Any]] = []
    for task in selected:
        panel = {"task": task.name, "family": task.family}
        own = {row["student"]: row for row in accuracies.filter(task=task.name).to_dicts()}
        content, missing = [], []
        lost: dict[str, dict[str, list[str]]] = {}
        for student in results.students:
            size = labels.size_label(results.sizes[student])
            measured, without = _means(lengths, student, task)
            for verdict, benchmark in without:
                lost.setdefault(verdict, {}).setdefault(benchmark, []).append(size)
            accuracy = {name: own[student][name] for name in _ACCURACY} if student in own else {}
            missing += [] if accuracy else [size]
            if measured or accuracy:
                cell = {"student": student, "size_b": results.sizes[student]}
                content.append({**panel, "element": "point", **cell, **measured, **accuracy})
        notes = [_lost_note(verdict, where, task) for verdict, where in lost.items()]
        notes += [labels.missing_note(missing)] if missing else []
        rows += content + parts.note_rows(panel, notes if content else [parts.EMPTY_NOTE])
    return parts.tidy(rows, _SCHEMA)


def _lost_note(verdict: str, where: Mapping[str, Sequence[str]], task: Task) -> str:
    """The sizes without such answers, with their benchmarks unless the panel is one."""
    parts_of_note = [
        "/".join(sizes) + (f" {benchmark}" if benchmark != task.name else "") for benchmark, sizes in where.items()
    ]
    return f"no length of {verdict} answers: {', '.join(parts_of_note)}"


def _lengths(results: Results) -> pl.DataFrame:
    """Mean lengths by student, benchmark and verdict, over the seeds of the reasoning students."""
    ours = students_of(results.table("answer_lengths"), results.corpus, [1])
    return ours.group_by("student", "benchmark", "right").agg(pl.col("answer_tokens_mean").mean())


def _means(lengths: pl.DataFrame, student: str, task: Task) -> tuple[dict[str, float], list[tuple[str, str]]]:
    """Mean lengths of right and of wrong answers, and the benchmarks that lack one of them."""
    own = lengths.filter((pl.col("student") == student) & pl.col("benchmark").is_in(task.benchmarks))
    means, without = {}, []
    for verdict, right in (("right", True), ("wrong", False)):
        found = dict(own.filter(right=right).select("benchmark", "answer_tokens_mean").rows())
        without += [(verdict, name) for name in task.benchmarks if name not in found]
        if len(found) == len(task.benchmarks):
            means[f"{verdict}_tokens"] = fmean(found.values())
    return means, without


def draw(table: pl.DataFrame, style: Style) -> Figure:
    """The figure of ``table``; call it within ``style.applied()``."""
    grid = panel_grid(tasks_in(table), style)
    points = table.filter(pl.col("element") == "point")
    sizes = points["size_b"].unique().sort().to_list()
    for task, axes in grid.blocks[0].items():
        _draw_panel(axes, points.filter(task=task), sizes, style, grid.is_last(task))
    grid.label(0, x="Student size (parameters)", y="Answer length (tokens)")
    sns.despine(grid.figure, right=False)
    legends.finish(grid.figure, table, _legend(style), style, panel=("task",))
    return grid.figure


def _draw_panel(axes: Axes, points: pl.DataFrame, sizes: Sequence[float], style: Style, is_last: bool) -> None:
    if points.is_empty():
        drawing.empty_panel(axes, style)
        return
    every = pl.DataFrame({"size_b": sizes}, schema={"size_b": pl.Float64()}).with_row_index("place")
    own = every.join(points, on="size_b", how="left", maintain_order="left")
    for column, shift, encoding in (
        ("right_tokens", -_BAR / 2, _right(style)),
        ("wrong_tokens", _BAR / 2, _wrong(style)),
    ):
        heights = own[column].cast(pl.Float64).to_numpy()
        axes.bar(np.arange(len(sizes)) + shift, np.nan_to_num(heights), _BAR, **encoding)
    axes.xaxis.set_major_locator(ticker.FixedLocator(range(len(sizes))))
    axes.xaxis.set_major_formatter(ticker.FixedFormatter([labels.size_label(size) for size in sizes]))
    axes.set_xlim(-0.6, len(sizes) - 0.4)
    axes.yaxis.set_major_locator(ticker.MaxNLocator(nbins=6, steps=[1, 2, 5, 10]))
    axes.yaxis.set_major_formatter(ticker.FuncFormatter(lambda tokens, _: labels.count_label(tokens)))
    accuracy = axes.twinx()
    encoding = {"color": style.colours["frontier"], "marker": "o", "ms": 3}
    drawing.series(accuracy, own, "place", "accuracy", style, **encoding)
    accuracy.set_ylim(0, 1.05)
    drawing.percent_axis(accuracy)
    if is_last:
        accuracy.set_ylabel("Accuracy (%, line)")


def _right(style: Style) -> dict[str, Any]:
    return {"color": style.colours["reasoning"], "alpha": 0.85, "lw": 0}


def _wrong(style: Style) -> dict[str, Any]:
    return {"fc": "white", "ec": style.colours["reasoning"], "hatch": "/////", "lw": 0.5}


def _legend(style: Style) -> list[Any]:
    line = {"color": style.colours["frontier"], "marker": "o", "ms": 3}
    return [
        Patch(label="Right answers", **_right(style)),
        Patch(label="Wrong answers", **_wrong(style)),
        Line2D([], [], label="Accuracy", **line),
    ]
