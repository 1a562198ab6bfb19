"""Inference FLOPs against student size, with a power law for each format (v1 figure 11, v2 figure 14).

y = alpha x^beta, a straight line in log-log, with its 95 % confidence band; coefficients are in the panels.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import matplotlib.ticker as ticker
import numpy as np
import polars as pl
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from scale_or_reason.analysis.power_laws import EXTENSION, PowerLaw, fit_power_law
from scale_or_reason.reporting.figures import drawing, legends, parts
from scale_or_reason.reporting.figures.grid import panel_grid, tasks_in
from scale_or_reason.reporting.figures.results import Results
from scale_or_reason.reporting.figures.style import Style
from scale_or_reason.reporting.figures.tasks import VALUES, select_tasks, students_of, task_points
from scale_or_reason.scoring import model_points
from scale_or_reason.study import labels
from scale_or_reason.study.cells import FORMATS

_SCHEMA = {
    "task": pl.String(),
    "family": pl.String(),
    "element": pl.String(),  # point | law | law parameters | note
    "format": pl.String(),
    "student": pl.String(),
    "size_b": pl.Float64(),
    "flops": pl.Float64(),
    "flops_low": pl.Float64(),
    "flops_high": pl.Float64(),
    "note": pl.String(),
}
_CURVE_POINTS = 40


def table(results: Results, *, tasks: str, extended: bool) -> pl.DataFrame:
    """The data of :func:`draw`, FLOPs per answer; ``extended`` extrapolates to five times the largest size."""
    selected = select_tasks(results, tasks)
    points = students_of(task_points(results, selected), results.corpus, (0, 1))
    students = model_points.mean_over_seeds(points, VALUES).filter(pl.col("inference_flops") > 0).sort("size_b")
    largest = max(results.sizes.values(), default=1.0) * (EXTENSION if extended else 1)
    rows: list[dict[str, Any]] = []
    for task in selected:
        panel = {"task": task.name, "family": task.family}
        own = students.filter(task=task.name).with_columns(flops=pl.col("inference_flops"))
        missing, content = [], []
        for name in FORMATS:
            line = own.filter(pl.col("format") == name)
            absent = [student for student in results.students if student not in set(line["student"])]
            missing += [labels.model_label(name, results.sizes[student]) for student in absent]
            content += [{**row, "element": "point"} for row in line.to_dicts()]
            content += _law(line, name, largest)
        notes = [labels.missing_note(missing)] if missing else []
        rows += [{**row, **panel} for row in content]
        rows += parts.note_rows(panel, notes if own.height else [parts.EMPTY_NOTE])
    return parts.tidy(rows, _SCHEMA)


def _law(points: pl.DataFrame, name: str, largest: float) -> Iterator[dict[str, Any]]:
    law = fit_power_law(points["size_b"], points["flops"])
    if law.status != "ok":
        if points.height:
            yield {"element": "note", "note": f"no {labels.model_label(name)} law: {law.status}"}
        return
    yield {"element": "law parameters", "format": name, "note": json.dumps(_parameters(law))}
    # the largest student ends the drawn part and begins the predicted one
    first, last = min(points["size_b"]), max(points["size_b"])
    sizes = np.unique(
        [*np.geomspace(first, last, _CURVE_POINTS), *np.geomspace(last, max(largest, last), _CURVE_POINTS)]
    )
    low, high = law.interval(sizes)
    for values in np.stack([sizes, law(sizes), low, high], axis=1):
        # Rounded below visible precision, since the last bits of a power differ between processors.
        size, flops, below, above = (float(f"{value:.6e}") for value in values)
        yield {
            "element": "law", "format": name, "size_b": size, "flops": flops, "flops_low": below, "flops_high": above
        }  # fmt: skip


def _parameters(law: PowerLaw) -> dict[str, float]:
    low, high = law.exponent_interval()
    values = {"alpha": law.coefficient, "beta": law.exponent, "beta_low": low, "beta_high": high}
    return {name: float(f"{value:.5g}") for name, value in values.items()}


def draw(table: pl.DataFrame, style: Style) -> Figure:
    """The figure of ``table``; call it within ``style.applied()``."""
    grid = panel_grid(tasks_in(table), style)
    largest = table.filter(pl.col("element") == "point")["size_b"].max()
    ticks = table.filter(pl.col("element") == "point")["size_b"].unique().sort().to_list()
    end = table.filter(pl.col("element") == "law")["size_b"].max()
    if end and largest and end > 1.01 * largest:  # type: ignore[operator]
        ticks.append(end)
    for task, axes in grid.blocks[0].items():
        _draw_panel(axes, table.filter(task=task), ticks, style)
    grid.label(0, x="Student size (parameters)", y="Inference FLOPs per answer")
    sns.despine(grid.figure)
    handles = []
    for name in FORMATS:
        encoding = {"color": style.colours[name], "marker": style.markers[name], "ls": style.lines[name], "ms": 4}
        handles.append(Line2D([], [], label=style.labels[name], **encoding))
    legends.finish(grid.figure, table, handles, style, panel=("task",))
    return grid.figure


def _draw_panel(axes: Axes, panel: pl.DataFrame, ticks: Sequence[float], style: Style) -> None:
    points = panel.filter(pl.col("element") == "point")
    if points.is_empty():
        drawing.empty_panel(axes, style)
        return
    axes.set_yscale("log")
    for rank, name in enumerate(FORMATS):
        colour = style.colours[name]
        own, curve = points.filter(format=name), panel.filter(pl.col("element") == "law", format=name)
        axes.plot(own["size_b"], own["flops"], color=colour, marker=style.markers[name], ls="", ms=3.5, zorder=4)
        last = max(points["size_b"])
        for part, opacity in ((pl.col("size_b") <= last, 1.0), (pl.col("size_b") >= last, 0.45)):
            piece = curve.filter(part)
            axes.plot(piece["size_b"], piece["flops"], color=colour, ls=style.lines[name], alpha=opacity, zorder=3)
        axes.fill_between(
            curve["size_b"], curve["flops_low"], curve["flops_high"], color=colour, alpha=style.band_opacity, lw=0
        )
        for parameters in panel.filter(pl.col("element") == "law parameters", format=name)["note"]:
            _write_law(axes, json.loads(parameters), rank, colour, style)
    low, high = min(points["flops"]), max(*points["flops"], *panel["flops"].drop_nulls())
    axes.set_ylim(low / 2, high * 6)  # room for the coefficients
    axes.yaxis.set_major_locator(ticker.LogLocator(numticks=5))
    axes.yaxis.set_minor_locator(ticker.NullLocator())
    drawing.size_axis(axes, ticks)


def _write_law(axes: Axes, law: dict[str, float], rank: int, colour: str, style: Style) -> None:
    mantissa, exponent = f"{law['alpha']:.1e}".split("e")
    text = rf"${mantissa}\cdot10^{{{int(exponent)}}}\,x^{{{law['beta']:.2f}}}$"
    place = {"transform": axes.transAxes, "va": "top", "fontsize": style.font_size - 0.5, "color": colour, "zorder": 6}
    axes.text(0.03, 0.99 - 0.12 * rank, text, **place)
