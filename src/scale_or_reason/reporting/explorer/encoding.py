"""Visual encoding of the cells: colours, markers and labels, as in the figures (``config/style.yaml``)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.markers import MarkerStyle
from matplotlib.path import Path

from scale_or_reason.reporting.figures.drawing import ratio_colours, size_colours
from scale_or_reason.reporting.figures.style import Style
from scale_or_reason.study.cells import FORMATS, HYBRID_KINDS
from scale_or_reason.study.labels import ratio_label, size_label
from scale_or_reason.study.thinking_budgets import ThinkingBudget

#: How a cell answers without votes and budgets.
SINGLE = "single"
_COMMANDS = {Path.MOVETO: "M", Path.LINETO: "L", Path.CURVE3: "Q", Path.CURVE4: "C", Path.CLOSEPOLY: "Z"}
#: Position in the range of marker areas for models of unknown size.
_MIDDLE = 0.5


class Encoding:
    """The encoding of a study's cells, and of their further ways to answer, ``servings``.

    ``cells`` have ``kind, corpus, student, curriculum, ratio, data_fraction, shots, size_b``.
    """

    def __init__(self, style: Style, cells: Sequence[Mapping[str, Any]], servings: Sequence[str] = ()) -> None:
        self._style = style
        sizes = sorted({cell["size_b"] for cell in cells if cell["size_b"] is not None})
        ratios = sorted({cell["ratio"] for cell in cells if cell["ratio"] is not None})
        self._areas, self._sizes = style.marker_areas(sizes), size_colours(sizes, style)
        self._ratios = ratio_colours(ratios, style)
        corpora = list(dict.fromkeys(cell["corpus"] for cell in cells if cell["corpus"] is not None))
        self._corpora, self._servings = (
            {name: style.palette[rank % len(style.palette)] for rank, name in enumerate(names)}
            for names in (corpora, (SINGLE, *servings))
        )
        self._parts = size_colours(sorted({cell["data_fraction"] for cell in cells}), style)

    def of_cell(self, cell: Mapping[str, Any], serving: str = SINGLE) -> dict[str, Any]:
        """A cell's colours and legend keys by what the page can colour; its marker, the marker's side and fill.

        Filled: one format or sequential; open: mixed; dashed: reasoning first; with a dot: adapted.
        """
        base, other = self._style.colours["base"], self._style.colours["note"]
        low, high = self._style.marker_area
        area = self._areas.get(cell["size_b"], low + _MIDDLE * (high - low))
        fill = {"mix": "open", "seq-reversed": "dashed"}.get(
            cell["curriculum"], "dot" if cell["kind"] == "adapted" else "full"
        )
        return {
            "colours": {
                "ratio": base if cell["kind"] == "base" else self._ratios.get(cell["ratio"], other),
                "size": self._sizes.get(cell["size_b"], other),
                "corpus": base if cell["kind"] == "base" else self._corpora.get(cell["corpus"], other),
                "data": base if cell["kind"] == "base" else self._parts.get(cell.get("data_fraction", 1.0), other),
                "serving": self._servings[serving],
            },
            "keys": {
                "ratio": self._ratio_key(cell),
                "size": size_label(cell["size_b"]) if cell["size_b"] is not None else "unknown size",
                "corpus": self._style.labels["base"] if cell["kind"] == "base" else cell["corpus"] or cell["kind"],
                "data": self._style.labels["base"]
                if cell["kind"] == "base"
                else self.part(cell.get("data_fraction", 1)),
                "serving": self.serving(serving),
            },
            "marker": outline(self._style.markers[self._marker(cell)]),
            "side": area**0.5,
            "fill": fill,
        }

    def of_page(self) -> dict[str, Any]:
        """The encoding of the teacher, the frontier and the suboptimal area."""
        names = ("teacher", "frontier", "suboptimal")
        return {name: {"colour": self._style.colours[name], "label": self._style.labels[name]} for name in names}

    def label(self, cell: Mapping[str, Any]) -> str:
        """The label of a cell: ``Qwen2.5-3B, general, 25 % mixed``."""
        labels, student = self._style.labels, cell["student"]
        if cell["kind"] == "base":
            return f"{student}, {labels['base']}, {cell['shots']} shot{'' if cell['shots'] == 1 else 's'}"
        if cell["kind"] == "teacher":
            return f"{student}, {labels['teacher']}, thinking {'on' if cell['ratio'] else 'off'}"
        if cell["kind"] == "adopted":
            return f"{student}, adopted"
        if cell["kind"] == "adapted":
            return f"{student}, adapted: {self.adaptation(cell['curriculum'])}"
        curriculum = "" if cell["ratio"] in (0, 1) else f" {self.curriculum(cell['curriculum']).lower()}"
        mode = {"hybrid-think": ", hybrid, thinking", "hybrid-no-think": ", hybrid, plain"}.get(cell["kind"], "")
        fraction = cell.get("data_fraction", 1)
        part = "" if fraction == 1 else f", {self.part(fraction)}"
        return f"{student}, {cell['corpus']}, {self._ratio_key(cell)}{curriculum}{mode}{part}"

    def curriculum(self, name: str) -> str:
        """The label of a curriculum."""
        return self._style.labels.get(name, name)

    def adaptation(self, name: str) -> str:
        """The label of an adaptation such as ``ift-then-reasoning``."""
        return " then ".join(self._style.labels.get(part, part) for part in name.split("-then-"))

    def part(self, fraction: float) -> str:
        """The label of a share of the data."""
        return "all data" if fraction == 1 else f"{100 * fraction:.4g} % of the data"

    def serving(self, name: str) -> str:
        """The label of a way to answer, such as ``budget-64 vote@4`` or ``budget-p50``."""
        if name == SINGLE:
            return "single answer"
        parts = [re.sub(r"^budget-(.+)", _cut_at, re.sub(r"^vote@(.+)", r"vote of \1", part)) for part in name.split()]
        return ", ".join(parts)

    def ratio(self, ratio: float) -> str:
        """The label of a ratio."""
        return self._style.labels[FORMATS[int(ratio)]] if ratio in (0, 1) else ratio_label(ratio)

    def _ratio_key(self, cell: Mapping[str, Any]) -> str:
        if cell["kind"] == "adopted":
            return "adopted"
        return self._style.labels["base"] if cell["ratio"] is None else self.ratio(cell["ratio"])

    def _marker(self, cell: Mapping[str, Any]) -> str:
        if cell["kind"] == "adopted":
            return "mixture"
        if cell["kind"] in HYBRID_KINDS:
            return FORMATS[HYBRID_KINDS.index(cell["kind"])]
        if cell["ratio"] is None:
            return "base"
        return FORMATS[int(cell["ratio"])] if cell["ratio"] in (0, 1) else "mixture"


def _cut_at(budget: re.Match[str]) -> str:
    found = ThinkingBudget.parse(budget[1])
    return f"thoughts cut at {found.label if found.is_percentile else found}"


def outline(marker: str) -> str:
    """A matplotlib marker as an SVG path, about one unit wide, y downwards."""
    shape = MarkerStyle(marker)
    path = shape.get_path().transformed(shape.get_transform())
    parts = []
    for points, code in path.iter_segments(simplify=False):
        numbers = (
            ""
            if code == Path.CLOSEPOLY
            else " ".join(f"{(-value if place % 2 else value) + 0.0:.3g}" for place, value in enumerate(points))
        )
        parts.append(_COMMANDS[code] + numbers)
    return "".join(parts)
