"""The graders by the names that benchmarks use."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from scale_or_reason.common.errors import StudyError
from scale_or_reason.grading import choices, ifeval, math, numbers, spans, text, yes_no
from scale_or_reason.grading.grade import Grade
from scale_or_reason.grading.own import own_grader

Grader = Callable[[dict[str, Any], str], Grade]

GRADERS: dict[str, Grader] = {
    "choice": choices.grade,
    "ifeval": ifeval.grade,
    "math": math.grade,
    "number": numbers.grade,
    "span": spans.grade,
    "text": text.grade,
    "yes_no": yes_no.grade,
}


def get_grader(name: str | None) -> Grader:
    """The grader called ``name``, or that of a Python file; :class:`StudyError` if there is none."""
    if name is not None and name.endswith(".py"):
        return own_grader(name)
    if name is None or name not in GRADERS:
        raise StudyError("no such grader", found=name, expected=", ".join(GRADERS))
    return GRADERS[name]


def grade(item: dict[str, Any], answer: str) -> Grade:
    """Grade ``answer`` to a row of the ``items`` schema with the grader that the item's benchmark declares."""
    from scale_or_reason.benchmarks.registry import (
        get_benchmark,
    )  # only needed to look the grader up

    return get_grader(get_benchmark(item["benchmark"]).grader)(item, answer)
