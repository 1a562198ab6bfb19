"""AIME 2025, both papers of the contest: integers from 0 to 999. Few-shot examples come from AIME 2024.

v2 cites 2025, v1 gives no year; the option ``year`` swaps the two.
"""

from __future__ import annotations

from scale_or_reason.benchmarks.base import Benchmark, HubRows, Question, Row, text_of
from scale_or_reason.benchmarks.instructions import MATH
from scale_or_reason.common.errors import StudyError


def read(row: Row) -> Question:
    answer = str(row["answer"]).strip()
    if not answer.isdecimal() or int(answer) > 999:
        raise StudyError(
            "the row has no gold answer", key="answer", found=repr(row["answer"]), expected="an integer from 0 to 999"
        )
    return Question(text_of(row, "problem"), [str(int(answer))])


_2025, _2024 = HubRows("math-ai/aime25", "test", rows=30), HubRows("HuggingFaceH4/aime_2024", "train", rows=30)

BENCHMARK = Benchmark(
    name="aime",
    domain="Math",
    style="OE",
    instruction=MATH,
    hub=_2025,
    pool=_2024,
    options={"year": {"2025": {}, "2024": {"hub": _2024, "pool": _2025}}},
    columns=("problem", "answer"),
    read=read,
    grader="math",
)
