"""Accuracy against FLOPs of training or inference, with the Pareto frontier.

v1 figures 6, 7, 16, 17; v2 figures 2, 3, 8, 10, 11, 15, 16, 19 and the lower half of 5 and 7.

Students of the main corpus trained from base checkpoints, in a single format or sequentially at all ratios, and hybrid
students in both modes. The frontier is over all of them; below it is the area where some cheaper student is at least as
accurate. The saturating fit of each format is that of v1 appendix E.
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

from scale_or_reason.analysis.frontiers import pareto_frontier
from scale_or_reason.analysis.saturating_fit import SaturatingFit, fit_saturating
from scale_or_reason.common.seeds import derive_seed
from scale_or_reason.reporting.figures import drawing, legends, parts
from scale_or_reason.reporting.figures.grid import Grid, panel_grid, tasks_in
from scale_or_reason.reporting.figures.hybrids import draw_hybrids, hybrid_handles, hybrids_of
from scale_or_reason.reporting.figures.results import Results
from scale_or_reason.reporting.figures.style import Style
from scale_or_reason.reporting.figures.tasks import VALUES, Task, select_tasks, students_of, task_points, teacher_of
from scale_or_reason.scoring import model_points
from scale_or_reason.study import labels
from scale_or_reason.study.cells import FORMATS, HYBRID_KINDS

COSTS = ("training", "inference")
AXIS_LABELS = {"training": "Training FLOPs", "inference": "Inference FLOPs per answer"}
_SCHEMA = {
    "cost": pl.String(),  # training | inference
    "task": pl.String(),
    "family": pl.String(),
    # point | hybrid-no-think | hybrid-think | adopted | run (of several seeds) | teacher | fit | fit parameters | note
    "element": pl.String(),
    "ratio": pl.Float64(),
    "student": pl.String(),
    "size_b": pl.Float64(),
    "flops": pl.Float64(),
    "accuracy": pl.Float64(),
    "ci_low": pl.Float64(),
    "ci_high": pl.Float64(),
    "on_frontier": pl.Boolean(),
    "note": pl.String(),
}
_CURVE_POINTS = 120


def table(
    results: Results, *, tasks: str, costs: Sequence[str] = COSTS, sequential: bool = False, fits: bool = True
) -> pl.DataFrame:
    """The data of :func:`draw`: accuracies as shares, FLOPs per model (training) or per answer (inference).

    ``sequential`` shows all ratios of the sequential curriculum, not only the two formats; ``fits`` draws a curve
    through each format. Missing results get a note.
    """
    selected = select_tasks(results, tasks)
    points = task_points(results, selected)
    ratios = sorted(float(ratio) for ratio in results.ratios if sequential or ratio in (0, 1))
    ours = students_of(points, results.corpus, ratios).filter(pl.col("curriculum") == "seq")
    students, runs = model_points.mean_over_seeds(ours, VALUES), model_points.single_runs(ours, VALUES)
    hybrids = hybrids_of(points, results.corpus)
    rows: list[dict[str, Any]] = []
    for task in selected:
        teacher = teacher_of(points, task)
        for cost in costs:
            panel = {"cost": cost, "task": task.name, "family": task.family}
            flops = pl.col(f"{cost}_flops")
            own, single, hybrid = (
                frame.filter((pl.col("task") == task.name) & (flops > 0)).with_columns(flops=flops)
                for frame in (students, runs, hybrids)
            )
            content = list(_panel(own.sort("ratio", "size_b"), hybrid, teacher, results, ratios))
            content += _adopted(points, task, cost)
            content += list(_fits(own, task, teacher, results)) if fits and own.height else []
            content += [{**row, "element": "run"} for row in single.to_dicts()]
            content += parts.note_rows({}, [parts.RUNS_NOTE] if single.height else [])
            rows += [{**row, **panel} for row in content]
    return parts.tidy(rows, _SCHEMA)


def _adopted(points: pl.DataFrame, task: Task, cost: str) -> list[dict[str, Any]]:
    """The models that were not trained here; those with unknown FLOPs have no place."""
    flops = pl.col(f"{cost}_flops")
    rows = points.filter((pl.col("kind") == "adopted") & (pl.col("task") == task.name) & (flops > 0))
    return [{**row, "element": "adopted"} for row in rows.with_columns(flops=flops).sort("student").to_dicts()]


def _panel(
    points: pl.DataFrame,
    hybrids: pl.DataFrame,
    teacher: list[dict[str, Any]],
    results: Results,
    ratios: Sequence[float],
) -> Iterator[dict[str, Any]]:
    everyone = [*points.to_dicts(), *hybrids.sort("kind", "size_b", "curriculum", "ratio").to_dicts()]
    frontier = pareto_frontier([row["flops"] for row in everyone], [row["accuracy"] for row in everyone])
    for row, on_frontier in zip(everyone, frontier, strict=True):
        element = row["kind"] if row["kind"] in HYBRID_KINDS else "point"
        yield {**row, "element": element, "on_frontier": bool(on_frontier)}
    yield from ({**row, "ratio": None} for row in teacher)
    there = set(points.select("student", "ratio").rows())
    absent = [(student, ratio) for ratio in ratios for student in results.students if (student, ratio) not in there]
    missing = [f"{labels.size_label(results.sizes[student])} {labels.ratio_label(ratio)}" for student, ratio in absent]
    notes = [labels.missing_note(missing)] if missing and there else []
    notes += [] if there else [parts.EMPTY_NOTE]
    yield from parts.note_rows({}, notes + ([] if teacher else [parts.TEACHER_NOTE]))


def _fits(
    points: pl.DataFrame, task: Task, teacher: list[dict[str, Any]], results: Results
) -> Iterator[dict[str, Any]]:
    """The fitted curve of each format, or a note with the reason why there is none."""
    ceiling = teacher[0]["accuracy"] if teacher else 1.0
    statuses = {}
    for name, ratio in zip(FORMATS, (0.0, 1.0), strict=True):
        own = points.filter(pl.col("ratio") == ratio)
        seed = derive_seed(results.seed, "saturating fit", task.name, name)
        fit = fit_saturating(own["flops"], own["accuracy"], ceiling=ceiling, seed=seed)
        statuses[name] = fit.status
        if fit.status == "ok":
            yield from _curve(fit, ratio, min(own["flops"]), max(points["flops"]))
    if len(set(statuses.values())) == 1:
        notes = [f"no fit: {status}" for status in set(statuses.values()) if status != "ok"]
    else:
        notes = [f"no {labels.model_label(name)} fit: {status}" for name, status in statuses.items() if status != "ok"]
    yield from parts.note_rows({}, notes)


def _curve(fit: SaturatingFit, ratio: float, lowest: float, highest: float) -> Iterator[dict[str, Any]]:
    """The curve over the whole panel, for comparisons at equal cost and to show the plateau."""
    parameters = {key: getattr(fit, key) for key in ("alpha", "beta", "gamma", "delta", "scale", "mean_absolute_error")}
    yield {"element": "fit parameters", "ratio": ratio, "note": json.dumps(parameters)}
    for flops in np.geomspace(lowest, 1.6 * highest, _CURVE_POINTS):
        # Rounded below visible precision, since the last bits of an exponential differ between processors.
        flops = float(f"{flops:.6e}")
        yield {"element": "fit", "ratio": ratio, "flops": flops, "accuracy": round(float(fit(flops)), 6)}


def draw(table: pl.DataFrame, style: Style) -> Figure:
    """The figure of ``table``, a block of panels for each kind of cost; call it within ``style.applied()``."""
    costs = table["cost"].unique(maintain_order=True).to_list() or COSTS[:1]
    grid = panel_grid(tasks_in(table), style, blocks=len(costs))
    for block, cost in enumerate(costs):
        draw_block(grid, block, table.filter(cost=cost), style, heights=table)
        grid.label(block, x=AXIS_LABELS[cost], y="Accuracy (%)")
    sns.despine(grid.figure)
    sizes = table.filter(pl.col("element") == "point")["size_b"].unique().sort().to_list()
    handles = legend(table, style) + drawing.area_handles(sizes, style)
    legends.finish(grid.figure, table, handles, style, panel=("task", "cost"))
    return grid.figure


def draw_block(grid: Grid, block: int, table: pl.DataFrame, style: Style, heights: pl.DataFrame) -> None:
    """The panels of one kind of cost; ``heights`` are all rows that share a task's axis of accuracy."""
    sizes = table.filter(pl.col("element") == "point")["size_b"].unique().sort().to_list()
    colours = _colours(table, style)
    for task, axes in grid.blocks[block].items():
        _draw_panel(axes, table.filter(task=task), colours, style.marker_areas(sizes), style)
        drawing.accuracy_axis(axes, heights.filter(task=task))


def _draw_panel(
    axes: Axes, panel: pl.DataFrame, colours: Mapping[float, str], areas: Mapping[float, float], style: Style
) -> None:
    elements = {name: panel.filter(pl.col("element") == name) for name in ("point", "adopted", "run", "teacher", "fit")}
    hybrids = panel.filter(pl.col("element").is_in(HYBRID_KINDS))
    points = elements["point"]
    if points.height:
        costs = [*points["flops"], *hybrids["flops"], *elements["adopted"]["flops"]]
        drawing.flops_axis(axes, min(costs), max(costs))
        drawing.frontier(axes, pl.concat([points, hybrids]).filter("on_frontier"), style)
    else:
        drawing.empty_panel(axes, style)
    drawing.teacher_line(axes, elements["teacher"], style)
    for (ratio,), own in points.group_by("ratio", maintain_order=True):
        colour = colours[ratio]
        _draw_fit(axes, elements["fit"].filter(ratio=ratio), max(own["flops"]), colour, style)
        _draw_points(axes, own, colour, style, areas)
        drawing.run_marks(axes, elements["run"].filter(ratio=ratio), "flops", colour, style)
    draw_hybrids(axes, hybrids, areas, style)
    drawing.adopted_points(axes, elements["adopted"], style)


def _draw_fit(axes: Axes, curve: pl.DataFrame, last: float, colour: str, style: Style) -> None:
    """The fitted curve; paler beyond the ``last`` student, where it is a prediction."""
    for part, opacity in ((pl.col("flops") <= last, 1.0), (pl.col("flops") > last, 0.45)):
        piece = curve.filter(part)
        for ratio in set(piece["ratio"]):
            line = style.lines[FORMATS[int(ratio)]]
            axes.plot(piece["flops"], piece["accuracy"], zorder=2, color=colour, ls=line, alpha=opacity)


def _draw_points(axes: Axes, points: pl.DataFrame, colour: str, style: Style, areas: Mapping[float, float]) -> None:
    """Students of one ratio with the interval as a band; points on the frontier have its colour as edge."""
    drawing.series(axes, points.sort("size_b"), "flops", "accuracy", style, color=colour, ls="")
    edges = [style.colours["frontier"] if on_frontier else "white" for on_frontier in points["on_frontier"]]
    area = [areas[size] for size in points["size_b"]]
    encoding = {"marker": marker_of(points["ratio"][0], style), "color": colour, "edgecolors": edges}
    axes.scatter(points["flops"], points["accuracy"], s=area, lw=style.interval_width, zorder=4.5, **encoding)


def marker_of(ratio: float, style: Style) -> str:
    """The marker of the format, or of mixtures."""
    return style.markers[FORMATS[int(ratio)] if ratio in (0, 1) else "mixture"]


def _colours(table: pl.DataFrame, style: Style) -> dict[float, str]:
    ratios = table.filter(~pl.col("element").is_in(HYBRID_KINDS))["ratio"]
    return drawing.ratio_colours(ratios.drop_nulls().unique().sort().to_list(), style)


def legend(table: pl.DataFrame, style: Style) -> list[Any]:
    """The entries for ratios, teacher and frontier."""
    curves = "fit" in table["element"]
    handles: list[Any] = []
    for ratio, colour in _colours(table, style).items():
        name = FORMATS[int(ratio)] if ratio in (0, 1) else None
        encoding = {"marker": marker_of(ratio, style), "ls": style.lines[name] if name and curves else "", "ms": 4}
        label = style.labels[name] if name else labels.ratio_label(ratio)
        handles.append(Line2D([], [], color=colour, label=label, **encoding))
    return (
        handles
        + hybrid_handles(table, style)
        + drawing.adopted_handle(table, style)
        + drawing.teacher_handle(table, style)
        + drawing.frontier_handles(style)
    )
