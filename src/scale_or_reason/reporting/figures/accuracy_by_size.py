"""Accuracy by student size (v1 figures 2 and 12).

Base students with a few shots; students trained on one corpus in one format (IFT or reasoning); the teacher's line.
Colour and marker encode the format; filled markers and solid lines the first corpus, open markers and dashed lines the
others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from scale_or_reason.reporting.figures import drawing, legends, parts
from scale_or_reason.reporting.figures.grid import panel_grid, tasks_in
from scale_or_reason.reporting.figures.results import Results
from scale_or_reason.reporting.figures.style import Style
from scale_or_reason.reporting.figures.tasks import VALUES, select_tasks, task_points, teacher_of
from scale_or_reason.scoring import model_points
from scale_or_reason.study import labels
from scale_or_reason.study.cells import FORMATS

_SCHEMA = {
    "task": pl.String(),
    "family": pl.String(),
    "element": pl.String(),  # point | run (of several seeds) | teacher | note
    "corpus": pl.String(),  # null for base students
    "format": pl.String(),  # base | ift | reasoning
    "student": pl.String(),
    "size_b": pl.Float64(),
    "accuracy": pl.Float64(),
    "ci_low": pl.Float64(),
    "ci_high": pl.Float64(),
    "note": pl.String(),
}
_CORPUS_LINES = ("-", "--", ":")
Series = list[tuple[str | None, str]]


def table(results: Results, *, tasks: str) -> pl.DataFrame:
    """The data of :func:`draw`, accuracies as shares; missing results get a note."""
    selected = select_tasks(results, tasks)
    points = task_points(results, selected)
    base = points.filter((pl.col("kind") == "base") & (pl.col("shots") == results.shots))
    base = base.with_columns(format=pl.lit("base"))
    trained = (pl.col("kind") == "distilled") & pl.col("corpus").is_in(list(results.corpora))
    evaluated = pl.concat([base, points.filter(trained & pl.col("format").is_not_null())])
    students, runs = (
        model_points.mean_over_seeds(evaluated, VALUES).sort("size_b"),
        model_points.single_runs(evaluated, VALUES),
    )
    rows: list[dict[str, Any]] = []
    for task in selected:
        panel = {"task": task.name, "family": task.family}
        own, teacher = students.filter(task=task.name), teacher_of(points, task)
        there = set(own.select("corpus", "format", "student").rows())
        for corpus, name in _series(results.corpora):
            chosen = own.filter(pl.col("corpus").eq_missing(corpus) & (pl.col("format") == name))
            rows += [{**row, "element": "point"} for row in chosen.to_dicts()]
        single = [{**row, "element": "run"} for row in runs.filter(task=task.name).to_dicts()]
        rows += [*single, *teacher]
        notes = _missing(there, results) if there else [parts.EMPTY_NOTE]
        notes += [] if teacher else [parts.TEACHER_NOTE]
        rows += parts.note_rows(panel, notes + ([parts.RUNS_NOTE] if single else []))
    return parts.tidy(rows, _SCHEMA)


def _series(corpora: Sequence[str]) -> Series:
    return [(None, "base"), *((corpus, name) for corpus in corpora for name in FORMATS)]


def _missing(there: set[tuple[Any, ...]], results: Results) -> list[str]:
    missing = []
    for corpus, name in _series(results.corpora):
        absent = [student for student in results.students if (corpus, name, student) not in there]
        if len(absent) == len(results.sizes):
            missing.append(labels.model_label(name, corpus=corpus))
        else:
            missing += [labels.model_label(name, results.sizes[student], corpus) for student in absent]
    return [labels.missing_note(missing)] if missing else []


def draw(table: pl.DataFrame, style: Style) -> Figure:
    """The figure of ``table``; call it within ``style.applied()``."""
    points = table.filter(pl.col("element") == "point")
    corpora = points["corpus"].drop_nulls().unique(maintain_order=True).to_list()
    sizes = points["size_b"].unique().sort().to_list()
    grid = panel_grid(tasks_in(table), style)
    for task, axes in grid.blocks[0].items():
        _draw_panel(axes, table.filter(task=task), corpora, sizes, style)
    grid.label(0, x="Student size (parameters)", y="Accuracy (%)")
    sns.despine(grid.figure)
    legends.finish(grid.figure, table, _legend(table, corpora, style), style, panel=("task",))
    return grid.figure


def _draw_panel(axes: Axes, panel: pl.DataFrame, corpora: Sequence[str], sizes: Sequence[float], style: Style) -> None:
    points, runs = (panel.filter(pl.col("element") == element) for element in ("point", "run"))
    drawing.teacher_line(axes, panel.filter(pl.col("element") == "teacher"), style)
    drawing.accuracy_axis(axes, panel)
    if points.is_empty():
        drawing.empty_panel(axes, style)
        return
    # All sizes, so that a missing student leaves a gap in the line.
    every_size = pl.DataFrame({"size_b": sizes}, schema={"size_b": pl.Float64()})
    for corpus, name in _series(corpora):
        ours = pl.col("corpus").eq_missing(corpus) & (pl.col("format") == name)
        own = every_size.join(points.filter(ours), on="size_b", how="left", maintain_order="left")
        drawing.series(axes, own, "size_b", "accuracy", style, **_encoding(corpus, name, corpora, style))
        drawing.run_marks(axes, runs.filter(ours), "size_b", style.colours[name], style)
    drawing.size_axis(axes, sizes)


def _encoding(corpus: str | None, name: str, corpora: Sequence[str], style: Style) -> Mapping[str, Any]:
    rank = corpora.index(corpus) if corpus in corpora else 0
    line = style.lines["base"] if corpus is None else _CORPUS_LINES[rank % len(_CORPUS_LINES)]
    colour = style.colours[name]
    face = "white" if rank else colour
    return {"color": colour, "marker": style.markers[name], "ls": line, "ms": 3.5, "mfc": face, "mew": 0.8}


def _legend(table: pl.DataFrame, corpora: Sequence[str], style: Style) -> list[Line2D]:
    there = set(table.filter(pl.col("element") == "point").select("corpus", "format").rows())
    handles = []
    for corpus, name in _series(corpora):
        if (corpus, name) in there:
            title = style.labels[name] if corpus is None else f"{corpus.capitalize()}, {style.labels[name]}"
            handles.append(Line2D([], [], label=title, **_encoding(corpus, name, corpora, style)))
    return handles + drawing.teacher_handle(table, style)
