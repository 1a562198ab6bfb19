"""AIME 2025, both papers of the contest: integers from 0 to 999. Few-shot examples come from AIME 2024."""

from __future__ import annotations

from scale_or_reason.benchmarks.base import Benchmark, HubRows, Question, Row, text_of
from scale_or_reason.errors import StudyError


def read(row: Row) -> Question:
    answer = str(row["answer"]).strip()
    if not answer.isdecimal() or int(answer) > 999:
        raise StudyError(
            "the row has no gold answer", key="answer", found=repr(row["answer"]), expected="an integer from 0 to 999"
        )
    return Question(text_of(row, "problem"), [str(int(answer))])


BENCHMARK = Benchmark(
    name="aime",
    domain="Math",
    style="OE",
    hub=HubRows("math-ai/aime25", "test", rows=30),
    pool=HubRows("HuggingFaceH4/aime_2024", "train", rows=30),
    columns=("problem", "answer"),
    read=read,
    grader="math",
)
