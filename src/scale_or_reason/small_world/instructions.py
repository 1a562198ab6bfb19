"""Instructions that a program can check, after IFEval: write about an animal, obeying one or two constraints."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from scale_or_reason.small_world.lexicon import ANIMALS, ATTRIBUTES, OBJECTS, statement
from scale_or_reason.small_world.problem import Problem

Constraint = tuple[str, str, dict[str, Any], Callable[[str], str]]


def _constraints(rng: Random) -> list[Constraint]:
    """(IFEval's id, the instruction, its arguments, a function that applies it to an answer)."""
    word = rng.choice(OBJECTS)
    ending = rng.choice(("That is all.", "This is the end."))
    return [
        ("punctuation:no_comma", "Do not use any commas.", {}, lambda text: text.replace(",", " and")),
        ("keywords:existence", f"Use the word {word}.", {"keywords": [word]}, lambda text: f"{text} It has no {word}."),
        (
            "keywords:forbidden_words",
            f"Do not use the word {word}.",
            {"forbidden_words": [word]},
            lambda text: text,
        ),
        (
            "startend:end_checker",
            f"End with the exact words {ending}",
            {"end_phrase": ending},
            lambda text: f"{text} {ending}",
        ),
        ("detectable_format:title", "Add a title such as <<title>>.", {}, lambda text: f"<<animals>> {text}"),
        ("startend:quotation", "Put your answer in double quotes.", {}, lambda text: f'"{text}"'),
    ]


#: The order in which constraints are applied: quotes enclose everything else.
_ORDER = (
    "punctuation:no_comma",
    "keywords:forbidden_words",
    "keywords:existence",
    "startend:end_checker",
    "detectable_format:title",
    "startend:quotation",
)


def ifeval(rng: Random) -> Problem:
    animal = rng.choice(ANIMALS)
    options = _constraints(rng)
    chosen = rng.sample(options, rng.choice((1, 1, 2)))
    # A word cannot be both required and forbidden.
    if {"keywords:existence", "keywords:forbidden_words"} <= {constraint[0] for constraint in chosen}:
        chosen = chosen[:1]
    # The end phrase must come last, which excludes quotes.
    if {"startend:end_checker", "startend:quotation"} <= {constraint[0] for constraint in chosen}:
        chosen = chosen[:1]
    attributes = rng.sample(list(ATTRIBUTES), 2)
    facts = [statement(animal, attribute) for attribute in attributes]
    text = f"{facts[0].capitalize()}, it {facts[1].removeprefix(f'the {animal} ')}."
    for identifier in _ORDER:
        for constraint in chosen:
            if constraint[0] == identifier:
                text = constraint[3](text)
    row = {
        "key": rng.getrandbits(30),
        "prompt": " ".join([f"Write about the {animal}.", *(constraint[1] for constraint in chosen)]),
        "instruction_id_list": [constraint[0] for constraint in chosen],
        "kwargs": [constraint[2] for constraint in chosen],
    }
    return Problem(row, text, (*facts, *(constraint[1].removesuffix(".") for constraint in chosen)))
