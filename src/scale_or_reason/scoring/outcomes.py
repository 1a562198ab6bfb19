"""What became of every single answer: right or not, how long, how many FLOPs; and what stopping early would change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.table_schemas import SCHEMAS
from scale_or_reason.common.tables import table_from_rows
from scale_or_reason.flops.architectures import Architecture
from scale_or_reason.flops.formulas import generation_flops
from scale_or_reason.judging.jury import KEY, JuryRule
from scale_or_reason.study.cells import parse_model_id

#: The columns that are read of each table.
ANSWER_COLUMNS = [*KEY, "prompt_tokens", "answer_tokens"]
VERDICT_COLUMNS = [*KEY, "judge", "verdict"]
#: The percentiles of a model's answer lengths at which it is stopped (v1 figure 9, v2 figure 12).
STOPS = (0, 25, 50, 75, 100)


def model_outcomes(
    model_id: str, answers: pl.DataFrame, verdicts: pl.DataFrame, jury: JuryRule, model: Architecture
) -> pl.DataFrame:
    """An ``outcomes`` table of one model: a row per answer.

    ``answers`` have ``ANSWER_COLUMNS``, ``verdicts`` those of the jurors ``VERDICT_COLUMNS``. Only a "yes" of the jury
    is right, as in the scores. FLOPs are those of equation 6. Raises :class:`StudyError` if an answer has no verdict.
    """
    decided = answers.join(jury.decide(verdicts), on=KEY, how="left", maintain_order="left")
    without = decided.filter(pl.col("verdict").is_null())
    if without.height:
        raise StudyError(
            "an answer has no verdict",
            found=f"{model_id}: {without.height} rows; the first: {without.select(KEY).row(0)}",
            remedy="run the rules of the judges for this model again",
        )
    flops = generation_flops(model, decided["prompt_tokens"].to_numpy(), decided["answer_tokens"].to_numpy())
    columns = decided.with_columns(
        model_id=pl.lit(model_id), right=pl.col("verdict") == "yes", flops=pl.Series(flops, dtype=pl.Float64)
    )
    return columns.select(list(SCHEMAS["outcomes"]))


def early_stopping(outcomes: pl.DataFrame, families: Mapping[str, str], model: Architecture) -> pl.DataFrame:
    """An ``early_stopping`` table: what one model's ``outcomes`` would be if its answers were stopped at some length.

    The lengths are percentiles ``STOPS`` of the model's own answers to a benchmark. An answer that is longer is stopped
    there and is wrong; its FLOPs count up to there.
    """
    cell = parse_model_id(outcomes["model_id"][0]).columns() if outcomes.height else {}
    rows: list[dict[str, Any]] = []
    for (benchmark,), part in outcomes.group_by("benchmark", maintain_order=True):
        prompts, lengths = part["prompt_tokens"].to_numpy(), part["answer_tokens"].to_numpy()
        for percentile in STOPS:
            limit = int(np.percentile(lengths, percentile, method="higher"))
            flops = generation_flops(model, prompts, np.minimum(lengths, limit)).mean()
            accuracy = (part["right"].to_numpy() & (lengths <= limit)).mean()
            stop = {"percentile": percentile, "max_tokens": limit, "accuracy": float(accuracy), "flops": float(flops)}
            rows.append(cell | {"benchmark": benchmark, "family": families[str(benchmark)]} | stop)
    return table_from_rows(rows, "early_stopping")
