"""The words and facts of the small world. Facts are arbitrary, so that storing them requires capacity."""

from __future__ import annotations

from functools import cache
from random import Random

from scale_or_reason.common.seeds import derive_seed

WOMEN = ("Ann", "Eve", "Ida", "Joy", "Kim", "Liz", "Mia", "Zoe")
MEN = ("Ben", "Dan", "Guy", "Jim", "Leo", "Max", "Sam", "Tom")
PEOPLE = WOMEN + MEN
OBJECTS = ("books", "pens", "coins", "cups", "hats", "keys", "maps", "nuts", "eggs", "toys", "bags", "rings")

ANIMALS = (
    *("fox", "bear", "crow", "duck", "frog", "goat", "mole", "seal", "lynx", "hare", "wren", "toad"),
    *("newt", "crab", "swan", "stag", "boar", "bison", "otter", "camel", "zebra", "tiger", "lion", "panda"),
    *("koala", "eagle", "heron", "robin", "gecko", "viper", "squid", "shark", "whale", "moose", "hyena", "llama"),
    *("lemur", "sloth", "tapir", "skunk", "rhino", "hippo", "quail", "stork", "egret", "finch", "raven", "ferret"),
)
#: The attributes of an animal: the verb phrase of a statement, the question, and the possible values.
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
def facts() -> dict[tuple[str, str], str]:
    """The value of every (animal, attribute), the same in every study."""
    rng = Random(derive_seed("small world", "facts"))
    return {(animal, name): rng.choice(values) for animal in ANIMALS for name, (_, _, values) in ATTRIBUTES.items()}


def statement(animal: str, attribute: str) -> str:
    """A fact as a sentence without full stop: ``the fox eats mice``."""
    verb = ATTRIBUTES[attribute][0]
    return f"the {animal} {verb} {facts()[animal, attribute]}"
