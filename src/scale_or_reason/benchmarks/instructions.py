"""The texts around a question: instructions for the models, and the ground truth in prompts for judges.

Instructions are those of v1 table 4, repeated in v2 table 5; an instruction of a single benchmark is in its
declaration. The prompts for judges are in :mod:`scale_or_reason.judging.protocols`.
"""

from __future__ import annotations

from collections.abc import Mapping

from scale_or_reason.common.errors import StudyError

BOX = r"Make sure to put the answer (and only answer) inside \boxed{}."

#: Instructions that several benchmarks share.
MATH = f"Solve the following math problem. {BOX}"
SPAN = (
    f"Read the passage and answer the question by selecting the text span from the passage that best answers it. {BOX}"
)
KNOWLEDGE = (
    f"Answer the following multiple-choice question by selecting the option that best fits the correct knowledge. {BOX}"
)

#: Variants of the instructions in training prompts (v1 table 3) that no benchmark uses.
TRAINING_INSTRUCTIONS: tuple[str, ...] = (
    r"Solve the following math problem. Make sure to put the answer (and only the answer) inside \boxed{}.",
)


def zero_shot_prompt(instruction: str, question: str) -> str:
    """The user message that asks ``question``: the instruction, an empty line, the question."""
    return f"{instruction}\n\n{question}"


def ground_truth(gold: list[str], choices: list[str], extra: Mapping[str, object]) -> str | None:
    """The ground truth of an item in prompts for judges; None for an item without one (ifeval).

    Multiple choice: letter and text, so that an answer in either form can be compared. Open-ended: the accepted
    answers, joined by " or ", with the unit if the item has one. The papers do not specify this.
    """
    if not gold:
        return None
    if choices:
        letter = gold[0]
        index = ord(letter) - ord("A") if len(letter) == 1 else -1
        if not 0 <= index < len(choices):
            raise StudyError(
                "the first gold answer of a multiple-choice item is not the letter of an option",
                key="gold",
                found=letter,
                expected=", ".join(chr(ord("A") + i) for i in range(len(choices))),
                remedy="prepare the benchmark again",
            )
        return f"{letter}. {choices[index]}"
    truth = " or ".join(gold)
    unit = str(extra.get("unit", ""))
    return f"{truth} (unit: {unit})" if unit else truth
