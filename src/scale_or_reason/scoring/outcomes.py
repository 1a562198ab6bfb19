"""The outcome of every answer (right or wrong, length, FLOPs), and the effect of early stopping."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.percentiles import length_at
from scale_or_reason.common.table_schemas import SCHEMAS
from scale_or_reason.common.tables import table_from_rows
from scale_or_reason.common.wording import counted
from scale_or_reason.flops.architectures import Architecture
from scale_or_reason.flops.counts import answer_flops, count_of
from scale_or_reason.flops.exact import Decoder
from scale_or_reason.judging.jury import KEY, JuryRule
from scale_or_reason.study.cells import parse_model_id

#: The columns that are read of each table.
ANSWER_COLUMNS = [*KEY, "prompt_tokens", "answer_tokens"]
VERDICT_COLUMNS = [*KEY, "judge", "verdict"]
#: The percentiles of a model's answer lengths at which answers are cut off (v1 figure 9, v2 figure 12).
STOPS = (0, 25, 50, 75, 100)


def model_outcomes(
    model_id: str,
    answers: pl.DataFrame,
    verdicts: pl.DataFrame,
    jury: JuryRule,
    model: Architecture | Decoder | None,
) -> pl.DataFrame:
    """An ``outcomes`` table of one model: a row per answer.

    ``answers`` has ``ANSWER_COLUMNS``; ``verdicts`` has the jurors' ``VERDICT_COLUMNS``. Only a "yes" of the jury
    counts as right, as in the scores. FLOPs are those of equation 6, or exact ones of a :class:`Decoder`; null for an
    unknown architecture. Raises :class:`StudyError` if an answer has no verdict.
    """
    decided = answers.join(jury.decide(verdicts), on=KEY, how="left", maintain_order="left")
    without = decided.filter(pl.col("verdict").is_null())
    if without.height:
        raise StudyError(
            "an answer has no verdict",
            found=f"{model_id}: {counted(without.height, 'row')}; the first: {without.select(KEY).row(0)}",
            remedy="rerun the judges of this model",
        )
    flops = _flops(model, decided["prompt_tokens"].to_numpy(), decided["answer_tokens"].to_numpy())
    columns = decided.with_columns(
        model_id=pl.lit(model_id), right=pl.col("verdict") == "yes", flops=pl.Series(flops, dtype=pl.Float64)
    )
    return columns.select(list(SCHEMAS["outcomes"]))


def _flops(model: Architecture | Decoder | None, prompts: np.ndarray, answers: np.ndarray) -> list[float] | list[None]:
    """FLOPs of each answer; null for an unknown architecture."""
    return [None] * len(prompts) if model is None else answer_flops(model, prompts, answers).tolist()


def early_stopping(
    outcomes: pl.DataFrame, families: Mapping[str, str], model: Architecture | Decoder | None
) -> pl.DataFrame:
    """An ``early_stopping`` table: one model's accuracy and FLOPs if its answers were cut off at certain lengths.

    The lengths are the percentiles ``STOPS`` of the model's answers on a benchmark. A longer answer is cut off and
    counts as wrong; its FLOPs count up to the cut.
    """
    cell = parse_model_id(outcomes["model_id"][0]).columns() if outcomes.height else {}
    rows: list[dict[str, Any]] = []
    for (benchmark,), part in outcomes.group_by("benchmark", maintain_order=True):
        prompts, lengths = part["prompt_tokens"].to_numpy(), part["answer_tokens"].to_numpy()
        for percentile in STOPS:
            limit = length_at(lengths, percentile)
            flops = pl.Series(_flops(model, prompts, np.minimum(lengths, limit)), dtype=pl.Float64).mean()
            accuracy = (part["right"].to_numpy() & (lengths <= limit)).mean()
            stop = {"percentile": percentile, "max_tokens": limit, "accuracy": float(accuracy), "flops": flops}
            stop["flops_by"] = count_of(model)
            rows.append(cell | {"benchmark": benchmark, "family": families[str(benchmark)]} | stop)
    return table_from_rows(rows, "early_stopping")
