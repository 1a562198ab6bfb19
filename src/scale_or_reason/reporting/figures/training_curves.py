"""Curves of all trainings: loss, learning rate, gradient norm and speed over optimizer steps.

One column per student, one block of rows per corpus; colour encodes the reasoning ratio, line style the curriculum.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import matplotlib.ticker as ticker
import polars as pl
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from scale_or_reason.common.errors import StudyError
from scale_or_reason.reporting.figures import drawing, legends
from scale_or_reason.reporting.figures.style import Style
from scale_or_reason.study import labels
from scale_or_reason.study.cells import CURRICULA, Cell, format_ratio

#: Column of a training log -> name on the axis.
MEASURES = {
    "loss": "Loss",
    "learning_rate": "Learning rate",
    "grad_norm": "Gradient norm",
    "tokens_per_second": "Tokens/s",
}
_LOGARITHMIC = ("grad_norm", "tokens_per_second")
_SCHEMA = {
    "corpus": pl.String(),
    "student": pl.String(),
    "size_b": pl.Float64(),
    "curriculum": pl.String(),
    "ratio": pl.Float64(),
    "seed": pl.Int64(),
    "measure": pl.String(),
    "step": pl.Float64(),  # the middle of the steps averaged in a point
    "value": pl.Float64(),
}
#: Maximum points per run; each is the mean of the steps around it.
_MOST_POINTS = 150
_CURRICULUM_LINES = {"seq": "-", "mix": ":", "seq-reversed": "--"}
#: Height of a row of panels relative to the style's; each corpus has four rows.
_ROW_HEIGHT = 0.62


def table(runs: Iterable[tuple[Cell, pl.DataFrame]], sizes: Mapping[str, float]) -> pl.DataFrame:
    """The data of :func:`draw`; ``runs`` are the trained cells with their training logs.

    ``sizes`` (student -> billions) orders the columns. Raises :class:`StudyError` for a student without a size.
    """
    curves = [pl.DataFrame(schema=_SCHEMA)]
    for cell, log in runs:
        if cell.student not in sizes:
            expected = ", ".join(sizes)
            raise StudyError("the size of a student is unknown", where="--sizes", found=cell.student, expected=expected)
        names = {name: pl.lit(getattr(cell, name)) for name in ("corpus", "student", "curriculum", "ratio", "seed")}
        for measure in MEASURES:
            curve = _means(log.select("step", value=pl.col(measure)))
            columns = {**names, "size_b": pl.lit(float(sizes[cell.student])), "measure": pl.lit(measure)}
            curves.append(curve.with_columns(**columns).select(list(_SCHEMA)).cast(_SCHEMA))  # type: ignore[arg-type]
    return pl.concat(curves).sort("corpus", "size_b", "student", "measure", "ratio", "curriculum", "seed", "step")


def _means(curve: pl.DataFrame) -> pl.DataFrame:
    """Means of ``step`` and ``value`` over equal intervals of steps."""
    stretch = -(-curve.height // _MOST_POINTS)
    return (
        curve.group_by(pl.int_range(pl.len()) // max(stretch, 1), maintain_order=True)
        .agg(pl.all().mean())
        .drop("literal", strict=False)
    )


def draw(table: pl.DataFrame, style: Style) -> Figure:
    """The figure of ``table``; call it within ``style.applied()``."""
    corpora = table["corpus"].unique(maintain_order=True).to_list() or [""]
    students = table.select("student", "size_b").unique(maintain_order=True).sort("size_b", "student").rows() or [
        ("", 0)
    ]
    rows = [(corpus, measure) for corpus in corpora for measure in MEASURES]
    height = _ROW_HEIGHT * style.panel_height_in * len(rows)
    figure = Figure(figsize=(style.width_in, height), layout="constrained")
    grid = figure.subplots(len(rows), len(students), squeeze=False, sharey="row")
    ratios = table["ratio"].unique().sort().to_list()
    colours = drawing.ratio_colours(ratios, style)
    for line, (corpus, measure) in enumerate(rows):
        for column, (student, size_b) in enumerate(students):
            own = table.filter(corpus=corpus, student=student, measure=measure)
            _draw_panel(grid[line, column], own, colours, style)
            if measure == "loss" and student:
                grid[line, column].set_title(f"{labels.size_label(size_b)}, {corpus}")
            # all measures of a corpus share the steps: labelled once, below the last row
            grid[line, column].tick_params(labelbottom=measure == list(MEASURES)[-1])
        _value_axis(grid[line, 0], measure, table.filter(corpus=corpus, measure=measure)["value"])
    for axes in grid[-1]:
        axes.set_xlabel("Step")
    figure.align_ylabels(grid[:, 0])
    sns.despine(figure)
    legends.write_below(figure, _legend(table, colours, style), "", style)
    return figure


def _draw_panel(axes: Axes, curves: pl.DataFrame, colours: Mapping[float, str], style: Style) -> None:
    if curves.is_empty():
        drawing.empty_panel(axes, style)
    for (ratio, curriculum, _), run in curves.group_by("ratio", "curriculum", "seed", maintain_order=True):
        encoding: dict[str, Any] = {"color": colours[ratio], "ls": _CURRICULUM_LINES[str(curriculum)]}
        axes.plot(run["step"], run["value"], lw=style.interval_width, **encoding)
    axes.xaxis.set_major_locator(ticker.MaxNLocator(nbins=3, integer=True))


def _value_axis(axes: Axes, measure: str, values: pl.Series) -> None:
    axes.set_ylabel(MEASURES[measure])
    positive = values.filter(values > 0).to_list()
    if measure in _LOGARITHMIC and positive:
        axes.set_yscale("log")
        # wide enough for one of the labels 1, 2, 5, 10, ... at least
        axes.set_ylim(min(positive) / 1.6, max(positive) * 1.6)
        powers = [10.0**power for power in range(-6, 10)]
        axes.yaxis.set_major_locator(ticker.FixedLocator([digit * power for power in powers for digit in (1, 2, 5)]))
        axes.yaxis.set_major_formatter(ticker.FuncFormatter(lambda value, _: _short(value)))
        axes.yaxis.set_minor_locator(ticker.NullLocator())
        return
    axes.yaxis.set_major_locator(ticker.MaxNLocator(nbins=4))
    if measure == "learning_rate":
        axes.ticklabel_format(axis="y", style="sci", scilimits=(0, 0))


def _short(value: float) -> str:
    """``0.5``, ``20``, ``200k``."""
    return f"{value / 1000:g}k" if value >= 1000 else f"{value:g}"


def _legend(table: pl.DataFrame, colours: Mapping[float, str], style: Style) -> list[Line2D]:
    handles = [Line2D([], [], color=colour, label=f"ρ = {format_ratio(ratio)}") for ratio, colour in colours.items()]
    grey = style.colours["note"]
    there = set(table["curriculum"])
    return handles + [
        Line2D([], [], color=grey, ls=_CURRICULUM_LINES[name], label=name) for name in CURRICULA if name in there
    ]
