"""The papers' statements as computed rows: value, interval, verdict, and the cells that they are about.

What the statements are stands in :mod:`claims.statements`; here is how one is judged. A statement has parts
that must all hold, each a margin that is above zero where the part holds. With replicates it is *supported* if every
part is above zero beyond chance, *contradicted* if some part is below zero beyond chance (with its p-value multiplied
by the number of parts), else *undecided*. Chance is a false discovery rate of 0.05 over all statements. Without
replicates the measured margins decide alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from scale_or_reason.analysis.contrasts import UNDECIDED
from scale_or_reason.analysis.replicates import RATE, benjamini_hochberg, interval, p_value
from scale_or_reason.claims.study_view import PLACES, Missing, StudyView
from scale_or_reason.common.tables import table_from_rows
from scale_or_reason.scoring.evidence import Evidence
from scale_or_reason.scoring.model_points import of_whole_data

Floats = NDArray[np.float64]

SUPPORTED, CONTRADICTED = "supported", "contradicted"


@dataclass(frozen=True)
class Result:
    """A statement's ``value`` (1 + replicates,) and its parts' margins, all above zero if it holds.

    ``words`` fill further places in its text; ``note`` says what the reader should know.
    """

    value: Floats
    parts: Sequence[Floats]
    words: Mapping[str, Any] = field(default_factory=dict)
    note: str | None = None


@dataclass(frozen=True)
class Statement:
    """One statement of the papers.

    ``text`` names students by ``PLACES`` in braces. ``paper`` is the number in the papers' words. ``reference`` is what
    this library computes from the papers' own tables, within ``tolerance``, and ``reference_verdict`` what follows;
    None where the tables do not have what it takes. ``remark`` explains where words and tables differ.
    """

    name: str
    source: str
    text: str
    unit: str
    measure: Callable[[StudyView], Result]
    paper: str | None = None
    reference: float | None = None
    tolerance: float = 0.051
    reference_verdict: str = SUPPORTED
    remark: str | None = None


def findings(
    evidence: Evidence,
    statements: Iterable[Statement],
    corpora: Sequence[str],
    stopped: pl.DataFrame | None = None,
    limits: pl.DataFrame | None = None,
    rates: Mapping[str, Mapping[str, float]] | None = None,
) -> pl.DataFrame:
    """A ``findings`` table: a row per statement, also where cells are missing, which the note then names.

    ``corpora``, ``stopped``, ``limits`` and ``rates`` as in :class:`~scale_or_reason.claims.study_view.StudyView`.
    """
    stopped = None if stopped is None else of_whole_data(stopped)
    rows = [_row(statement, StudyView(evidence, corpora, stopped, limits, rates or {})) for statement in statements]
    adjusted = benjamini_hochberg([np.nan if row["p"] is None else row["p"] for row in rows])
    for row, q in zip(rows, adjusted, strict=True):
        row["q"] = None if np.isnan(q) else float(q)
        if row["q"] is not None and row["q"] > RATE:
            row["verdict"] = UNDECIDED
    return table_from_rows(rows, "findings")


def _row(statement: Statement, view: StudyView) -> dict[str, Any]:
    row: dict[str, Any] = {name: getattr(statement, name) for name in ("name", "source", "unit", "paper", "remark")}
    row["flops_by"] = view.evidence.flops_by
    places = {place: view.size(place) for place in PLACES}
    try:
        result = statement.measure(view)
    except Missing as missing:
        text = statement.text.format_map(_Blank(places))
        return row | {"statement": text, "verdict": UNDECIDED, "p": None, "note": f"missing: {missing}"}
    margins = np.stack(np.broadcast_arrays(*result.parts), axis=-1)
    verdict, p = judged(margins)
    low, high = interval(np.atleast_1d(result.value))
    values = {"value": float(np.atleast_1d(result.value)[0]), "low": low, "high": high, "p": p}
    text = statement.text.format_map(_Blank(places | dict(result.words)))
    holding = {"parts": margins.shape[1], "parts_holding": int((margins[0] > 0).sum())}
    alone = "measured values alone decide" if p is None and view.evidence.replicates else None
    note = "; ".join(part for part in (result.note, alone) if part) or None
    return row | values | holding | {"statement": text, "verdict": verdict, "cells": ", ".join(view.used), "note": note}


def judged(margins: Floats) -> tuple[str, float | None]:
    """Verdict on measured margins, and its p-value; ``margins`` are (1 + replicates, parts).

    That all parts hold is as surprising as the least sure of them; that one does not as the surest, times their number.
    """
    measured = margins[0]
    holds = bool((measured > 0).all())
    verdict = SUPPORTED if holds else CONTRADICTED
    p = [p_value(margins[:, part]) for part in range(margins.shape[1])]
    if any(value is None for value in p):
        return verdict, None
    known = np.array(p, float)
    return verdict, float(known.max() if holds else min(1.0, len(known) * known[measured <= 0].min()))


class _Blank(dict):
    """Words of a text; those that are not known stay as dots."""

    def __missing__(self, key: str) -> str:
        return "..."
