"""v2 table 1 on a page: accuracies of both formats by corpus, size and family, and the shift from one to the other."""

from __future__ import annotations

import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from scale_or_reason.analysis.table1 import table1
from scale_or_reason.reporting.figures import legends, parts
from scale_or_reason.reporting.figures.results import Results
from scale_or_reason.reporting.figures.style import Style
from scale_or_reason.reporting.figures.tasks import Task, select_tasks
from scale_or_reason.study import labels

_COLUMNS = ("ift", "reasoning", "shift")
#: Heights in lines of text; widths in characters.
_LINE = 1.7
_MISSING = "–"


def table(results: Results, *, tasks: str) -> pl.DataFrame:
    """:func:`~analysis.table1.table1` with notes: accuracies in per cent, shifts in points, with intervals.

    A family with a missing benchmark has no mean.
    """
    selected = select_tasks(results, tasks)
    scores = results.table("scores")
    complete = [_complete(scores, task) for task in selected]
    found = table1(
        pl.concat([scores.clear(), *complete]),
        sizes=results.sizes,
        corpora=results.corpora,
        families=[task.name for task in selected],
    )
    cells = found.with_columns(element=pl.lit("cell"), note=pl.lit(None, pl.String()))
    missing = [
        f"{corpus} {labels.size_label(size)} {labels.model_label(name)} ({family})"
        for name in _COLUMNS[:2]
        for corpus, family, size in found.filter(pl.col(name).is_null()).select("corpus", "family", "size_b").rows()
    ]
    notes = [labels.missing_note(missing)] if missing else []
    without = [
        family for (family,), rows in found.group_by("family", maintain_order=True) if not rows["teacher"].count()
    ]
    notes += [f"{parts.TEACHER_NOTE} ({', '.join(without)})"] if without else []
    notes += [] if found.height else [parts.EMPTY_NOTE]
    written = pl.DataFrame(parts.note_rows({}, notes), schema={"element": pl.String(), "note": pl.String()})
    return pl.concat([cells, written], how="diagonal").select("element", pl.exclude("element"))


def _complete(scores: pl.DataFrame, task: Task) -> pl.DataFrame:
    """The scores of models that have all benchmarks of a family."""
    own = scores.filter(pl.col("benchmark").is_in(task.benchmarks))
    return own.filter(pl.len().over("model_id") == len(task.benchmarks)).with_columns(family=pl.lit(task.name))


def draw(table: pl.DataFrame, style: Style) -> Figure:
    """The figure of ``table``; call it within ``style.applied()``. Shifts whose interval excludes zero are bold."""
    cells = table.filter(pl.col("element") == "cell")
    families = cells["family"].unique(maintain_order=True).to_list()
    rows = cells.select("corpus", "size_b").unique(maintain_order=True).rows()
    height = _LINE * style.font_size / 72 * (len(rows) + 4)
    figure = Figure(figsize=(style.width_in, height), layout="constrained")
    axes = figure.subplots()
    axes.set_axis_off()
    axes.set(xlim=(0, 2 + 3 * max(len(families), 1)), ylim=(len(rows) + 2.5, -0.5))
    _draw_head(axes, families, cells, style)
    for line, (corpus, size) in enumerate(rows):
        y = line + 2.5
        if line == 0 or corpus != rows[line - 1][0]:
            axes.text(0, y, corpus, weight="bold")
            axes.axhline(y - 0.75, color=style.colours["note"], lw=0.4)
        axes.text(1.2, y, labels.size_label(size))
        for column, family in enumerate(families):
            cell = cells.filter(corpus=corpus, size_b=size, family=family).row(0, named=True)
            _draw_cell(axes, cell, 2.6 + 3 * column, y, style)
    text = "; ".join(table.filter(pl.col("element") == "note")["note"])
    legends.write_below(figure, [], text, style)
    return figure


def _draw_head(axes: Axes, families: list[str], cells: pl.DataFrame, style: Style) -> None:
    for column, family in enumerate(families):
        x = 2.6 + 3 * column
        axes.text(x + 0.9, 0, family, weight="bold", ha="center")
        teacher = cells.filter(family=family)["teacher"].drop_nulls().to_list()
        axes.text(x + 0.9, 0.8, f"teacher {teacher[0]:.1f}" if teacher else "no teacher", ha="center")
        for rank, name in enumerate((style.labels["ift"], style.labels["reasoning"][:6] + ".", "shift")):
            axes.text(x + rank * 0.95, 1.6, name, ha="center", color=style.colours["note"])


def _draw_cell(axes: Axes, cell: dict, x: float, y: float, style: Style) -> None:
    best = max((name for name in _COLUMNS[:2] if cell[name] is not None), key=lambda name: cell[name], default=None)
    for rank, name in enumerate(_COLUMNS):
        value = cell[name]
        text = _MISSING if value is None else f"{value:+.1f}" if name == "shift" else f"{value:.1f}"
        colour = style.colours["frontier"]
        weight = "bold" if name == best else "normal"
        if name == "shift" and value is not None:
            colour = style.colours["reasoning" if value > 0 else "ift"]
            weight = "bold" if cell["shift_low"] > 0 or cell["shift_high"] < 0 else "normal"
        axes.text(x + rank * 0.95, y, text, ha="center", color=colour, weight=weight)
