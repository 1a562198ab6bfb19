"""Accuracy by size, format and corpus (v1 sections 3.1 and 3.2, v2 section 4)."""

from __future__ import annotations

from itertools import product

import numpy as np

from scale_or_reason.claims.findings import Result
from scale_or_reason.claims.measures.shared import COMPARABLE, TIE, Floats, Measure, mean, smallest
from scale_or_reason.claims.study_view import (
    GENERAL,
    IFT,
    MATH,
    OPEN_ENDED,
    REASONING,
    Missing,
    StudyView,
)

#: Points to the teacher that round to 5 at most.
NEAR = 5.5
#: The families that must all be there to compare gains; the one that gains least stands last.
GENERAL_CHOICE_LAST = (*OPEN_ENDED, "Math-MC", "General-MC")


def wins(view: StudyView) -> Result:
    """Cells that were not run do not count."""
    shifts = []
    for corpus, student, family in product(view.corpora, view.students, view.families):
        try:
            shifts.append(view.shift(student, family, corpus))
        except Missing:
            continue
    if not shifts:
        raise Missing("students of both formats")
    count = (np.array(shifts) > 0).sum(axis=0).astype(float)
    return Result(count, [count - len(shifts) / 2], {"cells": len(shifts)})


def general_wins(view: StudyView) -> Result:
    families = (*OPEN_ENDED, "Math-MC")
    shifts = [view.shift(student, family) for student, family in product(view.students, families)]
    return Result(smallest(shifts), shifts)


def ift_leads_smallest(view: StudyView) -> Result:
    shift = view.shift(view.student("smallest"), "General-MC")
    return Result(shift, [-shift])


def tie_second(view: StudyView) -> Result:
    shift = view.shift(view.student("second"), "General-MC")
    return Result(shift, [TIE - shift, TIE + shift])


def middle_passes_largest(view: StudyView) -> Result:
    middle, largest = view.student("middle"), view.student("largest")
    lead = view.accuracy(middle, REASONING, "Math-OE") - view.accuracy(largest, IFT, "Math-OE")
    return Result(lead, [lead])


def middle_near_largest(view: StudyView) -> Result:
    middle, largest = view.student("middle"), view.student("largest")
    behind = view.accuracy(largest, IFT, "General-OE") - view.accuracy(middle, REASONING, "General-OE")
    return Result(behind, [1.5 - behind])


def middle_approaches_largest(view: StudyView) -> Result:
    middle, largest = view.student("middle"), view.student("largest")
    leads = [
        view.accuracy(middle, REASONING, family) - view.accuracy(largest, IFT, family)
        for family in (*OPEN_ENDED, "Math-MC")
    ]
    return Result(smallest(leads), [lead + COMPARABLE for lead in leads])


def general_choice_gains_least(view: StudyView) -> Result:
    """How far the mean gain by reasoning on the other families is above that on General-MC."""
    gains = {family: mean(view.shift(student, family) for student in view.students) for family in GENERAL_CHOICE_LAST}
    leads = [gains[family] - gains["General-MC"] for family in GENERAL_CHOICE_LAST[:-1]]
    return Result(smallest(leads), leads)


def math_no_advantage_smallest(view: StudyView) -> Result:
    shifts = [view.shift(view.student("smallest"), family, view.math) for family in MATH]
    return Result(np.max(shifts, axis=0), [-shift for shift in shifts])


def ift_plateaus_earlier(view: StudyView) -> Result:
    """What the last step of size adds to reasoning students, less what it adds to IFT students."""
    fourth, largest = view.student("fourth"), view.student("largest")
    lead = mean(view.shift(largest, family) - view.shift(fourth, family) for family in view.families)
    return Result(lead, [lead])


def near_teacher(family: str) -> Measure:
    def measure(view: StudyView) -> Result:
        gap = view.teacher(family) - view.accuracy(view.student("largest"), REASONING, family)
        return Result(gap, [NEAR - gap])

    return measure


def math_wins(view: StudyView) -> Result:
    shifts = [view.shift(student, family, view.math) for student, family in product(view.from_place("second"), MATH)]
    return Result(smallest(shifts), shifts)


def _math_over_general(view: StudyView, student: str, family: str) -> Floats:
    return view.accuracy(student, REASONING, family, view.math) - view.accuracy(student, REASONING, family)


def math_passes_general(family: str) -> Measure:
    def measure(view: StudyView) -> Result:
        lead = _math_over_general(view, view.student("middle"), family)
        return Result(lead, [lead])

    return measure


def math_passes_general_from_middle(view: StudyView) -> Result:
    leads = [_math_over_general(view, student, family) for student, family in product(view.from_place("middle"), MATH)]
    return Result(smallest(leads), leads)


def math_lags(view: StudyView) -> Result:
    students = view.students[: view.students.index(view.student("middle")) + 1]
    shifts = [view.shift(student, family, view.math) for student, family in product(students, GENERAL)]
    return Result(np.max(shifts, axis=0), [-shift for shift in shifts])


def math_gains_where_large(view: StudyView) -> Result:
    shifts = [view.shift(student, "General-MC", view.math) for student in view.from_place("fourth")]
    shifts.append(view.shift(view.student("largest"), "General-OE", view.math))
    return Result(smallest(shifts), shifts)


def math_comparable_where_large(view: StudyView) -> Result:
    fourth, largest = view.from_place("fourth"), view.student("largest")
    leads = [_math_over_general(view, student, family) for student, family in product(fourth, (*MATH, "General-MC"))]
    leads.append(_math_over_general(view, largest, "General-OE"))
    return Result(smallest(leads), [lead + COMPARABLE for lead in leads])
