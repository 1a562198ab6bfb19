"""The training questions: two schemas, exact duplicates, a sample that is stable under growth. Rows are made up."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scale_or_reason.errors import StudyError
from scale_or_reason.questions import QUESTION_SCHEMAS, collect_questions, question_of
from scale_or_reason.tables import check_table


def infinity_row(*turns: tuple[str, str]) -> dict[str, Any]:
    return {
        "id": "1",
        "conversations": [{"from": who, "value": text} for who, text in turns],
        "label": {"ability_en": ["arithmetic"]},
        "langdetect": "en",
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


def collect(texts: list[str], size: int | None = None, seed: int = 0) -> Any:
    rows = enumerate((nemotron_row(text) for text in texts), start=1)
    return collect_questions(rows, corpus="math", schema="llama_nemotron", size=size, seed=seed, where="test")


def test_first_question_of_a_conversation() -> None:
    row = infinity_row(("human", " Who? \n"), ("gpt", "Ann."), ("human", "When?"))
    assert question_of(row, QUESTION_SCHEMAS["infinity_instruct"]) == "Who?"


def test_question_of_a_nemotron_row() -> None:
    assert question_of(nemotron_row("What is 2 + 2?"), QUESTION_SCHEMAS["llama_nemotron"]) == "What is 2 + 2?"


@pytest.mark.parametrize("turns", [(("gpt", "Ann."), ("human", "Who?")), (), (("human", "  "),)])
def test_conversation_that_opens_without_a_question(turns: tuple[tuple[str, str], ...]) -> None:
    assert question_of(infinity_row(*turns), QUESTION_SCHEMAS["infinity_instruct"]) is None


def test_row_of_another_schema() -> None:
    rows = [(1, infinity_row(("human", "Who?"))), (2, nemotron_row("Who?"))]
    with pytest.raises(StudyError, match="no list of messages") as caught:
        collect_questions(rows, corpus="g", schema="infinity_instruct", size=None, seed=0, where="rows.jsonl")
    assert caught.value.where == "rows.jsonl" and caught.value.key == "row 2: conversations"
    assert "schema" in str(caught.value)


def test_no_questions_at_all() -> None:
    with pytest.raises(StudyError, match="no questions for the corpus g"):
        collect_questions([], corpus="g", schema="infinity_instruct", size=None, seed=0, where="rows.jsonl")


def test_unknown_schema() -> None:
    with pytest.raises(StudyError, match="no such schema"):
        collect_questions([], corpus="g", schema="infinity", size=None, seed=0, where="rows.jsonl")


def test_counts_and_table() -> None:
    rows = [infinity_row(("human", "Who?")), infinity_row(("gpt", "Hm.")), infinity_row(("human", "Who? "))]
    questions = collect_questions(
        enumerate(rows, start=1), corpus="general", schema="infinity_instruct", size=5, seed=0, where="test"
    )
    check_table(questions.table, "questions", "test")
    assert (questions.rows, questions.unusable, questions.distinct) == (3, 1, 1)
    assert questions.table["prompt"].to_list() == ["Who?"]


@given(
    texts=st.lists(st.text("abc", min_size=1, max_size=4), min_size=1, max_size=40),
    size=st.integers(1, 40),
    growth=st.integers(0, 40),
    seed=st.integers(0, 3),
)
def test_sample(texts: list[str], size: int, growth: int, seed: int) -> None:
    small, large = collect(texts, size, seed).table, collect(texts, size + growth, seed).table
    assert small.height == min(size, len(set(texts)))
    assert small["prompt_id"].n_unique() == small["prompt"].n_unique() == small.height
    assert set(small["prompt"]) <= set(texts)
    assert large["prompt"].to_list()[: small.height] == small["prompt"].to_list()
    assert collect(texts[::-1], size, seed).table.equals(small)  # the source's order does not matter


def test_same_prompt_has_another_id_in_another_corpus() -> None:
    ids = {
        collect_questions(
            [(1, nemotron_row("Who?"))], corpus=corpus, schema="llama_nemotron", size=None, seed=0, where="test"
        ).table["prompt_id"][0]
        for corpus in ("general", "math")
    }
    assert len(ids) == 2
