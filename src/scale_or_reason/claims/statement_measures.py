"""The papers' statements as functions of a study: a value, and margins that are above zero where the statement holds.

Where a statement is vague ("about the same", "closely approach") the number that we take for it stands here, and in the
statement's text. Accuracies are in per cent, differences in points.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise, product

import numpy as np
from numpy.typing import NDArray

from scale_or_reason.claims.findings import Result
from scale_or_reason.claims.study_view import (
    GENERAL,
    IFT,
    MATH,
    MULTIPLE_CHOICE,
    OPEN_ENDED,
    REASONING,
    Missing,
    StudyView,
)
from scale_or_reason.scoring.outcomes import STOPS

Floats = NDArray[np.float64]
Measure = Callable[[StudyView], Result]

#: Points within which two accuracies are a tie, and within which they are comparable.
TIE, COMPARABLE = 1.0, 2.0
#: As accurate as what is cheaper is not on the frontier either.
_NOTHING = 1e-9
MIXTURES = (0.25, 0.5, 0.75)
RATIOS = (IFT, *MIXTURES, REASONING)
#: The multiple-choice and the open-ended benchmark of each further domain.
DOMAINS = {
    "law": ("mmlu_pro_law", "consumer_qa"),
    "code": ("mmlu_pro_code", "c_code_summarization"),
    "physics": ("mmlu_pro_physics", "scibench"),
}


def _mean(values: Iterable[Floats]) -> Floats:
    return np.mean(list(values), axis=0)


def _smallest(values: Sequence[Floats]) -> Floats:
    return np.min(values, axis=0)


def _geometric_mean(values: Iterable[Floats]) -> Floats:
    return np.exp(_mean(np.log(list(values))))


# At equal size


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
    return Result(_smallest(shifts), shifts)


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


def middle_passes_fourth(view: StudyView) -> Result:
    middle, fourth = view.student("middle"), view.student("fourth")
    leads = [
        view.accuracy(middle, REASONING, family) - view.accuracy(fourth, IFT, family)
        for family in (*OPEN_ENDED, "Math-MC")
    ]
    return Result(_smallest(leads), leads)


def near_teacher(family: str) -> Measure:
    def measure(view: StudyView) -> Result:
        gap = view.teacher(family) - view.accuracy(view.student("largest"), REASONING, family)
        return Result(gap, [5.5 - gap])

    return measure


# The math corpus


def math_wins(view: StudyView) -> Result:
    shifts = [view.shift(student, family, view.math) for student, family in product(view.from_place("second"), MATH)]
    return Result(_smallest(shifts), shifts)


def _math_over_general(view: StudyView, student: str, family: str) -> Floats:
    return view.accuracy(student, REASONING, family, view.math) - view.accuracy(student, REASONING, family)


def math_passes_general(family: str) -> Measure:
    def measure(view: StudyView) -> Result:
        lead = _math_over_general(view, view.student("middle"), family)
        return Result(lead, [lead])

    return measure


def math_passes_general_from_middle(view: StudyView) -> Result:
    leads = [_math_over_general(view, student, family) for student, family in product(view.from_place("middle"), MATH)]
    return Result(_smallest(leads), leads)


def math_lags(view: StudyView) -> Result:
    students = view.students[: view.students.index(view.student("middle")) + 1]
    shifts = [view.shift(student, family, view.math) for student, family in product(students, GENERAL)]
    return Result(np.max(shifts, axis=0), [-shift for shift in shifts])


def math_gains_where_large(view: StudyView) -> Result:
    shifts = [view.shift(student, "General-MC", view.math) for student in view.from_place("fourth")]
    shifts.append(view.shift(view.student("largest"), "General-OE", view.math))
    return Result(_smallest(shifts), shifts)


def math_comparable_where_large(view: StudyView) -> Result:
    fourth, largest = view.from_place("fourth"), view.student("largest")
    leads = [_math_over_general(view, student, family) for student, family in product(fourth, (*MATH, "General-MC"))]
    leads.append(_math_over_general(view, largest, "General-OE"))
    return Result(_smallest(leads), [lead + COMPARABLE for lead in leads])


# At equal training FLOPs


def ift_on_frontier(cost: str) -> Measure:
    def measure(view: StudyView) -> Result:
        margins = [
            margin for family in view.families for margin in view.frontier_margins(cost, family, "formats", [IFT])
        ]
        count = (np.array(margins) > 0).sum(axis=0).astype(float)
        return Result(count, margins, {"cells": len(margins)})

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
    return Result(count, [_NOTHING - margin for margin in margins], {"cells": len(margins)})


def mixtures_on_frontier(families: Sequence[str]) -> Measure:
    def measure(view: StudyView) -> Result:
        margins = [view.frontier_margins("training", family, "sequential ratios", MIXTURES) for family in families]
        count = sum((np.array(of_family) > 0).sum(axis=0) for of_family in margins)
        total = sum(len(of_family) for of_family in margins)
        return Result(np.asarray(count, float), [np.max(of_family, axis=0) for of_family in margins], {"cells": total})

    return measure


# At equal inference FLOPs


def inference_factor(families: Sequence[str], low: float, high: float) -> Measure:
    """How many times more expensive reasoning answers are at equal size: geometric mean over students and families."""

    def measure(view: StudyView) -> Result:
        ratios = [
            view.flops("inference", student, REASONING, family) / view.flops("inference", student, IFT, family)
            for student, family in product(view.students, families)
        ]
        factor = _geometric_mean(ratios)
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
    return Result(_mean(leads), leads)


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
    return Result(_smallest(shares), [share - 0.9 for share in shares])


def reasoning_takes_frontier(view: StudyView) -> Result:
    margins = [margin for family in OPEN_ENDED for margin in _large_reasoning(view, family)]
    return Result((np.array(margins) > 0).sum(axis=0).astype(float), margins, {"cells": len(margins)})


def reasoning_only_open_ended(view: StudyView) -> Result:
    margins = [
        margin
        for family in MULTIPLE_CHOICE
        for margin in view.frontier_margins("inference", family, "formats", [REASONING])
    ]
    count = (np.array(margins) > 0).sum(axis=0).astype(float)
    return Result(count, [_NOTHING - margin for margin in margins], {"cells": len(margins)})


def _large_reasoning(view: StudyView, family: str) -> list[Floats]:
    """Margins to the inference frontier from the fourth student upwards."""
    margins = view.frontier_margins("inference", family, "formats", [REASONING])
    return margins[-len(view.from_place("fourth")) :]


# Domains


def format_not_domain(view: StudyView) -> Result:
    leads = []
    for closed, opened in DOMAINS.values():
        gains = [_mean(view.shift(student, task) for student in view.students) for task in (opened, closed)]
        leads.append(gains[0] - gains[1])
    return Result(_smallest(leads), leads)


def code_summaries_match(view: StudyView) -> Result:
    lead = view.at_equal_flops("inference", view.student("fourth"), "c_code_summarization")
    return Result(lead, [lead + TIE])


def code_summaries_training(view: StudyView) -> Result:
    ratio = view.at_equal_accuracy("training", view.student("fourth"), "c_code_summarization")
    return Result(ratio, [np.log(ratio)])


def code_choice_gap(view: StudyView) -> Result:
    middle, fourth, task = view.student("middle"), view.student("fourth"), "mmlu_pro_code"
    ratio = view.flops("inference", middle, REASONING, task) / view.flops("inference", fourth, IFT, task)
    lead = view.accuracy(middle, REASONING, task) - view.accuracy(fourth, IFT, task)
    return Result(ratio, [np.log(ratio), COMPARABLE - lead, COMPARABLE + lead])


# Lengths


def wrong_are_longer(view: StudyView) -> Result:
    ratio = _geometric_mean(_wrong_to_right(view, student) for student in view.students)
    return Result(ratio, [ratio - 1.45, 2.05 - ratio])


def wrong_ratio_falls(view: StudyView) -> Result:
    fall = _wrong_to_right(view, view.student("smallest")) - _wrong_to_right(view, view.student("largest"))
    return Result(fall, [fall])


def _wrong_to_right(view: StudyView, student: str) -> Floats:
    return _geometric_mean(view.wrong_to_right(student, family) for family in view.families)


# Mixtures, in sequence and shuffled


def _gain(view: StudyView, ratio: float, families: Sequence[str], curriculum: str = "seq") -> Floats:
    """Mean over students and families of what a ratio adds to IFT."""
    return _mean(
        view.accuracy(student, ratio, family, curriculum=curriculum) - view.accuracy(student, IFT, family)
        for student, family in product(view.students, families)
    )


def quarter_captures_most(view: StudyView) -> Result:
    quarter, whole = _gain(view, 0.25, view.families), _gain(view, REASONING, view.families)
    return Result(quarter / whole, [quarter - whole / 2, whole])


def no_gain_by_cold_start(view: StudyView) -> Result:
    leads = [
        _gain(view, ratio, [family]) - _gain(view, REASONING, [family])
        for ratio, family in product(MIXTURES, view.families)
    ]
    return Result(np.max(leads, axis=0), [TIE - lead for lead in leads])


def plateau(family: str, ratio: float) -> Measure:
    def measure(view: StudyView) -> Result:
        lead = _gain(view, REASONING, [family]) - _gain(view, ratio, [family])
        return Result(lead, [TIE - lead])

    return measure


def open_ended_keep_rising(view: StudyView) -> Result:
    steps = []
    for family in OPEN_ENDED:
        gains = [_gain(view, ratio, [family]) for ratio in RATIOS]
        steps += [after - before for before, after in pairwise(gains)]
    return Result(_smallest(steps), steps)


def _tokens(view: StudyView, ratio: float, families: Sequence[str], curriculum: str = "mix") -> Floats:
    return _mean(
        view.tokens(student, ratio, family, curriculum) for student, family in product(view.students, families)
    )


def short_and_better(view: StudyView) -> Result:
    gains = [_gain(view, ratio, MATH, "mix") for ratio in (0.25, 0.5)]
    whole = _tokens(view, REASONING, MATH)
    short = [whole / 2 - _tokens(view, ratio, MATH) for ratio in (0.25, 0.5)]
    return Result(_smallest(gains), [*gains, *short])


def phase_transition(view: StudyView) -> Result:
    lengths = np.log([_tokens(view, ratio, view.families) for ratio in RATIOS])
    steps = np.diff(lengths, axis=0)
    jump, others = steps[2], np.delete(steps, 2, axis=0).max(axis=0)
    return Result(np.exp(jump), [jump - others])


# Limits on the length of answers


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
    return Result(_smallest(leads), leads)


# Further training on the narrow corpus


def ift_adaptation_no_benefit(view: StudyView) -> Result:
    leads = [
        view.adapted(student, "reasoning", "ift", family) - view.adapted(student, "ift", "ift", family)
        for student, family in product(view.students, MATH)
    ]
    return Result(_mean(leads), [TIE - _mean(leads)])


def reasoning_adaptation_best(view: StudyView) -> Result:
    leads = []
    for student, family in product(view.from_place("second"), MATH):
        best = np.max(
            [
                view.adapted(student, first, second, family)
                for first, second in (("ift", "ift"), ("ift", "reasoning"), ("reasoning", "ift"))
            ],
            axis=0,
        )
        leads.append(view.adapted(student, "reasoning", "reasoning", family) - best)
    return Result(_smallest(leads), leads)


def general_abilities_kept(view: StudyView) -> Result:
    leads = [
        view.adapted(student, "reasoning", "reasoning", family) - view.accuracy(student, REASONING, family)
        for student, family in product(view.from_place("fourth"), GENERAL)
    ]
    return Result(_smallest(leads), [lead + COMPARABLE for lead in leads])


def smallest_forgets(view: StudyView) -> Result:
    student = view.student("smallest")
    drop = _mean(
        view.adapted(student, "reasoning", "reasoning", family) - view.accuracy(student, REASONING, family)
        for family in view.families
    )
    return Result(drop, [-drop])
