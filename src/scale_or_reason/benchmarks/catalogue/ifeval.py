"""IFEval: instructions that a program can check. No gold answer; the grader needs the instructions' arguments."""

from __future__ import annotations

from collections.abc import Mapping

from scale_or_reason.benchmarks.base import Benchmark, HubRows, Question, Row, as_text, text_of, texts_of
from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.wording import counted


def read(row: Row) -> Question:
    instructions, arguments = texts_of(row, "instruction_id_list"), row["kwargs"]
    if (
        not isinstance(arguments, list)
        or len(arguments) != len(instructions)
        or not all(isinstance(entry, Mapping) for entry in arguments)
    ):
        raise StudyError(
            "the row does not have one dictionary of arguments per instruction",
            key="kwargs",
            found=repr(arguments)[:80],
            expected=f"a list of {counted(len(instructions), 'dictionary', 'dictionaries')}",
        )
    # The hub pads each dictionary with the arguments of all other instructions, as None.
    present = [{name: value for name, value in entry.items() if value is not None} for entry in arguments]
    extra = {"instruction_id_list": instructions, "kwargs": present}
    return Question(text_of(row, "prompt"), gold=[], extra=extra, own_id=as_text(row["key"], "key"))


BENCHMARK = Benchmark(
    name="ifeval",
    domain="General",
    style="OE",
    instruction="Answer the following instruction.",
    hub=HubRows("google/IFEval", "train", rows=541),
    pool=None,
    columns=("key", "prompt", "instruction_id_list", "kwargs"),
    read=read,
    grader="ifeval",
    shots=False,
)
