"""The time of a run by rule, from Snakemake's ``benchmark:`` files, and of an engine's work, from manifests."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.files import read_json

#: A command that contains this starts its program as a fork of another process, which Snakemake does not measure.
WARM_START_PROGRAM = "warm_start.py"


def job_timings(folder: Path) -> pl.DataFrame:
    """One row per rule, by descending total time, from the ``benchmark:`` files under ``folder``.

    A rule's files are in ``folder/RULE/`` or ``folder/RULE.tsv``. Columns: ``rule``; ``jobs``; total ``seconds`` and
    their ``share`` among all rules; ``mean_seconds`` and ``longest_seconds`` of a job; ``cpu_seconds``;
    ``most_memory_mb`` (of one job). Values that Snakemake could not measure in very short jobs count as 0. The last two
    columns are null if a job of the rule had a warm start, since Snakemake does not see the forked process. Concurrent
    jobs count in full, so the sum exceeds the duration of the run.

    Raises :class:`StudyError` if there is no such file.
    """
    jobs = read_timings(folder).with_columns(pl.col("s", "cpu_time", "max_rss").fill_null(0.0))
    return (
        jobs.group_by("rule")
        .agg(
            jobs=pl.len(),
            seconds=pl.col("s").sum(),
            mean_seconds=pl.col("s").mean(),
            longest_seconds=pl.col("s").max(),
            cpu_seconds=pl.when(~pl.col("forked").any()).then(pl.col("cpu_time").sum()),
            most_memory_mb=pl.when(~pl.col("forked").any()).then(pl.col("max_rss").max()),
        )
        .with_columns(share=pl.col("seconds") / pl.col("seconds").sum())
        .select("rule", "jobs", "seconds", "share", "mean_seconds", "longest_seconds", "cpu_seconds", "most_memory_mb")
        .sort("seconds", "rule", descending=[True, False])
    )


def read_timings(folder: Path) -> pl.DataFrame:
    """One row per job: ``rule``, ``forked`` and its file's columns.

    The columns are text but for ``s``, ``cpu_time`` and ``max_rss`` (MB): numbers, null if Snakemake could not measure
    them. ``forked``: whether the job had a warm start. Raises :class:`StudyError` if there is no file.
    """
    files = sorted(folder.rglob("*.tsv"))
    if not files:
        raise StudyError(
            "there are no job timings",
            where=str(folder),
            expected="the .tsv files that Snakemake writes when a job ends",
            remedy="run the study first",
        )
    jobs = [_jobs(file, file.relative_to(folder).parts[0].removesuffix(".tsv")) for file in files]
    return pl.concat(jobs, how="diagonal")


def manifest_seconds(file: Path) -> float | None:
    """The seconds that an engine worked, without its start, from a job's manifest; None if they are not there."""
    return read_json(file).get("seconds") if file.is_file() else None


def _jobs(file: Path, rule: str) -> pl.DataFrame:
    table = pl.read_csv(file, separator="\t", infer_schema=False, quote_char=None)
    numbers = (pl.col(name).cast(pl.Float64, strict=False) for name in ("s", "cpu_time", "max_rss"))
    # a file that Snakemake wrote without --benchmark-extended does not have the parameters
    parameters = pl.col("params").fill_null("") if "params" in table.columns else pl.lit("")
    forked = parameters.str.contains(WARM_START_PROGRAM, literal=True).alias("forked")
    return table.with_columns(pl.lit(rule).alias("rule"), forked, *numbers)
