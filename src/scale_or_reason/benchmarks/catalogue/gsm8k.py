"""GSM8K: grade-school word problems; the gold number follows ``####``."""

from __future__ import annotations

from scale_or_reason.benchmarks.base import Benchmark, HubRows, Question, Row, text_of
from scale_or_reason.benchmarks.instructions import MATH
from scale_or_reason.common.errors import StudyError

_MARK = "####"


def read(row: Row) -> Question:
    _, mark, number = text_of(row, "answer").rpartition(_MARK)
    gold = number.strip().replace(",", "")
    if not mark or not gold:
        raise StudyError(
            "the row has no gold answer",
            key="answer",
            found=repr(row["answer"])[-80:],
            expected=f"a number after {_MARK}",
        )
    return Question(text_of(row, "question"), [gold])


BENCHMARK = Benchmark(
    name="gsm8k",
    domain="Math",
    style="OE",
    instruction=MATH,
    hub=HubRows("openai/gsm8k", "test", configs=("main",), rows=1319),
    pool=HubRows("openai/gsm8k", "train", configs=("main",), rows=7473),
    columns=("question", "answer"),
    read=read,
    grader="math",
)
