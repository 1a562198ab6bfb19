"""A study's numbers beside the papers', cell by cell."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from scale_or_reason.claims.paper_results import CORPORA, POWER_LAW, TABLE1, TEACHER, read_reference
from scale_or_reason.common.tables import table_from_rows
from scale_or_reason.scoring.model_points import of_whole_data
from scale_or_reason.study.cells import FORMATS

VERSIONS = ("v1", "v2")


@dataclass(frozen=True)
class Tolerance:
    """How far apart two numbers may be that agree: accuracies and shifts in points, FLOPs by a factor."""

    points: float
    factor: float


def reproduction(
    folder: Path, uncertainty: pl.DataFrame, frontiers: pl.DataFrame, tolerance: Tolerance
) -> pl.DataFrame:
    """A ``reproduction`` table: a row for each number of the papers' tables in ``folder``, and ours beside it.

    ``uncertainty`` and ``frontiers`` are the tables ``uncertainty`` and ``frontier_membership`` of the study. Cells are
    matched by corpus, family, format and size; one that the study does not have has a note, and so has a version
    of which the folder has no table. ``agrees`` is yes if our whole interval lies within the tolerance of the paper's
    number, no if none of it does, else undecided.
    """
    rows: list[dict[str, Any]] = []
    uncertainty, frontiers = map(of_whole_data, (uncertainty, frontiers))
    ours = uncertainty.filter(pl.col("benchmark").is_null())
    flops = frontiers.filter(pl.col("benchmark").is_null(), cost="inference", among="formats")
    for version in VERSIONS:
        found = [
            *_accuracies(read_reference(folder, version, "table1", TABLE1, needed=False), ours, tolerance),
            *_teacher(read_reference(folder, version, "teacher", TEACHER, needed=False), ours, tolerance),
            *_flops(folder, version, flops, tolerance),
        ]
        rows += [{"version": version, **row} for row in found]
        if not found:
            rows.append({"version": version, "note": f"the folder has no tables of {version}"})
    return table_from_rows(rows, "reproduction")


def _accuracies(table: pl.DataFrame, ours: pl.DataFrame, tolerance: Tolerance) -> Iterator[dict[str, Any]]:
    for row in table.iter_rows(named=True):
        key = {name: row[name] for name in ("corpus", "family")} | {"size_b": float(row["size_b"])}
        for ratio, name in enumerate(FORMATS):
            mine = _find(ours, kind="distilled", ratio=float(ratio), **key)
            yield _in_points(key | {"quantity": "accuracy", "format": name}, row[name], mine, "accuracy", tolerance)
        mine = _find(ours, kind="distilled", ratio=1.0, **key)
        yield _in_points(key | {"quantity": "shift"}, row[FORMATS[1]] - row[FORMATS[0]], mine, "gap", tolerance)


def _teacher(table: pl.DataFrame, ours: pl.DataFrame, tolerance: Tolerance) -> Iterator[dict[str, Any]]:
    for row in table.iter_rows(named=True):
        key = {"family": row["family"], "quantity": "teacher", "format": FORMATS[1]}
        mine = _find(ours, kind="teacher", ratio=1.0, family=row["family"])
        yield _in_points(key, row["teacher"], mine, "accuracy", tolerance)


def _flops(folder: Path, version: str, ours: pl.DataFrame, tolerance: Tolerance) -> Iterator[dict[str, Any]]:
    """The papers' power laws at the sizes of this study's students: they are of general students."""
    laws = read_reference(folder, version, "inference_power_law", POWER_LAW, needed=False)
    sizes = ours.filter(corpus=CORPORA[0])["size_b"].drop_nulls().unique().sort()
    for row in laws.iter_rows(named=True):
        key = {"corpus": CORPORA[0], "family": row["family"], "format": row["supervision"]}
        if sizes.is_empty():
            yield key | {"quantity": "inference FLOPs", "note": "not in this study"}
        for size in sizes:
            mine = _find(
                ours, corpus=key["corpus"], family=key["family"], size_b=size, ratio=float(FORMATS.index(key["format"]))
            )
            paper, factor = row["alpha"] * size ** row["beta"], tolerance.factor
            compared = key | {"quantity": "inference FLOPs", "size_b": size, "paper": paper, "tolerance": factor}
            if mine is None:
                yield compared | {"note": "not in this study"}
                continue
            if mine["flops_by"] == "exact":
                yield compared | {"note": "this study counts FLOPs exactly, the papers by their formulas"}
                continue
            ratio = mine["flops"] / paper
            agrees = "yes" if 1 / factor <= ratio <= factor else "no"
            yield compared | {"ours": mine["flops"], "difference": ratio, "agrees": agrees}


def _in_points(
    key: dict[str, Any], paper: float, mine: dict[str, Any] | None, name: str, tolerance: Tolerance
) -> dict[str, Any]:
    row = key | {"paper": round(paper, 6), "tolerance": tolerance.points}
    if mine is None or mine[name] is None:
        return row | {"note": "not in this study"}
    value, low, high = (None if mine[part] is None else 100 * mine[part] for part in _bounds(name))
    assert value is not None
    row |= {"ours": value, "low": low, "high": high, "difference": value - paper}
    return row | {"agrees": _agrees(value if low is None else low, value if high is None else high, paper, tolerance)}


def _bounds(name: str) -> tuple[str, str, str]:
    return name, f"{name}_low", f"{name}_high"


def _agrees(low: float, high: float, paper: float, tolerance: Tolerance) -> str:
    """Of an interval, which is a point where there are no replicates."""
    least, most = paper - tolerance.points, paper + tolerance.points
    if low >= least and high <= most:
        return "yes"
    return "no" if low > most or high < least else "undecided"


def _find(table: pl.DataFrame, **key: Any) -> dict[str, Any] | None:
    """The one row with these values; of two students of one size the first."""
    rows = table.filter(**key)
    return rows.row(0, named=True) if rows.height else None
