"""n-gram overlap, against a slow search written in another way."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import scale_or_reason.data.decontamination as contamination
from scale_or_reason.benchmarks.registry import BENCHMARKS, get_benchmark
from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.tables import check_table
from scale_or_reason.data.decontamination import prompt_overlaps

QUESTION = "Ann has seven apples and gives three of them to Bob. How many apples are left?"
ITEMS = pl.DataFrame({"benchmark": ["gsm8k"], "item_id": ["i"], "question": [QUESTION]})


def made_items(*questions: tuple[str, str]) -> pl.DataFrame:
    schema = {"benchmark": pl.String, "question": pl.String}
    return pl.DataFrame(questions, schema=schema, orient="row").with_row_index("item_id").cast({"item_id": pl.String})


def overlaps(prompts: list[str], items: pl.DataFrame, n: int = 8, tables: int = 1) -> pl.DataFrame:
    """The overlaps of prompts that are called by their number, in several tables."""
    questions = pl.DataFrame(
        {"prompt_id": [str(i) for i in range(len(prompts))], "prompt": prompts},
        schema={"prompt_id": pl.String, "prompt": pl.String},
    )
    parts = [questions[start::tables] for start in range(tables)]
    found = prompt_overlaps(parts, items, n)
    check_table(found, "overlaps", "test")
    return found


def overlapping_benchmark(prompts: list[str], items: pl.DataFrame, n: int = 8) -> list[str | None]:
    found = dict(overlaps(prompts, items, n).select("prompt_id", "benchmark").iter_rows())
    return [found.get(str(number)) for number in range(len(prompts))]


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
    items = made_items(("ifeval", get_benchmark("gsm8k").instruction))
    prompts = [
        f"{instruction}\n\nWhat is one and one?"
        for instruction in [benchmark.instruction for benchmark in BENCHMARKS.values()]
    ]
    prompts.append(
        "Solve the following math problem. Make sure to put the answer (and only the answer) inside \\boxed{}.\n\nOne?"
    )
    assert overlapping_benchmark(prompts, items) == [None] * len(prompts)


def test_short_questions_must_be_the_whole_prompt() -> None:
    items = made_items(("math_500", "Compute $1 + 1$."))
    prompts = ["Compute 1+1", f"{get_benchmark('math_500').instruction}\n\nCompute $1 + 1$.", "Compute $1 + 1 + 1$."]
    assert overlapping_benchmark(prompts, items) == ["math_500", "math_500", None]


def test_signs_of_short_questions_count() -> None:
    items = made_items(("gsm8k", "What is 12 - 4?"), ("math_500", "Is C++ fast?"))
    prompts = ["What is 12 + 4?", "what is 12-4", "What is 12 * 4?", "What is 12 4?", "Is C fast?", "Is C++ fast"]
    assert overlapping_benchmark(prompts, items) == [None, "gsm8k", None, None, None, "math_500"]


def test_first_benchmark_is_named() -> None:
    items = made_items(("squad", "a b"), ("gsm8k", "c d"), ("squad", "c d"))
    assert overlapping_benchmark(["x a b", "c d", "c d a b"], items, n=2) == ["squad", "gsm8k", "squad"]


def test_the_audit_shows_item_and_words() -> None:
    prompt = f"{get_benchmark('gsm8k').instruction}\n\nSo: ANN has seven apples, and gives three of them away."
    assert overlaps(["one", prompt], ITEMS).rows(named=True) == [
        {
            "prompt_id": "1",
            "benchmark": "gsm8k",
            "item_id": "i",
            "shared_words": "ann has seven apples and gives three of",
        }
    ]
    assert overlaps(["b c d", "a b x b c"], made_items(("x", "b c"), ("y", "a b")), n=2).rows() == [
        ("0", "x", "0", "b c"),
        ("1", "x", "0", "b c"),  # of the first item, although it comes later in the prompt
    ]


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


@pytest.mark.slow
@given(
    prompts=st.lists(TEXTS, max_size=8),
    questions=st.lists(st.tuples(st.sampled_from(["x", "y", "z"]), TEXTS), max_size=6),
    n=st.integers(1, 4),
    chunk=st.integers(1, 4),
    tables=st.integers(1, 3),
)
def test_against_sets_of_tuples(
    prompts: list[str], questions: list[tuple[str, str]], n: int, chunk: int, tables: int
) -> None:
    items = made_items(*questions)
    expected = {}
    for number, prompt in enumerate(prompts):
        own = runs(prompt.split(), n)
        hits = [place for place, (_, question) in enumerate(questions) if own & runs(question.split(), n)]
        if hits:
            expected[str(number)] = (questions[hits[0]][0], str(hits[0]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(contamination, "CHUNK", chunk)
        found = overlaps(prompts, items, n, tables)
    assert {row[0]: row[1:3] for row in found.rows()} == expected
    for prompt_id, _, item, shared in found.rows():
        run = tuple(shared.split())
        assert run in runs(prompts[int(prompt_id)].split(), n) & runs(questions[int(item)][1].split(), n)
