"""The result of the small world's generators: a benchmark row and its true answer in both formats."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any

from scale_or_reason.common.think_tags import THINK_CLOSE, THINK_OPEN

LETTERS = "ABCDEFGHIJ"
#: The largest option and the largest amount.
LARGEST = 29


@dataclass(frozen=True)
class Problem:
    """One question of the small world.

    ``row`` is in the hub schema of the benchmark; ``final`` is the true final answer in the teacher's format;
    ``steps`` are the lines of the true reasoning trace.
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
        """The true answer with thinking on, in the teacher's format."""
        trace = "\n".join(self.steps)
        return f"{THINK_OPEN}\n{trace}\n{THINK_CLOSE}\n\n{self.final}"


def boxed(answer: object) -> str:
    """The final answer in the box that the papers' instructions require."""
    return f"\\boxed{{{answer}}}"


def unboxed(final: str) -> str:
    """The answer without its box."""
    return final.removeprefix("\\boxed{").removesuffix("}")


def weigh_options(options: list[str], correct: int) -> list[str]:
    """The lines of a trace that check all options; they make multiple-choice traces long."""
    return [f"{LETTERS[i]} {text} {'yes' if i == correct else 'no'}" for i, text in enumerate(options)]


def number_options(rng: Random, answer: int, count: int, tempting: list[int]) -> tuple[list[str], int]:
    """``count`` different numbers up to ``LARGEST`` with ``answer`` among them, and its index.

    ``tempting`` are plausible wrong values, such as the result before the last step. Options are in ascending order, as
    in real exams, so that guessing the size of the answer is better than chance.
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
