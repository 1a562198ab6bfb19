"""What a grader says about an answer, and how it reads the item it grades."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Literal

from scale_or_reason.common.errors import StudyError

Verdict = Literal["yes", "no"]

#: An answer longer than this is graded on its last characters only: what is final is at the end.
LONGEST_ANSWER = 200_000
#: Longer extracted texts are shortened in a :class:`Grade`; the grading itself saw them whole.
LONGEST_EXTRACT = 300


@dataclass(frozen=True)
class Grade:
    """A rule grader's verdict.

    ``how`` says where the graded text came from:

    - ``box``: the last ``\\boxed{...}``, as the prompt asks. Only these count in a strict score.
    - ``fallback:NAME``: no box; the extractor NAME found the answer.
    - ``whole``: the benchmark grades the whole final answer (IFEval).
    - ``none``: nothing to grade was found.
    - ``unclosed-think``: the reasoning never ended, so there is no final answer.

    ``strict`` and ``lenient`` are the two ways to count: right and in the box as the prompt asks, and right wherever
    it was found. The verdict is the lenient one. IFEval has no box: its official prompt-level measures are called so,
    and the verdict is the strict one. ``exact_match`` and ``f1`` are the official measures of reading comprehension,
    normalised, the best over all gold answers; None elsewhere.

    ``note`` holds what else is known: a grader's measure, the instructions of IFEval that failed, ``timeout``,
    ``too-complex``.
    """

    verdict: Verdict
    extracted: str | None
    how: str
    note: str = ""
    strict: bool = False
    lenient: bool = False
    exact_match: bool | None = None
    f1: float | None = None

    def columns(self) -> dict[str, str | bool | float | None]:
        """The columns of the verdicts table that a grade fills."""
        return {"reply" if name == "note" else name: value for name, value in vars(self).items()}


def make_grade(correct: bool, extracted: str | None, how: str, note: str = "") -> Grade:
    """A :class:`Grade` whose extract is short enough for a table, strict if it is right and from a box."""
    if extracted is not None and len(extracted) > LONGEST_EXTRACT:
        extracted = extracted[: LONGEST_EXTRACT - 1] + "…"
    return Grade("yes" if correct else "no", extracted, how, note, strict=correct and how == "box", lenient=correct)


def gold_answers(item: dict[str, Any]) -> list[str]:
    """The accepted answers of an item; :class:`StudyError` if it has none."""
    gold = [text for text in (item.get("gold") or []) if text and text.strip()]
    if not gold:
        raise StudyError(
            "an item has no gold answer",
            key=f"{item.get('benchmark')} / {item.get('item_id')}",
            found=item.get("gold"),
            expected="at least one accepted answer",
            remedy="check the benchmark's rows and prepare them again",
        )
    return gold


def extra_of(item: dict[str, Any]) -> dict[str, Any]:
    """The item's ``extra`` JSON as a dictionary; :class:`StudyError` if it is no JSON object."""
    text = item.get("extra") or "{}"
    try:
        extra = json.loads(text)
    except ValueError:
        extra = None
    if not isinstance(extra, dict):
        raise StudyError(
            "an item's extra column is not a JSON object",
            key=f"{item.get('benchmark')} / {item.get('item_id')}",
            found=text[:80],
            expected='a JSON object, "{}" if there is nothing to say',
        )
    return extra
