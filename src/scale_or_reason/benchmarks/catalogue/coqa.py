"""CoQA: a passage, a conversation about it with the gold answers, and its next question.

By default each conversation gives one item, its last question, as in the usual evaluators; with the option
``turns: every`` each question is an item. Two schemas are accepted: EleutherAI/coqa, which has up to four gold answers
per turn, and stanfordnlp/coqa, which has one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from scale_or_reason.benchmarks.base import Benchmark, HubRows, Question, Row, as_text, distinct, nested_list, text_of
from scale_or_reason.benchmarks.instructions import SPAN
from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.wording import counted


def read(row: Row) -> Question:
    questions = _questions(row)
    answers = [as_text(answer, "answers") for answer in nested_list(row, "answers", "input_text")]
    if not questions or len(questions) != len(answers):
        raise StudyError(
            "the conversation has different numbers of questions and answers",
            key="answers",
            found=f"{counted(len(questions), 'question')}, {counted(len(answers), 'answer')}",
            expected="as many answers as questions, at least one",
        )
    gold = distinct([answers[-1], *_further_golds(row, len(questions) - 1)])
    if not gold:
        raise StudyError("the last turn has no gold answer", key="answers", found=repr(answers[-1]), expected="a text")
    history = "\n".join(
        f"Q: {question}\nA: {answer}" for question, answer in zip(questions[:-1], answers, strict=False)
    )
    conversation = f"Conversation so far:\n{history}\n\n" if history else ""
    text = f"Passage: {text_of(row, 'story')}\n\n{conversation}Question: {questions[-1]}"
    return Question(text, gold, own_id=_own_id(row) or None)


def every_turn(row: Row) -> Iterator[Row]:
    """The conversation up to each of its questions."""
    for turns in range(1, len(_questions(row)) + 1):
        own_id = _own_id(row)
        yield {
            **row,
            "id": f"{own_id}-{turns}" if own_id else "",
            "questions": _questions(row)[:turns],
            "answers": {"input_text": nested_list(row, "answers", "input_text")[:turns]},
        }


def _own_id(row: Row) -> str:
    return as_text(row["id"], "id") if row.get("id") is not None else ""


def _questions(row: Row) -> list[str]:
    questions = row["questions"]
    if isinstance(questions, list) and all(isinstance(text, str) for text in questions):
        return [text.strip() for text in questions]
    return [as_text(text, "questions") for text in nested_list(row, "questions", "input_text")]


def _further_golds(row: Row, turn: int) -> list[str]:
    """The other annotators' answers to a turn; blank if missing."""
    annotators = row.get("additional_answers") or {}
    golds = []
    for name in sorted(annotators) if isinstance(annotators, Mapping) else ():
        answers = nested_list(annotators, name, "input_text") if annotators[name] else []
        golds += [str(answers[turn])] if turn < len(answers) else []
    return golds


BENCHMARK = Benchmark(
    name="coqa",
    domain="General",
    style="OE",
    instruction=SPAN,
    hub=HubRows("EleutherAI/coqa", "validation", rows=500),
    pool=HubRows("EleutherAI/coqa", "train", rows=7199),
    columns=("story", "questions", "answers"),
    read=read,
    options={"turns": {"last": {}, "every": {"expand": every_turn}}},
    grader="span",
)
