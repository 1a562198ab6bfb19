"""OpenBookQA, without the book: elementary science facts as four options."""

from __future__ import annotations

from scale_or_reason.benchmarks.base import (
    Benchmark,
    HubRows,
    Question,
    Row,
    as_text,
    multiple_choice,
    nested_list,
    text_of,
)
from scale_or_reason.benchmarks.instructions import BOX
from scale_or_reason.common.errors import StudyError


def read(row: Row) -> Question:
    labels = [as_text(label, "choices") for label in nested_list(row, "choices", "label")]
    options = [as_text(text, "choices") for text in nested_list(row, "choices", "text")]
    right = str(row["answerKey"]).strip()  # some keys on the hub have a leading space
    if right not in labels or len(labels) != len(options):
        raise StudyError(
            "the right answer is not among the options",
            key="answerKey",
            found=repr(right),
            expected=", ".join(labels) or "a label",
        )
    return multiple_choice(
        text_of(row, "question_stem"), options, labels.index(right), own_id=as_text(row["id"], "id") or None
    )


BENCHMARK = Benchmark(
    name="openbookqa",
    domain="General",
    style="MC",
    instruction=(
        f"Select the option that best completes the scenario based on everyday reasoning about cause and effect. {BOX}"
    ),
    hub=HubRows("allenai/openbookqa", "test", configs=("main",), rows=500),
    pool=HubRows("allenai/openbookqa", "train", configs=("main",), rows=4957),
    columns=("id", "question_stem", "choices", "answerKey"),
    read=read,
    grader="choice",
)
