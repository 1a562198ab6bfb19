"""Benchmark questions as texts for the small world's models: chats and solved exercises."""

from __future__ import annotations

from random import Random

from scale_or_reason.benchmarks.fewshot import Example, solved_example
from scale_or_reason.benchmarks.instructions import zero_shot_prompt
from scale_or_reason.benchmarks.registry import get_benchmark
from scale_or_reason.small_world.generate import GENERATORS
from scale_or_reason.small_world.problem import Problem, unboxed
from scale_or_reason.small_world.tokenizer import END, START


def user_message(benchmark: str, problem: Problem) -> str:
    """The user message of a problem: the benchmark's instruction, then the question."""
    declared = get_benchmark(benchmark)
    return zero_shot_prompt(declared.instruction, declared.read(problem.row).text)


def chat_prompt(message: str) -> str:
    """A chat up to the assistant's answer, in the format of every model's template."""
    return f"{START}user\n{message}{END}\n{START}assistant\n"


def exercise_block(rng: Random, benchmark: str, worked: bool) -> str:
    """One solved exercise in plain text, in the layout of few-shot examples."""
    problem = GENERATORS[benchmark](rng)
    example = Example(get_benchmark(benchmark).read(problem.row).text, unboxed(problem.final))
    if not worked:
        return solved_example(example)
    trace = "".join(f"{step}\n" for step in problem.steps)
    return solved_example(example).replace("Answer: ", f"Answer: {trace}")
