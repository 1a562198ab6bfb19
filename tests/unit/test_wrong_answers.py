"""The list of wrong answers."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.table_schemas import SCHEMAS
from scale_or_reason.judging.jury import JuryRule
from scale_or_reason.scoring.outcomes import VERDICT_COLUMNS
from scale_or_reason.scoring.wrong_answers import ANSWER_COLUMNS, LONGEST_ANSWER, wrong_answers

MODEL = "base/tiny/shots-0"
KEY: dict[str, Any] = {"model_id": MODEL, "benchmark": "sums"}
ITEMS = pl.DataFrame(
    [
        {"benchmark": "sums", "item_id": "a", "question": "1 + 1?", "gold": ["2", "two"]},
        {"benchmark": "sums", "item_id": "b", "question": "2 + 2?", "gold": ["4"]},
    ]
)


def answers(*texts: tuple[str, int, str]) -> pl.DataFrame:
    rows = [
        {**KEY, "item_id": item, "sample": sample, "prompt_tokens": 3, "answer": text}
        | {"answer_tokens": 5, "finish_reason": "stop"}
        for item, sample, text in texts
    ]
    return pl.DataFrame(rows).select(ANSWER_COLUMNS)


def verdicts(*words: tuple[str, int, str]) -> pl.DataFrame:
    rows = [{**KEY, "item_id": item, "sample": n, "judge": "j", "verdict": word} for item, n, word in words]
    return pl.DataFrame(rows).select(VERDICT_COLUMNS)


def test_wrong_and_undecided_answers_are_listed_with_their_questions() -> None:
    given = answers(("b", 0, "<think>no</think>\n 5"), ("a", 0, "<think>1</think> 2"), ("b", 1, "<think>2 + 2"))
    table = wrong_answers(
        MODEL, ITEMS, given, verdicts(("a", 0, "yes"), ("b", 0, "no"), ("b", 1, "unparsable")), JuryRule()
    )
    assert table.select("item_id", "sample", "question", "gold", "answer").rows() == [
        ("b", 0, "2 + 2?", "4", "5"),
        ("b", 1, "2 + 2?", "4", "<think>2 + 2"),  # the reasoning has no end
    ]
    assert table.schema == pl.Schema(SCHEMAS["wrong_answers"])


def test_of_a_long_answer_the_end_is_listed() -> None:
    given = answers(("a", 0, "x" * LONGEST_ANSWER + "the end"))
    (text,) = wrong_answers(MODEL, ITEMS, given, verdicts(("a", 0, "no")), JuryRule())["answer"]
    assert text.startswith("... x") and text.endswith("the end") and len(text) == LONGEST_ANSWER + 4


def test_an_answer_without_a_verdict_is_an_error() -> None:
    with pytest.raises(StudyError, match="no verdict"):
        wrong_answers(MODEL, ITEMS, answers(("a", 0, "1"), ("b", 0, "2")), verdicts(("a", 0, "no")), JuryRule())
