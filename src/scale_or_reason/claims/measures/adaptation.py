"""General students trained further on mathematics (v1 section 3.3)."""

from __future__ import annotations

from itertools import product

import numpy as np

from scale_or_reason.claims.findings import Result
from scale_or_reason.claims.measures.shared import COMPARABLE, TIE, mean, smallest
from scale_or_reason.claims.study_view import (
    GENERAL,
    IFT,
    MATH,
    REASONING,
    StudyView,
)


def ift_adaptation_no_benefit(view: StudyView) -> Result:
    leads = [
        view.adapted(student, "reasoning", "ift", family) - view.adapted(student, "ift", "ift", family)
        for student, family in product(view.students, MATH)
    ]
    return Result(mean(leads), [TIE - mean(leads)])


def reasoning_adaptation_best(view: StudyView) -> Result:
    """Against the other adaptations and against students that were trained once, on either corpus."""
    leads = []
    for student, family in product(view.from_place("second"), MATH):
        others = [
            view.adapted(student, first, second, family)
            for first, second in (("ift", "ift"), ("ift", "reasoning"), ("reasoning", "ift"))
        ]
        others += [
            view.accuracy(student, ratio, family, corpus)
            for ratio, corpus in product((IFT, REASONING), (view.general, view.math))
        ]
        leads.append(view.adapted(student, "reasoning", "reasoning", family) - np.max(others, axis=0))
    return Result(smallest(leads), leads)


def general_abilities_kept(view: StudyView) -> Result:
    leads = [
        view.adapted(student, "reasoning", "reasoning", family) - view.accuracy(student, REASONING, family)
        for student, family in product(view.from_place("fourth"), GENERAL)
    ]
    return Result(smallest(leads), [lead + COMPARABLE for lead in leads])


def smallest_forgets(view: StudyView) -> Result:
    student = view.student("smallest")
    drop = mean(
        view.adapted(student, "reasoning", "reasoning", family) - view.accuracy(student, REASONING, family)
        for family in view.families
    )
    return Result(drop, [-drop])
