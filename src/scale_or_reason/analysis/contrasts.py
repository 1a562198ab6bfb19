"""Tables of what differs from what, and how surely: accuracies and gaps, frontiers, comparisons at equal compute."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from scale_or_reason.analysis.benchmark_sampling import widened
from scale_or_reason.analysis.frontiers import below_frontier, frontier_membership
from scale_or_reason.analysis.matched import accuracy_at, best_up_to, cost_at
from scale_or_reason.analysis.parts_of_data import formats_without_parts, has_parts
from scale_or_reason.analysis.replicates import RATE, benjamini_hochberg, interval, p_value
from scale_or_reason.common.tables import table_from_rows
from scale_or_reason.scoring.evidence import COSTS, Evidence
from scale_or_reason.study.cells import HYBRID_KINDS

Floats = NDArray[np.float64]

#: What a gap is found to be.
GAIN, LOSS, UNDECIDED = "gain", "loss", "undecided"
#: What is near a frontier: at most one point of accuracy below it, as a share.
NEAR = 0.01
#: Students of one format, trained on any part of the data: only in studies with such parts.
ANY_DATA = "formats and parts of the data"
#: Students of one format, and hybrid students in both modes: only in studies with hybrid students.
AND_HYBRIDS = "formats and hybrid students"
#: Who competes for a frontier: students of one format (v2 figure 2), or of all ratios in sequence (v2 figure 5), both
#: trained on all of the data, or :data:`ANY_DATA`, or :data:`AND_HYBRIDS`.
COMPETITIONS = ("formats", "sequential ratios", ANY_DATA, AND_HYBRIDS)
#: The IFT students of a contrast: those trained on all of the data, or the best of no higher cost on any part of it.
IFT_DATA = ("whole", "any")


def uncertainty(evidence: Evidence, other_benchmarks: Evidence | None = None) -> pl.DataFrame:
    """An ``uncertainty`` table: for each cell and task accuracy, and its gap to IFT of the same student and corpus.

    With ``other_benchmarks`` (:func:`~scale_or_reason.analysis.benchmark_sampling.over_benchmarks`) families also have
    intervals for benchmarks of their kind. ``q`` is the false discovery rate over all gaps of families, or over all
    gaps of single benchmarks. ``finding`` is gain or loss where q is at most 0.05, else undecided; null without
    replicates.
    """
    rows = []
    for cell, task in _everything(evidence):
        row = evidence.key(cell, task) | _with_gap(evidence, cell, task)
        if other_benchmarks is not None and task in evidence.families:
            row |= widened(row, _with_gap(other_benchmarks, cell, task), ("accuracy", "gap"))
        rows.append(row)
    return table_from_rows(_with_findings(_with_q(rows, "p", "q"), "gap", "q"), "uncertainty")


def _with_gap(evidence: Evidence, cell: int, task: str) -> dict[str, Any]:
    accuracy = evidence.get("accuracy", cell, task)
    row = _estimate("accuracy", accuracy)
    baseline = _ift_of(evidence, cell)
    if baseline is not None and baseline != cell:
        gap = accuracy - evidence.get("accuracy", baseline, task)
        row |= _estimate("gap", gap) | {"p": p_value(gap) if _there(gap) else None}
    return row


def contrasts(evidence: Evidence, other_benchmarks: Evidence | None = None) -> pl.DataFrame:
    """A ``contrasts`` table: every cell that learnt from reasoning against IFT of its corpus, at equal compute.

    Both have learnt from all of the data. Where models of the corpus have learnt from parts of it, each of its cells is
    also compared with IFT of any size on any part that there is (``ift_data`` is "any"), of which the best of no higher
    cost counts. ``difference`` is its accuracy less what IFT has at its FLOPs, by interpolation between IFT students;
    ``compute_ratio`` its FLOPs over those at which IFT has its accuracy. Both for training and for inference. Where IFT
    students do not reach so far a note says so, and the ratio's interval ends at 0 or infinity; a note of an "any" row
    names the IFT students without parts. ``other_benchmarks`` as in :func:`uncertainty`.
    """
    rows = []
    in_parts = set(evidence.cells.filter(pl.col("data_fraction") < 1)["corpus"])
    for cell, task in _everything(evidence):
        kind, ratio = evidence.cells["kind"][cell], evidence.cells["ratio"][cell]
        if kind in ("distilled", *HYBRID_KINDS) and ratio > 0:
            whole = evidence.cells["data_fraction"][cell] == 1
            against = [
                *(IFT_DATA[:1] if whole else ()),
                *(IFT_DATA[1:] if evidence.cells["corpus"][cell] in in_parts else ()),
            ]
            for ift_data, cost in product(against, COSTS):
                row = _matched(evidence, cell, task, cost, ift_data)
                if other_benchmarks is not None and task in evidence.families:
                    other = _matched(other_benchmarks, cell, task, cost, ift_data)
                    row |= widened(row, other, ("difference", "compute_ratio"))
                rows.append(row)
    for name in ("difference", "compute_ratio"):
        rows = _with_q(rows, f"{name}_p", f"{name}_q", apart=("cost", "ift_data"))
    return table_from_rows(rows, "contrasts")


def frontier_table(evidence: Evidence) -> pl.DataFrame:
    """A ``frontier_membership`` table: who is on the Pareto frontier, and in what share of the replicates.

    ``probability_near`` is the probability that a cell is at most ``NEAR`` below the frontier. Use it where students
    are equal within noise: which of them is on the frontier is then a matter of chance, and ``probability``, a share of
    the replicates, is not calibrated.

    One competition per kind of cost, corpus, task and ``COMPETITIONS``. Cells without accuracy or cost take no part.
    """
    rows: list[dict[str, Any]] = []
    for competition, corpus, cells in _competitions(evidence):
        for task in evidence.tasks:
            for cost in COSTS:
                key = {"cost": cost, "flops_by": evidence.flops_by, "among": competition, "corpus": corpus}
                rows += _frontier(evidence, cells, task, cost, key)
    return table_from_rows(rows, "frontier_membership")


def costs_and_accuracies(evidence: Evidence, cells: Sequence[int], task: str, cost: str) -> tuple[Floats, Floats]:
    """FLOPs and accuracies of ``cells``, each of shape (1 + replicates, cells)."""
    flops = np.stack([evidence.cost(cost, cell, task) for cell in cells], axis=-1)
    accuracy = np.stack([evidence.get("accuracy", cell, task) for cell in cells], axis=-1)
    return flops, accuracy


def competitors(evidence: Evidence, corpus: str, competition: str) -> list[int]:
    """The cells of a corpus that compete for a frontier.

    None for :data:`ANY_DATA` if all of them are trained on all data, and for :data:`AND_HYBRIDS` without hybrids.
    """
    own = (pl.col("kind") == "distilled") & (pl.col("corpus") == corpus)
    hybrid = pl.col("kind").is_in(HYBRID_KINDS) & (pl.col("corpus") == corpus)
    one_format = pl.col("ratio").is_in([0.0, 1.0])
    if competition == ANY_DATA:
        chosen = own & one_format & has_parts(evidence, corpus)
    elif competition == AND_HYBRIDS:
        chosen = ((own & one_format & (pl.col("data_fraction") == 1)) | hybrid) & hybrid.any()
    else:
        own &= pl.col("data_fraction") == 1
        chosen = own & (one_format if competition == "formats" else one_format | (pl.col("curriculum") == "seq"))
    return evidence.cells.with_row_index().filter(chosen)["index"].to_list()


def ift_curve(
    evidence: Evidence, corpus: str, task: str, cost: str, ift_data: str = IFT_DATA[0]
) -> tuple[Floats, Floats] | None:
    """Costs and accuracies of the IFT students, (1 + replicates, students); None if there are fewer than two.

    ``ift_data`` is one of :data:`IFT_DATA`.
    """
    chosen = evidence.cells.with_row_index().filter(kind="distilled", corpus=corpus, ratio=0.0)
    students = chosen["index"] if ift_data == "any" else chosen.filter(data_fraction=1.0)["index"]
    values = [(evidence.cost(cost, cell, task), evidence.get("accuracy", cell, task)) for cell in students]
    there = [pair for pair in values if all(_there(part) for part in pair)]
    if len(there) < 2:
        return None
    costs, accuracies = (np.stack(parts, axis=-1) for parts in zip(*there, strict=True))
    return best_up_to(costs, accuracies) if ift_data == "any" else (costs, accuracies)


def _matched(evidence: Evidence, cell: int, task: str, cost: str, ift_data: str) -> dict[str, Any]:
    flops, accuracy = evidence.cost(cost, cell, task), evidence.get("accuracy", cell, task)
    row = {"cost": cost, "flops_by": evidence.flops_by, "ift_data": ift_data} | evidence.key(cell, task)
    row |= {"flops": _measured(flops), "accuracy": _measured(accuracy)}
    if not (_there(flops) and _there(accuracy)):
        return row | {"note": "no accuracy" if not _there(accuracy) else "no FLOPs"}
    curve = ift_curve(evidence, evidence.cells["corpus"][cell], task, cost, ift_data)
    if curve is None:
        return row | {"note": "fewer than two IFT students"}
    with np.errstate(divide="ignore"):
        equal_flops, equal_accuracy = accuracy_at(*curve, flops), cost_at(*curve, accuracy)
        difference, compute = accuracy - equal_flops, flops / equal_accuracy
    notes = _no_parts(evidence, cell) if ift_data == "any" else []
    if not _there(difference):
        notes.append(f"{'cheaper' if flops[0] < curve[0][0].min() else 'more expensive'} than any IFT student")
    if np.isposinf(compute[0]):
        notes.append("the cheapest IFT student is as accurate")
    if compute[0] == 0:
        notes.append("no IFT student is as accurate")
    row |= {"ift_accuracy": _measured(equal_flops)} | _tested("difference", difference, null=0.0)
    row |= {"ift_flops": _measured(equal_accuracy) or None} | _tested("compute_ratio", compute, null=1.0)
    return row | {"note": "; ".join(notes) or None}


def _no_parts(evidence: Evidence, cell: int) -> list[str]:
    """A note on the IFT students that a reasoning student is compared with, if some have no parts of the data."""
    without = [name for name in formats_without_parts(evidence, evidence.cells["corpus"][cell]) if name.endswith("IFT")]
    return [f"no parts of the data: {name}" for name in without]


def _frontier(
    evidence: Evidence, cells: Sequence[int], task: str, cost: str, key: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    there = [
        cell
        for cell in cells
        if _there(evidence.cost(cost, cell, task)) and _there(evidence.get("accuracy", cell, task))
    ]
    if not there:
        return
    flops, accuracy = costs_and_accuracies(evidence, there, task, cost)
    on_frontier, below = frontier_membership(flops, accuracy), below_frontier(flops, accuracy)
    for cell, column, distance in zip(there, on_frontier.T, below.T, strict=True):
        values = {"flops": evidence.cost(cost, cell, task)[0], "accuracy": evidence.get("accuracy", cell, task)[0]}
        probabilities = {}
        if evidence.replicates:
            probabilities = {"probability": float(column[1:].mean()), "probability_near": _near(distance)}
        row = evidence.key(cell, task) | key | {name: float(value) for name, value in values.items()}
        row |= {"on_frontier": bool(column[0]), "below": float(distance[0]), "competitors": len(there)}
        yield row | probabilities


def _near(below: Floats) -> float:
    """How probable it is that a cell is at most ``NEAR`` below the frontier, from its distances (1 + replicates,).

    The frontier is a maximum of noisy accuracies, and lies too high by about as much in the measured values above the
    truth as in the replicates above the measured values: that bias is taken off twice.
    """
    bias = max(0.0, float(below[1:].mean() - below[0]))
    return float((below[1:] - 2 * bias <= NEAR).mean())


def _competitions(evidence: Evidence) -> Iterator[tuple[str, str, list[int]]]:
    for competition in COMPETITIONS:
        for corpus in evidence.cells["corpus"].drop_nulls().unique(maintain_order=True):
            cells = competitors(evidence, corpus, competition)
            if cells:
                yield competition, corpus, cells


def _everything(evidence: Evidence) -> Iterator[tuple[int, str]]:
    for cell in range(evidence.cells.height):
        for task in evidence.tasks:
            yield cell, task


def _ift_of(evidence: Evidence, cell: int) -> int | None:
    row = evidence.cells.row(cell, named=True)
    if row["kind"] in ("distilled", *HYBRID_KINDS):
        return evidence.find(row["student"], row["corpus"], 0.0, data_fraction=row["data_fraction"])
    return evidence.adapted(row["student"], "ift", "ift") if row["kind"] == "adapted" else None


def _there(values: Floats) -> bool:
    return bool(np.isfinite(values[0]))


def _measured(values: Floats) -> float | None:
    return float(values[0]) if _there(values) else None


def _estimate(name: str, values: Floats) -> dict[str, Any]:
    """Measured value and interval; nothing where nothing was measured."""
    if not _there(values):
        return {}
    low, high = interval(values)
    return {name: float(values[0]), f"{name}_low": low, f"{name}_high": high}


def _tested(name: str, values: Floats, null: float) -> dict[str, Any]:
    """As :func:`_estimate`, with the p-value; bounds also where the value itself lies beyond the data."""
    if np.isnan(values[0]):
        return {}
    low, high = interval(values)
    measured = float(values[0]) if np.isfinite(values[0]) and values[0] != 0 else None
    measured = float(values[0]) if name == "difference" else measured
    return {name: measured, f"{name}_low": low, f"{name}_high": high, f"{name}_p": p_value(values, null)}


def _with_q(rows: list[dict[str, Any]], p: str, q: str, apart: Iterable[str] = ()) -> list[dict[str, Any]]:
    """Adjust within families' averages and within single benchmarks, and apart by the columns ``apart``."""
    groups: dict[tuple[Any, ...], list[int]] = {}
    for number, row in enumerate(rows):
        groups.setdefault((row["benchmark"] is None, *(row[name] for name in apart)), []).append(number)
    for numbers in groups.values():
        values = [rows[number].get(p) for number in numbers]
        adjusted = benjamini_hochberg([np.nan if value is None else value for value in values])
        for number, value in zip(numbers, adjusted, strict=True):
            rows[number][q] = None if np.isnan(value) else float(value)
    return rows


def _with_findings(rows: list[dict[str, Any]], name: str, q: str) -> list[dict[str, Any]]:
    for row in rows:
        if row.get(q) is not None:
            row["finding"] = _finding(row[name], row[q])
    return rows


def _finding(difference: float, q: float) -> str:
    if q > RATE:
        return UNDECIDED
    return GAIN if difference > 0 else LOSS
