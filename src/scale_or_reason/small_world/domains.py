"""Small stand-ins for law, code and physics."""

from __future__ import annotations

from random import Random

from scale_or_reason.small_world.arithmetic import chain, mmlu_pro_row
from scale_or_reason.small_world.lexicon import OBJECTS, PEOPLE
from scale_or_reason.small_world.problem import LETTERS, Problem, boxed, number_options, weigh_options

OFFENCES = ("breaks", "takes", "hides", "burns")
#: (quantity in a second, its unit, what moves or flows)
RATES = (("meters", "A cart moves"), ("liters", "A pump fills"), ("joules", "A lamp uses"))


def fines_of(rng: Random) -> list[tuple[str, int]]:
    """Three offences and the fine in coins of each."""
    acts = rng.sample([f"{act} {thing}" for act in OFFENCES for thing in OBJECTS], 3)
    return [(act, rng.randint(1, 9)) for act in acts]


def law(fines: list[tuple[str, int]]) -> list[str]:
    """The sentences of a law."""
    return [f"Who {act} pays {fine} coins." for act, fine in fines]


def mmlu_pro_law(rng: Random) -> Problem:
    """A law of fines; the person commits two of the offences."""
    fines = fines_of(rng)
    person = rng.choice(PEOPLE)
    (first, fine), (second, other_fine) = rng.sample(fines, 2)
    question = f"{' '.join(law(fines))} {person} {first} and {second}. How many coins does {person} pay?"
    answer = fine + other_fine
    options, correct = number_options(rng, answer, 10, tempting=[fine, other_fine])
    row = mmlu_pro_row(rng, question, options, correct, "law")
    cited = (f"who {first} pays {fine}", f"who {second} pays {other_fine}")
    steps = (*cited, f"{fine}+{other_fine}={answer}", *weigh_options(options, correct))
    return Problem(row, boxed(LETTERS[correct]), steps)


def mmlu_pro_code(rng: Random) -> Problem:
    amounts = chain(rng, rng.randint(1, 3))
    lines = [f"x = {amounts.start}"]
    lines += [f"x = x {'+' if change > 0 else '-'} {abs(change)}" for change in amounts.changes]
    question = "What does this program print?\n" + "\n".join([*lines, "print(x)"])
    options, correct = number_options(rng, amounts.answer, 10, tempting=amounts.results[:-1][:2])
    row = mmlu_pro_row(rng, question, options, correct, "computer science")
    steps = [f"{line}: {step}" for line, step in zip(lines[1:], amounts.steps, strict=True)]
    return Problem(row, boxed(LETTERS[correct]), (*steps, *weigh_options(options, correct)))


def c_code_summarization(rng: Random) -> Problem:
    """A function of one or two operations and its one-sentence summary."""
    operations = []
    for _ in range(rng.randint(1, 2)):
        amount = rng.randint(1, 9)
        operations.append(rng.choice(((f"a + {amount}", f"adds {amount}"), (f"a - {amount}", f"subtracts {amount}"))))
    name = f"f{rng.randint(1, 9)}"
    body = " ".join(f"a = {code};" for code, _ in operations)
    summary = " and ".join(words for _, words in operations)
    row = {
        "file_path": f"src/{name}.c",
        "function": f"int {name}(int a) {{ {body} return a; }}",
        "summary": summary,
    }
    return Problem(row, boxed(summary), tuple(f"{code} {words}" for code, words in operations))


def _motion(rng: Random) -> tuple[str, str, int, list[str], list[int]]:
    unit, subject = rng.choice(RATES)
    rate, seconds, start = rng.randint(2, 5), rng.randint(2, 5), rng.choice((0, 0, 1, 2, 3, 4))
    product = rate * seconds
    question = f"{subject} {rate} {unit} each second for {seconds} seconds. There were {start} {unit} before. "
    question += f"How many {unit} are there in all?"
    steps = [f"{rate}*{seconds}={product}", f"{product}+{start}={product + start}"]
    return question, unit, product + start, steps, [product, rate + seconds]


def mmlu_pro_physics(rng: Random) -> Problem:
    question, _, answer, steps, tempting = _motion(rng)
    options, correct = number_options(rng, answer, 10, tempting=tempting)
    row = mmlu_pro_row(rng, question, options, correct, "physics")
    return Problem(row, boxed(LETTERS[correct]), (*steps, *weigh_options(options, correct)))


def scibench(rng: Random) -> Problem:
    question, unit, answer, steps, _ = _motion(rng)
    row = {
        "problem_text": question,
        "answer_latex": f" {answer}",
        "answer_number": str(answer),
        "unit": f" {unit}",
        "source": "fund",
        "problemid": f" {rng.getrandbits(40)}",
        "comment": " ",
        "solution": None,
    }
    return Problem(row, boxed(answer), tuple(steps))
