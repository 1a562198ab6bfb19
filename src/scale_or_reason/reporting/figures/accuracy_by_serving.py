"""Accuracy against inference FLOPs per item by way to answer: single answers, votes and cut thoughts.

A curve joins the numbers of votes of a student, others its thinking budgets in tokens and at percentiles. The frontier
is over all students and ways of the panel. Families are panels where all of their benchmarks have further ways; single
benchmarks are where they have ways that their family has not. A note names the students that a panel lacks, and the
ways that other students of their format have.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
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
from scale_or_reason.reporting.figures.tasks import students_of
from scale_or_reason.scoring import model_points
from scale_or_reason.study import labels
from scale_or_reason.study.cells import FORMATS

_SCHEMA = {
    "task": pl.String(),
    "family": pl.String(),
    "element": pl.String(),  # point | note
    "format": pl.String(),
    "student": pl.String(),
    "size_b": pl.Float64(),
    "serving": pl.String(),
    "budget": pl.Int64(),
    "percentile": pl.Int64(),
    "k": pl.Int64(),
    "flops": pl.Float64(),
    "accuracy": pl.Float64(),
    "ci_low": pl.Float64(),
    "ci_high": pl.Float64(),
    "on_frontier": pl.Boolean(),
    "note": pl.String(),
}
#: The line that joins budgets of each kind, and the kind: in tokens, and at percentiles.
_BUDGET_LINES = {
    ":": pl.col("percentile").is_null() & pl.col("budget").is_not_null(),
    "-.": pl.col("percentile").is_not_null(),
}
_NO_WAYS = f"{parts.EMPTY_NOTE}: neither study.votes, benchmarks.samples_per_item nor study.thinking_budgets is set"


def table(results: Results) -> pl.DataFrame:
    """The data of :func:`draw`: accuracies as shares, FLOPs per item, of the students of one format."""
    known = students_of(results.table("test_time"), results.corpus, (0, 1)).drop_nulls("accuracy")
    known = model_points.with_format(known).rename(
        {"inference_flops": "flops", "accuracy_low": "ci_low", "accuracy_high": "ci_high"}
    )
    formats = [name for name in FORMATS if (known["format"] == name).any()]
    rows: list[dict[str, Any]] = []
    for task, family, own in _panels(known, results.families):
        frontier = pareto_frontier(own["flops"].cast(pl.Float64), own["accuracy"])
        points = own.with_columns(on_frontier=pl.Series(frontier, dtype=pl.Boolean))
        panel = {"task": task, "family": family}
        rows += [{name: row.get(name) for name in _SCHEMA} | panel | {"element": "point"} for row in points.to_dicts()]
        rows += parts.note_rows(panel, _notes(own, formats, results))
    if not rows:
        rows = parts.note_rows({"task": "ways to answer", "family": "ways to answer"}, [_NO_WAYS])
    return parts.tidy(rows, _SCHEMA)


def _panels(known: pl.DataFrame, families: Mapping[str, Any]) -> list[tuple[str, str, pl.DataFrame]]:
    """Task, family and points of each panel with a further way to answer."""
    panels: list[tuple[str, str, pl.DataFrame]] = []
    for family, benchmarks in families.items():
        own = known.filter(family=family)
        whole = own.filter(pl.col("benchmark").is_null())
        single = [(name, own.filter(benchmark=name)) for name in benchmarks]
        panels += [(family, family, whole)] if _ways(whole) else []
        panels += [(name, family, part) for name, part in single if _ways(part) - _ways(whole)]
    return panels


def _ways(points: pl.DataFrame) -> set[str]:
    """The ways to answer other than once."""
    return set(points["serving"]) - {"single"}


def _notes(points: pl.DataFrame, formats: Sequence[str], results: Results) -> Iterator[str]:
    """What a panel lacks. The ways to expect are those of its table: students may differ in them by the config."""
    missing: list[str] = []
    without: dict[tuple[str, ...], list[str]] = {}
    for name in formats:
        of_format = points.filter(format=name)
        ways = of_format["serving"].unique().sort().to_list()
        for student in results.students:
            own = set(of_format.filter(student=student)["serving"])
            label = labels.model_label(name, results.sizes[student])
            if not own:
                missing.append(label)
            elif lacking := tuple(way for way in ways if way not in own):
                without.setdefault(lacking, []).append(label)
    if missing:
        yield labels.missing_note(missing)
    for ways_left, students in without.items():
        yield f"no {labels.listing(ways_left)}: {labels.listing(students)}"


def draw(table: pl.DataFrame, style: Style) -> Figure:
    """The figure of ``table``; call it within ``style.applied()``."""
    points = table.filter(element="point")
    return students_by_flops(table, "Inference FLOPs per item", _draw_panel, _legend(style, points), style)


def _draw_panel(axes: Axes, points: pl.DataFrame, areas: Mapping[float, float], style: Style) -> None:
    shown = points.drop_nulls("flops")
    if shown.is_empty():
        drawing.empty_panel(axes, style)
        return
    drawing.flops_axis(axes, min(shown["flops"]), max(shown["flops"]))
    drawing.frontier(axes, shown.filter("on_frontier"), style)
    for (name, size), own in shown.group_by("format", "size_b", maintain_order=True):
        _draw_student(axes, own, style.colours[str(name)], style.markers[str(name)], areas[float(size)], style)
    drawing.accuracy_axis(axes, shown)


def _draw_student(axes: Axes, own: pl.DataFrame, colour: str, marker: str, area: float, style: Style) -> None:
    single, cut = pl.col("serving") == "single", pl.col("serving").str.starts_with("budget-")
    line = {"color": colour, "lw": style.interval_width, "zorder": 2}
    votes, thoughts = own.filter(~cut).sort("k"), own.filter((pl.col("k") == 1) & (single | cut))
    axes.plot(votes["flops"], votes["accuracy"], ls="-", **line)
    for style_of_line, kind in _BUDGET_LINES.items():
        ordered = thoughts.filter(single | kind).sort("percentile", "budget", nulls_last=True)
        axes.plot(ordered["flops"], ordered["accuracy"], ls=style_of_line, **line)
    bars = {"color": colour, "lw": style.interval_width / 2, "alpha": 0.5, "zorder": 1.8}
    axes.vlines(own["flops"], own["ci_low"], own["ci_high"], **bars)
    edges = [style.colours["frontier"] if on_frontier else colour for on_frontier in own["on_frontier"]]
    axes.scatter(
        own["flops"],
        own["accuracy"],
        marker=marker,
        s=[area if name == "single" else area / 2 for name in own["serving"]],
        facecolors=["white" if name.startswith("budget-") else colour for name in own["serving"]],
        edgecolors=edges,
        lw=style.interval_width,
        zorder=4,
    )


def _legend(style: Style, points: pl.DataFrame) -> list[Any]:
    handles: list[Any] = []
    for name in FORMATS:
        encoding = {"color": style.colours[name], "marker": style.markers[name], "ls": "", "ms": 4}
        handles.append(Line2D([], [], label=style.labels[name], **encoding))
    grey = {"color": style.colours["note"], "marker": "o", "ms": 3}
    if (points["k"] > 1).any():
        handles.append(Line2D([], [], ls="-", label="2, 4, ... answers that vote", **grey))
    labels = ("Thoughts cut at a number of tokens", "Thoughts cut at a percentile of their lengths")
    for (style_of_line, kind), label in zip(_BUDGET_LINES.items(), labels, strict=True):
        if points.filter(kind).height:
            handles.append(Line2D([], [], ls=style_of_line, mfc="white", label=label, **grey))
    return handles + drawing.frontier_handles(style)
