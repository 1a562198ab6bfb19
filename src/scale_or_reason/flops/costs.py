"""The costs of a model: its teacher's answers, training, evaluation and judging, in FLOPs and in measured seconds.

FLOPs are counted twice: by the paper's formulas (:mod:`scale_or_reason.flops.formulas`) and exactly, from the models'
architectures (:mod:`scale_or_reason.flops.exact`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from scale_or_reason.common.columns import read_columns
from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.tables import table_from_rows
from scale_or_reason.common.wording import counted
from scale_or_reason.flops.exact import Decoder, exact_generation_flops, exact_training_flops
from scale_or_reason.flops.formulas import generation_flops, training_flops
from scale_or_reason.study.catalogue import RULE_GRADERS
from scale_or_reason.study.cells import FORMATS, parse_model_id

#: The columns of each table that are needed to count FLOPs.
ANSWER_COLUMNS = ["benchmark", "prompt_tokens", "answer_tokens"]
VERDICT_COLUMNS = ["benchmark", "judge", "judge_prompt_tokens", "judge_tokens"]
LENGTH_COLUMNS = ["prompt_tokens", "completion_tokens"]
PAIR_COLUMNS = ["prompt_id", "prompt_tokens", *(f"{name}_tokens" for name in FORMATS)]
#: The columns of the two FLOP counts.
FLOPS = ["flops", "exact_flops"]


def cost_table(model_id: str, families: Mapping[str, str], rows: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """A ``costs`` table from rows of this module, with the model's columns and each benchmark's family.

    Raises :class:`StudyError` for a benchmark that ``families`` (benchmark -> family) lacks.
    """
    unknown = {row["benchmark"] for row in rows if row.get("benchmark")} - {*families}
    if unknown:
        raise StudyError(
            "a benchmark belongs to no family",
            found=f"{model_id}: {', '.join(sorted(unknown))}",
            expected=", ".join(families),
        )
    cell = parse_model_id(model_id).columns()
    complete = [{**cell, **row, "family": families.get(row.get("benchmark", ""))} for row in rows]
    return table_from_rows(complete, "costs")


def read_lengths(paths: Sequence[str | Path]) -> pl.DataFrame:
    """The sequence lengths of one or more trainings, from the training script's files: ``LENGTH_COLUMNS``.

    Raises :class:`StudyError` if a file is missing or lacks these integer columns.
    """
    frames = []
    for path in paths:
        if not Path(path).is_file():
            raise StudyError(
                "the sequence lengths of a training are missing", where=path, remedy="train the model again"
            )
        lengths = pl.read_parquet(path)
        if any(lengths.schema.get(name) != pl.Int64() for name in LENGTH_COLUMNS):
            raise StudyError(
                "a file of sequence lengths has wrong columns",
                where=path,
                found=", ".join(f"{name}: {dtype}" for name, dtype in lengths.schema.items()),
                expected=", ".join(f"{name}: Int64" for name in LENGTH_COLUMNS),
                remedy="train the model again",
            )
        frames.append(lengths.select(LENGTH_COLUMNS))
    return pl.concat(frames)


def read_taught(trainings: Sequence[tuple[str | Path, str | Path]]) -> pl.DataFrame:
    """The teacher's answers used by one or more trainings: ``format`` and ``LENGTH_COLUMNS``, one row each.

    ``trainings`` has the mixture of each training and its table of pairs. Lengths are in tokens of the teacher. Raises
    :class:`StudyError` if a file is missing or is another table, and if a prompt of a mixture is in no pair.
    """
    parts = []
    for mixture, pair_table in trainings:
        lengths = read_columns([pair_table], "pairs", PAIR_COLUMNS)
        rows = read_columns([mixture], "mixture", ["prompt_id", "format"]).join(lengths, on="prompt_id", how="left")
        if missing := rows["prompt_tokens"].null_count():
            raise StudyError(
                "prompts of a mixture are missing in the pairs",
                where=mixture,
                found=f"{missing} of {counted(rows.height, 'prompt')} missing",
                expected=f"prompts of {pair_table}",
                remedy="run the rule build_mixture again",
            )
        tokens = pl.when(pl.col("format") == "ift").then("ift_tokens").otherwise("reasoning_tokens")
        parts.append(rows.select("format", "prompt_tokens", completion_tokens=tokens))
    return pl.concat(parts)


def teacher_rows(teacher: Decoder | None, taught: pl.DataFrame) -> list[dict[str, Any]]:
    """Teacher cost of the answers of ``taught`` (:func:`read_taught`), one row per format (equation 6).

    Answers that were generated and dropped are not counted. FLOPs are null if the ``teacher`` is unknown, as for
    released pairs. Seconds are null, since all trainings share the answers.
    """
    counted = _with_flops(taught, teacher, "format")
    return _rows_per("format", "teacher", counted, None)


def training_row(model: Decoder, lengths: pl.DataFrame, seconds: float | None) -> dict[str, Any]:
    """One pass over the sequences of ``lengths`` (``LENGTH_COLUMNS``; one row per sequence as trained).

    Prompt and completion are one sequence (equation 3), whether or not the loss counts the prompt.
    """
    sequences = (lengths["prompt_tokens"] + lengths["completion_tokens"]).to_numpy()
    return {
        "stage": "training",
        "sequences": lengths.height,
        "prompt_tokens": lengths["prompt_tokens"].sum(),
        "completion_tokens": lengths["completion_tokens"].sum(),
        "flops": training_flops(model.base, sequences),
        "exact_flops": exact_training_flops(model, sequences),
        "seconds": seconds,
    }


def evaluation_rows(model: Decoder, answers: pl.DataFrame, seconds: float | None) -> list[dict[str, Any]]:
    """One row per benchmark of ``answers`` (``ANSWER_COLUMNS``): every answer's prefill and generation (equation 6).

    One engine run answers all benchmarks; its measured ``seconds`` are split in proportion to the FLOPs.
    """
    counted = _with_flops(answers.rename({"answer_tokens": "completion_tokens"}), model, "benchmark")
    return _rows_per("benchmark", "evaluation", counted, seconds)


def judging_rows(
    judges: Mapping[str, Decoder | None], verdicts: pl.DataFrame, seconds: float | None
) -> list[dict[str, Any]]:
    """One row per benchmark of ``verdicts`` (``VERDICT_COLUMNS``), summed over the judges of the jury.

    ``seconds`` are those of all judges, split in proportion to the FLOPs. Rule graders cost nothing. If the
    architecture of a judge is None, the FLOPs of the jury are null and seconds are split in proportion to tokens. All
    steps and retries of a verdict count as one sequence, which slightly overestimates attention, since it grows with
    the square of the length. Raises :class:`StudyError` for a judge that ``judges`` lacks.
    """
    parts = []
    for (judge,), given in verdicts.filter(pl.col("judge") != RULE_GRADERS).group_by("judge", maintain_order=True):
        if judge not in judges:
            raise StudyError(
                "the architecture of a judge is missing",
                found=judge,
                expected=", ".join(judges) or "NAME=SOURCE",
                remedy="pass --judges NAME=SOURCE for each judge",
            )
        renamed = given.rename({"judge_prompt_tokens": "prompt_tokens", "judge_tokens": "completion_tokens"})
        parts.append(_with_flops(renamed, judges[str(judge)], "benchmark"))
    return _rows_per("benchmark", "judging", pl.concat(parts), seconds) if parts else []


def _with_flops(calls: pl.DataFrame, model: Decoder | None, key: str) -> pl.DataFrame:
    """``key``, lengths and FLOPs of each call; FLOPs are null if the model is unknown."""
    if model is None:
        unknown = [pl.lit(None, pl.Float64()).alias(name) for name in FLOPS]
        return calls.select(key, *LENGTH_COLUMNS, *unknown)
    prompt, completion = (calls[name].to_numpy() for name in LENGTH_COLUMNS)
    counted = generation_flops(model.base, prompt, completion), exact_generation_flops(model, prompt, completion)
    flops = [pl.Series(name, values, pl.Float64()) for name, values in zip(FLOPS, counted, strict=True)]
    return calls.select(key, *LENGTH_COLUMNS, *flops)


def _rows_per(key: str, stage: str, calls: pl.DataFrame, seconds: float | None) -> list[dict[str, Any]]:
    known = calls["flops"].null_count() == 0
    flops = [pl.col(name).sum() if known else pl.lit(None, pl.Float64()).alias(name) for name in FLOPS]
    totals = calls.group_by(key, maintain_order=True).agg(
        pl.len().cast(pl.Int64).alias("sequences"), pl.col(*LENGTH_COLUMNS).sum(), *flops
    )
    effort = pl.col("flops") if known else pl.sum_horizontal(LENGTH_COLUMNS)
    share = pl.lit(seconds, pl.Float64()) * effort / effort.sum()
    return [{"stage": stage, **row} for row in totals.with_columns(seconds=share).to_dicts()]
