"""Frontiers and costs: which models are worth their FLOPs, and what answers cost."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np

from scale_or_reason.claims.findings import Result
from scale_or_reason.claims.measures.shared import (
    MIXTURES,
    NOTHING,
    TIE,
    Floats,
    Measure,
    geometric_mean,
    mean,
    smallest,
)
from scale_or_reason.claims.study_view import (
    IFT,
    OPEN_ENDED,
    REASONING,
    Missing,
    StudyView,
)


def ift_on_frontier(cost: str) -> Measure:
    def measure(view: StudyView) -> Result:
        margins = [
            margin for family in view.families for margin in view.frontier_margins(cost, family, "formats", [IFT])
        ]
        count = (np.array(margins) > 0).sum(axis=0).astype(float)
        return Result(count, margins, {"cells": len(margins)})

    return measure


def ift_near_frontier(cost: str) -> Measure:
    """On the frontier, or no more than a tie below it: by the excess over half of the cells."""

    def measure(view: StudyView) -> Result:
        margins = [
            margin for family in view.families for margin in view.frontier_margins(cost, family, "formats", [IFT])
        ]
        count = (np.array(margins) > -TIE).sum(axis=0).astype(float)
        return Result(count, [count - len(margins) / 2], {"cells": len(margins)})

    return measure


def reasoning_joins_frontier(view: StudyView) -> Result:
    """Per student the best of all ratios above 0: General-OE for all students, General-MC from the fourth."""
    leads = []
    for family, students in (("General-OE", view.students), ("General-MC", view.from_place("fourth"))):
        for student in students:
            margins = view.frontier_margins("training", family, "sequential ratios", (*MIXTURES, REASONING), [student])
            leads.append(np.max(margins, axis=0))
    return Result((np.array(leads) > 0).sum(axis=0).astype(float), leads, {"cells": len(leads)})


def mixtures_mostly_on_frontier(families: Sequence[str]) -> Measure:
    def measure(view: StudyView) -> Result:
        margins = [view.frontier_margins("training", family, "sequential ratios", MIXTURES) for family in families]
        counts = [(np.array(of_family) > 0).sum(axis=0).astype(float) for of_family in margins]
        parts = [count - len(of_family) / 2 for count, of_family in zip(counts, margins, strict=True)]
        return Result(np.sum(counts, axis=0), parts, {"cells": sum(map(len, margins))})

    return measure


def cheaper_ift(place: str, family: str) -> Measure:
    """Training FLOPs of a smaller reasoning student over those of the fourth IFT student of like accuracy."""

    def measure(view: StudyView) -> Result:
        small, fourth = view.student(place), view.student("fourth")
        ratio = view.flops("training", small, REASONING, family) / view.flops("training", fourth, IFT, family)
        lead = view.accuracy(fourth, IFT, family) - view.accuracy(small, REASONING, family)
        return Result(ratio, [np.log(ratio), lead + TIE])

    return measure


def reasoning_never_on_frontier(view: StudyView) -> Result:
    """Against mixtures, which must be there: without them the most expensive student is easily the best."""
    for family in view.families:
        view.frontier_margins("training", family, "sequential ratios", MIXTURES)
    margins = [
        margin
        for family in view.families
        for margin in view.frontier_margins("training", family, "sequential ratios", [REASONING])
    ]
    count = (np.array(margins) > 0).sum(axis=0).astype(float)
    return Result(count, [NOTHING - margin for margin in margins], {"cells": len(margins)})


def mixtures_on_frontier(families: Sequence[str]) -> Measure:
    def measure(view: StudyView) -> Result:
        margins = [view.frontier_margins("training", family, "sequential ratios", MIXTURES) for family in families]
        count = sum((np.array(of_family) > 0).sum(axis=0) for of_family in margins)
        total = sum(len(of_family) for of_family in margins)
        return Result(np.asarray(count, float), [np.max(of_family, axis=0) for of_family in margins], {"cells": total})

    return measure


def inference_factor(families: Sequence[str], low: float, high: float) -> Measure:
    """How many times more expensive reasoning answers are at equal size: geometric mean over students and families."""

    def measure(view: StudyView) -> Result:
        ratios = [
            view.flops("inference", student, REASONING, family) / view.flops("inference", student, IFT, family)
            for student, family in product(view.students, families)
        ]
        factor = geometric_mean(ratios)
        return Result(factor, [np.log(factor / low), np.log(high / factor)])

    return measure


def _exponent(view: StudyView, ratio: float, family: str) -> Floats:
    """Of inference FLOPs as a power law of size."""
    sizes = {row["student"]: row["size_b"] for row in view.evidence.cells.iter_rows(named=True)}
    students = [student for student in view.students if sizes[student]]
    if len(students) < 3:
        raise Missing("three students of known size")
    x = np.log([sizes[student] for student in students])
    y = np.log([view.flops("inference", student, ratio, family) for student in students])
    return (x - x.mean()) @ y / ((x - x.mean()) ** 2).sum()


def ift_grows_faster(view: StudyView) -> Result:
    leads = [_exponent(view, IFT, family) - _exponent(view, REASONING, family) for family in (*OPEN_ENDED, "Math-MC")]
    return Result(mean(leads), leads)


def reasoning_grows_faster(view: StudyView) -> Result:
    lead = _exponent(view, REASONING, "General-MC") - _exponent(view, IFT, "General-MC")
    return Result(lead, [lead])


def power_law_holds(view: StudyView) -> Result:
    """The worst share of the variance of log FLOPs that a power law explains."""
    sizes = {row["student"]: row["size_b"] for row in view.evidence.cells.iter_rows(named=True)}
    x = np.log([sizes[student] for student in view.students])
    shares = []
    for family, ratio in product(view.families, (IFT, REASONING)):
        y = np.log([view.flops("inference", student, ratio, family) for student in view.students])
        slope = _exponent(view, ratio, family)
        rest = y - y.mean(axis=0) - slope * (x - x.mean())[:, None]
        shares.append(1 - (rest**2).sum(axis=0) / ((y - y.mean(axis=0)) ** 2).sum(axis=0))
    return Result(smallest(shares), [share - 0.9 for share in shares])
