"""WinoGrande: which of two options fills the blank of a sentence."""

from __future__ import annotations

from scale_or_reason.benchmarks.base import Benchmark, HubRows, Question, Row, multiple_choice, text_of
from scale_or_reason.benchmarks.instructions import BOX
from scale_or_reason.common.errors import StudyError


def read(row: Row) -> Question:
    sentence, label = text_of(row, "sentence"), str(row["answer"]).strip()
    if sentence.count("_") != 1:
        raise StudyError(
            "the sentence does not have exactly one blank", key="sentence", found=sentence, expected="one _"
        )
    if label not in ("1", "2"):
        raise StudyError(
            "the row has no gold answer",
            key="answer",
            found=repr(row["answer"]),
            expected='"1" or "2"',
            remedy="use the validation split: the test split has no labels",
        )
    options = [text_of(row, "option1"), text_of(row, "option2")]
    return multiple_choice(sentence, options, int(label) - 1, also=(label,))


BENCHMARK = Benchmark(
    name="winogrande",
    domain="General",
    style="MC",
    instruction=(
        "Given a sentence with a blank (_) and two possible options, choose the option that correctly fills the blank "
        f"so that the sentence makes the most logical sense. {BOX}"
    ),
    hub=HubRows("allenai/winogrande", "validation", configs=("winogrande_xl",), rows=1267),
    pool=HubRows("allenai/winogrande", "train", configs=("winogrande_xl",), rows=40398),
    columns=("sentence", "option1", "option2", "answer"),
    read=read,
    grader="choice",
)
