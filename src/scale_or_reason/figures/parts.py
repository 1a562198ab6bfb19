"""What several figures share: names of sizes, points averaged over seeds, notes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import polars as pl

from scale_or_reason.cells import FORMATS
from scale_or_reason.errors import StudyError

#: What a panel with the marks of single runs says, one without a teacher's line, and one without anything.
RUNS_NOTE = "dashes: single training runs"
TEACHER_NOTE = "no teacher"
EMPTY_NOTE = "no results"
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
    schema = {"student": pl.String(), "size_b": pl.Float64()}
    lookup = pl.DataFrame({"student": list(sizes), "size_b": list(map(float, sizes.values()))}, schema=schema)
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


def tidy(rows: Iterable[Mapping[str, Any]], schema: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """The columns of ``schema`` of ``rows``, null where a row has none."""
    return pl.DataFrame([{name: row.get(name) for name in schema} for row in rows], schema=dict(schema))


def note_rows(panel: Mapping[str, Any], notes: Iterable[str]) -> list[dict[str, Any]]:
    """A row for each note of a panel."""
    return [{**panel, "element": "note", "note": note} for note in notes]


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


def model_label(answer_format: str, size_b: float | None = None, corpus: str | None = None) -> str:
    """How notes name a student: ``3B math IFT``; without a size, all of them."""
    name = "IFT" if answer_format == "ift" else answer_format
    return " ".join(word for word in (size_label(size_b) if size_b else None, corpus, name) if word)


def ratio_label(ratio: float) -> str:
    """A reasoning ratio in words: ``IFT``, ``25 %``, ``reasoning``."""
    return {0.0: "IFT", 1.0: "reasoning"}.get(ratio, f"{100 * ratio:.4g} %")


def count_label(count: float) -> str:
    """A number of tokens on an axis: ``500``, ``2.5k``."""
    return f"{count / 1000:.3g}k" if abs(count) >= 1000 else f"{count:.3g}"


def missing_note(missing: Sequence[str]) -> str:
    """``missing: 3B IFT, 7B IFT``, shortened where there is much."""
    return f"missing: {listing(missing)}"


def listing(names: Sequence[str]) -> str:
    """The first four of ``names``, and how many more there are."""
    shown = ", ".join(names[:4])
    return f"{shown} and {len(names) - 4} more" if len(names) > 4 else shown
