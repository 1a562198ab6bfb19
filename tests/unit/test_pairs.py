"""Pairs are kept or dropped whole, every drop is counted once, the first reason wins."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.tables import check_table, table_from_rows
from scale_or_reason.data.decontamination import prompt_overlaps
from scale_or_reason.data.pairs import DROP_REASONS, PairAudit, PairMaker

GOOD_IFT = ("four", "stop")
GOOD_REASONING = ("<think>\n2+2\n</think>\n\nfour", "stop")
BENCHMARK_QUESTION = "how many apples does ann have after she ate two of her seven apples today"

Answer = tuple[str, str]


def items(question: str = BENCHMARK_QUESTION) -> pl.DataFrame:
    row = {"benchmark": "gsm8k", "item_id": "i", "prompt": question, "question": question}
    return table_from_rows([{**row, "gold": ["5"], "choices": [], "extra": "{}"}], "items")


@dataclass
class Paired:
    pairs: pl.DataFrame
    audit: PairAudit


def paired(rows: list[tuple[str, Answer, Answer]], tokens: tuple[int, int] = (2, 8), shards: int = 1) -> Paired:
    """Pairs of (prompt, IFT answer and finish reason, reasoning answer and finish reason)."""
    rows_of_questions = [{"prompt_id": f"q{i}", "corpus": "general", "prompt": row[0]} for i, row in enumerate(rows)]

    def generations(which: int) -> pl.DataFrame:
        return table_from_rows(
            [
                {
                    "prompt_id": f"q{i}",
                    "prompt": row[0],
                    "prompt_tokens": 10 + which,
                    "answer": row[which][0],  # type: ignore[index]
                    "answer_tokens": tokens[which - 1],
                    "finish_reason": row[which][1],  # type: ignore[index]
                }
                for i, row in enumerate(rows)
            ],
            "generations",
        )

    questions = table_from_rows(rows_of_questions, "prompts")
    maker = PairMaker(prompt_overlaps([questions], items()), teacher="T", sampling="{}", seed=3)
    size = -(-len(rows) // shards)
    parts = [
        maker.pair(*(table.slice(start, size) for table in (questions, generations(1), generations(2))))
        for start in range(0, len(rows), size)
    ]
    return Paired(pl.concat(parts), maker.audit)


def reason_of(prompt: str, ift: Answer, reasoning: Answer) -> str | None:
    """Why the pair is dropped, None if it is kept."""
    corpus = paired([(prompt, ift, reasoning)])
    assert sum(corpus.audit.dropped.values()) + corpus.pairs.height == 1
    return next((reason for reason, count in corpus.audit.dropped.items() if count), None)


def test_a_sound_pair_is_kept_whole() -> None:
    corpus = paired([("what is 2+2?", GOOD_IFT, GOOD_REASONING)])
    check_table(corpus.pairs, "pairs", "test")
    assert corpus.pairs.to_dicts() == [
        {
            "prompt_id": "q0",
            "prompt": "what is 2+2?",
            "ift": "four",
            "reasoning": "<think>\n2+2\n</think>\n\nfour",
            "prompt_tokens": 12,
            "ift_tokens": 2,
            "reasoning_tokens": 8,
            "ift_finish": "stop",
            "reasoning_finish": "stop",
            "teacher": "T",
            "sampling": "{}",
            "seed": 3,
        }
    ]
    assert corpus.audit.dropped == dict.fromkeys(DROP_REASONS, 0)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("ift", "reasoning", "reason"),
    [
        (("fou", "length"), GOOD_REASONING, "unfinished"),
        (GOOD_IFT, ("<think>\n2", "length"), "unfinished"),
        (("", "refused"), GOOD_REASONING, "refused"),
        (("fou", "length"), ("", "refused"), "refused"),
        ((" \n", "stop"), GOOD_REASONING, "empty"),
        (GOOD_IFT, ("", "stop"), "empty"),
        (GOOD_IFT, ("<think>\n2+2\n</think>\n\n ", "stop"), "empty"),
        (GOOD_IFT, ("<think>\nfour", "stop"), "no_closing_think_tag"),
        (GOOD_IFT, ("four", "stop"), "no_closing_think_tag"),
        (GOOD_IFT, ("2+2\n</think>\n\nfour", "stop"), "no_opening_think_tag"),
        (("<think>\nwell\n</think>\n\nfour", "stop"), GOOD_REASONING, "ift_thinks"),
        (("<think>\n\n</think>\n\nfour", "stop"), GOOD_REASONING, "ift_thinks"),
        (("<think>\nwell, two and", "stop"), GOOD_REASONING, "ift_thinks"),
        (("well\n</think>\n\nfour", "stop"), GOOD_REASONING, "ift_thinks"),
        (("Two and two.</think>\n\nfour", "stop"), GOOD_REASONING, "ift_thinks"),
        (("four\n<think>\nor five?", "stop"), GOOD_REASONING, "ift_thinks"),
        (("\u200b\ufeff", "stop"), GOOD_REASONING, "empty"),
        (GOOD_IFT, ("<think>\n\n</think>\n\nfour", "stop"), "empty_thought"),
        (GOOD_IFT, ("<think></think>four", "stop"), "empty_thought"),
        (GOOD_IFT, ("<think>\u200b\n</think>\n\nfour", "stop"), "empty_thought"),
        (GOOD_IFT, ("<think>a</think>\n\n<think>\nb", "stop"), "second_thought"),
        (GOOD_IFT, ("<think>a</think>\n\n<think>\nb\n</think>\n\nfour", "stop"), "second_thought"),
        (GOOD_IFT, ("<think>\n<think>\na\n</think>\n\nfour", "stop"), "second_thought"),
        (GOOD_IFT, ("<think>a</think>\n\nfive?\n</think>\n\nfour", "stop"), "second_thought"),
        (("four<|im_end|>", "stop"), GOOD_REASONING, "ends_in_control_token"),
        (GOOD_IFT, ("<think>a</think>four<end_of_turn>\n", "stop"), "ends_in_control_token"),
        (("fo\0ur", "stop"), GOOD_REASONING, "invalid_text"),
        # mentions of the tags are text
        (("The tag is </think>", "stop"), GOOD_REASONING, None),
        (("The tag is </think>\nIt closes a thought.", "stop"), GOOD_REASONING, None),
        (("</think>", "stop"), GOOD_REASONING, None),
        (("Write `<think>` and `</think>`\naround it.", "stop"), GOOD_REASONING, None),
        (("```\n<think>\nwell\n</think>\nfour\n```\nThat is the form.", "stop"), GOOD_REASONING, None),
        (GOOD_IFT, ("<think>\na tag\n</think>\n\nThe tag is </think>", "stop"), None),
        (GOOD_IFT, ("<think>\na tag\n</think>\n\nThe tag </think> closes a thought.", "stop"), None),
        (GOOD_IFT, ("<think>\nthey ask for <think>\n</think>\n\nThe tag is <think>", "stop"), None),
        (("A turn ends with <|im_end|> and a line break.", "stop"), GOOD_REASONING, None),
    ],
)
def test_one_fault_drops_the_pair(ift: Answer, reasoning: Answer, reason: str | None) -> None:
    assert reason_of("what is 2+2?", ift, reasoning) == reason


def test_the_first_reason_wins() -> None:
    overlapping = f"solve: {BENCHMARK_QUESTION}"
    assert reason_of(overlapping, ("", "length"), ("", "stop")) == "unfinished"
    assert reason_of(overlapping, ("", "stop"), ("no tag", "stop")) == "empty"
    assert reason_of(overlapping, GOOD_IFT, ("no tag", "stop")) == "no_closing_think_tag"
    assert reason_of(overlapping, GOOD_IFT, GOOD_REASONING) == "benchmark_overlap"


def test_overlap_is_counted_by_benchmark() -> None:
    corpus = paired([(f"please: {BENCHMARK_QUESTION}", GOOD_IFT, GOOD_REASONING), ("2+2?", GOOD_IFT, GOOD_REASONING)])
    assert corpus.audit.overlaps == {"gsm8k": 1}
    assert corpus.pairs["prompt"].to_list() == ["2+2?"]


def test_audit_adds_up() -> None:
    rows = [(f"question {i}", GOOD_IFT, GOOD_REASONING) for i in range(5)] + [("q", ("", "stop"), GOOD_REASONING)]
    audit = paired(rows, tokens=(2, 8)).audit.summary()
    assert (audit["prompts"], audit["kept"], audit["dropped"]) == (6, 5, 1)
    assert audit["length_ratio"] == {"p05": 4, "p25": 4, "p50": 4, "p75": 4, "p95": 4, "mean": 4}


answers = st.tuples(
    st.sampled_from(["", " ", "four", "</think>", "<think>a</think>b", "a</think>b", "<think></think>b"]),
    st.sampled_from(["stop", "length"]),
)


@pytest.mark.slow
@given(
    st.lists(st.tuples(st.sampled_from(["a?", "b?", BENCHMARK_QUESTION]), answers, answers), min_size=1),
    st.integers(1, 4),
)
def test_every_pair_is_kept_or_counted_once(rows: list[tuple[str, Answer, Answer]], shards: int) -> None:
    corpus = paired(rows, shards=shards)
    summary = corpus.audit.summary()
    assert summary["prompts"] == len(rows) and summary["kept"] == corpus.pairs.height
    assert summary == paired(rows).audit.summary()
    kept = corpus.pairs
    assert kept["ift_finish"].unique().to_list() in ([], ["stop"])
    assert BENCHMARK_QUESTION not in kept["prompt"]
    assert kept.filter(~pl.col("reasoning").str.contains("</think>")).is_empty()
    assert kept["prompt_id"].to_list() == sorted(kept["prompt_id"].to_list(), key=lambda name: int(name[1:]))


THINK_PIECES = st.sampled_from(["<think>", "</think>", "\n", " ", "well", "four.", "\n\n", "`", "<|im_end|>", "\u200b"])


@pytest.mark.slow
@given(st.lists(THINK_PIECES, max_size=8).map("".join), st.lists(THINK_PIECES, max_size=8).map("".join))
def test_what_is_kept_has_the_form_of_its_format(ift: str, reasoning: str) -> None:
    """Stated by position, without the patterns of the program."""
    if reason_of("q?", (ift, "stop"), (reasoning, "stop")) is not None:
        return
    assert not ift.lstrip().startswith("<think>") and ift.strip(" \n\u200b")
    assert reasoning.lstrip().startswith("<think>")
    thought, _, answer = reasoning.lstrip().removeprefix("<think>").partition("</think>")
    assert thought.strip(" \n\u200b") and answer.strip(" \n\u200b")
    assert not answer.lstrip().startswith("<think>") and not thought.lstrip().startswith("<think>")
    for text in (ift, reasoning):
        assert not text.rstrip().endswith("<|im_end|>")


@pytest.mark.slow
@given(st.text("ab.\n ", min_size=1), st.text("ab.\n ", min_size=1))
def test_sound_answers_are_kept(thought: str, answer: str) -> None:
    if thought.strip() and answer.strip():
        assert reason_of("q?", (answer, "stop"), (f"<think>\n{thought}\n</think>\n\n{answer}", "stop")) is None
        assert reason_of("q?", (answer, "stop"), (f"<think>{thought}</think>{answer}", "stop")) is None
        mention = f"{answer} The tag is </think>"
        assert reason_of("q?", (mention, "stop"), (f"<think>\n{thought}\n</think>\n\n{mention}", "stop")) is None


def test_shared_cases(shared_dir: Path) -> None:
    lines = (shared_dir / "cases/data/c06_ift_thinks.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    found = [reason_of(row["prompt"], (row["ift"], "stop"), (row["reasoning"], "stop")) for row in rows]
    assert found == [
        "ift_thinks",  # an empty thought in front of a plain answer
        "ift_thinks",
        "ift_thinks",
        "ift_thinks",
        "no_opening_think_tag",
        "empty_thought",
        None,  # mentions the tag
        "second_thought",
    ]


def test_missing_and_foreign_answers_are_refused() -> None:
    questions = table_from_rows([{"prompt_id": p, "corpus": "c", "prompt": p} for p in "ab"], "prompts")

    def generations(ids: str) -> pl.DataFrame:
        rows = [{"prompt_id": p, "prompt": p, "prompt_tokens": 1, "answer": "x", "answer_tokens": 1} for p in ids]
        return table_from_rows([{**row, "finish_reason": "stop"} for row in rows], "generations")

    for ids, problem in (("a", "without an answer"), ("abc", "no prompt"), ("abb", "more than once")):
        with pytest.raises(StudyError, match=problem):
            maker = PairMaker(prompt_overlaps([], items()), teacher="", sampling="", seed=0)
            maker.pair(questions, generations("ab"), generations(ids))
