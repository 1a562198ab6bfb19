"""Mixtures of both formats: gain and length by reasoning ratio and curriculum."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise, product

import numpy as np

from scale_or_reason.claims.findings import Result
from scale_or_reason.claims.measures.shared import MIXTURES, RATIOS, TIE, Floats, Measure, mean, smallest
from scale_or_reason.claims.study_view import (
    IFT,
    MATH,
    OPEN_ENDED,
    REASONING,
    StudyView,
)

#: The share of reasoning's training FLOPs below which a mixture is far cheaper.
CHEAPER = 2 / 3


def _gain(view: StudyView, ratio: float, families: Sequence[str], curriculum: str = "seq") -> Floats:
    """Mean over students and families of what a ratio adds to IFT."""
    return mean(
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
    for student, family in product(view.students, OPEN_ENDED):
        accuracies = [view.accuracy(student, ratio, family) for ratio in RATIOS]
        steps += [after - before for before, after in pairwise(accuracies)]
    return Result(smallest(steps), steps)


def some_reasoning_captures_most(view: StudyView) -> Result:
    """Open-ended tasks from the fourth student: more than half of the gain for less than two thirds of the training."""
    students, shares, parts = view.from_place("fourth"), [], []
    for ratio, family in product((0.25, 0.5), OPEN_ENDED):
        part = mean(view.accuracy(s, ratio, family) - view.accuracy(s, IFT, family) for s in students)
        whole = mean(view.shift(s, family) for s in students)
        shares.append(part / whole)
        parts += [part - whole / 2, whole]
    for ratio, student in product((0.25, 0.5), students):
        cost = view.flops("training", student, ratio, OPEN_ENDED[0])
        parts.append(np.log(CHEAPER * view.flops("training", student, REASONING, OPEN_ENDED[0]) / cost))
    return Result(smallest(shares), parts)


def mixed_is_unstable(view: StudyView) -> Result:
    """Standard deviation over the intermediate ratios, mixed less sequential, of the mean over students."""

    def spread(curriculum: str) -> Floats:
        return np.std([_gain(view, ratio, ["General-OE"], curriculum) for ratio in MIXTURES], axis=0, ddof=1)

    more = spread("mix") - spread("seq")
    return Result(more, [more])


def _tokens(view: StudyView, ratio: float, families: Sequence[str], curriculum: str = "mix") -> Floats:
    return mean(view.tokens(student, ratio, family, curriculum) for student, family in product(view.students, families))


def short_and_better(view: StudyView) -> Result:
    gains = [_gain(view, ratio, MATH, "mix") for ratio in (0.25, 0.5)]
    whole = _tokens(view, REASONING, MATH)
    short = [whole / 2 - _tokens(view, ratio, MATH) for ratio in (0.25, 0.5)]
    return Result(smallest(gains), [*gains, *short])


def phase_transition(view: StudyView) -> Result:
    lengths = np.log([_tokens(view, ratio, view.families) for ratio in RATIOS])
    steps = np.diff(lengths, axis=0)
    jump, others = steps[2], np.delete(steps, 2, axis=0).max(axis=0)
    return Result(np.exp(jump), [jump - others])
