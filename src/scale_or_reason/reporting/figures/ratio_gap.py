"""Accuracy gap to IFT over the share of reasoning answers.

v1 figures 4 and 14 and the upper half of v2 figures 5 and 7: sequential training, a line per student size.
v1 figures 3 and 13, v2 figures 6 and 20: sequential and mixed training, means over all students, with the mean length
of answers on a second axis.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from statistics import fmean
from typing import Any

import matplotlib.ticker as ticker
import polars as pl
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from scale_or_reason.reporting.figures import drawing, legends, parts
from scale_or_reason.reporting.figures.gaps import gap, mean_gap
from scale_or_reason.reporting.figures.grid import Grid, panel_grid, tasks_in
from scale_or_reason.reporting.figures.results import Results
from scale_or_reason.reporting.figures.style import Style
from scale_or_reason.reporting.figures.tasks import VALUES, select_tasks, students_of, task_points
from scale_or_reason.scoring import model_points
from scale_or_reason.study import labels

SCHEMA = {
    "task": pl.String(),
    "family": pl.String(),
    "element": pl.String(),  # point | note
    "curriculum": pl.String(),
    "student": pl.String(),  # null for means over all students
    "size_b": pl.Float64(),
    "ratio": pl.Float64(),
    "gap": pl.Float64(),
    "ci_low": pl.Float64(),
    "ci_high": pl.Float64(),
    "answer_tokens": pl.Float64(),
    "note": pl.String(),
}
AXIS_LABELS = {"x": "Reasoning ratio (%)", "y": "Gap to IFT (points)"}
#: Colour of the palette (different from the formats') and marker.
_CURRICULA = {"seq": (2, "o"), "mix": (3, "s"), "seq-reversed": (4, "^")}
_LENGTH_LABEL = "Length (tokens)"
Found = Mapping[tuple[str, str, float], Mapping[str, Any]]


def table(results: Results, *, tasks: str, by: str = "size") -> pl.DataFrame:
    """The data of :func:`draw`, gaps as shares, lengths in tokens.

    ``by`` is ``size``, a line per student of the sequential curriculum, or ``curriculum``, a line per curriculum. A
    student without an IFT model has no gaps. A mean is over all students with results on the task; it is omitted at a
    ratio at which one of them is missing.
    """
    selected = select_tasks(results, tasks)
    points = task_points(results, selected)
    students = model_points.mean_over_seeds(students_of(points, results.corpus, results.ratios), VALUES)
    rows: list[dict[str, Any]] = []
    for task in selected:
        found = {
            (row["student"], row["curriculum"], row["ratio"]): row for row in students.filter(task=task.name).to_dicts()
        }
        panel = {"task": task.name, "family": task.family}
        lines = _by_size if by == "size" else _by_curriculum
        content = list(lines(found, results))
        notes = [row["note"] for row in content if "note" in row]
        own = [row for row in content if "note" not in row]
        rows += [{**panel, "element": "point", **row} for row in own]
        rows += parts.note_rows(panel, ([] if own else [parts.EMPTY_NOTE]) + (notes if found else []))
    return parts.tidy(rows, SCHEMA)


def _by_size(found: Found, results: Results) -> Iterator[dict[str, Any]]:
    missing = []
    for student in results.students:
        baseline = found.get((student, "seq", 0.0))
        for ratio in map(float, sorted(results.ratios)):
            row = found.get((student, "seq", ratio))
            if row is None:
                missing.append(f"{labels.size_label(results.sizes[student])} {labels.ratio_label(ratio)}")
            elif baseline is not None:
                cell = {"curriculum": "seq", "student": student, "size_b": results.sizes[student], "ratio": ratio}
                yield cell | gap(baseline, row)
    if missing:
        yield {"note": labels.missing_note(missing)}


def _by_curriculum(found: Found, results: Results) -> Iterator[dict[str, Any]]:
    there = {student for student, _, _ in found}
    shown = [student for student in results.students if student in there]
    missing = []
    for curriculum in results.curricula:
        for ratio in map(float, sorted(results.ratios)):
            # at ratios 0 and 1 all curricula are the same model, stored under seq
            stored = "seq" if ratio in (0, 1) else curriculum
            rows = {student: found.get((student, stored, ratio)) for student in shown}
            baselines = {student: found.get((student, "seq", 0.0)) for student in shown}
            absent = [student for student in shown if rows[student] is None]
            if ratio not in (0, 1) or curriculum == results.curricula[0]:
                name = labels.ratio_label(ratio) if ratio in (0, 1) else f"{curriculum} {labels.ratio_label(ratio)}"
                missing += [f"{labels.size_label(results.sizes[student])} {name}" for student in absent]
            if shown and not absent and None not in baselines.values():
                gaps = [gap(baselines[student], rows[student]) for student in shown]  # type: ignore[arg-type]
                tokens = fmean(row["answer_tokens"] for row in rows.values() if row)
                yield {"curriculum": curriculum, "ratio": ratio, "answer_tokens": tokens} | mean_gap(gaps)
    without = [labels.size_label(results.sizes[student]) for student in results.students if student not in there]
    if without:
        yield {"note": f"means without {', '.join(without)}"}
    if missing:
        yield {"note": labels.missing_note(missing)}


def draw(table: pl.DataFrame, style: Style) -> Figure:
    """The figure of ``table``; call it within ``style.applied()``."""
    grid = panel_grid(tasks_in(table), style)
    draw_block(grid, 0, table, style)
    grid.label(0, **AXIS_LABELS)
    sns.despine(grid.figure, right=not table["answer_tokens"].count())
    legends.finish(grid.figure, table, legend(table, style), style, panel=("task",))
    return grid.figure


def draw_block(grid: Grid, block: int, table: pl.DataFrame, style: Style) -> None:
    """The panels of one block of a figure."""
    sizes = table["size_b"].drop_nulls().unique().sort().to_list()
    ratios = table["ratio"].drop_nulls().unique().sort().to_list()
    for task, axes in grid.blocks[block].items():
        points = table.filter(pl.col("element") == "point", task=task)
        if points.is_empty():
            drawing.empty_panel(axes, style)
            continue
        if sizes:
            _draw_sizes(axes, points, ratios, drawing.size_colours(sizes, style), style)
        else:
            _draw_curricula(axes, points, ratios, style, grid.is_last(task))
        drawing.gap_axis(axes, style)
        axes.set_xlim(-0.05, 1.05)
        axes.xaxis.set_major_locator(ticker.FixedLocator(sorted({0.0, *ratios, 1.0})))
        axes.xaxis.set_major_formatter(ticker.FuncFormatter(lambda share, _: f"{100 * share:.3g}"))


def _with_gaps(points: pl.DataFrame, ratios: Sequence[float]) -> pl.DataFrame:
    """All ratios, so that a missing model leaves a gap in the line."""
    every = pl.DataFrame({"ratio": ratios}, schema={"ratio": pl.Float64()})
    return every.join(points, on="ratio", how="left", maintain_order="left")


def _draw_sizes(
    axes: Axes, points: pl.DataFrame, ratios: Sequence[float], colours: Mapping[float, str], style: Style
) -> None:
    for size, colour in colours.items():
        own = _with_gaps(points.filter(size_b=size), ratios)
        drawing.series(axes, own, "ratio", "gap", style, color=colour, marker="o", ms=3)


def _draw_curricula(axes: Axes, points: pl.DataFrame, ratios: Sequence[float], style: Style, is_last: bool) -> None:
    lengths = axes.twinx()
    for curriculum, (rank, marker) in _CURRICULA.items():
        if curriculum not in points["curriculum"]:
            continue
        own = _with_gaps(points.filter(curriculum=curriculum), ratios)
        encoding: dict[str, Any] = {"color": style.palette[rank], "marker": marker, "ms": 3}
        drawing.series(axes, own, "ratio", "gap", style, **encoding)
        lengths.plot(own["ratio"], own["answer_tokens"], ls="--", mfc="white", lw=style.interval_width, **encoding)
    lengths.set_ylim(bottom=0)
    lengths.yaxis.set_major_locator(ticker.MaxNLocator(nbins=5, steps=[1, 2, 5, 10]))
    lengths.yaxis.set_major_formatter(ticker.FuncFormatter(lambda tokens, _: labels.count_label(tokens)))
    if is_last:
        lengths.set_ylabel(_LENGTH_LABEL)


def legend(table: pl.DataFrame, style: Style) -> list[Line2D]:
    """The legend entries of sizes, or of curricula and their line styles."""
    sizes = table["size_b"].drop_nulls().unique().sort().to_list()
    if sizes:
        return drawing.size_handles(drawing.size_colours(sizes, style))
    handles = []
    for curriculum, (rank, marker) in _CURRICULA.items():
        if curriculum in table["curriculum"]:
            encoding: dict[str, Any] = {"color": style.palette[rank], "marker": marker, "ms": 4}
            handles.append(Line2D([], [], label=f"{style.labels[curriculum]}, gap", **encoding))
            handles.append(
                Line2D([], [], label=f"{style.labels[curriculum]}, length", ls="--", mfc="white", **encoding)
            )
    return handles
