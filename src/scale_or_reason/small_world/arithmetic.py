"""Chains of small additions and subtractions, and questions built on them: word problems, equations, programs."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any

from scale_or_reason.small_world.lexicon import GAINS, LOSSES, OBJECTS, PEOPLE
from scale_or_reason.small_world.problem import LARGEST, LETTERS, Problem, boxed, number_options, weigh_options


@dataclass(frozen=True)
class Chain:
    """A start value and signed changes; every intermediate result has one digit."""

    start: int
    changes: tuple[int, ...]

    @property
    def results(self) -> list[int]:
        """The amount after each change."""
        amounts = [self.start]
        for change in self.changes:
            amounts.append(amounts[-1] + change)
        return amounts[1:]

    @property
    def answer(self) -> int:
        return self.results[-1]

    @property
    def steps(self) -> list[str]:
        """One worked line per change: ``7+5=12``."""
        before = [self.start, *self.results]
        return [f"{amount}{change:+d}={amount + change}" for amount, change in zip(before, self.changes, strict=False)]


def chain(rng: Random, length: int, smallest_answer: int = 0) -> Chain:
    """A random chain of ``length`` changes whose answer is at least ``smallest_answer``."""
    while True:
        start = amount = rng.randint(1, 9)
        changes: list[int] = []
        for _ in range(length):
            change = rng.choice([step for step in range(-6, 7) if step and 0 <= amount + step <= 9])
            amount += change
            changes.append(change)
        if amount >= smallest_answer:
            return Chain(start, tuple(changes))


@dataclass(frozen=True)
class Story:
    """A chain as a story: its sentences, and its trace, which quotes each change before computing it."""

    sentences: list[str]
    steps: list[str]


def tell(rng: Random, amounts: Chain, person: str, thing: str, distractor: float = 0.0) -> Story:
    """The chain as a story; with probability ``distractor`` another person also has some of the things."""
    deeds = [f"{rng.choice(GAINS if change > 0 else LOSSES)} {abs(change)}" for change in amounts.changes]
    sentences = [f"{person} has {amounts.start} {thing}.", *(f"{person} {deed} {thing}." for deed in deeds)]
    if rng.random() < distractor:
        other = rng.choice([name for name in PEOPLE if name != person])
        sentences.insert(rng.randint(1, len(sentences)), f"{other} has {rng.randint(1, 9)} {thing}.")
    return Story(sentences, [f"{deed}: {step}" for deed, step in zip(deeds, amounts.steps, strict=True)])


def equations(amounts: Chain) -> Story:
    """The chain as equations, each in the letter before: ``Let b = a + 3.``"""
    names = LETTERS[: len(amounts.changes) + 1].lower()
    lines = [f"Let {names[0]} = {amounts.start}."]
    for before, name, change in zip(names, names[1:], amounts.changes, strict=False):
        lines.append(f"Let {name} = {before} {'+' if change > 0 else '-'} {abs(change)}.")
    return Story(lines, [f"{name}: {step}" for name, step in zip(names[1:], amounts.steps, strict=True)])


def word_problem(rng: Random, length: int, distractor: float = 0.3) -> tuple[str, Chain, list[str]]:
    """A question text, the chain that answers it, and the trace."""
    amounts = chain(rng, length)
    person, thing = rng.choice(PEOPLE), rng.choice(OBJECTS)
    story = tell(rng, amounts, person, thing, distractor)
    return " ".join([*story.sentences, f"How many {thing} does {person} have now?"]), amounts, story.steps


def gsm8k(rng: Random) -> Problem:
    question, amounts, steps = word_problem(rng, rng.choice((1, 1, 2, 2, 3, 4)))
    worked = [step.replace("=", "=<<" + step + ">>") for step in amounts.steps]
    row = {"question": question, "answer": "\n".join([*worked, f"#### {amounts.answer}"])}
    return Problem(row, boxed(amounts.answer), tuple(steps))


def math_500(rng: Random) -> Problem:
    amounts = chain(rng, rng.randint(2, 6))
    told = equations(amounts)
    row: dict[str, Any] = {
        "problem": " ".join([*told.sentences, f"Find {LETTERS[len(amounts.changes)].lower()}."]),
        "solution": " ".join(amounts.steps) + f" The answer is {boxed(amounts.answer)}.",
        "answer": str(amounts.answer),
        "subject": "Algebra",
        "level": len(amounts.changes) - 1,
        "unique_id": f"test/algebra/{rng.getrandbits(48):012x}.json",
    }
    return Problem(row, boxed(amounts.answer), tuple(told.steps))


def aime(rng: Random) -> Problem:
    """Two problems in one; the answer is the first result followed by the second: two digits."""
    first, second = chain(rng, rng.randint(2, 3), smallest_answer=1), chain(rng, rng.randint(2, 3))
    people = rng.sample(PEOPLE, 2)
    things = rng.sample(OBJECTS, 2)
    stories = tell(rng, first, people[0], things[0]), tell(rng, second, people[1], things[1])
    question = (
        f"How many {things[0]} does {people[0]} have now? How many {things[1]} does {people[1]} have now? "
        "Write the first number followed by the second."
    )
    answer = f"{first.answer}{second.answer}"
    told = " ".join([*stories[0].sentences, *stories[1].sentences])
    row = {"id": f"{rng.getrandbits(48):012x}", "problem": f"{told} {question}", "answer": answer}
    result = f"{first.answer} and {second.answer}: {answer}"
    # Without the start of the second story, models continue from the result of the first.
    start = f"{people[1]} has {second.start} {things[1]}"
    return Problem(row, boxed(answer), (*stories[0].steps, start, *stories[1].steps, result))


def _choices(rng: Random, amounts: Chain, count: int) -> tuple[list[str], int]:
    return number_options(rng, amounts.answer, count, tempting=[*amounts.results[:-1], amounts.start][:2])


def aqua_rat(rng: Random) -> Problem:
    question, amounts, steps = word_problem(rng, rng.randint(2, 3))
    options, correct = _choices(rng, amounts, 5)
    row = {
        "question": question,
        "options": [f"{LETTERS[i]}){text}" for i, text in enumerate(options)],
        "rationale": "\n".join(amounts.steps),
        "correct": LETTERS[correct],
    }
    return Problem(row, boxed(LETTERS[correct]), (*steps, *weigh_options(options, correct)))


MMLU_MATH_STEPS = {
    "elementary_mathematics": (1, 1),
    "high_school_mathematics": (2, 2),
    "college_mathematics": (2, 3),
    "abstract_algebra": (3, 3),
}


def mmlu_math(rng: Random) -> Problem:
    subject = rng.choice([*MMLU_MATH_STEPS, "high_school_statistics"])
    if subject == "high_school_statistics":
        numbers = rng.sample(range(LARGEST + 1), 3)
        question = f"What is the largest of {numbers[0]}, {numbers[1]} and {numbers[2]}?"
        options, correct = number_options(rng, max(numbers), 4, tempting=sorted(numbers)[:2])
        steps = [f"{max(numbers)} is the largest"]
    else:
        amounts = chain(rng, rng.randint(*MMLU_MATH_STEPS[subject]))
        signed = " ".join(f"{'+' if change > 0 else '-'} {abs(change)}" for change in amounts.changes)
        question = f"What is {amounts.start} {signed}?"
        options, correct = _choices(rng, amounts, 4)
        steps = amounts.steps
    row = {"question": question, "subject": subject, "choices": options, "answer": correct}
    return Problem(row, boxed(LETTERS[correct]), (*steps, *weigh_options(options, correct)))


def mmlu_pro_row(rng: Random, question: str, options: list[str], correct: int, category: str) -> dict[str, Any]:
    """A row of TIGER-Lab/MMLU-Pro."""
    return {
        "question_id": rng.getrandbits(40),
        "question": question,
        "options": options,
        "answer": LETTERS[correct],
        "answer_index": correct,
        "cot_content": "",
        "category": category,
        "src": f"smallworld-{category.replace(' ', '_')}",
    }


def mmlu_pro_math(rng: Random) -> Problem:
    question, amounts, steps = word_problem(rng, rng.randint(2, 4))
    options, correct = _choices(rng, amounts, 10)
    row = mmlu_pro_row(rng, question, options, correct, "math")
    return Problem(row, boxed(LETTERS[correct]), (*steps, *weigh_options(options, correct)))
