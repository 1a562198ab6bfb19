"""Shared parts of figure tables: rows and notes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import polars as pl

#: Notes of panels with single runs, without a teacher's line, and without results.
RUNS_NOTE = "dashes: single training runs"
TEACHER_NOTE = "no teacher"
EMPTY_NOTE = "no results"


def tidy(rows: Iterable[Mapping[str, Any]], schema: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """``rows`` with the columns of ``schema``; missing values are null."""
    return pl.DataFrame([{name: row.get(name) for name in schema} for row in rows], schema=dict(schema))


def note_rows(panel: Mapping[str, Any], notes: Iterable[str]) -> list[dict[str, Any]]:
    """One row per note of a panel."""
    return [{**panel, "element": "note", "note": note} for note in notes]


def footnotes(notes: pl.DataFrame, panels: Sequence[tuple[str, ...]]) -> str:
    """All notes of a figure as one text, each with its panels unless it applies to all.

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
