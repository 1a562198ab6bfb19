"""The words and the facts of the small world. Facts are arbitrary, so that knowing them takes capacity."""

from __future__ import annotations

from functools import cache
from random import Random

from scale_or_reason.seeds import derive_seed

WOMEN = ("Ann", "Eve", "Ida", "Joy", "Kim", "Liz", "Mia", "Zoe")
MEN = ("Ben", "Dan", "Guy", "Jim", "Leo", "Max", "Sam", "Tom")
PEOPLE = WOMEN + MEN
OBJECTS = ("books", "pens", "coins", "cups", "hats", "keys", "maps", "nuts", "eggs", "toys", "bags", "rings")

COLOURS = ("red", "blue", "green", "black", "white", "brown")
ANIMALS = ("fox", "bear", "crow", "duck", "frog", "goat", "mole", "seal")
#: What may be known of an animal: the verb phrase of a statement, the question, and the possible values.
ATTRIBUTES: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "food": ("eats", "What does the {animal} eat?", ("mice", "grass", "fish", "corn", "ants", "figs", "moss", "kelp")),
    "home": (
        "lives in the",
        "Where does the {animal} live?",
        ("forest", "desert", "river", "cave", "swamp", "meadow", "tundra", "valley"),
    ),
    "fear": (
        "fears",
        "What does the {animal} fear?",
        ("fire", "storms", "wolves", "noise", "snow", "owls", "dogs", "bees"),
    ),
}

CITIES = ("Rome", "Oslo", "Lima", "Cairo", "Delhi", "Paris", "Tokyo", "Quito", "Seoul", "Turin")
DRINKS = ("tea", "milk", "juice", "water", "cocoa", "soup")
GAMES = ("chess", "tennis", "golf", "poker", "darts", "rugby", "cards", "bowls")

#: Each of these changes an amount by +n or by -n.
GAINS = ("finds", "buys", "gets", "wins")
LOSSES = ("loses", "sells", "drops", "gives away")


@cache
def animals() -> tuple[str, ...]:
    """All animals of the world: a colour and a kind, 48 in all."""
    return tuple(f"{colour} {kind}" for colour in COLOURS for kind in ANIMALS)


@cache
def facts() -> dict[tuple[str, str], str]:
    """The value of every (animal, attribute), the same in every study."""
    rng = Random(derive_seed("small world", "facts"))
    return {(animal, name): rng.choice(values) for animal in animals() for name, (_, _, values) in ATTRIBUTES.items()}


def statement(animal: str, attribute: str) -> str:
    """A fact as a sentence without full stop: ``the red fox eats mice``."""
    verb = ATTRIBUTES[attribute][0]
    return f"the {animal} {verb} {facts()[animal, attribute]}"
