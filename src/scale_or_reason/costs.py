"""What a model cost: training, evaluation and judging, in FLOPs by the paper's formulas and in measured seconds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from scale_or_reason.architectures import Architecture
from scale_or_reason.cells import parse_model_id
from scale_or_reason.errors import StudyError
from scale_or_reason.flops import generation_flops, training_flops
from scale_or_reason.study import RULES
from scale_or_reason.tables import SCHEMAS, table_from_rows

#: The columns that counting reads of each table.
ANSWER_COLUMNS = ["benchmark", "prompt_tokens", "answer_tokens"]
VERDICT_COLUMNS = ["benchmark", "judge", "judge_prompt_tokens", "judge_tokens"]
LENGTH_COLUMNS = ["prompt_tokens", "completion_tokens"]


def cost_table(model_id: str, families: Mapping[str, str], rows: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """A ``costs`` table from rows of this module, with the model's columns and each benchmark's family.

    Raises :class:`StudyError` for a benchmark that ``families`` (benchmark -> family) does not know.
    """
    unknown = {row["benchmark"] for row in rows} - {None, *families}
    if unknown:
        raise StudyError(
            "a benchmark belongs to no family", found=", ".join(sorted(unknown)), expected=", ".join(families)
        )
    cell = parse_model_id(model_id).columns()
    complete = [{**cell, **row, "family": families.get(row["benchmark"])} for row in rows]
    return table_from_rows([{name: row[name] for name in SCHEMAS["costs"]} for row in complete], "costs")


def read_lengths(paths: Sequence[str | Path]) -> pl.DataFrame:
    """The sequences of one or more trainings, as the training script wrote them: ``LENGTH_COLUMNS``.

    Raises :class:`StudyError` if a file is missing or lacks these columns as whole numbers.
    """
    frames = []
    for path in paths:
        if not Path(path).is_file():
            raise StudyError("the lengths of a training are missing", where=path, remedy="train the model again")
        lengths = pl.read_parquet(path)
        if any(lengths.schema.get(name) != pl.Int64() for name in LENGTH_COLUMNS):
            raise StudyError(
                "a file of sequence lengths lacks its columns",
                where=path,
                found=", ".join(f"{name}: {dtype}" for name, dtype in lengths.schema.items()),
                expected=", ".join(f"{name}: Int64" for name in LENGTH_COLUMNS),
                remedy="train the model again",
            )
        frames.append(lengths.select(LENGTH_COLUMNS))
    return pl.concat(frames)


def training_row(model: Architecture, lengths: pl.DataFrame, seconds: float | None) -> dict[str, Any]:
    """One pass over the sequences of ``lengths`` (``LENGTH_COLUMNS``; one row per sequence as trained).

    Prompt and completion are one sequence (equation 3), whether or not the loss counts the prompt.
    """
    return {
        "stage": "training",
        "benchmark": None,
        "sequences": lengths.height,
        "prompt_tokens": lengths["prompt_tokens"].sum(),
        "completion_tokens": lengths["completion_tokens"].sum(),
        "flops": training_flops(model, (lengths["prompt_tokens"] + lengths["completion_tokens"]).to_numpy()),
        "seconds": seconds,
    }


def evaluation_rows(model: Architecture, answers: pl.DataFrame, seconds: float | None) -> list[dict[str, Any]]:
    """One row per benchmark of ``answers`` (``ANSWER_COLUMNS``): every answer's prefill and generation (equation 6).

    One engine answers all benchmarks together; its measured ``seconds`` are shared out in proportion to the FLOPs.
    """
    counted = _with_flops(answers.rename({"answer_tokens": "completion_tokens"}), model)
    return _rows_per_benchmark("evaluation", counted, seconds)


def judging_rows(
    judges: Mapping[str, Architecture | None], verdicts: pl.DataFrame, seconds: float | None
) -> list[dict[str, Any]]:
    """One row per benchmark of ``verdicts`` (``VERDICT_COLUMNS``), all judges of the jury together.

    ``seconds`` are those of all judges, shared out in proportion to the FLOPs. Rule graders cost none. Of a judge whose
    architecture is None nobody knows the FLOPs, and so not those of the jury: null, and seconds go by tokens. All steps
    and tries of a verdict count as one sequence: a little more than they were, since attention grows with its square.
    Raises :class:`StudyError` for a judge of unknown architecture.
    """
    parts = []
    for (judge,), given in verdicts.filter(pl.col("judge") != RULES).group_by("judge", maintain_order=True):
        if judge not in judges:
            raise StudyError(
                "the architecture of a judge is missing",
                found=judge,
                expected=", ".join(judges) or "--judge-architecture NAME=CONFIG",
                remedy="pass --judge-architecture NAME=CONFIG for each judge",
            )
        renamed = given.rename({"judge_prompt_tokens": "prompt_tokens", "judge_tokens": "completion_tokens"})
        parts.append(_with_flops(renamed, judges[str(judge)]))
    return _rows_per_benchmark("judging", pl.concat(parts), seconds) if parts else []


def _with_flops(calls: pl.DataFrame, model: Architecture | None) -> pl.DataFrame:
    if model is None:
        return calls.select("benchmark", *LENGTH_COLUMNS, flops=pl.lit(None, pl.Float64()))
    flops = generation_flops(model, calls["prompt_tokens"].to_numpy(), calls["completion_tokens"].to_numpy())
    return calls.select("benchmark", *LENGTH_COLUMNS, flops=pl.Series(flops, dtype=pl.Float64))


def _rows_per_benchmark(stage: str, calls: pl.DataFrame, seconds: float | None) -> list[dict[str, Any]]:
    known = calls["flops"].null_count() == 0
    flops = pl.col("flops").sum() if known else pl.lit(None, pl.Float64()).alias("flops")
    totals = calls.group_by("benchmark", maintain_order=True).agg(
        pl.len().cast(pl.Int64).alias("sequences"), pl.col(*LENGTH_COLUMNS).sum(), flops
    )
    effort = pl.col("flops") if known else pl.sum_horizontal(LENGTH_COLUMNS)
    share = pl.lit(seconds, pl.Float64()) * effort / effort.sum()
    return [{"stage": stage, **row} for row in totals.with_columns(seconds=share).to_dicts()]
