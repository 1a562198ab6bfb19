"""MATH-500: competition problems with a LaTeX answer.

Few-shot examples come from the 12,000 other problems of MATH, in the same columns.
"""

from __future__ import annotations

from scale_or_reason.benchmarks.base import Benchmark, HubRows, Question, Row, text_of
from scale_or_reason.benchmarks.instructions import MATH


def read(row: Row) -> Question:
    return Question(text_of(row, "problem"), [text_of(row, "answer")], own_id=text_of(row, "unique_id"))


BENCHMARK = Benchmark(
    name="math_500",
    domain="Math",
    style="OE",
    instruction=MATH,
    hub=HubRows("HuggingFaceH4/MATH-500", "test", rows=500),
    pool=HubRows("nlile/hendrycks-MATH-benchmark", "train"),
    columns=("problem", "answer", "unique_id"),
    read=read,
    grader="math",
    file_names=("math500",),
)
