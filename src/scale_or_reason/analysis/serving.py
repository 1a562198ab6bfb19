"""How many answers to spend on an item: majority votes beside single answers, at their inference FLOPs.

A *serving* is a way to answer an item with a model: ``single``, or ``vote@K`` for the majority of K answers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from scale_or_reason.analysis.bootstrap import REPLICATES, bootstrap
from scale_or_reason.analysis.frontiers import frontier_membership
from scale_or_reason.analysis.replicates import interval
from scale_or_reason.common.tables import table_from_rows
from scale_or_reason.scoring.evidence import CELL, Evidence

Floats = NDArray[np.float64]

SINGLE = "single"


def serving_of(k: int) -> str:
    """The name of the serving that takes the majority of ``k`` answers."""
    return SINGLE if k == 1 else f"vote@{k}"


def evidence_of_votes(
    votes: pl.DataFrame,
    costs: pl.DataFrame,
    families: Mapping[str, str],
    sizes: Mapping[str, float],
    seed: int,
    replicates: int = REPLICATES,
    measure: str = "accuracy",
) -> dict[int, Evidence]:
    """The evidence of each number of answers k, by k: accuracy of the vote, FLOPs and tokens of all k answers.

    ``votes`` and ``costs`` are tables. With ``measure`` "pass_at_k" the accuracy is that of pass@k. Every k has the
    same weights of items in the same replicate, so that differences between servings are paired, too. A family is
    among the tasks only if all of its benchmarks have k answers that can vote.
    """
    found = {}
    for k in sorted(votes["k"].unique()):
        part = votes.filter((pl.col("k") == k) & pl.col(measure).is_not_null())
        if part.height:
            own = part.with_columns(right=pl.col(measure))
            found[int(k)] = _complete(bootstrap(own, costs, families, sizes, seed, replicates), families)
    return found


def _complete(evidence: Evidence, families: Mapping[str, str]) -> Evidence:
    """The evidence with NaN for the families of which benchmarks are missing."""
    for family, members in evidence.families.items():
        if len(members) < list(families.values()).count(family):
            for grid in evidence.values.values():
                grid[:, :, evidence.tasks.index(family)] = np.nan
    return evidence


def serving_table(accuracy: Mapping[int, Evidence], passed: Mapping[int, Evidence]) -> pl.DataFrame:
    """A ``test_time`` table from the evidence of votes and of pass@k, both by the number of answers k.

    Rows are ordered by cell, task and k. The frontier is that of accuracy and inference FLOPs per item, among all
    distilled students of a corpus and all servings; other models are on none.
    """
    rows: list[dict[str, Any]] = []
    for k, evidence in passed.items():
        for cell in range(evidence.cells.height):
            for task in evidence.tasks:
                row = _row(accuracy, evidence, cell, task, k)
                if row is not None:
                    rows.append(row)
    _mark_frontiers(rows)
    rows.sort(key=lambda row: row.pop("order"))
    return table_from_rows(rows, "test_time")


def _row(accuracy: Mapping[int, Evidence], passed: Evidence, cell: int, task: str, k: int) -> dict[str, Any] | None:
    share = passed.get("accuracy", cell, task)
    if not np.isfinite(share[0]):
        return None
    row = passed.key(cell, task) | {"serving": serving_of(k), "k": k} | _estimate("pass_at_k", share)
    row |= {name: _number(passed.get(name, cell, task)) for name in ("answer_tokens", "inference_flops")}
    row["order"] = (passed.name(cell), passed.family_of(task), task not in passed.families, task, k)
    voted, single = (_values(accuracy, passed, cell, task, number) for number in (k, 1))
    if voted is None:
        return row
    row |= _estimate("accuracy", voted)
    row["points"] = (passed.get("inference_flops", cell, task), voted)
    return row | (_estimate("gain", voted - single) if k > 1 and single is not None else {})


def _values(accuracy: Mapping[int, Evidence], passed: Evidence, cell: int, task: str, k: int) -> Floats | None:
    """Accuracy of the vote at k of a cell of another evidence; None if it is unknown."""
    if k not in accuracy:
        return None
    key = tuple(passed.cells.select(CELL).row(cell))
    cells = [tuple(row) for row in accuracy[k].cells.select(CELL).iter_rows()]
    if key not in cells:
        return None
    values = accuracy[k].get("accuracy", cells.index(key), task)
    return values if np.isfinite(values[0]) else None


def _mark_frontiers(rows: list[dict[str, Any]]) -> None:
    """Set ``on_frontier`` and its probability in the rows with points, which are removed."""
    competitions: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for row in rows:
        points = row.pop("points", None)
        if points is not None and row["kind"] == "distilled" and np.isfinite(points[0][0]):
            place = (row["corpus"], row["family"], row["benchmark"])
            competitions.setdefault(place, []).append(row | {"points": points, "row": row})
    for competitors in competitions.values():
        flops, accuracy = (np.stack([each["points"][part] for each in competitors], axis=-1) for part in (0, 1))
        member = frontier_membership(flops, accuracy)
        for column, each in zip(member.T, competitors, strict=True):
            each["row"]["on_frontier"] = bool(column[0])
            if len(column) > 1:
                each["row"]["frontier_probability"] = float(column[1:].mean())


def _estimate(name: str, values: Floats) -> dict[str, Any]:
    low, high = interval(values)
    return {name: float(values[0]), f"{name}_low": low, f"{name}_high": high}


def _number(values: Floats) -> float | None:
    return float(values[0]) if np.isfinite(values[0]) else None
