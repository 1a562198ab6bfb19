"""Training prompts of the small world, in the schemas of the two prompt sources."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

from scale_or_reason.benchmarks.instructions import TRAINING_INSTRUCTIONS, zero_shot_prompt
from scale_or_reason.benchmarks.registry import get_benchmark
from scale_or_reason.common.seeds import derive_seed
from scale_or_reason.small_world.exercises import user_message
from scale_or_reason.small_world.generate import GENERATORS, QUESTION_KINDS

#: The topics of each corpus: all benchmarks for general, mathematics for math.
TOPICS: dict[str, tuple[str, ...]] = {
    "general": QUESTION_KINDS,
    "math": ("aqua_rat", "mmlu_math", "mmlu_pro_math", "gsm8k", "math_500", "aime"),
}


def _infinity_instruct(rng: Random, index: int, benchmark: str) -> dict[str, Any]:
    problem = GENERATORS[benchmark](rng)
    turns = [("human", user_message(benchmark, problem)), ("gpt", problem.ift)]
    return {
        "id": f"smallworld_{index}",
        "conversations": [{"from": speaker, "value": text} for speaker, text in turns],
        "label": {"ability_en": [benchmark], "ability_zh": [], "cate_ability_en": [], "cate_ability_zh": []},
        "langdetect": "en",
        "source": "smallworld",
    }


def _llama_nemotron(rng: Random, index: int, benchmark: str) -> dict[str, Any]:
    problem = GENERATORS[benchmark](rng)
    question = get_benchmark(benchmark).read(problem.row).text
    return {
        "input": [{"role": "user", "content": zero_shot_prompt(TRAINING_INSTRUCTIONS[0], question)}],
        "output": problem.reasoning,
        "category": "math",
        "license": "cc-by-4.0",
        "reasoning": "on",
        "generator": "smallworld",
        "used_in_training": "yes",
        "version": "v1",
        "system_prompt": "detailed thinking on",
    }


_WRITERS = {"general": _infinity_instruct, "math": _llama_nemotron}


def corpus_rows(corpus: str, count: int, seed: int) -> Iterator[dict[str, Any]]:
    """``count`` rows of the prompt source of ``corpus`` (general: Infinity-Instruct, math: Llama-Nemotron)."""
    for index in range(count):
        rng = Random(derive_seed("small world", "corpus", corpus, seed, index))
        yield _WRITERS[corpus](rng, index, rng.choice(TOPICS[corpus]))
