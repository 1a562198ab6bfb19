"""AQuA-RAT: algebra word problems with five options."""

from __future__ import annotations

import re

from scale_or_reason.benchmarks.base import (
    Benchmark,
    HubRows,
    Question,
    Row,
    letter_index,
    multiple_choice,
    text_of,
    texts_of,
)
from scale_or_reason.benchmarks.instructions import MATH

_OWN_LETTER = re.compile(r"^\(?[A-E]\s?\)\s*")


def read(row: Row) -> Question:
    options = [_OWN_LETTER.sub("", option) for option in texts_of(row, "options")]  # "A)21" to "21"
    return multiple_choice(text_of(row, "question"), options, letter_index(row["correct"], options, "correct"))


BENCHMARK = Benchmark(
    name="aqua_rat",
    domain="Math",
    style="MC",
    instruction=MATH,
    hub=HubRows("deepmind/aqua_rat", "test", configs=("raw",), rows=254),
    pool=HubRows("deepmind/aqua_rat", "train", configs=("raw",), rows=97467),
    columns=("question", "options", "correct"),
    read=read,
    grader="choice",
)
