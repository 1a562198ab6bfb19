r"""Prompts for base students: a text to continue, with k solved examples and no chat template.

    {instruction}

    Question: {question of an example}
    Answer: \boxed{its answer}

    Question: {question}
    Answer:

The papers evaluate base students three-shot (v1 section 2.3) and give neither the layout nor the examples.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.seeds import derive_seed
from scale_or_reason.common.tables import read_table
from scale_or_reason.common.wording import counted

#: Base students continue with the next question after their answer; generation stops there.
STOP = ("\nQuestion:",)


@dataclass(frozen=True)
class Example:
    """A question of the pool and its answer; for multiple choice the answer is the letter."""

    question: str
    answer: str


def read_pools(paths: Iterable[Path]) -> dict[str, list[Example]]:
    """The examples in tables of items, by benchmark; rows without a gold answer are skipped."""
    pools: dict[str, list[Example]] = {}
    for path in paths:
        for row in read_table(path, "items").filter(pl.col("gold").list.len() > 0).iter_rows(named=True):
            pools.setdefault(row["benchmark"], []).append(Example(row["question"], row["gold"][0]))
    return pools


def pool_beside(items: Path, benchmark: str) -> list[Example] | None:
    """The examples of a benchmark, from the file beside its table of items; None if they do not exist yet."""
    file = items.with_suffix(".pool.parquet")
    return read_pools([file]).get(benchmark, []) if file.is_file() else None


def solved_example(example: Example) -> str:
    """An example as it appears in the prompt."""
    return f"Question: {example.question}\nAnswer: \\boxed{{{example.answer}}}"


def few_shot_prompt(instruction: str, question: str, examples: Sequence[Example]) -> str:
    """The text that a base student continues; without examples, the instruction and the question alone."""
    blocks = [instruction, *map(solved_example, examples), f"Question: {question}\nAnswer:"]
    return "\n\n".join(blocks)


def choose_examples(
    pool: Sequence[Example], shots: int, benchmark: str, seed: int, where: object = None
) -> list[Example]:
    """``shots`` examples of the pool, the same for every question of the benchmark.

    The order depends only on the seed and the benchmark, and k shots are the first k of any larger number: the ablation
    over shots compares numbers of examples, not different examples. Raises :class:`StudyError` if the pool is too
    small.
    """
    if shots > len(pool):
        raise StudyError(
            "the pool has too few examples",
            where=where,
            key=benchmark,
            found=counted(len(pool), "example"),
            expected=f"{shots} or more",
            remedy="set benchmarks.fewshot_pool in the config to at least the largest number of shots",
        )
    shuffled = list(pool)
    random.Random(derive_seed(seed, "shots", benchmark)).shuffle(shuffled)
    return shuffled[:shots]
