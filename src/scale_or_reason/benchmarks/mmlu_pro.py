"""Shared code of the four MMLU-Pro benchmarks: the columns, and up to ten options."""

from __future__ import annotations

from typing import Literal

from scale_or_reason.benchmarks.base import (
    Benchmark,
    HubRows,
    Question,
    Row,
    as_text,
    letter_index,
    multiple_choice,
    text_of,
    texts_of,
)
from scale_or_reason.common.errors import StudyError

#: Rows per category of the split ``validation``, which MMLU-Pro provides for few-shot examples.
VALIDATION_ROWS = 5
_NO_OPTION = "N/A"


def read(row: Row) -> Question:
    """Options "N/A" are dropped and the others re-lettered, as in the official evaluation."""
    options = texts_of(row, "options")
    right = letter_index(row["answer"], options, "answer")
    if row["answer_index"] != right:
        raise StudyError(
            "answer and answer_index name different options",
            key="answer_index",
            found=f"answer {row['answer']!r}, answer_index {row['answer_index']!r}",
            expected=f"answer_index {right}",
        )
    if options[right] == _NO_OPTION:
        raise StudyError("the right answer is a dropped option", key="answer", found=_NO_OPTION)
    kept = [index for index, option in enumerate(options) if option != _NO_OPTION]
    return multiple_choice(
        text_of(row, "question"),
        [options[index] for index in kept],
        kept.index(right),
        own_id=as_text(row["question_id"], "question_id"),
    )


def mmlu_pro_benchmark(
    name: str, domain: Literal["Math", "Law", "Code", "Physics"], instruction: str, category: str, rows: int
) -> Benchmark:
    """A benchmark of one of MMLU-Pro's 14 categories."""
    return Benchmark(
        name=name,
        domain=domain,
        style="MC",
        instruction=instruction,
        hub=HubRows("TIGER-Lab/MMLU-Pro", "test", rows=rows),
        pool=HubRows("TIGER-Lab/MMLU-Pro", "validation", rows=VALIDATION_ROWS),
        columns=("question_id", "question", "options", "answer", "answer_index", "category"),
        keep=lambda row: row["category"] == category,
        read=read,
        grader="choice",
    )
