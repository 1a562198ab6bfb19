"""Lengths of answers: right against wrong, early stopping, limits."""

from __future__ import annotations

from itertools import product

import numpy as np

from scale_or_reason.claims.findings import Result
from scale_or_reason.claims.measures.shared import TIE, Floats, Measure, geometric_mean, smallest
from scale_or_reason.claims.study_view import (
    IFT,
    MULTIPLE_CHOICE,
    OPEN_ENDED,
    REASONING,
    Missing,
    StudyView,
)
from scale_or_reason.scoring.outcomes import STOPS

#: A correlation from which on it is strong (Cohen 1988).
STRONG = 0.5


def wrong_are_longer(view: StudyView) -> Result:
    ratio = geometric_mean(_wrong_to_right(view, student) for student in view.students)
    return Result(ratio, [ratio - 1.5, 2 - ratio])


def wrong_ratio_falls(view: StudyView) -> Result:
    fall = _wrong_to_right(view, view.student("smallest")) - _wrong_to_right(view, view.student("largest"))
    return Result(fall, [fall])


def length_factor(low: float, high: float) -> Measure:
    """How many times longer reasoning answers are at equal size: per family the geometric mean over students."""

    def measure(view: StudyView) -> Result:
        factors = [
            geometric_mean(_token_factor(view, student, family) for student in view.students)
            for family in view.families
        ]
        parts = [part for factor in factors for part in (np.log(factor / low), np.log(high / factor))]
        return Result(geometric_mean(factors), parts)

    return measure


def general_choice_lengthens_most(view: StudyView) -> Result:
    """The token factor of General-MC over the largest of the other families."""
    factors = {
        family: geometric_mean(_token_factor(view, student, family) for student in view.students)
        for family in (*OPEN_ENDED, *MULTIPLE_CHOICE)
    }
    own = factors.pop("General-MC")
    leads = [own / other for other in factors.values()]
    return Result(smallest(leads), [np.log(lead) for lead in leads])


def longer_where_wrong(view: StudyView) -> Result:
    """Correlation of log length and error rate over the reasoning students and families."""
    pairs = list(product(view.students, view.families))
    if len(pairs) < 3:
        raise Missing("three cells of reasoning students")
    lengths = np.log([view.tokens(student, REASONING, family) for student, family in pairs])
    errors = np.array([100 - view.accuracy(student, REASONING, family) for student, family in pairs])
    x, y = lengths - lengths.mean(axis=0), errors - errors.mean(axis=0)
    spread = np.sqrt((x**2).sum(axis=0) * (y**2).sum(axis=0))
    # without any spread there is no correlation
    correlation = np.divide((x * y).sum(axis=0), spread, out=np.zeros_like(spread), where=spread > 1e-12)
    return Result(correlation, [correlation - STRONG])


def _token_factor(view: StudyView, student: str, family: str) -> Floats:
    return view.tokens(student, REASONING, family) / view.tokens(student, IFT, family)


def _wrong_to_right(view: StudyView, student: str) -> Floats:
    return geometric_mean(view.wrong_to_right(student, family) for family in view.families)


def early_stopping(view: StudyView) -> Result:
    """How far the best stopped answers are above what full answers buy, by interpolation, in points."""
    table = view.stopped
    if table is None or table.is_empty():
        raise Missing("the table of stopped answers")
    leads = []
    for family in view.families:
        points: dict[int, list[tuple[float, float]]] = {percentile: [] for percentile in STOPS}
        for student, ratio in product(view.students, (IFT, REASONING)):
            prefix = f"{view.evidence.name(view.cell(student, ratio))}/seed-"
            own = table.filter(table["model_id"].str.starts_with(prefix), family=family)
            if own.is_empty():
                raise Missing(f"stopped answers of {prefix}")
            for (percentile,), part in own.group_by("percentile"):
                points[int(str(percentile))].append(
                    (part["flops"].to_numpy().mean(), 100 * part["accuracy"].to_numpy().mean())
                )
        full = np.array(sorted(points.pop(100)))
        best = np.maximum.accumulate(full[:, 1])
        for stopped in points.values():
            for flops, accuracy in stopped:
                if flops >= full[0, 0]:
                    leads.append(accuracy - np.interp(np.log(flops), np.log(full[:, 0]), best))
    if not leads:
        raise Missing("stopped answers that cost as much as the cheapest full ones")
    lead = np.array([max(leads)])
    return Result(lead, [TIE - lead])


def longer_limit_helps(view: StudyView) -> Result:
    table = view.limits
    if table is None or table.is_empty():
        raise Missing("the table of limits")
    own = table.filter(ratio=REASONING, corpus=view.general)
    leads = []
    for benchmark in ("mmlu_math", "math_500", "aime"):
        means = own.filter(benchmark=benchmark).group_by("max_tokens").agg("accuracy").sort("max_tokens")
        if means.height < 2:
            raise Missing(f"{benchmark} under two limits")
        lowest, highest = (np.mean(means["accuracy"][place].to_numpy()) for place in (0, -1))
        leads.append(np.array([100 * (highest - lowest)]))
    return Result(smallest(leads), leads)
