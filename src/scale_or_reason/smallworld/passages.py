"""Short passages about people, questions about them (squad), conversations (coqa), contracts (consumer_qa)."""

from __future__ import annotations

from random import Random

from scale_or_reason.smallworld.lexicon import CITIES, DRINKS, JOBS, OBJECTS, PEOPLE, WOMEN
from scale_or_reason.smallworld.problem import Problem, boxed

#: What may be told of a person: statement, question, values.
TRAITS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "city": ("lives in", "Where does {who} live?", CITIES),
    "drink": ("likes", "What does {who} like?", DRINKS),
    "job": ("works as a", "What does {who} work as?", JOBS),
}
ACTS = ("sell", "copy", "lend", "share", "print", "trade")


def _passage(rng: Random, people: list[str], per_person: int) -> tuple[list[str], list[tuple[str, str, str]]]:
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
    sentences, told = _passage(rng, people, 2)
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
    return Problem(row, boxed(value), (f"{person} {TRAITS[trait][0]} {value}",))


def coqa(rng: Random) -> Problem:
    """Three turns: two about one person, the second of them with a pronoun, and the last one about either."""
    people = rng.sample(PEOPLE, 2)
    sentences, told = _passage(rng, people, 3)
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
    return Problem(row, boxed(answers[-1]), (spans[-1],))


def consumer_qa(rng: Random) -> Problem:
    """A contract of permissions and prohibitions, and a question whether one act is allowed."""
    acts = rng.sample([(act, thing) for act in ACTS for thing in OBJECTS], rng.randint(3, 5))
    allowed = [rng.random() < 0.5 for _ in acts]
    clauses = [
        f"Users {'may' if may else 'may not'} {act} {thing}." for (act, thing), may in zip(acts, allowed, strict=True)
    ]
    asked = rng.randrange(len(acts))
    act, thing = acts[asked]
    answer = "Yes" if allowed[asked] else "No"
    row = {
        "index": str(rng.getrandbits(40)),
        "contract": " ".join(clauses),
        "question": f"May users {act} {thing}?",
        "answer": answer,
    }
    return Problem(row, boxed(answer), (clauses[asked].removesuffix("."),))
