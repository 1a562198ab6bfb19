"""v2 figure 2: accuracy against training FLOPs (top) and inference FLOPs (bottom), one column per family.

IFT and reasoning students of one corpus, trained from base checkpoints on one format only (ratio 0 and 1), as in
v1 figures 6 and 7; the saturating fit of v1 appendix E for each format; the teacher's line; the Pareto frontier over
both formats, and below it the area where some cheaper student is at least as accurate.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from scale_or_reason.cells import FORMATS
from scale_or_reason.families import family_points
from scale_or_reason.figures import parts
from scale_or_reason.figures.style import Style
from scale_or_reason.frontiers import SaturatingFit, fit_saturating, pareto_frontier
from scale_or_reason.seeds import derive_seed

COSTS = ("training", "inference")
_AXIS_LABELS = {"training": "Training FLOPs", "inference": "Inference FLOPs per answer"}
_SCHEMA = {
    "cost": pl.String(),  # training | inference
    "family": pl.String(),
    "element": pl.String(),  # point | run (of several seeds) | teacher | fit | fit parameters | note
    "format": pl.String(),
    "student": pl.String(),
    "size_b": pl.Float64(),
    "flops": pl.Float64(),
    "accuracy": pl.Float64(),
    "ci_low": pl.Float64(),
    "ci_high": pl.Float64(),
    "on_frontier": pl.Boolean(),
    "note": pl.String(),
}
_VALUES = ("accuracy", "ci_low", "ci_high", "training_flops", "inference_flops")
_CURVE_POINTS = 120


def table(
    scores: pl.DataFrame,
    costs: pl.DataFrame,
    *,
    sizes: Mapping[str, float],
    corpus: str = "general",
    families: Sequence[str] | None = None,
    seed: int = 0,
) -> pl.DataFrame:
    """Everything that :func:`draw` draws: accuracies as shares, FLOPs per model (training) or per answer (inference).

    ``sizes`` maps each student that should be there to its size in billions; one without results gets a note.
    """
    points = parts.with_format(parts.with_sizes(family_points(scores, costs), sizes))
    trained = (pl.col("kind") == "distilled") & (pl.col("corpus") == corpus) & pl.col("format").is_not_null()
    students = parts.mean_over_seeds(points.filter(trained), _VALUES)
    runs = parts.single_runs(points.filter(trained), _VALUES)
    rows: list[dict[str, Any]] = []
    for family in parts.main_families(scores, families):
        teacher = parts.teacher_accuracy(points, family)
        for cost in COSTS:
            panel = students.filter(pl.col("family") == family).with_columns(flops=pl.col(f"{cost}_flops"))
            panel = panel.filter(pl.col("flops") > 0).sort("format", "size_b")
            rows += [{"cost": cost, "family": family, **row} for row in _panel(panel, teacher, sizes, seed)]
            single = runs.filter(pl.col("family") == family).with_columns(flops=pl.col(f"{cost}_flops"))
            rows += [{**row, "cost": cost, "element": "run"} for row in single.filter(pl.col("flops") > 0).to_dicts()]
            if single.height:
                rows.append({"cost": cost, "family": family, "element": "note", "note": parts.RUNS_NOTE})
    return pl.DataFrame([{name: row.get(name) for name in _SCHEMA} for row in rows], schema=_SCHEMA)


def _panel(
    points: pl.DataFrame, teacher: pl.DataFrame, sizes: Mapping[str, float], seed: int
) -> Iterator[dict[str, Any]]:
    frontier = pareto_frontier(points["flops"], points["accuracy"])
    for row, on_frontier in zip(points.to_dicts(), frontier, strict=True):
        yield {**row, "element": "point", "on_frontier": bool(on_frontier)}
    for row in teacher.to_dicts():
        yield {**row, "element": "teacher", "format": None}
    ceiling = teacher["accuracy"].item() if teacher.height else 1.0
    fits = {name: _fit(points.filter(pl.col("format") == name), name, ceiling, seed) for name in FORMATS}
    for name, fit in fits.items():
        if fit.status == "ok":
            yield from _curve(fit, name, points)
    notes = _fit_notes(fits)
    there = set(points.select("student", "format").rows())
    missing = [(student, name) for name in FORMATS for student in sizes if (student, name) not in there]
    if missing and there:  # a panel without a single point says so itself
        notes.append(parts.missing_note([parts.model_label(name, sizes[student]) for student, name in missing]))
    if not teacher.height:
        notes.append("no teacher")
    for note in notes:
        yield {"element": "note", "note": note}


def _fit(points: pl.DataFrame, name: str, ceiling: float, seed: int) -> SaturatingFit:
    own_seed = derive_seed(seed, "saturating fit", *points["family"].unique(), name)
    return fit_saturating(points["flops"], points["accuracy"], ceiling=ceiling, seed=own_seed)


def _fit_notes(fits: Mapping[str, SaturatingFit]) -> list[str]:
    statuses = {name: fit.status for name, fit in fits.items()}
    if len(set(statuses.values())) == 1:
        return [f"no fit: {status}" for status in set(statuses.values()) if status != "ok"]
    return [f"no {parts.model_label(name)} fit: {status}" for name, status in statuses.items() if status != "ok"]


def _curve(fit: SaturatingFit, name: str, panel: pl.DataFrame) -> Iterator[dict[str, Any]]:
    parameters = {key: getattr(fit, key) for key in ("alpha", "beta", "gamma", "delta", "scale")}
    error = {"mean_absolute_error": fit.mean_absolute_error}
    yield {"element": "fit parameters", "format": name, "note": json.dumps(parameters | error)}
    # Over the whole panel, so that formats can be compared at equal cost and the plateau ahead shows.
    own = panel.filter(pl.col("format") == name)["flops"]
    for flops in np.geomspace(min(own), 1.6 * max(panel["flops"]), _CURVE_POINTS):
        # Rounded far below what can be seen: the last bits of an exponential differ between processors.
        flops = float(f"{flops:.6e}")
        yield {"element": "fit", "format": name, "flops": flops, "accuracy": round(float(fit(flops)), 6)}


def draw(table: pl.DataFrame, style: Style) -> Figure:
    """The figure of ``table``, two rows of panels; call it within ``style.applied()``."""
    families = table["family"].unique(maintain_order=True).to_list()
    sizes = table.filter(pl.col("element") == "point")["size_b"].unique().sort().to_list()
    figure = Figure(figsize=(style.width_in, 2 * style.panel_height_in), layout="constrained")
    grid = figure.subplots(2, len(families), squeeze=False, sharey="col")
    for column, family in enumerate(families):
        of_family = table.filter(pl.col("family") == family)
        for line, cost in enumerate(COSTS):
            _draw_panel(grid[line, column], of_family.filter(pl.col("cost") == cost), style, style.marker_areas(sizes))
            grid[line, column].set(xlabel=_AXIS_LABELS[cost], ylabel=None)
        parts.accuracy_axis(grid[0, column], of_family)
        grid[0, column].set_title(family)
    for axes in grid[:, 0]:
        axes.set_ylabel("Accuracy (%)")
    sns.despine(figure)
    notes = table.filter(pl.col("element") == "note").select("family", "cost", "note")
    panels = [(family, cost) for family in families for cost in COSTS]
    parts.write_below(figure, _legend(table, sizes, style), parts.footnotes(notes, panels), style)
    return figure


def _draw_panel(axes: Axes, panel: pl.DataFrame, style: Style, areas: Mapping[float, float]) -> None:
    by_element = {name: panel.filter(pl.col("element") == name) for name in ("point", "run", "teacher", "fit")}
    points = by_element["point"]
    if points.height:
        parts.flops_axis(axes, points["flops"].min(), points["flops"].max())  # type: ignore[arg-type]
        _draw_frontier(axes, points.filter("on_frontier"), style)
    else:
        parts.empty_panel(axes, style)
    parts.teacher_line(axes, by_element["teacher"], style)
    for name in FORMATS:
        own = points.filter(pl.col("format") == name)
        if own.height:
            _draw_fit(axes, by_element["fit"].filter(pl.col("format") == name), own["flops"].max(), name, style)
        _draw_points(axes, own, name, style, areas)
        parts.run_marks(axes, by_element["run"].filter(pl.col("format") == name), "flops", style.colours[name], style)


def _draw_fit(axes: Axes, curve: pl.DataFrame, last: Any, name: str, style: Style) -> None:
    """The fitted curve; paler beyond the ``last`` student, where it is a prediction."""
    for part, opacity in ((pl.col("flops") <= last, 1.0), (pl.col("flops") > last, 0.45)):
        piece = curve.filter(part)
        look = {"color": style.colours[name], "ls": style.lines[name], "alpha": opacity}
        axes.plot(piece["flops"], piece["accuracy"], zorder=2, **look)


def _draw_points(axes: Axes, points: pl.DataFrame, name: str, style: Style, areas: Mapping[float, float]) -> None:
    parts.interval_bars(axes, points, "flops", style.colours[name], style)
    for on_frontier, edge in ((False, "white"), (True, style.colours["frontier"])):
        sns.scatterplot(
            data=points.filter(pl.col("on_frontier") == on_frontier).to_pandas(),
            x="flops",
            y="accuracy",
            size="size_b",
            sizes=dict(areas),
            marker=style.markers[name],
            color=style.colours[name],
            edgecolor=edge,
            linewidth=style.interval_width,
            legend=False,
            ax=axes,
            zorder=4,
        )


def _draw_frontier(axes: Axes, frontier: pl.DataFrame, style: Style) -> None:
    """A step: between two frontier students the cheaper one is the best that the budget buys."""
    frontier = frontier.sort("flops")
    flops = [*frontier["flops"], axes.get_xlim()[1]]
    accuracy = [*frontier["accuracy"], frontier["accuracy"][-1]]
    line = {"color": style.colours["frontier"], "ls": style.lines["frontier"], "lw": style.interval_width}
    axes.step(flops, accuracy, where="post", zorder=1.5, **line)
    shade = {"color": style.colours["suboptimal"], "alpha": style.suboptimal_opacity, "lw": 0}
    axes.fill_between(flops, accuracy, -1, step="post", zorder=0, **shade)


def _legend(table: pl.DataFrame, sizes: Sequence[float], style: Style) -> list[Any]:
    colours, labels = style.colours, style.labels
    handles: list[Any] = [
        Line2D([], [], color=colours[name], marker=style.markers[name], ls=style.lines[name], ms=4, label=labels[name])
        for name in FORMATS
    ]
    handles += parts.teacher_handle(table, style)
    frontier = {"color": colours["frontier"], "ls": style.lines["frontier"], "lw": style.interval_width}
    frontier |= {"marker": "o", "mfc": "white", "mew": style.interval_width, "ms": 4}
    handles.append(Line2D([], [], label=labels["frontier"], **frontier))
    handles.append(Patch(color=colours["suboptimal"], alpha=2 * style.suboptimal_opacity, label=labels["suboptimal"]))
    areas = style.marker_areas(list(sizes))
    for size in sizes:
        dot = {"color": colours["note"], "marker": "o", "ls": "", "ms": areas[size] ** 0.5}
        handles.append(Line2D([], [], label=parts.size_label(size), **dot))
    return handles
