"""SQuAD 1.1: a span of a Wikipedia passage answers a question."""

from __future__ import annotations

from scale_or_reason.benchmarks.base import Benchmark, HubRows, Question, Row, as_text, distinct, nested_list, text_of
from scale_or_reason.benchmarks.instructions import SPAN
from scale_or_reason.common.errors import StudyError


def read(row: Row) -> Question:
    gold = distinct([as_text(text, "answers") for text in nested_list(row, "answers", "text")])
    if not gold:
        raise StudyError(
            "the row has no gold answer",
            key="answers",
            found=repr(row["answers"]),
            expected="at least one text",
            remedy="use SQuAD 1.1; version 2 has unanswerable questions",
        )
    text = f"Passage: {text_of(row, 'context')}\n\nQuestion: {text_of(row, 'question')}"
    return Question(text, gold, own_id=text_of(row, "id"))


BENCHMARK = Benchmark(
    name="squad",
    domain="General",
    style="OE",
    instruction=SPAN,
    hub=HubRows("rajpurkar/squad", "validation", configs=("plain_text",), rows=10570),
    pool=HubRows("rajpurkar/squad", "train", configs=("plain_text",), rows=87599),
    columns=("id", "context", "question", "answers"),
    read=read,
    grader="span",
)
