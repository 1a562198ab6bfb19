"""Few-shot prompts for base students."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scale_or_reason.benchmarks.fewshot import STOP, Example, choose_examples, few_shot_prompt
from scale_or_reason.common.errors import StudyError

POOL = [Example(f"question {i}", str(i)) for i in range(8)]


def test_layout() -> None:
    assert few_shot_prompt("Solve it.", "1+1?", [Example("2+2?", "4"), Example("2+3?", "5")]) == (
        "Solve it.\n\n"
        "Question: 2+2?\nAnswer: \\boxed{4}\n\n"
        "Question: 2+3?\nAnswer: \\boxed{5}\n\n"
        "Question: 1+1?\nAnswer:"
    )


def test_without_examples_the_question_stands_alone() -> None:
    assert few_shot_prompt("Solve it.", "1+1?", []) == "Solve it.\n\nQuestion: 1+1?\nAnswer:"


def test_an_answer_ends_where_the_layout_starts_a_new_question() -> None:
    block = few_shot_prompt("", "1+1?", [Example("2+2?", "4")]).split("\\boxed{4}")[1]
    assert any(stop in block for stop in STOP)
    assert not any(stop in "Answer: \\boxed{4}\n\n" for stop in STOP)


@given(st.integers(0, 7), st.integers(0, 1000))
def test_fewer_shots_are_the_first_of_more(shots: int, seed: int) -> None:
    more = choose_examples(POOL, shots + 1, "gsm8k", seed)
    assert choose_examples(POOL, shots, "gsm8k", seed) == more[:shots]
    assert len(set(more)) == shots + 1


def test_seed_and_benchmark_choose() -> None:
    chosen = {tuple(choose_examples(POOL, 5, name, seed)) for name in ("gsm8k", "aime") for seed in range(5)}
    assert len(chosen) == 10


def test_a_small_pool_is_refused() -> None:
    with pytest.raises(StudyError, match="too few examples") as caught:
        choose_examples(POOL, 9, "gsm8k", 0)
    assert caught.value.key == "gsm8k"
