"""Lengths of answers: right against wrong, early stopping, limits."""

from __future__ import annotations

from itertools import product

import numpy as np

from scale_or_reason.claims.findings import Result
from scale_or_reason.claims.measures.shared import TIE, Floats, geometric_mean, smallest
from scale_or_reason.claims.study_view import (
    IFT,
    REASONING,
    Missing,
    StudyView,
)
from scale_or_reason.scoring.outcomes import STOPS


def wrong_are_longer(view: StudyView) -> Result:
    ratio = geometric_mean(_wrong_to_right(view, student) for student in view.students)
    return Result(ratio, [ratio - 1.45, 2.05 - ratio])


def wrong_ratio_falls(view: StudyView) -> Result:
    fall = _wrong_to_right(view, view.student("smallest")) - _wrong_to_right(view, view.student("largest"))
    return Result(fall, [fall])


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
