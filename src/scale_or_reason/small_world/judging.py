"""Training samples for the small judge: the papers' judging prompt, and a reply that compares before its verdict.

The reply compares the extracted answer and the ground truth piece by piece before the verdict. A small model that must
give the verdict at once stays near chance; with the comparison it learns the task.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import zip_longest
from random import Random

from scale_or_reason.benchmarks.instructions import ground_truth
from scale_or_reason.benchmarks.registry import get_benchmark
from scale_or_reason.common.think_tags import THINK_CLOSE, THINK_OPEN
from scale_or_reason.grading.extraction import final_answer, last_box
from scale_or_reason.grading.ifeval import follow_strictly
from scale_or_reason.judging.protocols import get_protocol
from scale_or_reason.small_world.generate import GENERATORS, QUESTION_KINDS
from scale_or_reason.small_world.lexicon import OBJECTS
from scale_or_reason.small_world.passages import ANSWER_WORDS
from scale_or_reason.small_world.problem import LARGEST, LETTERS, boxed, unboxed

YES_NO = ("Yes", "No")
#: `answer_tail_tokens` of the small study's judge.
TAIL_PIECES = 48


@dataclass(frozen=True)
class JudgeLesson:
    """A judge's prompt and its true reply."""

    prompt: str
    reply: str


def _pieces(text: str) -> list[str]:
    """Words, digits and signs, each a single token."""
    return re.findall(r"[A-Za-z]+|\S", text)


def _is_letter(text: str) -> bool:
    return re.fullmatch(r"[A-J]", text.strip()) is not None


def comparison(answer: str | None, truths: list[str]) -> str:
    """The correct reply to a boxed ``answer`` (None: no box) given the accepted ``truths``."""
    if answer is None:
        return f"no answer\n{boxed('no')}"
    found = _pieces(answer)
    # A letter is compared with the right option's letter, other answers with its text.
    alike = [text for text in truths if _is_letter(text) == _is_letter(answer)]
    truth = next((text for text in truths if _pieces(text) == found), (alike or truths)[0])
    lines = []
    for ours, theirs in zip_longest(found, _pieces(truth), fillvalue="nothing"):
        lines.append(f"{ours} {theirs} {'same' if ours == theirs else 'different'}")
        if ours != theirs:
            return "\n".join([*lines, boxed("no")])
    return "\n".join([*lines, boxed("yes")])


def _wrong_answer(rng: Random, right: str, question: str) -> str:
    """A plausible wrong answer: another letter, number or word (half of them from the question), or a missing piece."""
    if right in YES_NO and rng.random() < 0.7:
        return YES_NO[1 - YES_NO.index(right)]
    if rng.random() < 0.12:  # small students confuse the kinds of answers
        kinds = (rng.choice(LETTERS), str(rng.randint(0, LARGEST)), rng.choice(ANSWER_WORDS))
        return rng.choice([answer for answer in kinds if answer != right])
    if _is_letter(right):
        return rng.choice([letter for letter in LETTERS if letter != right])
    pieces = re.findall(r"\d{1,2}|[A-Za-z]+|\s+|.", right)
    spot = rng.choice([i for i, piece in enumerate(pieces) if piece.strip()])
    if pieces[spot].isdigit():
        pieces[spot] = str(rng.choice([n for n in range(LARGEST + 1) if n != int(pieces[spot])]))
    elif rng.random() < 0.7:
        others = [word for word in ANSWER_WORDS if word != pieces[spot]]
        asked = [word for word in others if word in question]
        pieces[spot] = rng.choice(asked if asked and rng.random() < 0.5 else others)
    else:
        pieces[spot] = ""
    return "".join(pieces).strip() or "nothing"


def _scattered(rng: Random, text: str) -> str:
    """The text with one to four random words inserted, as in answers of small students."""
    words = text.split(" ")
    for _ in range(rng.randint(1, 4)):
        words.insert(rng.randint(0, len(words)), rng.choice((*ANSWER_WORDS, *LETTERS, "no", "yes", "so", "the", "has")))
    return " ".join(words)


def _with_trace(rng: Random, trace: str, answer: str) -> str:
    """The answer after reasoning, with missing, doubled and unclosed think tags, as in answers of students."""
    if rng.random() < 0.3:
        trace = _scattered(rng, trace or "so")
    closed = f"{THINK_OPEN}\n{trace}\n{THINK_CLOSE}\n\n"
    before = rng.choices(
        (
            closed,
            f"{trace}\n{THINK_CLOSE}\n\n",
            f"{trace}\n\n",
            f"{THINK_OPEN}\n{closed}",
            f"{THINK_OPEN}\n{THINK_CLOSE}\n{closed}",
            f"{THINK_OPEN}\n{trace}\n\n",
            f"{closed}{THINK_OPEN}\n{trace}\n",
        ),
        (70, 6, 6, 5, 4, 6, 3),
    )[0]
    return before + answer


def _tail(text: str) -> str:
    """The last ``TAIL_PIECES`` pieces, the part that a judge sees."""
    return "".join(re.findall(r"\s?[A-Za-z]+|\s?\S|\s", text)[-TAIL_PIECES:])


def _message(question: str, answer: str, truth: str | None) -> str:
    """The message to the small study's judge: the single step of protocol v1."""
    (step,) = get_protocol("v1").steps(truth)
    return step.ask({"question": question, "answer": answer, "truth": truth or ""})


def _equivalence_lesson(rng: Random) -> JudgeLesson:
    benchmark = rng.choice([name for name in QUESTION_KINDS if name != "ifeval"])
    problem = GENERATORS[benchmark](rng)
    question = get_benchmark(benchmark).read(problem.row)
    right = unboxed(problem.final)
    if question.choices and rng.random() < 0.1:
        right = question.choices[LETTERS.index(right)]
    answer = boxed(right if rng.random() < 0.5 else _wrong_answer(rng, right, question.text))
    if rng.random() < 0.6:
        trace = "\n".join(rng.sample(problem.steps, rng.randint(0, min(6, len(problem.steps)))))
        answer = _with_trace(rng, trace, answer)
    elif rng.random() < 0.3:
        answer = f" {answer}\n"  # a base student's answer, between the blank after "Answer:" and the line break
    if rng.random() < 0.06:
        answer = rng.choice((answer.removesuffix("}"), answer.partition("\\boxed")[0], right))
    answer = _tail(answer)
    given = last_box(final_answer(answer) or "")
    accepted = [right, *question.gold] if given in question.gold else question.gold
    truth = ground_truth(question.gold, question.choices, question.extra)
    return JudgeLesson(_message(question.text, answer, truth), comparison(given, accepted))


_Spoiler = Callable[[Random, str, dict], str]
_SPOILERS: dict[str, _Spoiler] = {
    "punctuation:no_comma": lambda rng, text, _: text.replace(" it ", ", it ", 1) if " it " in text else text + ",",
    "keywords:existence": lambda rng, text, kwargs: text.replace(kwargs["keywords"][0], rng.choice(OBJECTS)),
    "keywords:forbidden_words": lambda rng, text, kwargs: f"{text} It has no {kwargs['forbidden_words'][0]}.",
    "startend:end_checker": lambda rng, text, kwargs: text.replace(kwargs["end_phrase"], "").strip(),
    "detectable_format:title": lambda rng, text, _: re.sub(r"<<.*?>> ?", "", text),
    "startend:quotation": lambda rng, text, _: text.strip('"') if rng.random() < 0.5 else text.removesuffix('"'),
}


def _word_lines(arguments: dict[str, list[str]], answer: str) -> list[str]:
    """A constraint's required or forbidden word, compared with every word of its kind in the answer."""
    asked = [*arguments.get("keywords", ()), *arguments.get("forbidden_words", ())]
    return [
        f"{word} {given} {'same' if word == given else 'different'}"
        for word in asked
        for given in re.findall(r"[A-Za-z]+", answer)
        if given in OBJECTS
    ]


def _instruction_lesson(rng: Random) -> JudgeLesson:
    """An IFEval answer, correct, spoilt, or to another question; the reply checks the constraints one by one."""
    problem = GENERATORS["ifeval"](rng)
    question = get_benchmark("ifeval").read(problem.row)
    identifiers, arguments = problem.row["instruction_id_list"], problem.row["kwargs"]
    answer = problem.final
    if rng.random() < 0.3:
        answer = GENERATORS["ifeval"](rng).final
    for identifier, keywords in zip(identifiers, arguments, strict=True):
        if rng.random() < 0.35:
            answer = _SPOILERS[identifier](rng, answer, keywords)
    if rng.random() < 0.25:
        answer = _scattered(rng, answer)
    if rng.random() < 0.1:
        answer = boxed(rng.choice((*LETTERS, *ANSWER_WORDS)))
    if rng.random() < 0.5:
        answer = _with_trace(rng, "\n".join(problem.steps), answer)
    answer = _tail(answer)
    prompt = _message(question.text, answer, None)
    final = final_answer(answer)
    if final is None:
        return JudgeLesson(prompt, comparison(None, []))
    followed = follow_strictly(list(zip(identifiers, arguments, strict=True)), final)
    lines = []
    for step, keywords, obeyed in zip(problem.steps[2:], arguments, followed, strict=True):
        lines += [*_word_lines(keywords, final), f"{step} {'yes' if obeyed else 'no'}"]
    return JudgeLesson(prompt, "\n".join([*lines, boxed("yes" if all(followed) else "no")]))


def judge_lesson(rng: Random) -> JudgeLesson:
    """A random lesson; one in three is about following instructions."""
    return _instruction_lesson(rng) if rng.random() < 1 / 3 else _equivalence_lesson(rng)
