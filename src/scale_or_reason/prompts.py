"""The words that the study puts around a question: instructions for the models, messages for the judges.

Instructions: v1 table 4, which v2 repeats as its table 5; those of one benchmark alone stand in its declaration.
Judging prompts: v1 table 5. Line breaks inside a prompt are not recoverable from the papers' typeset tables: here a
paragraph is a line.
"""

from __future__ import annotations

from collections.abc import Mapping

from scale_or_reason.errors import StudyError

BOX = r"Make sure to put the answer (and only answer) inside \boxed{}."

#: Instructions that several benchmarks share.
MATH = f"Solve the following math problem. {BOX}"
SPAN = (
    f"Read the passage and answer the question by selecting the text span from the passage that best answers it. {BOX}"
)
KNOWLEDGE = (
    f"Answer the following multiple-choice question by selecting the option that best fits the correct knowledge. {BOX}"
)

#: Spellings of the instructions that occur in training prompts besides the benchmarks' (v1 table 3).
TRAINING_INSTRUCTIONS: tuple[str, ...] = (
    r"Solve the following math problem. Make sure to put the answer (and only the answer) inside \boxed{}.",
)

_JUDGE_EQUIVALENCE = "\n".join(
    (
        "You will be given a Question, a User Answer (only its ending is shown due to length), and a Ground Truth.",
        "Your task is not to answer the question, but to say if the user answer is equivalent in meaning to the ground "
        "truth.",
        "First, extract the final result from both the User Answer and the Ground Truth Answer, based on the Question.",
        "Then, compare the two final results and determine whether they convey the same meaning.",
        r"If they are equivalent, respond with \boxed{yes}.",
        "If they are not equivalent, or if the User Answer does not contain a valid answer, respond with "
        r"\boxed{no}.",
    )
)

_JUDGE_INSTRUCTIONS = "\n".join(
    (
        "You will be given an Instruction and a User Answer (only its ending is shown due to length).",
        "Your task is not to answer the Instruction, but to determine whether the User Answer follows all the formal "
        "requirements stated in the Instruction.",
        "If the User Answer contains a thinking process, you should ignore it and only focus on the final answer.",
        "First, identify every explicit requirement in the Instruction (e.g., no commas, maximum word count, required "
        "word occurrences, formatting rules).",
        "Then, compare the User Answer against these requirements.",
        r"If all requirements are satisfied, respond with \boxed{yes}.",
        r"If any requirement is violated, respond with \boxed{no}.",
    )
)


def zero_shot_prompt(instruction: str, question: str) -> str:
    """The user message that asks ``question``: the instruction, an empty line, the question."""
    return f"{instruction}\n\n{question}"


def judge_message(question: str, answer_ending: str, truth: str | None) -> str:
    """The user message that asks a judge about one answer (v1 table 5).

    ``answer_ending`` is what the judge sees of the answer. ``truth`` is the ground truth as :func:`ground_truth`
    writes it; None selects the prompt without one, which the paper uses for ifeval.
    """
    if truth is None:
        return f"{_JUDGE_INSTRUCTIONS}\nQuestion:\n{question}\nUser Answer:\n{answer_ending}"
    return f"{_JUDGE_EQUIVALENCE}\nQuestion:\n{question}\nUser Answer:\n{answer_ending}\nGround Truth:\n{truth}"


def ground_truth(gold: list[str], choices: list[str], extra: Mapping[str, object]) -> str | None:
    """What a judge is shown as the ground truth of an item; None for an item without one (ifeval).

    Multiple choice: letter and text, so that an answer in either form can be compared. Open-ended: the accepted
    answers, joined by " or ", with the unit where the item states one. The papers leave this open.
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
