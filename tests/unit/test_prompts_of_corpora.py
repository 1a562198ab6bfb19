"""The training questions: schemas, filters, duplicates, a sample that is stable under growth. Rows are made up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import scale_or_reason.data.external_sort as external_sort
from scale_or_reason.common.checksums import visible_files
from scale_or_reason.common.dataset_rows import read_jsonl_leniently
from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.tables import read_table
from scale_or_reason.data.faulty_rows import PATIENCE, FaultyRows
from scale_or_reason.data.prompt_schemas import PROMPT_SCHEMAS, prompt_of
from scale_or_reason.data.prompts import OUTCOMES, PromptRules, choose_prompts


def infinity_row(*turns: tuple[str, str], language: str = "en") -> dict[str, Any]:
    return {
        "id": "1",
        "conversations": [{"from": who, "value": text} for who, text in turns],
        "label": {"ability_en": ["arithmetic"]},
        "langdetect": language,
        "source": "made up",
    }


def nemotron_row(text: str) -> dict[str, Any]:
    return {
        "input": [{"role": "user", "content": text}],
        "output": "Four.",
        "category": "math",
        "reasoning": "off",
        "used_in_training": "yes",
        "system_prompt": "detailed thinking off",
    }


def choose(
    rows: Iterable[dict[str, Any]], schema: str = "llama_nemotron", seed: int = 0, corpus: str = "math", **rules: Any
) -> tuple[pl.DataFrame, dict[str, int]]:
    """The table of questions, and the outcomes that some row met."""
    with TemporaryDirectory() as folder:
        output = Path(folder, "prompts.parquet")
        outcomes = choose_prompts(
            enumerate(rows, start=1),
            output,
            corpus=corpus,
            schema=schema,
            rules=PromptRules(**rules),
            seed=seed,
            where="rows.jsonl",
            faults=FaultyRows(),
        )
        assert list(outcomes) == list(OUTCOMES)
        assert [path.name for path in visible_files(Path(folder))] == ["prompts.parquet"]
        return read_table(output, "prompts"), {outcome: count for outcome, count in outcomes.items() if count}


def choose_texts(texts: Iterable[str], **options: Any) -> tuple[pl.DataFrame, dict[str, int]]:
    return choose(map(nemotron_row, texts), **options)


def test_first_question_of_a_conversation() -> None:
    row = infinity_row(("human", " Who? \n"), ("gpt", "Ann."), ("human", "When?"))
    assert prompt_of(row, PROMPT_SCHEMAS["infinity_instruct"]) == "Who?"


def test_question_of_a_nemotron_row() -> None:
    assert prompt_of(nemotron_row("What is 2 + 2?"), PROMPT_SCHEMAS["llama_nemotron"]) == "What is 2 + 2?"


@pytest.mark.parametrize(
    ("row", "prompt"),
    [
        ({"prompt": " How many primes are below 100?\n"}, "How many primes are below 100?"),
        ({"prompt": "Why?", "source": "forum", "answer": None}, "Why?"),
        ({"prompt": None}, None),
        ({"prompt": "  "}, None),
    ],
)
def test_question_of_a_plain_row(row: dict[str, Any], prompt: str | None) -> None:
    assert prompt_of(row, PROMPT_SCHEMAS["prompt"]) == prompt


def test_question_of_a_released_pair() -> None:
    schema = PROMPT_SCHEMAS["released_pairs"]
    assert prompt_of({"prompt": " Who?", "reasoning": "<think>", "ift": "Ann"}, schema) == "Who?"
    assert prompt_of({"prompt": " "}, schema) is None


@pytest.mark.parametrize("turns", [(("gpt", "Ann."), ("human", "Who?")), (), (("human", "  "),)])
def test_conversation_that_opens_without_a_question(turns: tuple[tuple[str, str], ...]) -> None:
    assert prompt_of(infinity_row(*turns), PROMPT_SCHEMAS["infinity_instruct"]) is None


@pytest.mark.parametrize(("schema", "column"), [("infinity_instruct", "conversations"), ("released_pairs", "prompt")])
def test_row_of_another_schema(schema: str, column: str) -> None:
    good = {"prompt": "Who?", **infinity_row(("human", "Who?"))}
    with pytest.raises(StudyError, match="not of the source's schema") as caught:
        choose([good, nemotron_row("Who?"), nemotron_row("When?")], schema=schema)
    assert caught.value.where == "rows.jsonl" and caught.value.key == f"row 2: {column}"
    assert "schema" in str(caught.value)


def test_few_rows_of_another_schema_are_counted() -> None:
    good = infinity_row(("human", "Who?"))
    bad = [nemotron_row("Who?"), {"conversations": "Who?"}, infinity_row(("human", "cut \ud83d"))]
    rows = [good, *bad, infinity_row(("human", "When?")), infinity_row(("human", "Why?")), StudyError("no JSON")]
    _, outcomes = choose([*rows, infinity_row(("human", "How?"))], schema="infinity_instruct")  # type: ignore[list-item]
    assert outcomes == {"faulty_row": 4, "kept": 4}


def test_a_source_of_other_rows_is_given_up_early() -> None:
    seen = []

    def rows() -> Iterator[dict[str, Any]]:
        for number in range(100_000):
            seen.append(number)
            yield {"other": number}

    with pytest.raises(StudyError, match="not of the source's schema") as caught:
        choose(rows())
    assert caught.value.key == "row 1: input" and len(seen) == PATIENCE


@pytest.mark.parametrize(
    ("turns", "prompt"),
    [
        ([("system", "You are a tutor."), ("human", "Who?")], "Who?"),
        ([("user", "Who?")], "Who?"),
        ([("system", "You are a tutor."), ("gpt", "Hi.")], None),
        ([("system", "You are a tutor.")], None),
        ([("human", None)], None),
        ([("human", [{"type": "text", "text": "Who "}, {"type": "text", "text": "is it?"}])], "Who is it?"),
        ([("human", [{"type": "text", "text": "Who?"}, {"type": "image", "url": "x"}])], None),
        ([("human", ["Who?"])], "Who?"),
        ([("human", [{"type": "text", "text": None}])], None),
        ([("human", [])], None),
    ],
)
def test_first_turns(turns: list[tuple[str, Any]], prompt: str | None) -> None:
    assert prompt_of(infinity_row(*turns), PROMPT_SCHEMAS["infinity_instruct"]) == prompt


CASES = [
    ("c12a_surrogate.jsonl", {"faulty_row": 1, "kept": 2}),
    ("c12b_bom.jsonl", {"kept": 1}),
    ("c12d_u2028_crlf.jsonl", {"kept": 2}),
    ("c12e_rows.jsonl.gz", None),
    ("c12f_null.jsonl", {"no_prompt": 1, "kept": 2}),
    ("c16_turns.jsonl", {"no_prompt": 2, "kept": 4}),
]


@pytest.mark.parametrize(("name", "expected"), CASES)
def test_shared_cases(name: str, expected: dict[str, int] | None, shared_dir: Path) -> None:
    rows = [row for _, row in read_jsonl_leniently(shared_dir / "cases/data" / name)]
    _, outcomes = choose(rows, schema="infinity_instruct")  # type: ignore[arg-type]
    assert outcomes == (expected or {"kept": len(rows)})


def test_shared_case_of_another_encoding(shared_dir: Path) -> None:
    rows = [row for _, row in read_jsonl_leniently(shared_dir / "cases/data/c12c_latin1.jsonl")]
    with pytest.raises(StudyError, match="not UTF-8") as caught:
        choose(rows, schema="infinity_instruct")  # type: ignore[arg-type]
    assert caught.value.key == "line 1" and str(caught.value.where).endswith("c12c_latin1.jsonl")


def test_no_questions_at_all() -> None:
    with pytest.raises(StudyError, match="no prompts for the corpus math"):
        choose([])
    with pytest.raises(StudyError, match="found: 2 too_short"):
        choose_texts(["a?", "b?"], min_chars=10)


def test_unknown_schema() -> None:
    with pytest.raises(StudyError, match="no such schema"):
        choose([], schema="infinity")


def test_every_row_has_one_outcome() -> None:
    rows = [
        infinity_row(("gpt", "Hm.")),
        infinity_row(("human", "Wer ist es?"), language="de"),
        infinity_row(("human", "Who is it?")),
        infinity_row(("human", "Who is it? ")),
        infinity_row(("human", "who  is\nit?")),
        infinity_row(("human", "Who?")),
        infinity_row(("human", "Who is it? " * 9)),
        infinity_row(("human", "Who is she?")),
    ]
    table, outcomes = choose(
        rows, schema="infinity_instruct", corpus="general", languages=("en",), min_chars=5, max_chars=50, num_prompts=1
    )
    assert outcomes == {
        "no_prompt": 1,
        "other_language": 1,
        "too_short": 1,
        "too_long": 1,
        "duplicate": 2,
        "not_sampled": 1,
        "kept": 1,
    }
    assert table.height == 1 and table["corpus"].to_list() == ["general"]


def test_a_source_without_languages() -> None:
    with pytest.raises(StudyError, match="which language") as caught:
        choose_texts(["Who?"], languages=("en",))
    assert "languages" in str(caught.value) and caught.value.key.startswith("row 1")


STORY = (
    "Some train leaves the station at noon and travels north for hours until it stops at that small village where "
    "an old man waits beside heavy bags and holds the letter that he wrote years ago to somebody whom he met abroad"
)


def test_near_duplicates_are_one_question() -> None:
    texts = [STORY, f"{STORY}!", STORY.replace("small", "quiet"), STORY.replace("a", "b"), "Who is it?", "Who is she?"]
    everything, outcomes = choose_texts(texts)
    assert outcomes == {"kept": 6}
    table, outcomes = choose_texts(texts, jaccard=0.6)
    assert outcomes == {"near_duplicate": 2, "kept": 4}
    # the one that comes first in the fixed order stays, and the order of the others is what it was
    assert table["prompt"].to_list() == [
        prompt
        for prompt in everything["prompt"]
        if prompt not in texts[:3] or prompt == next(text for text in everything["prompt"] if text in texts[:3])
    ]


@pytest.mark.slow
@given(
    texts=st.lists(st.text("abc", min_size=1, max_size=4), min_size=1, max_size=40),
    size=st.integers(1, 40),
    growth=st.integers(0, 40),
    seed=st.integers(0, 3),
    near=st.sampled_from([None, 0.8]),
)
def test_sample(texts: list[str], size: int, growth: int, seed: int, near: float | None) -> None:
    small, outcomes = choose_texts(texts, num_prompts=size, seed=seed, jaccard=near)
    large, _ = choose_texts(texts, num_prompts=size + growth, seed=seed, jaccard=near)
    assert sum(outcomes.values()) == len(texts)
    assert small.height == outcomes["kept"] == min(size, len(set(texts)))
    assert small["prompt_id"].n_unique() == small["prompt"].n_unique() == small.height
    assert set(small["prompt"]) <= set(texts)
    assert large["prompt"].to_list()[: small.height] == small["prompt"].to_list()
    # neither the source's order matters nor how much waits in memory
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(external_sort, "_WAITING", 3)
        assert choose_texts(texts[::-1], num_prompts=size, seed=seed, jaccard=near)[0].equals(small)


def test_case_counts_where_it_has_a_meaning() -> None:
    texts = ["Simplify (a+b)(A-b).", "Simplify (a+b)(a-b).", "SIMPLIFY (a+b)(a-b).", "5 mW", "5 MW"]
    assert choose_texts(texts)[1] == {"duplicate": 1, "kept": 4}


def test_same_prompt_has_another_id_in_another_corpus() -> None:
    ids = {choose_texts(["Who?"], corpus=corpus)[0]["prompt_id"][0] for corpus in ("general", "math")}
    assert len(ids) == 2


def test_a_failure_leaves_nothing(tmp_path: Path) -> None:
    sorter = tmp_path / ".out.parquet.sort"
    sorter.mkdir()
    (sorter / "0.parquet").write_text("of a run that was killed")
    with pytest.raises(StudyError, match="no prompts"):
        choose_prompts(
            [],
            tmp_path / "out.parquet",
            corpus="c",
            schema="released_pairs",
            rules=PromptRules(),
            seed=0,
            where="w",
            faults=FaultyRows(),
        )
    assert list(tmp_path.iterdir()) == []
