"""Shared code of the two MMLU benchmarks: the columns of cais/mmlu."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from scale_or_reason.benchmarks.base import (
    Benchmark,
    HubRows,
    Question,
    Row,
    letter_index,
    multiple_choice,
    option_index,
    text_of,
    texts_of,
)

#: Rows per subject of the split ``dev``, which MMLU provides for few-shot examples.
DEV_ROWS = 5


def read(row: Row) -> Question:
    options = texts_of(row, "choices")
    answer = row["answer"]  # a ClassLabel: 0-3 as the hub decodes it, a letter in some copies
    locate = letter_index if isinstance(answer, str) else option_index
    return multiple_choice(text_of(row, "question"), options, locate(answer, options, "answer"))


def of_subjects(subjects: tuple[str, ...], rows: int) -> dict[str, Any]:
    """The part of a declaration that selects some of MMLU's 57 subjects, with ``rows`` questions in total."""
    return {
        "hub": HubRows("cais/mmlu", "test", configs=subjects, rows=rows),
        "pool": HubRows("cais/mmlu", "dev", configs=subjects, rows=DEV_ROWS * len(subjects)),
        "keep": lambda row: row["subject"] in subjects,
    }


def mmlu_benchmark(
    name: str,
    domain: Literal["General", "Math"],
    instruction: str,
    subjects: Mapping[str, Mapping[str, Any]],
) -> Benchmark:
    """A benchmark of some of MMLU's subjects: the first entry of ``subjects``, unless a study selects another."""
    return Benchmark(
        name=name,
        domain=domain,
        style="MC",
        instruction=instruction,
        columns=("question", "subject", "choices", "answer"),
        read=read,
        grader="choice",
        options={"subjects": subjects},
        **next(iter(subjects.values())),
    )
