"""Pairs: both answers of the teacher to one prompt, kept or dropped whole, with an account of every drop.

The two formats differ in nothing but the answer (v1 section 2.2), so a prompt whose reasoning is unusable loses its
plain answer too. Answers are never repaired: an IFT answer with an empty thought in front is dropped, not cut, so that
token counts stay those of the teacher. Pairs are made shard by shard, since reasoning traces of a million prompts are
tens of gigabytes of text.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.files import write_json
from scale_or_reason.common.table_schemas import SCHEMAS
from scale_or_reason.common.tables import write_csv
from scale_or_reason.common.wording import counted
from scale_or_reason.data.thoughts import behind_thought, closes, is_blank, opens, thinks, thinks_again, thought_of
from scale_or_reason.study.cells import FORMATS

#: Why a pair is dropped. A pair with several faults is counted under the first of them in this order.
DROP_REASONS = {
    "refused": "the teacher's server refused the prompt",
    "invalid_text": "one of the answers is no valid Unicode text, or no text at all",
    "unfinished": "one of the answers hit the length limit",
    "empty": "one of the answers is blank, or there is nothing behind the reasoning",
    "ift_thinks": "the IFT answer holds a thought, with or without text",
    "no_closing_think_tag": "the reasoning answer has no </think>",
    "no_opening_think_tag": "the reasoning answer does not begin with <think>",
    "empty_thought": "the reasoning answer has nothing between <think> and </think>",
    "second_thought": "the reasoning answer opens or closes a second thought",
    "ends_in_control_token": "one of the answers ends in the text of a control token, such as <|im_end|>",
    "benchmark_overlap": "the prompt shares a run of words with a benchmark question",
}
#: The finish reason of an answer that is no valid text, as published pairs may have.
INVALID_TEXT = "invalid_text"
_CONTROL_TOKEN_AT_THE_END = r"(?:<\|[A-Za-z0-9_]+\|>|<end_of_turn>|<eos>)\s*$"
_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


@dataclass
class PairAudit:
    """What became of the prompts.

    ``dropped``: reason to number of pairs, every reason of ``DROP_REASONS`` present. ``overlaps``: benchmark to number
    of pairs dropped because of it. ``length_ratios``: of each kept pair, reasoning tokens divided by IFT tokens.
    """

    kept: int = 0
    dropped: dict[str, int] = field(default_factory=lambda: dict.fromkeys(DROP_REASONS, 0))
    overlaps: dict[str, int] = field(default_factory=dict)
    length_ratios: list[pl.Series] = field(default_factory=list)

    def check_some_are_left(self, where: object) -> None:
        """Raise :class:`StudyError` if every pair was dropped."""
        if not self.kept:
            counts = ", ".join(f"{reason} {count}" for reason, count in self.dropped.items() if count)
            raise StudyError(
                "no pair is left",
                where=where,
                found=f"dropped: {counts}",
                expected="some prompts with two usable answers",
                remedy="raise the teacher's max_tokens if most are unfinished; else look at the teacher's answers",
            )

    def summary(self) -> dict[str, Any]:
        """Counts and quantiles, as a value of JSON."""
        ratios = pl.concat([pl.Series(dtype=pl.Float64), *self.length_ratios])
        quantiles = {f"p{round(100 * q):02d}": ratios.quantile(q, "linear") for q in _QUANTILES}
        dropped = sum(self.dropped.values())
        return {
            "prompts": self.kept + dropped,
            "kept": self.kept,
            "dropped": dropped,
            "reasons": self.dropped,
            "overlaps": self.overlaps,
            "length_ratio": {**quantiles, "mean": ratios.mean()},
        }


def write_audit(audit: PairAudit, csv: Path, json: Path, **more: Any) -> str:
    """Write the drops by reason to ``csv``, all and ``more`` to ``json``; return a line that says how it went."""
    summary = audit.summary()
    counts = {"reason": list(audit.dropped), "count": list(audit.dropped.values())}
    write_csv(pl.DataFrame(counts, schema={"reason": pl.String, "count": pl.Int64}), csv)
    write_json({**summary, **more}, json)
    ratio = summary["length_ratio"]["p50"]
    return f"{counted(audit.kept, 'pair')} kept, {summary['dropped']} dropped; median length ratio {ratio:.1f}"


class PairMaker:
    """Pairs the answers of one teacher; ``audit`` counts over all shards.

    ``overlaps`` (schema overlaps) are the prompts that no student may train on.
    """

    def __init__(self, overlaps: pl.DataFrame, *, teacher: str, sampling: str, seed: int) -> None:
        self.audit = PairAudit()
        self._overlaps = overlaps.select("prompt_id", "benchmark")
        self._origin = {"teacher": pl.lit(teacher), "sampling": pl.lit(sampling), "seed": pl.lit(seed, pl.Int64)}

    def pair(self, prompts: pl.DataFrame, ift: pl.DataFrame, reasoning: pl.DataFrame) -> pl.DataFrame:
        """The usable pairs (schema pairs) of a shard, in the order of its prompts.

        ``ift`` and ``reasoning`` (schema generations) answer ``prompts`` (schema prompts). ``prompt_tokens`` of a
        pair counts the prompt of the reasoning format, to which the template adds nothing. Raises :class:`StudyError`
        unless both formats answer exactly the prompts, each once.
        """
        for name, answers in (("ift", ift), ("reasoning", reasoning)):
            _check_complete(prompts, answers, name)
        joined = _joined(prompts, ift, reasoning).join(
            self._overlaps, on="prompt_id", how="left", maintain_order="left"
        )
        candidates = joined.with_columns(reason=first_fault())
        self._count(candidates)
        return candidates.filter(pl.col("reason").is_null()).with_columns(**self._origin).select(list(SCHEMAS["pairs"]))

    def _count(self, candidates: pl.DataFrame) -> None:
        audit, kept = self.audit, candidates.filter(pl.col("reason").is_null())
        audit.kept += kept.height
        audit.length_ratios.append(kept["reasoning_tokens"] / kept["ift_tokens"])
        for reason, count in candidates.drop_nulls("reason")["reason"].value_counts().iter_rows():
            audit.dropped[reason] += count
        overlapping = candidates.filter(pl.col("reason") == "benchmark_overlap")
        for benchmark, count in overlapping["benchmark"].value_counts(sort=True).iter_rows():
            audit.overlaps[benchmark] = audit.overlaps.get(benchmark, 0) + count


def _check_complete(prompts: pl.DataFrame, answers: pl.DataFrame, answer_format: str) -> None:
    asked, answered = prompts["prompt_id"], answers["prompt_id"]
    problems = {
        "prompts without an answer": asked.filter(~asked.is_in(answered.implode())),
        "answers to no prompt": answered.filter(~answered.is_in(asked.implode())),
        "prompts answered more than once": answered.filter(answered.is_duplicated()),
        "prompts listed more than once": asked.filter(asked.is_duplicated()),
    }
    for problem, ids in problems.items():
        if len(ids):
            raise StudyError(
                f"the answers of format {answer_format} do not match the prompts: {problem}",
                where=f"--{answer_format}",
                found=f"{len(ids)}, first {ids[0]}",
                expected="each prompt answered exactly once",
                remedy="pass all shards of this corpus in order, made from this prompt table",
            )


def _joined(prompts: pl.DataFrame, ift: pl.DataFrame, reasoning: pl.DataFrame) -> pl.DataFrame:
    def answers(frame: pl.DataFrame, name: str, *more: pl.Expr) -> pl.DataFrame:
        return frame.select(
            "prompt_id",
            pl.col("answer").alias(name),
            pl.col("answer_tokens").alias(f"{name}_tokens"),
            pl.col("finish_reason").alias(f"{name}_finish"),
            *more,
        )

    return (
        prompts.select("prompt_id", "prompt")
        .join(answers(ift, "ift"), on="prompt_id", how="left", maintain_order="left")
        .join(
            answers(reasoning, "reasoning", pl.col("prompt_tokens")), on="prompt_id", how="left", maintain_order="left"
        )
    )


def first_fault() -> pl.Expr:
    """The first of ``DROP_REASONS`` that holds, or null.

    For frames with the columns ift, ift_finish, reasoning, reasoning_finish and benchmark.
    """
    ift, reasoning = pl.col("ift"), pl.col("reasoning")
    finishes = [pl.col(f"{name}_finish").fill_null("") for name in FORMATS]
    # Without a closing tag the whole text is the answer: blank is "empty", anything else lacks its tag.
    answer = pl.coalesce(behind_thought(reasoning), reasoning)
    faults = {
        "refused": pl.any_horizontal(finish == "refused" for finish in finishes),
        "invalid_text": pl.any_horizontal(
            *(finish == INVALID_TEXT for finish in finishes), *(text.str.contains("\0") for text in (ift, reasoning))
        ),
        "unfinished": pl.any_horizontal(finish != "stop" for finish in finishes),
        "empty": is_blank(ift) | is_blank(answer),
        "ift_thinks": thinks(ift),
        "no_closing_think_tag": ~closes(reasoning),
        "no_opening_think_tag": ~opens(reasoning),
        "empty_thought": is_blank(thought_of(reasoning)),
        "second_thought": thinks_again(reasoning),
        "ends_in_control_token": pl.any_horizontal(
            text.str.contains(_CONTROL_TOKEN_AT_THE_END) for text in (ift, reasoning)
        ),
        "benchmark_overlap": pl.col("benchmark").is_not_null(),
    }
    return pl.coalesce(pl.when(faults[reason]).then(pl.lit(reason)) for reason in DROP_REASONS)
