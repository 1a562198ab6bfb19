"""OpenBookQA, without the book: elementary science facts as four options."""

from __future__ import annotations

from scale_or_reason.benchmarks.base import Benchmark, HubRows, Question, Row, multiple_choice, nested_list, text_of
from scale_or_reason.benchmarks.instructions import BOX
from scale_or_reason.common.errors import StudyError


def read(row: Row) -> Question:
    labels = [str(label).strip() for label in nested_list(row, "choices", "label")]
    options = [str(text).strip() for text in nested_list(row, "choices", "text")]
    right = str(row["answerKey"]).strip()  # some keys on the hub have a leading space
    if right not in labels or len(labels) != len(options):
        raise StudyError(
            "the right answer is not among the options", key="answerKey", found=repr(right), expected=", ".join(labels)
        )
    return multiple_choice(
        text_of(row, "question_stem"), options, labels.index(right), own_id=str(row["id"]).strip() or None
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
