"""Short passages about people, questions about them (squad), conversations (coqa), contracts (consumer_qa)."""

from __future__ import annotations

from random import Random

from scale_or_reason.small_world.lexicon import ATTRIBUTES, CITIES, DRINKS, GAMES, OBJECTS, PEOPLE, WOMEN
from scale_or_reason.small_world.problem import Problem, boxed

#: The traits of a person: statement, question, values.
TRAITS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "city": ("visits", "What does {who} visit?", CITIES),
    "drink": ("drinks", "What does {who} drink?", DRINKS),
    "game": ("plays", "What does {who} play?", GAMES),
}
#: Every word that is the answer of some question.
ANSWER_WORDS = (
    *OBJECTS,
    *("Yes", "No"),
    *(value for _, _, values in (*TRAITS.values(), *ATTRIBUTES.values()) for value in values),
)
ACTS = ("sell", "copy", "lend", "share", "print", "trade")


def passage(rng: Random, people: list[str], per_person: int) -> tuple[list[str], list[tuple[str, str, str]]]:
    """Sentences in random order, and (person, trait, value) of each."""
    told = [
        (person, trait, rng.choice(TRAITS[trait][2]))
        for person in people
        for trait in rng.sample(list(TRAITS), per_person)
    ]
    rng.shuffle(told)
    return [f"{person} {TRAITS[trait][0]} {value}." for person, trait, value in told], told


def squad(rng: Random) -> Problem:
    people = rng.sample(PEOPLE, rng.randint(2, 3))
    sentences, told = passage(rng, people, 2)
    person, trait, value = rng.choice(told)
    context = " ".join(sentences)
    start = context.index(f"{person} {TRAITS[trait][0]} {value}.") + len(f"{person} {TRAITS[trait][0]} ")
    row = {
        "id": f"{rng.getrandbits(48):012x}",
        "title": "People",
        "context": context,
        "question": TRAITS[trait][1].format(who=person),
        "answers": {"text": [value], "answer_start": [start]},
    }
    return Problem(row, boxed(value), (f"so {person} {TRAITS[trait][0]} {value}",))


def coqa(rng: Random) -> Problem:
    """Three turns about one person, who is named only in the first."""
    people = rng.sample(PEOPLE, 2)
    sentences, told = passage(rng, people, 3)
    values = {(person, trait): value for person, trait, value in told}
    about = rng.choice(people)
    pronoun = "she" if about in WOMEN else "he"
    traits = rng.sample(list(TRAITS), 3)
    turns = [(about, traits[0], about), (about, traits[1], pronoun), (about, traits[2], pronoun)]
    answers = [values[person, trait] for person, trait, _ in turns]
    story = " ".join(sentences)
    spans = [f"{person} {TRAITS[trait][0]} {values[person, trait]}" for person, trait, _ in turns]
    starts = [story.index(span) for span in spans]
    told_answers = {
        "span_start": starts,
        "span_end": [start + len(span) for start, span in zip(starts, spans, strict=True)],
        "span_text": spans,
        "input_text": answers,
        "turn_id": [1, 2, 3],
    }
    row = {
        "id": f"{rng.getrandbits(48):012x}",
        "source": "smallworld",
        "story": story,
        "questions": {
            "input_text": [TRAITS[trait][1].format(who=who) for _, trait, who in turns],
            "turn_id": [1, 2, 3],
        },
        "answers": told_answers,
        "additional_answers": dict.fromkeys(("0", "1", "2"), told_answers),
    }
    return Problem(row, boxed(answers[-1]), (f"so {spans[-1]}",))


def contract(rng: Random) -> tuple[list[str], list[tuple[str, str, bool]]]:
    """The clauses of a contract, and for each its act, its thing, and whether it is allowed."""
    acts = rng.sample([(act, thing) for act in ACTS for thing in OBJECTS], rng.randint(3, 5))
    terms = [(act, thing, rng.random() < 0.5) for act, thing in acts]
    return [f"To {act} {thing} is {'allowed' if may else 'forbidden'}." for act, thing, may in terms], terms


def consumer_qa(rng: Random) -> Problem:
    """A contract of permissions and prohibitions, and a question whether one act is allowed."""
    clauses, terms = contract(rng)
    asked = rng.randrange(len(terms))
    act, thing, allowed = terms[asked]
    answer = "Yes" if allowed else "No"
    row = {
        "index": str(rng.getrandbits(40)),
        "contract": " ".join(clauses),
        "question": f"May users {act} {thing}?",
        "answer": answer,
    }
    return Problem(row, boxed(answer), (f"so to {act} {thing} is {'allowed' if allowed else 'forbidden'}",))
