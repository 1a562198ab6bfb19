"""Hybrid students in figures of accuracy against FLOPs: a point for each mode."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from scale_or_reason.reporting.figures.style import Style
from scale_or_reason.reporting.figures.tasks import VALUES
from scale_or_reason.scoring import model_points
from scale_or_reason.study.cells import FORMATS, HYBRID_KINDS

#: Kind -> marker and label; the colour is that of the format of its answers.
_LOOKS = {"hybrid-no-think": ("v", "Hybrid, plain"), "hybrid-think": ("^", "Hybrid, thinking")}


def hybrids_of(points: pl.DataFrame, corpus: str | None) -> pl.DataFrame:
    """The rows of hybrid students trained on ``corpus``, one for each mode: means over seeds."""
    own = pl.col("kind").is_in(HYBRID_KINDS) & (pl.col("corpus") == pl.lit(corpus, pl.String()))
    return model_points.mean_over_seeds(points.filter(own), VALUES)


def draw_hybrids(axes: Axes, points: pl.DataFrame, areas: Mapping[float, float], style: Style) -> None:
    """Hollow triangles with their intervals, upwards for thinking; those on the frontier are filled."""
    for row in points.sort("element", "size_b").to_dicts():
        (marker, _), colour = _LOOKS[row["element"]], _colour(row["element"], style)
        place, size = (row["flops"], row["accuracy"]), areas.get(row["size_b"], style.marker_area[-1])
        axes.vlines(row["flops"], row["ci_low"], row["ci_high"], color=colour, lw=style.interval_width, zorder=2.5)
        look = {"edgecolors": colour, "facecolors": colour if row["on_frontier"] else "white"}
        axes.scatter(*place, s=size, marker=marker, lw=style.interval_width, zorder=4.7, **look)


def hybrid_handles(table: pl.DataFrame, style: Style) -> list[Line2D]:
    """The legend's entries of the modes in the table."""
    return [
        Line2D([], [], ls="", marker=marker, ms=4, mfc="white", color=_colour(kind, style), label=label)
        for kind, (marker, label) in _LOOKS.items()
        if kind in table["element"]
    ]


def _colour(kind: str, style: Style) -> str:
    return style.colours[FORMATS[HYBRID_KINDS.index(kind)]]
