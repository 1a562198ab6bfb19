"""Labels of sizes, ratios, models and counts for axes, notes and text."""

from __future__ import annotations

from collections.abc import Sequence


def size_label(size_b: float) -> str:
    """A student's size: 0.0005 billion is ``500K``, 0.5 is ``0.5B``."""
    if size_b >= 0.1:
        return f"{size_b:g}B"
    return f"{size_b * 1e3:.3g}M" if size_b >= 1e-3 else f"{size_b * 1e6:.3g}K"


def model_label(answer_format: str, size_b: float | None = None, corpus: str | None = None) -> str:
    """The label of a student in notes: ``3B math IFT``; without a size, the label of all sizes."""
    name = "IFT" if answer_format == "ift" else answer_format
    return " ".join(word for word in (size_label(size_b) if size_b else None, corpus, name) if word)


def ratio_label(ratio: float) -> str:
    """A reasoning ratio in words: ``IFT``, ``25 %``, ``reasoning``."""
    return {0.0: "IFT", 1.0: "reasoning"}.get(ratio, f"{100 * ratio:.4g} %")


def data_label(fraction: float) -> str:
    """A part of the training data in words: ``all data``, ``25 % data``."""
    return "all data" if fraction == 1 else f"{100 * fraction:.4g} % data"


def count_label(count: float) -> str:
    """A number of tokens on an axis: ``500``, ``2.5k``."""
    return f"{count / 1000:.3g}k" if abs(count) >= 1000 else f"{count:.3g}"


def listing(names: Sequence[str]) -> str:
    """The first four of ``names`` and the number of the others."""
    shown = ", ".join(names[:4])
    return f"{shown} and {len(names) - 4} more" if len(names) > 4 else shown


def missing_note(missing: Sequence[str]) -> str:
    """``missing: 3B IFT, 7B IFT``, shortened as in :func:`listing`."""
    return f"missing: {listing(missing)}"
