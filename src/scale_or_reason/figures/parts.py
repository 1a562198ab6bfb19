"""What several figures share: names of sizes, points averaged over seeds, axes, notes."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.ticker as ticker
import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.lines import Line2D

from scale_or_reason.cells import FORMATS
from scale_or_reason.errors import StudyError
from scale_or_reason.figures.style import Style

#: What a panel with :func:`run_marks` says.
RUNS_NOTE = "dashes: single training runs"
#: The four families of the papers' main figures.
MAIN_FAMILIES = ("General-MC", "General-OE", "Math-MC", "Math-OE")


def size_label(size_b: float) -> str:
    """A student's size as people write it: 0.0005 billions is ``500K``, 0.5 is ``0.5B``."""
    if size_b >= 0.1:
        return f"{size_b:g}B"
    return f"{size_b * 1e3:.3g}M" if size_b >= 1e-3 else f"{size_b * 1e6:.3g}K"


def main_families(scores: pl.DataFrame, wanted: Sequence[str] | None) -> list[str]:
    """The families that get a panel: those asked for, else the paper's main ones in the data, else all in the data."""
    if wanted:
        return list(wanted)
    found = scores["family"].unique(maintain_order=True).to_list()
    return [family for family in MAIN_FAMILIES if family in found] or found


def with_sizes(points: pl.DataFrame, sizes: Mapping[str, float]) -> pl.DataFrame:
    """Add ``size_b`` by student; teachers have none.

    Raises :class:`StudyError` for a student whose size is not given.
    """
    students = points.filter(pl.col("kind") != "teacher")["student"].unique().sort()
    unknown = [name for name in students if name not in sizes]
    if unknown:
        raise StudyError(
            "the size of a student is not known",
            where="--sizes",
            found=", ".join(unknown),
            expected=", ".join(sizes),
            remedy="give every student's size in billions of parameters",
        )
    lookup = pl.DataFrame({"student": list(sizes), "size_b": [float(size) for size in sizes.values()]})
    return points.join(lookup, on="student", how="left", maintain_order="left")


def with_format(points: pl.DataFrame) -> pl.DataFrame:
    """Add ``format``: ``ift`` at ratio 0, ``reasoning`` at ratio 1, else null."""
    ratio = pl.col("ratio")
    ift, reasoning = (pl.lit(name) for name in FORMATS)
    return points.with_columns(format=pl.when(ratio == 0).then(ift).when(ratio == 1).then(reasoning))


def mean_over_seeds(points: pl.DataFrame, values: Sequence[str]) -> pl.DataFrame:
    """One row for all replicas of a model: means of ``values``.

    Interval bounds are averaged like the rest: replicas answer the same items, so seeds make the interval no narrower.
    """
    return points.group_by(_apart_from_seeds(points, values), maintain_order=True).agg(pl.col(*values).mean())


def single_runs(points: pl.DataFrame, values: Sequence[str]) -> pl.DataFrame:
    """The rows of models that were trained with several seeds: the spread around their mean."""
    return points.filter(pl.len().over(_apart_from_seeds(points, values)) > 1)


def _apart_from_seeds(points: pl.DataFrame, values: Sequence[str]) -> list[str]:
    return [name for name in points.columns if name not in {*values, "seed", "model_id"}]


def teacher_accuracy(points: pl.DataFrame, family: str) -> pl.DataFrame:
    """The teacher's row for ``family``: in reasoning mode, or in IFT mode where only that was evaluated; or no row."""
    rows = points.filter((pl.col("kind") == "teacher") & (pl.col("family") == family))
    return rows.sort("ratio", descending=True).head(1)


def flops_axis(axes: Axes, low: float, high: float) -> None:
    """A logarithmic axis around ``low`` to ``high`` FLOPs with two to four labelled powers of ten."""
    low, high = low / 1.6, high * 1.6
    if np.floor(np.log10(high)) - np.ceil(np.log10(low)) < 1:
        # Less than two powers of ten inside: without a second label a logarithmic axis cannot be read.
        low, high = 10 ** np.floor(np.log10(low)), 10 ** np.ceil(np.log10(high))
    axes.set_xscale("log")
    axes.set_xlim(low, high)
    axes.xaxis.set_major_locator(ticker.LogLocator(numticks=5))
    axes.xaxis.set_minor_locator(ticker.LogLocator(subs=range(2, 10), numticks=50))
    axes.xaxis.set_minor_formatter(ticker.NullFormatter())


def accuracy_axis(axes: Axes, drawn: pl.DataFrame) -> None:
    """A linear axis in per cent, from about a multiple of ten below the lowest bound to a little above the highest."""
    low = np.floor(min(drawn["ci_low"].drop_nulls(), default=0.0) * 10) / 10
    high = max(low + 0.1, max(drawn["ci_high"].drop_nulls(), default=1.0))
    axes.set_ylim(low - 0.02 * (high - low), high + 0.06 * (high - low))
    axes.yaxis.set_major_locator(ticker.MaxNLocator(nbins=6, steps=[1, 2, 5, 10]))
    axes.yaxis.set_major_formatter(ticker.PercentFormatter(xmax=1, decimals=0, symbol=""))


def footnotes(notes: pl.DataFrame, panels: Sequence[tuple[str, ...]]) -> str:
    """All notes of a figure as one text, each with the panels it holds for, unless it holds for all.

    ``notes`` has the columns of a panel's name (family first) and ``note``; ``panels`` lists the names of all panels.
    """
    sentences = []
    for (note,), rows in notes.group_by("note", maintain_order=True):
        there = set(rows.drop("note").rows())
        families = {panel[0]: {other for other in panels if other[0] == panel[0]} for panel in panels}
        where = [family for family, own in families.items() if own <= there]
        where += [" ".join(panel) for panel in panels if panel in there and panel[0] not in where]
        sentences.append(str(note) if there == set(panels) else f"{note} ({', '.join(where)})")
    return "; ".join(sentences)


def write_below(figure: Figure, handles: Sequence[Any], text: str, style: Style) -> None:
    """Write a legend in as few lines as it fits and ``text`` under the panels, in a band added to the figure."""
    size = style.font_size - 1
    width, height = figure.get_size_inches()
    lines = textwrap.wrap(text, int(width * 72 / (0.52 * size)))
    entries = _legend_lines(figure, handles)
    line_height, margin = 1.6 * style.font_size / 72, 0.3 * style.font_size / 72
    legend_band = len(entries) * line_height + 2 * margin
    band = legend_band + (len(lines) * 1.3 + 0.3) * size / 72 * bool(lines)
    full = height + band
    figure.set_size_inches(width, full)
    figure.get_layout_engine().set(rect=(0, band / full, 1, height / full))
    for rank, line in enumerate(entries):
        _legend_line(figure, line, (band - margin - (rank + 0.5) * line_height) / full)
    figure.text(
        0.5,
        (band - legend_band) / 2 / full,
        "\n".join(lines),
        ha="center",
        va="center",
        fontsize=size,
        color=style.colours["note"],
        in_layout=False,
    )


def _legend_line(figure: Figure, handles: Sequence[Any], y: float) -> Legend:
    legend = figure.legend(
        handles=list(handles),
        loc="center",
        bbox_to_anchor=(0.5, y),
        ncols=len(handles),
        frameon=False,
        columnspacing=1.2,
    )
    legend.set_in_layout(False)
    return legend


def _legend_lines(figure: Figure, handles: Sequence[Any]) -> list[Sequence[Any]]:
    """The handles in as few lines of equal length as are no wider than the figure."""
    lines: list[Sequence[Any]] = []
    for count in range(1, len(handles) + 1):
        length = math.ceil(len(handles) / count)
        lines = [handles[start : start + length] for start in range(0, len(handles), length)]
        if max(_legend_width(figure, line) for line in lines) <= figure.bbox.width:
            break
    return lines


def _legend_width(figure: Figure, handles: Sequence[Any]) -> float:
    legend = _legend_line(figure, handles, 0.5)
    width = legend.get_window_extent().width
    legend.remove()
    return width


def empty_panel(axes: Axes, style: Style) -> None:
    """A panel without a single result says so."""
    axes.set(xticks=[])
    axes.text(0.5, 0.5, "no results", transform=axes.transAxes, ha="center", color=style.colours["note"])


def model_label(answer_format: str, size_b: float | None = None, corpus: str | None = None) -> str:
    """How notes name a student: ``3B math IFT``; without a size, all of them."""
    name = "IFT" if answer_format == "ift" else answer_format
    return " ".join(word for word in (size_label(size_b) if size_b else None, corpus, name) if word)


def missing_note(missing: Sequence[str]) -> str:
    """``missing: 3B IFT, 7B IFT``, shortened where there is much."""
    shown = ", ".join(missing[:4])
    return f"missing: {shown}" + (f" and {len(missing) - 4} more" if len(missing) > 4 else "")


def interval_bars(axes: Axes, points: pl.DataFrame, x: str, colour: str, style: Style) -> None:
    """Vertical bars from ``ci_low`` to ``ci_high`` at the column ``x``."""
    axes.vlines(points[x], points["ci_low"], points["ci_high"], color=colour, lw=style.interval_width, zorder=3)


def run_marks(axes: Axes, runs: pl.DataFrame, x: str, colour: str, style: Style) -> None:
    """A dash for each single run at the column ``x``, wide enough to be seen on both sides of the largest marker."""
    area = (style.marker_area[1] ** 0.5 + style.font_size) ** 2
    axes.scatter(runs[x], runs["accuracy"], marker="_", s=area, color=colour, lw=style.interval_width, zorder=3.5)


def teacher_line(axes: Axes, teacher: pl.DataFrame, style: Style) -> None:
    """The teacher's accuracy as a line across the panel, its interval as a band; ``teacher`` has one row or none."""
    colour = style.colours["teacher"]
    for row in teacher.to_dicts():
        axes.axhspan(row["ci_low"], row["ci_high"], color=colour, alpha=0.15, lw=0, zorder=0.5)
        axes.axhline(row["accuracy"], color=colour, ls=style.lines["teacher"], zorder=1)


def teacher_handle(table: pl.DataFrame, style: Style) -> list[Line2D]:
    """The teacher's entry in the legend, if it is in the figure."""
    look = {"color": style.colours["teacher"], "ls": style.lines["teacher"], "label": style.labels["teacher"]}
    return [Line2D([], [], **look)] if "teacher" in table["element"] else []
