"""Large reasoning models, and the further domains law, code and physics (v2)."""

from __future__ import annotations

import numpy as np

from scale_or_reason.claims.findings import Result
from scale_or_reason.claims.measures.shared import COMPARABLE, NOTHING, TIE, Floats, mean, smallest
from scale_or_reason.claims.study_view import (
    IFT,
    MULTIPLE_CHOICE,
    OPEN_ENDED,
    REASONING,
    StudyView,
)

#: The multiple-choice and the open-ended benchmark of each further domain.
DOMAINS = {
    "law": ("mmlu_pro_law", "consumer_qa"),
    "code": ("mmlu_pro_code", "c_code_summarization"),
    "physics": ("mmlu_pro_physics", "scibench"),
}


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
    return Result(count, [NOTHING - margin for margin in margins], {"cells": len(margins)})


def _large_reasoning(view: StudyView, family: str) -> list[Floats]:
    """Margins to the inference frontier from the fourth student upwards."""
    margins = view.frontier_margins("inference", family, "formats", [REASONING])
    return margins[-len(view.from_place("fourth")) :]


def format_not_domain(view: StudyView) -> Result:
    leads = []
    for closed, opened in DOMAINS.values():
        gains = [mean(view.shift(student, task) for student in view.students) for task in (opened, closed)]
        leads.append(gains[0] - gains[1])
    return Result(smallest(leads), leads)


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
