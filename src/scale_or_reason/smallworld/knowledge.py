"""Questions about the facts of the small world, and blanks that a rule of everyday life fills."""

from __future__ import annotations

from random import Random

from scale_or_reason.smallworld.lexicon import ANIMALS, ATTRIBUTES, PEOPLE, facts, statement
from scale_or_reason.smallworld.problem import LETTERS, Problem, boxed, weigh_options, word_options

#: (what X does to Y, why, who the reason is about: 0 for X, 1 for Y)
BLANKS: tuple[tuple[str, str, int], ...] = (
    ("thanked", "was kind", 1),
    ("thanked", "was grateful", 0),
    ("helped", "was strong", 0),
    ("helped", "was weak", 1),
    ("asked", "did not know", 0),
    ("asked", "was wise", 1),
    ("paid", "was rich", 0),
    ("paid", "had worked", 1),
    ("feared", "was fierce", 1),
    ("feared", "was timid", 0),
    ("taught", "was ignorant", 1),
    ("taught", "was learned", 0),
)


def _fact(rng: Random) -> tuple[str, str, list[str], int]:
    animal = rng.choice(ANIMALS)
    attribute = rng.choice(list(ATTRIBUTES))
    options, correct = word_options(rng, facts()[animal, attribute], list(ATTRIBUTES[attribute][2]), 4)
    return animal, attribute, options, correct


def openbookqa(rng: Random) -> Problem:
    animal, attribute, options, correct = _fact(rng)
    row = {
        "id": f"{rng.getrandbits(40):010x}",
        "question_stem": f"The {animal} {ATTRIBUTES[attribute][0]}",
        "choices": {"text": options, "label": list(LETTERS[:4])},
        "answerKey": LETTERS[correct],
    }
    return Problem(row, boxed(LETTERS[correct]), (statement(animal, attribute), *weigh_options(options, correct)))


def mmlu_misc(rng: Random) -> Problem:
    animal, attribute, options, correct = _fact(rng)
    question = ATTRIBUTES[attribute][1].format(animal=animal)
    row = {"question": question, "subject": "miscellaneous", "choices": options, "answer": correct}
    return Problem(row, boxed(LETTERS[correct]), (statement(animal, attribute), *weigh_options(options, correct)))


def winogrande(rng: Random) -> Problem:
    action, reason, who = rng.choice(BLANKS)
    people = rng.sample(PEOPLE, 2)
    row = {
        "sentence": f"{people[0]} {action} {people[1]} because _ {reason}.",
        "option1": people[0],
        "option2": people[1],
        "answer": str(who + 1),
    }
    return Problem(row, boxed(LETTERS[who]), (f"so {people[who]} {reason}", *weigh_options(people, who)))
