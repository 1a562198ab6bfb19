"""Legends and notes below the panels of a figure, and titles and legends that fit their panels."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from typing import Any

import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.legend import Legend

from scale_or_reason.reporting.figures import parts
from scale_or_reason.reporting.figures.style import Style

#: Maximum lines of notes below a figure; the CSV has all notes.
_MOST_NOTE_LINES = 6
#: The share of a panel's place that a title may have, and that is left beside the labels of the y axis.
_TITLE_SHARE, _PANEL_SHARE = 0.96, 0.72


def finish(figure: Figure, table: pl.DataFrame, handles: Sequence[Any], style: Style, panel: Sequence[str]) -> None:
    """Write the legend and the notes of ``table`` below the panels; the columns ``panel`` name a panel."""
    notes = table.filter(pl.col("element") == "note").select(*panel, "note")
    panels = table.select(panel).unique(maintain_order=True).rows()
    write_below(figure, handles, parts.footnotes(notes, panels), style)


def write_below(figure: Figure, handles: Sequence[Any], text: str, style: Style) -> None:
    """Write a legend in the fewest lines, the style's note and ``text`` below the panels, in a band added there."""
    _wrap_labels(figure)
    size = style.font_size - 1
    width, height = figure.get_size_inches()
    lines = textwrap.wrap(f"{style.note} {text}".strip(), int(width * 72 / (0.52 * size)))
    if len(lines) > _MOST_NOTE_LINES:
        lines = [*lines[: _MOST_NOTE_LINES - 1], "(more notes in the CSV beside the figure)"]
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


def panel_width(axes: Axes) -> float:
    """The width of a panel without the labels of its y axis, in pixels, before the figure is laid out."""
    return _PANEL_SHARE * _cell_width(axes)


def _cell_width(axes: Axes) -> float:
    """The width of a panel's share of the figure, in pixels."""
    figure, place = axes.get_figure(root=True), axes.get_subplotspec()
    if place is None:
        return float(figure.bbox.width)
    return float(figure.bbox.width) * len(place.colspan) / place.get_gridspec().ncols


def _wrap_labels(figure: Figure) -> None:
    """Break titles and labels of the x axis that are wider than their panel, which would run into their neighbours."""
    for axes in figure.axes:
        room = _TITLE_SHARE * _cell_width(axes)
        for text in (axes.xaxis.label, axes.title):
            words = text.get_text()
            if "\n" not in words and (width := text.get_window_extent().width) > room:
                text.set_text(textwrap.fill(words, max(1, int(len(words) * room / width)), break_long_words=False))


def shrink_legend(axes: Axes, legend: Legend) -> None:
    """Make the letters of a legend in a panel smaller if it is wider than the panel."""
    room, width = panel_width(axes), legend.get_window_extent().width
    if width > room:
        for text in legend.get_texts():
            text.set_fontsize(text.get_fontsize() * max(0.6, room / width))


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
    """The handles in the fewest lines that fit the figure's width; of equal length if that takes no more lines."""
    if not handles:
        return []
    filled = _filled_lines(figure, handles)
    length = math.ceil(len(handles) / len(filled))
    equal = [handles[start : start + length] for start in range(0, len(handles), length)]
    return equal if all(_fits(figure, line) for line in equal) else filled


def _filled_lines(figure: Figure, handles: Sequence[Any]) -> list[Sequence[Any]]:
    """As many handles in each line as fit the figure's width, at least one."""
    lines: list[list[Any]] = [[]]
    for handle in handles:
        if lines[-1] and not _fits(figure, [*lines[-1], handle]):
            lines.append([])
        lines[-1].append(handle)
    return list(lines)


def _fits(figure: Figure, handles: Sequence[Any]) -> bool:
    return _legend_width(figure, handles) <= figure.bbox.width


def _legend_width(figure: Figure, handles: Sequence[Any]) -> float:
    legend = _legend_line(figure, handles, 0.5)
    width = legend.get_window_extent().width
    legend.remove()
    return width
