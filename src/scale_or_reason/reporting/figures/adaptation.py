"""Gap to general IFT of students trained on the general corpus, then on math (v1 figures 5 and 15).

Students trained with reasoning on a single corpus are shown for comparison. Colour encodes the format of the second
training, marker and line that of the first.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from scale_or_reason.reporting.figures import drawing, legends, parts
from scale_or_reason.reporting.figures.gaps import gap
from scale_or_reason.reporting.figures.grid import panel_grid, tasks_in
from scale_or_reason.reporting.figures.results import Results
from scale_or_reason.reporting.figures.style import Style
from scale_or_reason.reporting.figures.tasks import VALUES, Task, select_tasks, task_points
from scale_or_reason.scoring import model_points
from scale_or_reason.study import labels
from scale_or_reason.study.cells import FORMATS

_SCHEMA = {
    "task": pl.String(),
    "family": pl.String(),
    "element": pl.String(),  # point | note
    "series": pl.String(),  # "general reasoning", "ift-then-reasoning", ...
    "student": pl.String(),
    "size_b": pl.Float64(),
    "gap": pl.Float64(),
    "ci_low": pl.Float64(),
    "ci_high": pl.Float64(),
    "note": pl.String(),
}
_LINES = {"ift": "-", "reasoning": "--"}


def table(results: Results, *, tasks: str) -> pl.DataFrame:
    """The data of :func:`draw`, gaps as shares; a student without an IFT model has no gaps."""
    selected = select_tasks(results, tasks)
    points = model_points.mean_over_seeds(task_points(results, selected), VALUES)
    rows: list[dict[str, Any]] = []
    for task in selected:
        panel = {"task": task.name, "family": task.family}
        models = _models(points, task, results)
        content, missing = [], []
        for student in results.students:
            size = labels.size_label(results.sizes[student])
            baseline = models["baseline"].get(student)
            if baseline is None:
                missing.append(f"{size} {results.adaptation_corpora.get('from')} IFT")
            for name in _series(results):
                model = models[name].get(student)
                if model is None:
                    missing.append(f"{size} {name}")
                elif baseline is not None:
                    cell = {"series": name, "student": student, "size_b": results.sizes[student]}
                    content.append({**panel, "element": "point", **cell, **gap(baseline, model)})
        notes = [labels.missing_note(missing)] if missing else []
        rows += content + parts.note_rows(panel, notes if content else [parts.EMPTY_NOTE])
    return parts.tidy(rows, _SCHEMA)


def _series(results: Results) -> list[str]:
    """The series compared with IFT: students of a single corpus, then the adaptations."""
    corpora = [name for name in results.adaptation_corpora.values() if name in results.corpora]
    return [*(f"{corpus} reasoning" for corpus in corpora), *results.adaptations]


def _models(points: pl.DataFrame, task: Task, results: Results) -> dict[str, dict[str, Mapping[str, Any]]]:
    """The rows of each series by student."""
    own = points.filter(task=task.name)

    def by_student(chosen: pl.Expr) -> dict[str, Mapping[str, Any]]:
        return {row["student"]: row for row in own.filter(chosen).to_dicts()}

    def distilled(corpus: str | None, ratio: float) -> pl.Expr:
        return (
            (pl.col("kind") == "distilled")
            & pl.col("corpus").eq(pl.lit(corpus, pl.String()))
            & (pl.col("ratio") == ratio)
        )

    models = {"baseline": by_student(distilled(results.adaptation_corpora.get("from"), 0.0))}
    models |= {f"{corpus} reasoning": by_student(distilled(corpus, 1.0)) for corpus in results.corpora}
    for name in results.adaptations:
        models[name] = by_student((pl.col("kind") == "adapted") & (pl.col("curriculum") == name))
    return models


def draw(table: pl.DataFrame, style: Style) -> Figure:
    """The figure of ``table``; call it within ``style.applied()``."""
    grid = panel_grid(tasks_in(table), style)
    points = table.filter(pl.col("element") == "point")
    sizes = points["size_b"].unique().sort().to_list()
    encodings = _encodings(points["series"].unique(maintain_order=True).to_list(), style)
    for task, axes in grid.blocks[0].items():
        _draw_panel(axes, points.filter(task=task), sizes, encodings, style)
    grid.label(0, x="Student size (parameters)", y="Gap to general IFT (points)")
    sns.despine(grid.figure)
    handles = [Line2D([], [], label=_title(name, style), **encoding) for name, encoding in encodings.items()]
    legends.finish(grid.figure, table, handles, style, panel=("task",))
    return grid.figure


def _draw_panel(
    axes: Axes, points: pl.DataFrame, sizes: list[float], encodings: Mapping[str, dict[str, Any]], style: Style
) -> None:
    if points.is_empty():
        drawing.empty_panel(axes, style)
        return
    every = pl.DataFrame({"size_b": sizes}, schema={"size_b": pl.Float64()})
    for name, encoding in encodings.items():
        own = every.join(points.filter(series=name), on="size_b", how="left", maintain_order="left")
        drawing.series(axes, own, "size_b", "gap", style, **encoding)
    drawing.size_axis(axes, sizes)
    drawing.gap_axis(axes, style)


def _encodings(names: list[str], style: Style) -> dict[str, dict[str, Any]]:
    encodings: dict[str, dict[str, Any]] = {}
    alone = {"color": style.colours["base"], "marker": style.markers["base"], "ms": 3}
    for name in names:
        first, then, second = name.partition("-then-")
        if then:
            encoding = {"color": style.colours[second], "marker": style.markers[first], "ls": _LINES[first], "ms": 3}
            encodings[name] = encoding | {"mfc": encoding["color"] if first == FORMATS[0] else "white"}
        else:
            filled = not encodings
            encodings[name] = alone | {"ls": "-" if filled else ":", "mfc": alone["color"] if filled else "white"}
    return encodings


def _title(name: str, style: Style) -> str:
    first, then, second = name.partition("-then-")
    return f"{style.labels[first]}, then {style.labels[second]}" if then else f"{name.capitalize()} only"
