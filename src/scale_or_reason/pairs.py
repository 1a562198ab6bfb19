"""Pairs: both answers of the teacher to one question, kept or dropped whole, with an account of every drop.

So that the two formats differ in nothing but the answer (v1 section 2.2), a question whose reasoning is unusable
loses its plain answer too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from scale_or_reason.contamination import overlapping_benchmark
from scale_or_reason.errors import StudyError
from scale_or_reason.tables import SCHEMAS

_CLOSING_TAG = "</think>"

#: Why a pair is dropped. A pair with several faults is counted under the first of them in this order.
DROP_REASONS = (
    "unfinished",  # one of the answers hit the length limit
    "empty",  # one of the answers is blank, or there is nothing behind the reasoning
    "no_closing_think_tag",  # the reasoning answer has no </think>
    "duplicate_prompt",  # an earlier pair without the faults above has the same prompt, but for case and white space
    "benchmark_overlap",  # the prompt shares a run of words with a benchmark question
)
_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


@dataclass(frozen=True)
class PairedCorpus:
    """``pairs`` (schema pairs, in the order of the questions) and what was dropped.

    ``dropped``: reason to number of pairs, every reason of ``DROP_REASONS`` present. ``overlaps``: benchmark to number
    of pairs dropped because of it.
    """

    pairs: pl.DataFrame
    dropped: dict[str, int]
    overlaps: dict[str, int]

    def audit(self) -> dict[str, Any]:
        """Counts and, of the kept pairs, quantiles of reasoning tokens divided by IFT tokens."""
        ratio = self.pairs["reasoning_tokens"] / self.pairs["ift_tokens"]
        quantiles = {f"p{round(100 * q):02d}": ratio.quantile(q, "linear") for q in _QUANTILES}
        dropped = sum(self.dropped.values())
        return {
            "questions": self.pairs.height + dropped,
            "kept": self.pairs.height,
            "dropped": dropped,
            "reasons": self.dropped,
            "overlaps": self.overlaps,
            "length_ratio": {**quantiles, "mean": ratio.mean()},
        }


def build_pairs(
    questions: pl.DataFrame,
    ift: pl.DataFrame,
    reasoning: pl.DataFrame,
    items: pl.DataFrame,
    *,
    teacher: str,
    sampling: str,
    seed: int,
    overlap_words: int = 8,
) -> PairedCorpus:
    """Pair the teacher's answers of both formats (schema generations) to ``questions`` (schema questions).

    ``items``: the evaluation questions that no training prompt may share ``overlap_words`` consecutive words with.
    ``prompt_tokens`` of a pair counts the prompt of the reasoning format, to which the template adds nothing.
    Raises :class:`StudyError` unless both formats answer exactly the questions, each once.
    """
    for name, answers in (("ift", ift), ("reasoning", reasoning)):
        _check_complete(questions, answers, name)
    candidates = _joined(questions, ift, reasoning)
    candidates = candidates.with_columns(reason=_fault_of_answers())
    candidates = _mark_duplicates(candidates)
    candidates, overlaps = _mark_overlaps(candidates, items, overlap_words)
    counts = dict(candidates.drop_nulls("reason")["reason"].value_counts().iter_rows())
    kept = candidates.filter(pl.col("reason").is_null()).with_columns(
        teacher=pl.lit(teacher), sampling=pl.lit(sampling), seed=pl.lit(seed, pl.Int64)
    )
    return PairedCorpus(
        pairs=kept.select(list(SCHEMAS["pairs"])),
        dropped={reason: counts.get(reason, 0) for reason in DROP_REASONS},
        overlaps=overlaps,
    )


def _check_complete(questions: pl.DataFrame, answers: pl.DataFrame, answer_format: str) -> None:
    asked, answered = questions["prompt_id"], answers["prompt_id"]
    problems = {
        "questions without an answer": asked.filter(~asked.is_in(answered.implode())),
        "answers to no question": answered.filter(~answered.is_in(asked.implode())),
        "questions answered more than once": answered.filter(answered.is_duplicated()),
        "questions listed more than once": asked.filter(asked.is_duplicated()),
    }
    for problem, ids in problems.items():
        if len(ids):
            raise StudyError(
                f"the answers of format {answer_format} do not match the questions: {problem}",
                where=f"--{answer_format}",
                found=f"{len(ids)}, first {ids[0]}",
                expected="each question answered exactly once",
                remedy="pass all shards of this corpus, made from this question table",
            )


def _joined(questions: pl.DataFrame, ift: pl.DataFrame, reasoning: pl.DataFrame) -> pl.DataFrame:
    def answers(frame: pl.DataFrame, name: str, *more: pl.Expr) -> pl.DataFrame:
        return frame.select(
            "prompt_id",
            pl.col("answer").alias(name),
            pl.col("answer_tokens").alias(f"{name}_tokens"),
            pl.col("finish_reason").alias(f"{name}_finish"),
            *more,
        )

    return (
        questions.select("prompt_id", "prompt")
        .join(answers(ift, "ift"), on="prompt_id", how="left", maintain_order="left")
        .join(
            answers(reasoning, "reasoning", pl.col("prompt_tokens")), on="prompt_id", how="left", maintain_order="left"
        )
    )


def _fault_of_answers() -> pl.Expr:
    """The first fault that can be seen in the two answers alone, or null."""
    behind_reasoning = pl.col("reasoning").str.split(_CLOSING_TAG).list.last()
    unfinished = (pl.col("ift_finish") != "stop") | (pl.col("reasoning_finish") != "stop")
    # Without a closing tag this is the whole text: blank is "empty", anything else lacks its tag.
    empty = (pl.col("ift").str.strip_chars() == "") | (behind_reasoning.str.strip_chars() == "")
    open_ended = ~pl.col("reasoning").str.contains(_CLOSING_TAG, literal=True)
    return (
        pl.when(unfinished)
        .then(pl.lit("unfinished"))
        .when(empty)
        .then(pl.lit("empty"))
        .when(open_ended)
        .then(pl.lit("no_closing_think_tag"))
        .otherwise(pl.lit(None, pl.String))
    )


def _mark_duplicates(candidates: pl.DataFrame) -> pl.DataFrame:
    sound = pl.col("reason").is_null()
    same = pl.col("prompt").str.to_lowercase().str.replace_all(r"\s+", " ").str.strip_chars()
    # Numbered among the sound pairs only: the first usable pair of a prompt stays.
    earlier = sound.cast(pl.Int64).cum_sum().over(same) > 1
    return candidates.with_columns(
        reason=pl.when(sound & earlier).then(pl.lit("duplicate_prompt")).otherwise(pl.col("reason"))
    )


def _mark_overlaps(candidates: pl.DataFrame, items: pl.DataFrame, words: int) -> tuple[pl.DataFrame, dict[str, int]]:
    if items.is_empty():
        return candidates, {}
    found: Sequence[str | None] = overlapping_benchmark(candidates["prompt"].to_list(), items, n=words)
    candidates = candidates.with_columns(benchmark=pl.Series(found, dtype=pl.String))
    hit = pl.col("reason").is_null() & pl.col("benchmark").is_not_null()
    counts = candidates.filter(hit)["benchmark"].value_counts(sort=True)
    marked = candidates.with_columns(reason=pl.when(hit).then(pl.lit("benchmark_overlap")).otherwise(pl.col("reason")))
    return marked.drop("benchmark"), dict(counts.iter_rows())
