"""Questions about the facts of the small world, and blanks that common sense fills."""

from __future__ import annotations

from random import Random

from scale_or_reason.small_world.lexicon import ANIMALS, ATTRIBUTES, PEOPLE, facts, statement
from scale_or_reason.small_world.problem import LETTERS, Problem, boxed, weigh_options, word_options

#: (action of X on Y, reason, subject of the reason: 0 for X, 1 for Y)
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


def _fact(rng: Random) -> tuple[str, str, str, list[str]]:
    """An animal, an attribute, its value and all possible values."""
    animal = rng.choice(ANIMALS)
    attribute = rng.choice(list(ATTRIBUTES))
    return animal, attribute, facts()[animal, attribute], list(ATTRIBUTES[attribute][2])


def openbookqa(rng: Random) -> Problem:
    """One option from each quarter of the sorted values, so that the fact determines the letter."""
    animal, attribute, value, values = _fact(rng)
    ordered = sorted(values)
    quarters = [ordered[start : start + len(values) // 4] for start in range(0, len(values), len(values) // 4)]
    options = [value if value in quarter else rng.choice(quarter) for quarter in quarters]
    correct = options.index(value)
    row = {
        "id": f"{rng.getrandbits(40):010x}",
        "question_stem": f"The {animal} {ATTRIBUTES[attribute][0]}",
        "choices": {"text": options, "label": list(LETTERS[:4])},
        "answerKey": LETTERS[correct],
    }
    return Problem(row, boxed(LETTERS[correct]), (statement(animal, attribute), *weigh_options(options, correct)))


def mmlu_misc(rng: Random) -> Problem:
    """Four random values, so that the letter must be read from the options."""
    animal, attribute, value, values = _fact(rng)
    options, correct = word_options(rng, value, values, 4)
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
