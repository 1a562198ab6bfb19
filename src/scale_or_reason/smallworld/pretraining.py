"""Plain text of the small world, on which base students are pre-trained: facts, sums, stories, passages, exams."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from scale_or_reason.benchmarks.names import BENCHMARK_NAMES
from scale_or_reason.smallworld.arithmetic import chain, story
from scale_or_reason.smallworld.exams import exam_block
from scale_or_reason.smallworld.knowledge import BLANKS
from scale_or_reason.smallworld.lexicon import ATTRIBUTES, OBJECTS, PEOPLE, animals, statement


def _facts(rng: Random) -> str:
    animal = rng.choice(animals())
    chosen = rng.sample(list(ATTRIBUTES), rng.randint(1, 3))
    return " ".join(f"{statement(animal, attribute).capitalize()}." for attribute in chosen)


def _sums(rng: Random) -> str:
    return "\n".join(step for _ in range(3) for step in chain(rng, 2).steps)


def _products(rng: Random) -> str:
    pairs = [(rng.randint(2, 5), rng.randint(2, 5)) for _ in range(4)]
    return "\n".join(f"{a}*{b}={a * b}" for a, b in pairs)


def _story(rng: Random) -> str:
    """A story whose result is worked out line by line, or just told."""
    amounts = chain(rng, rng.randint(1, 5))
    person, thing = rng.choice(PEOPLE), rng.choice(OBJECTS)
    told = " ".join(story(rng, amounts, person, thing, distractor=0.3))
    worked = "\n".join(["", *amounts.steps, ""]) if rng.random() < 0.6 else " "
    return f"{told}{worked}Now {person} has {amounts.answer} {thing}."


def _blank(rng: Random) -> str:
    action, reason, who = rng.choice(BLANKS)
    people = rng.sample(PEOPLE, 2)
    return f"{people[0]} {action} {people[1]} because {people[who]} {reason}."


def _exam(rng: Random) -> str:
    """One to four questions of one kind with their answers, as in a book of exercises."""
    benchmark = rng.choice([name for name in BENCHMARK_NAMES if name != "ifeval"])
    worked = rng.random() < 0.3
    return "\n\n".join(exam_block(rng, benchmark, worked) for _ in range(rng.randint(1, 4)))


#: What the text consists of: (share, writer).
KINDS: tuple[tuple[float, Callable[[Random], str]], ...] = (
    (0.25, _facts),
    (0.10, _sums),
    (0.03, _products),
    (0.20, _story),
    (0.06, _blank),
    (0.36, _exam),
)


def document(rng: Random) -> str:
    """One random document."""
    return rng.choices([write for _, write in KINDS], [share for share, _ in KINDS])[0](rng)
