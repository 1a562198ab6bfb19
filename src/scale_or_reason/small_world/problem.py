"""What every generator of the small world returns: a benchmark row and its true answer in both formats."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any

LETTERS = "ABCDEFGHIJ"
#: No option is larger; no amount is, either.
LARGEST = 29


@dataclass(frozen=True)
class Problem:
    """One question of the small world.

    ``row`` is in the hub schema of the benchmark; ``final`` is the true final answer as a teacher writes it;
    ``steps`` are the lines of a true reasoning trace.
    """

    row: dict[str, Any]
    final: str
    steps: tuple[str, ...]

    @property
    def ift(self) -> str:
        """The true answer with thinking off."""
        return self.final

    @property
    def reasoning(self) -> str:
        """The true answer with thinking on, as a thinking teacher writes it."""
        trace = "\n".join(self.steps)
        return f"<think>\n{trace}\n</think>\n\n{self.final}"


def boxed(answer: object) -> str:
    """The final answer as the papers' instructions ask for it."""
    return f"\\boxed{{{answer}}}"


def unboxed(final: str) -> str:
    """The answer itself, out of its box."""
    return final.removeprefix("\\boxed{").removesuffix("}")


def weigh_options(options: list[str], correct: int) -> list[str]:
    """The lines of a trace that walk through all options, as long as the list is: what makes traces on MC long."""
    return [f"{LETTERS[i]} {text} {'yes' if i == correct else 'no'}" for i, text in enumerate(options)]


def number_options(rng: Random, answer: int, count: int, tempting: list[int]) -> tuple[list[str], int]:
    """``count`` different numbers up to ``LARGEST`` with ``answer`` among them, and its index.

    ``tempting`` are wrong values that a careless reader may reach, such as the result before the last step. Options are
    in ascending order, as in real exams: who only guesses the size of the answer does better than chance.
    """
    values = list(dict.fromkeys([answer, *tempting]))[:count]
    highest = max(14, *values)
    others = [value for value in range(highest + 1) if value not in values]
    values = sorted([*values, *rng.sample(others, count - len(values))])
    return [str(value) for value in values], values.index(answer)


def word_options(rng: Random, answer: str, wrong: list[str], count: int) -> tuple[list[str], int]:
    """``count`` different words in alphabetical order with ``answer`` among them, and its index."""
    options = sorted([answer, *rng.sample([word for word in wrong if word != answer], count - 1)])
    return options, options.index(answer)
