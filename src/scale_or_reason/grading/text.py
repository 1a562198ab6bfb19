"""Grader for one-sentence summaries (C code summarisation): word overlap with a reference. A weak rule.

A summary is right here if its ROUGE-L or its token F1 with a gold summary reaches 0.4. Overlap says little about
meaning: a good summary in other words fails, a wrong one in the reference's words passes. Trust the judges for this
benchmark and read this grader as a rough check on them.
"""

from __future__ import annotations

from typing import Any

from scale_or_reason.grading.extraction import answer_line, boxed_or, final_answer
from scale_or_reason.grading.grade import Grade, gold_answers, make_grade
from scale_or_reason.grading.words import rouge_l, token_f1

OVERLAP_THRESHOLD = 0.4
#: ROUGE-L takes time quadratic in the length, and a summary is a sentence.
_LONGEST_SUMMARY = 1000


def grade(item: dict[str, Any], answer: str) -> Grade:
    """Grade an answer to an item whose gold list holds reference summaries."""
    golds = gold_answers(item)
    final = final_answer(answer)
    if final is None:
        return make_grade(False, None, "unclosed-think")
    whole = final.strip()
    extract = boxed_or(final, ("answer-line", lambda: answer_line(whole)), ("whole", lambda: whole))
    if extract is None:
        return make_grade(False, None, "none")
    summary = extract.text[:_LONGEST_SUMMARY]
    overlap = max(max(rouge_l(gold[:_LONGEST_SUMMARY], summary), token_f1(gold, summary)) for gold in golds)
    return make_grade(
        overlap >= OVERLAP_THRESHOLD,
        extract.text,
        extract.how,
        f"overlap={overlap:.3f}",
    )
