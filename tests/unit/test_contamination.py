"""n-gram overlap, against a slow search written in another way."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import scale_or_reason.contamination as contamination
from scale_or_reason.contamination import overlapping_benchmark
from scale_or_reason.errors import StudyError
from scale_or_reason.prompts import INSTRUCTIONS

QUESTION = "Ann has seven apples and gives three of them to Bob. How many apples are left?"
ITEMS = pl.DataFrame({"benchmark": ["gsm8k"], "question": [QUESTION]})


@pytest.mark.parametrize(
    ("prompt", "benchmark"),
    [
        (QUESTION, "gsm8k"),
        ("Please: ann has SEVEN apples\nand gives, three of them... and so on", "gsm8k"),  # exactly eight words
        ("Please: ann has seven apples and gives three of", "gsm8k"),
        ("Please: ann has seven apples and gives three", None),  # seven
        ("Ann has eight apples and gives three of them to Tom. How many apples were left?", None),
        ("", None),
    ],
)
def test_eight_words_in_a_row(prompt: str, benchmark: str | None) -> None:
    assert overlapping_benchmark([prompt], ITEMS) == [benchmark]


def test_instructions_do_not_count() -> None:
    """Even where a benchmark's question quotes one."""
    items = pl.DataFrame({"benchmark": ["ifeval"], "question": [INSTRUCTIONS["gsm8k"]]})
    prompts = [f"{instruction}\n\nWhat is one and one?" for instruction in (*INSTRUCTIONS.values(),)]
    prompts.append(
        "Solve the following math problem. Make sure to put the answer (and only the answer) inside \\boxed{}.\n\nOne?"
    )
    assert overlapping_benchmark(prompts, items) == [None] * len(prompts)


def test_short_questions_must_be_the_whole_prompt() -> None:
    items = pl.DataFrame({"benchmark": ["math_500"], "question": ["Compute $1 + 1$."]})
    prompts = ["Compute 1+1", f"{INSTRUCTIONS['math_500']}\n\nCompute $1 + 1$.", "Compute $1 + 1 + 1$."]
    assert overlapping_benchmark(prompts, items) == ["math_500", "math_500", None]


def test_first_benchmark_is_named() -> None:
    items = pl.DataFrame({"benchmark": ["squad", "gsm8k", "squad"], "question": ["a b", "c d", "c d"]})
    assert overlapping_benchmark(["x a b", "c d", "c d a b"], items, n=2) == ["squad", "squad", "squad"]
    assert overlapping_benchmark(["c d"], items.slice(1), n=2) == ["gsm8k"]


def test_nothing_to_compare() -> None:
    assert overlapping_benchmark([], ITEMS) == []
    assert overlapping_benchmark(["a"], ITEMS.clear()) == [None]


def test_a_run_without_words() -> None:
    with pytest.raises(StudyError, match="at least one word"):
        overlapping_benchmark([QUESTION], ITEMS, n=0)


def runs(words: list[str], n: int) -> set[tuple[str, ...]]:
    if len(words) < n:
        return {tuple(words)} if words else set()
    return {tuple(words[start : start + n]) for start in range(len(words) - n + 1)}


TEXTS = st.lists(st.sampled_from(["a", "b", "c"]), max_size=7).map(" ".join)


@given(
    prompts=st.lists(TEXTS, max_size=8),
    questions=st.lists(st.tuples(st.sampled_from(["x", "y", "z"]), TEXTS), max_size=6),
    n=st.integers(1, 4),
    chunk=st.integers(1, 4),
)
def test_against_sets_of_tuples(prompts: list[str], questions: list[tuple[str, str]], n: int, chunk: int) -> None:
    items = pl.DataFrame(questions, schema={"benchmark": pl.String, "question": pl.String}, orient="row")
    order = list(dict.fromkeys(benchmark for benchmark, _ in questions))
    expected = []
    for prompt in prompts:
        own = runs(prompt.split(), n)
        hits = {benchmark for benchmark, question in questions if own & runs(question.split(), n)}
        expected.append(next((benchmark for benchmark in order if benchmark in hits), None))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(contamination, "CHUNK", chunk)
        assert overlapping_benchmark(prompts, items, n) == expected
