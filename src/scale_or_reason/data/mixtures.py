"""The training mixtures D_rho: every prompt once, with the teacher's IFT or its reasoning answer (v1 section 2)."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.seeds import stable_id
from scale_or_reason.common.shares import part_of
from scale_or_reason.common.table_schemas import SCHEMAS
from scale_or_reason.common.wording import counted
from scale_or_reason.study.cells import CURRICULA

#: How X_rho is drawn for different ratios. The papers don't say.
#: ``nested``: X_0.25 is a part of X_0.5 and so on, so that neighbouring ratios differ only in the prompts that
#: changed their format, and a curve over rho is less noisy. ``independent``: each ratio draws anew.
SAMPLINGS = ("nested", "independent")


def build_mixture(
    prompt_ids: pl.Series, curriculum: str, ratio: float, seed: int, sampling: str = "nested"
) -> pl.DataFrame:
    """D_rho in training order (schema mixture), one row per pair; it says which answer, and holds no text.

    Under ``seq`` all IFT answers come first (phase 0), then all reasoning answers (phase 1); under ``seq-reversed``
    reasoning is phase 0 and IFT phase 1; under ``mix`` both are shuffled together (phase 0). X_rho and the shuffling
    depend on ``seed`` and the prompt ids alone: not on the order of the pairs, and not on the curriculum, so that all
    curricula train on the same answers.
    """
    _check(prompt_ids, curriculum, ratio, sampling)
    ids = prompt_ids.to_list()
    selection = ("mixture", "select") if sampling == "nested" else ("mixture", "select", repr(float(ratio)))
    chosen = _hash_order(ids, seed, *selection)[: part_of(ratio, len(ids))]  # |X_rho|
    reasons = pl.col("prompt_id").is_in(pl.Series(chosen, dtype=pl.String).implode())
    second = {"seq": reasons, "seq-reversed": ~reasons, "mix": pl.lit(False)}[curriculum]
    return (
        _ranks(ids, seed, "mixture", "order")
        .with_columns(
            phase=second.cast(pl.Int64), format=pl.when(reasons).then(pl.lit("reasoning")).otherwise(pl.lit("ift"))
        )
        .sort("phase", "rank")
        .with_columns(position=pl.int_range(pl.len(), dtype=pl.Int64))
        .select(list(SCHEMAS["mixture"]))
    )


def search_samples(
    prompt_ids: pl.Series, answer_format: str, samples: int, held_out: int, seed: int
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """What a search for a learning rate trains on and what it measures the loss on (schema mixture, no common row).

    Which prompts, and in what order, depends on ``seed`` and their ids alone: both formats get the same ones. Raises
    :class:`StudyError` if there are fewer than ``samples + held_out``.
    """
    if len(prompt_ids) < samples + held_out:
        raise StudyError(
            "there are too few pairs for the search of learning rates",
            key="training.learning_rate_search",
            found=counted(len(prompt_ids), "pair"),
            expected=f"{samples} to train on and {held_out} held out",
            remedy="lower samples or held_out, or give the students their learning rates",
        )
    ids = _hash_order(prompt_ids.to_list(), seed, "learning rates")
    return _in_one_format(ids[held_out : held_out + samples], answer_format), _in_one_format(
        ids[:held_out], answer_format
    )


def _in_one_format(ids: list[str], answer_format: str) -> pl.DataFrame:
    columns = {"position": range(len(ids)), "phase": [0] * len(ids), "prompt_id": ids}
    return pl.DataFrame(columns).with_columns(format=pl.lit(answer_format)).cast(SCHEMAS["mixture"])  # type: ignore[arg-type]


def replica_order(mixture: pl.DataFrame, replica: int, seed: int) -> pl.DataFrame:
    """The rows of ``mixture`` in the order in which a replica trains on them; ``position`` stays what it was.

    Replica 0 takes them as they are. Any other shuffles them by ``seed`` within each phase: replicas differ in the
    order of the samples, not in which prompts are answered with reasoning, nor in when reasoning begins.
    """
    if replica == 0:
        return mixture
    ranks = _ranks(mixture["prompt_id"], seed, "replica", "order")
    return mixture.join(ranks, on="prompt_id").sort("phase", "rank").drop("rank")


def _ranks(ids: Iterable[str], seed: int, *stage: str) -> pl.DataFrame:
    order = _hash_order(ids, seed, *stage)
    return pl.DataFrame(
        {"prompt_id": order, "rank": range(len(order))}, schema={"prompt_id": pl.String, "rank": pl.Int64}
    )


def _hash_order(ids: Iterable[str], seed: int, *stage: str) -> list[str]:
    """A permutation that depends on each id alone, so that adding a prompt does not reshuffle the others."""
    return sorted(ids, key=lambda prompt_id: stable_id(seed, *stage, prompt_id))


def _check(prompt_ids: pl.Series, curriculum: str, ratio: float, sampling: str) -> None:
    if curriculum not in CURRICULA:
        raise StudyError("unknown curriculum", found=curriculum, expected=" or ".join(CURRICULA))
    if sampling not in SAMPLINGS:
        raise StudyError("unknown way to draw the reasoning prompts", found=sampling, expected=" or ".join(SAMPLINGS))
    if not 0 <= ratio <= 1:
        raise StudyError("the reasoning ratio is out of range", found=ratio, expected="a number from 0 to 1")
    if prompt_ids.is_empty():
        raise StudyError(
            "there are no pairs to mix",
            expected="at least one row",
            remedy="look at the audit beside the pairs for why all were dropped",
        )
    repeated = prompt_ids.filter(prompt_ids.is_duplicated()).unique()
    if len(repeated):
        raise StudyError(
            "a prompt occurs more than once in the pairs",
            key="prompt_id",
            found=", ".join(repeated.sort().head(3)),
            expected="each prompt once",
            remedy="run the rule build_pairs again; it pairs each prompt once",
        )
