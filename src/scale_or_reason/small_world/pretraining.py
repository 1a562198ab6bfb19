"""Plain text of the small world, for pre-training base students: facts, sums, stories, passages, exercises."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from scale_or_reason.small_world.arithmetic import chain, equations, tell
from scale_or_reason.small_world.domains import fines_of, law
from scale_or_reason.small_world.exercises import chat_prompt, exercise_block, user_message
from scale_or_reason.small_world.generate import GENERATORS, QUESTION_KINDS
from scale_or_reason.small_world.knowledge import BLANKS
from scale_or_reason.small_world.lexicon import ANIMALS, ATTRIBUTES, OBJECTS, PEOPLE, facts, statement
from scale_or_reason.small_world.passages import ANSWER_WORDS, TRAITS, contract, passage
from scale_or_reason.small_world.problem import LARGEST, LETTERS, number_options, weigh_options, word_options
from scale_or_reason.small_world.tokenizer import END

#: Weights of exercises, default 1: chains of steps need more samples, long lists of options take more tokens.
EXERCISE_WEIGHTS = {
    "ifeval": 0,
    "gsm8k": 3,
    "math_500": 3,
    "scibench": 2,
    "mmlu_math": 2,
    "mmlu_pro_math": 0.5,
    "mmlu_pro_law": 0.5,
    "mmlu_pro_code": 0.5,
    "mmlu_pro_physics": 0.5,
}


def _facts(rng: Random) -> str:
    """One to three facts about an animal, as statements or questions with answers."""
    animal = rng.choice(ANIMALS)
    chosen = rng.sample(list(ATTRIBUTES), rng.randint(1, 3))
    if rng.random() < 0.7:
        return " ".join(f"{statement(animal, attribute).capitalize()}." for attribute in chosen)
    asked = [(ATTRIBUTES[attribute][1].format(animal=animal), facts()[animal, attribute]) for attribute in chosen]
    return "\n".join(f"Q: {question}\nA: {value}" for question, value in asked)


def _sums(rng: Random) -> str:
    """Sums, step by step as in traces, or at once as in answers without a trace."""
    if rng.random() < 0.5:
        return "\n".join(step for _ in range(3) for step in chain(rng, 2).steps)
    chains = [chain(rng, rng.choice((1, 1, 2))) for _ in range(5)]
    return "\n".join(
        f"{amounts.start}{''.join(f'{change:+d}' for change in amounts.changes)}={amounts.answer}" for amounts in chains
    )


def _products(rng: Random) -> str:
    pairs = [(rng.randint(2, 5), rng.randint(2, 5)) for _ in range(4)]
    return "\n".join(f"{a}*{b}={a * b}" for a, b in pairs)


def _story(rng: Random) -> str:
    """A story or equations, with results after each sentence, worked out line by line, or only the final result."""
    layout = rng.choices(("running", "worked", "told"), (30, 40, 30))[0]
    amounts = chain(rng, rng.choice((1, 1, 2, 2, 3)) if layout == "told" else rng.randint(1, 5))
    if rng.random() < 0.6:
        person, thing = rng.choice(PEOPLE), rng.choice(OBJECTS)
        story = tell(rng, amounts, person, thing, distractor=0.0 if layout == "running" else 0.3)
        ending = f"Now {person} has {amounts.answer} {thing}."
    else:
        story = equations(amounts)
        ending = f"So {LETTERS[len(amounts.changes)].lower()} = {amounts.answer}."
    if layout == "running":
        start, *changes = story.sentences
        told = zip(changes, amounts.results, strict=True)
        return " ".join([start, *(f"{change.removesuffix('.')}: {amount}." for change, amount in told)])
    worked = "\n".join(["", *story.steps, ""]) if layout == "worked" else " "
    return f"{' '.join(story.sentences)}{worked}{ending}"


def _blank(rng: Random) -> str:
    action, reason, who = rng.choice(BLANKS)
    people = rng.sample(PEOPLE, 2)
    return f"{people[0]} {action} {people[1]} because {people[who]} {reason}."


def _retold(rng: Random) -> str:
    """A passage, a contract or a law, and its sentences in another order, which trains searching in texts."""
    kind = rng.choice(("passage", "contract", "law"))
    if kind == "passage":
        sentences, _ = passage(rng, rng.sample(PEOPLE, rng.randint(2, 3)), rng.randint(2, 3))
    elif kind == "contract":
        sentences, _ = contract(rng)
    else:
        sentences = law(fines_of(rng))
    return " ".join([*sentences, "Again:", *rng.sample(sentences, len(sentences))])


def _asked(rng: Random) -> str:
    """A passage or a contract, and a question about each of its sentences with its answer."""
    if rng.random() < 0.6:
        sentences, told = passage(rng, rng.sample(PEOPLE, rng.randint(2, 3)), rng.randint(2, 3))
        asked = [(TRAITS[trait][1].format(who=person), value) for person, trait, value in told]
    else:
        sentences, terms = contract(rng)
        asked = [(f"May users {act} {thing}?", "Yes" if allowed else "No") for act, thing, allowed in terms]
    answers = [f"Q: {question}\nA: {answer}" for question, answer in rng.sample(asked, len(asked))]
    return "\n".join([" ".join(sentences), *answers])


def _echo(rng: Random) -> str:
    """Random words, repeated once: the second part can be predicted only by copying the first."""
    words = " ".join(rng.sample((*ANSWER_WORDS, *PEOPLE), rng.randint(6, 14)))
    return f"{words}. Again: {words}."


def _search(rng: Random) -> str:
    """Lettered options and a search for one of them, as in multiple-choice traces."""
    count = rng.choice((2, 4, 4, 5, 10))
    if rng.random() < 0.5:
        options, correct = number_options(rng, rng.randint(0, LARGEST), count, tempting=[])
    else:
        options, correct = word_options(rng, rng.choice(ANSWER_WORDS), list(ANSWER_WORDS), count)
    lettered = [f"{letter}. {option}" for letter, option in zip(LETTERS, options, strict=False)]
    return "\n".join([*lettered, options[correct], *weigh_options(options, correct), f"Answer: {LETTERS[correct]}"])


def _exercise(rng: Random) -> str:
    """One to four questions of one kind with their answers, as in a book of exercises."""
    benchmark = rng.choices(QUESTION_KINDS, [EXERCISE_WEIGHTS.get(name, 1) for name in QUESTION_KINDS])[0]
    worked = rng.random() < 0.6
    return "\n\n".join(exercise_block(rng, benchmark, worked) for _ in range(rng.randint(1, 4)))


def _chat(rng: Random) -> str:
    """A question and answer in a chat, with or without reasoning; the papers' base models have seen chats too."""
    benchmark = rng.choice(QUESTION_KINDS)
    problem = GENERATORS[benchmark](rng)
    answer = problem.reasoning if rng.random() < 0.5 else problem.ift
    return f"{chat_prompt(user_message(benchmark, problem))}{answer}{END}"


#: The kinds of text: (share, writer).
KINDS: tuple[tuple[float, Callable[[Random], str]], ...] = (
    (0.05, _facts),
    (0.05, _sums),
    (0.02, _products),
    (0.12, _story),
    (0.03, _blank),
    (0.05, _retold),
    (0.08, _asked),
    (0.14, _echo),
    (0.05, _search),
    (0.28, _exercise),
    (0.13, _chat),
)


def document(rng: Random) -> str:
    """One random document."""
    return rng.choices([write for _, write in KINDS], [share for share, _ in KINDS])[0](rng)
