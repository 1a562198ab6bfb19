"""LegalBench, task consumer_contracts_qa: yes-or-no questions about the terms of online services.

The repository has a loading script, which ``datasets`` no longer runs; the hub's Parquet copy is read instead.
"""

from __future__ import annotations

from scale_or_reason.benchmarks.base import Benchmark, HubRows, Question, Row, text_of
from scale_or_reason.benchmarks.instructions import BOX
from scale_or_reason.common.errors import StudyError

_ANSWERS = {"yes": "Yes", "no": "No"}


def read(row: Row) -> Question:
    answer = _ANSWERS.get(str(row["answer"]).strip().lower())
    if answer is None:
        raise StudyError("the row has no gold answer", key="answer", found=repr(row["answer"]), expected="Yes or No")
    return Question(f"Contract: {text_of(row, 'contract')}\n\nQuestion: {text_of(row, 'question')}", [answer])


def _rows(split: str, rows: int) -> HubRows:
    files = (f"consumer_contracts_qa/{split}/*.parquet",)
    return HubRows("nguha/legalbench", split, data_files=files, revision="refs/convert/parquet", rows=rows)


BENCHMARK = Benchmark(
    name="consumer_qa",
    domain="Law",
    style="OE",
    instruction=f"Read the contract and answer the question about it with Yes or No. {BOX}",
    hub=_rows("test", rows=396),
    pool=_rows("train", rows=4),
    columns=("contract", "question", "answer"),
    read=read,
    grader="yes_no",
)
