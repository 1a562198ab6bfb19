"""The figure of a plan: GPU-hours by stage, and the memory of a GPU by part."""

from __future__ import annotations

from collections.abc import Mapping
from io import StringIO
from typing import Any

import matplotlib
import matplotlib.ticker as ticker
import polars as pl
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, to_hex
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from scale_or_reason.reporting.figures.style import Style

#: Parts of memory -> colour, from the style's palette.
_MEMORY_COLOURS = {
    "weights": "#0072B2",
    "gradients": "#56B4E9",
    "optimizer": "#009E73",
    "activations": "#E69F00",
    "logits": "#F0E442",
    "cache": "#D55E00",
    "overhead": "#B5B5B5",
}
_BAR_HEIGHT_IN = 0.2
#: Shades for models of one role, light to dark.
_RAMPS = {"student": ("#BBD7EA", "#0072B2"), "judge": ("#F3C3A5", "#B04A00"), "teacher": ("#009E73", "#009E73")}


def draw(cells: pl.DataFrame, memory: pl.DataFrame, roles: Mapping[str, str], limit_gb: float, style: Style) -> Figure:
    """The figure; call it within ``style.applied()``.

    ``cells`` and ``memory`` are tables of a plan, ``roles`` maps each model to student, teacher or judge, in the order
    of the legend, ``limit_gb`` is the memory of a GPU.
    """
    stages = cells.filter(pl.col("gpus") > 0)["stage"].unique(maintain_order=True).to_list()
    rows = max(len(stages), memory.height, 5)
    figure = Figure(figsize=(1.25 * style.width_in, 1.6 + _BAR_HEIGHT_IN * rows), layout="constrained")
    hours, gigabytes = figure.subplots(1, 2, width_ratios=[1, 1])
    colours = model_colours(roles)
    _draw_hours(hours, cells, stages, colours)
    _draw_memory(gigabytes, memory, limit_gb, style)
    sns.despine(figure)
    used = [name for name in roles if name in set(cells["model"])]
    note = "paler: done already" if cells["done"].any() else None
    _legend_below(hours, [Patch(color=colours[name], label=name) for name in used], note)
    shown = [(part, colour) for part, colour in _MEMORY_COLOURS.items() if _any(memory, part)]
    _legend_below(gigabytes, [Patch(color=colour, label=part) for part, colour in shown], None)
    return figure


def _legend_below(axes: Axes, handles: list[Patch], title: str | None) -> None:
    """A separate legend, since the panels' colours have different meanings."""
    place = {"loc": "upper center", "bbox_to_anchor": (0.4, -0.16)}
    legend = axes.legend(
        handles=handles, ncols=2, frameon=False, title=title, columnspacing=1.2, handlelength=1.2, **place
    )
    legend.get_title().set_fontsize("medium")


def model_colours(roles: Mapping[str, str]) -> dict[str, str]:
    """A colour for each model; models of a role have shades of one colour."""
    colours = {}
    for role, ends in _RAMPS.items():
        names = [name for name, own in roles.items() if own == role]
        blend = LinearSegmentedColormap.from_list(role, ends)
        for rank, name in enumerate(names):
            colours[name] = to_hex(blend((rank + 1) / len(names)))
    return colours


def _draw_hours(axes: Axes, cells: pl.DataFrame, stages: list[str], colours: Mapping[str, str]) -> None:
    sums = cells.group_by("stage", "model", "done").agg(pl.col("gpu_hours").sum())
    amounts = {(stage, model, done): hours for stage, model, done, hours in sums.iter_rows()}
    for line, stage in enumerate(stages):
        start = 0.0
        for model, colour in colours.items():
            for done in (False, True):
                hours = amounts.get((stage, model, done), 0.0)
                axes.barh(line, hours, left=start, color=colour, alpha=0.35 if done else 1, height=0.55, lw=0)
                start += hours
        axes.annotate(
            f"{start:,.0f}" if start >= 10 else f"{start:.2g}",
            (start, line),
            (3, 0),
            va="center",
            textcoords="offset points",
        )
    axes.set(yticks=range(len(stages)), yticklabels=[stage.replace("_", " ") for stage in stages], xlabel="GPU-hours")
    axes.invert_yaxis()
    axes.margins(x=0.14)
    axes.xaxis.set_major_formatter(ticker.FuncFormatter(lambda value, _: f"{value:,g}"))
    axes.xaxis.set_major_locator(ticker.MaxNLocator(nbins=5))
    axes.tick_params(axis="y", length=0)


def _draw_memory(axes: Axes, memory: pl.DataFrame, limit_gb: float, style: Style) -> None:
    labels = []
    for line, row in enumerate(memory.to_dicts()):
        start = 0.0
        for part, colour in _MEMORY_COLOURS.items():
            axes.barh(line, row[f"{part}_gb"], left=start, color=colour, height=0.7, lw=0)
            start += row[f"{part}_gb"]
        labels.append(f"{row['model']}, {row['kind']}")
        if not row["fits"]:
            axes.annotate("does not fit", (start, line), (3, 0), va="center", textcoords="offset points")
    axes.axvline(limit_gb, color=style.colours["note"], ls="--", lw=style.interval_width)
    axes.set(yticks=range(len(labels)), yticklabels=labels, xlabel="GB per GPU (dashed: capacity)")
    axes.invert_yaxis()
    axes.tick_params(axis="y", length=0)


def _any(memory: pl.DataFrame, part: str) -> bool:
    return memory.height > 0 and memory[f"{part}_gb"].sum() > 0


def as_svg(figure: Figure) -> str:
    """The figure as SVG for a web page, with text as text; equal figures give equal files."""
    stream = StringIO()
    settings: dict[str, Any] = {"svg.fonttype": "none", "svg.hashsalt": "plan"}
    with matplotlib.rc_context(settings):
        figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None})
    text = stream.getvalue()
    return text[text.index("<svg") :]
