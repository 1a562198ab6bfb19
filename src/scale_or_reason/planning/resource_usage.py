"""Requested and used resources by rule, from Snakemake's records of each job and, if available, Slurm's accounting."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import polars as pl

from scale_or_reason.planning.timings import read_timings

#: Fields of Slurm's accounting, for `sacct --parsable2 --noheader --format`.
SACCT_FIELDS = ("JobIDRaw", "JobName", "Comment", "State", "ElapsedRaw", "AllocTRES", "MaxRSS", "TRESUsageInAve")
_UNITS = {"": 1 / 1024**2, "K": 1 / 1024, "M": 1.0, "G": 1024.0, "T": 1024.0**2}

_REQUESTED = {"requested_minutes": pl.Float64, "requested_memory_mb": pl.Float64, "gpus": pl.Int64, "nodes": pl.Int64}
_SLURM = {
    "rule": pl.String,
    "job": pl.String,
    "completed": pl.Boolean,
    "hours": pl.Float64,
    "gpus": pl.Int64,
    "memory_mb": pl.Float64,
    "gpu_percent": pl.Float64,
}


def resource_usage(folder: Path, slurm: pl.DataFrame | None = None) -> pl.DataFrame:
    """One row per rule, by descending requested time, from the ``benchmark:`` files under ``folder``.

    Columns: ``rule``; ``jobs``; the largest requests of a job, ``threads``, ``gpus``, ``nodes``, ``requested_minutes``,
    ``requested_memory_mb`` (per node); the largest use of a job, ``used_minutes`` and ``used_memory_mb``, and the mean
    ``used_threads``; ``time_used``, ``memory_used`` and ``threads_used``, the largest shares of a request that a job
    used (threads: over all jobs).

    With :func:`slurm_jobs` also ``slurm_jobs``, ``not_completed`` (cancelled, timed out, failed), ``gpu_hours`` of all
    jobs, and ``gpu_percent``, the mean GPU utilisation. Unknown values are null: requests need
    ``--benchmark-extended``; only Slurm measures programs on several nodes and GPUs.

    Raises :class:`StudyError` if there is no such file.
    """
    jobs = pl.DataFrame([_job(row) for row in read_timings(folder).iter_rows(named=True)], infer_schema_length=None)
    jobs = jobs.with_columns(pl.col(name).cast(kind) for name, kind in _REQUESTED.items())
    if slurm is not None:
        seen = slurm.group_by("rule").agg(pl.col("memory_mb").max().alias("slurm_memory_mb"))
        jobs = jobs.join(seen, on="rule", how="left").with_columns(
            used_memory_mb=pl.when(pl.col("nodes") > 1).then("slurm_memory_mb").otherwise("used_memory_mb")
        )
    measured = pl.col("cpu_minutes").is_not_null()
    table = jobs.group_by("rule").agg(
        jobs=pl.len(),
        threads=pl.col("threads").max(),
        gpus=pl.col("gpus").max(),
        nodes=pl.col("nodes").max(),
        requested_minutes=pl.col("requested_minutes").max(),
        used_minutes=pl.col("used_minutes").max(),
        time_used=(pl.col("used_minutes") / pl.col("requested_minutes")).max(),
        requested_memory_mb=pl.col("requested_memory_mb").max(),
        used_memory_mb=pl.col("used_memory_mb").max(),
        memory_used=(pl.col("used_memory_mb") / pl.col("requested_memory_mb")).max(),
        used_threads=(busy := pl.col("cpu_minutes").drop_nulls().sum()) / pl.col("used_minutes").filter(measured).sum(),
        threads_used=busy / (pl.col("used_minutes") * pl.col("threads")).filter(measured).sum(),
        requested_in_total=pl.col("requested_minutes").sum(),
    )
    table = table.with_columns(pl.col("used_threads", "threads_used").fill_nan(None))  # 0 / 0
    if slurm is not None:
        table = table.join(_by_rule(slurm), on="rule", how="left")
    return table.sort("requested_in_total", "rule", descending=[True, False]).drop("requested_in_total")


def _job(row: dict[str, Any]) -> dict[str, Any]:
    requested = ast.literal_eval(row["resources"]) if row.get("resources") else {}
    nodes = requested.get("nodes", 1)
    per_node = re.search(r"\d+$", str(requested.get("gres") or ""))
    # Snakemake measures the processes below the job's shell, to which a fork of a warm start does not belong
    seen = row["max_rss"] is not None and nodes == 1 and not row["forked"]
    return {
        "rule": row["rule"],
        "threads": int(row["threads"]) if row.get("threads") else None,
        "gpus": nodes * int(per_node[0]) if per_node else requested.get("gpu", 0) if requested else None,
        "nodes": nodes if requested else None,
        "requested_minutes": requested.get("runtime"),
        "requested_memory_mb": requested.get("mem_mb"),
        "used_minutes": row["s"] / 60,
        "cpu_minutes": row["cpu_time"] / 60 if seen and row["cpu_time"] is not None else None,
        "used_memory_mb": row["max_rss"] if seen else None,
    }


def slurm_jobs(lines: Iterable[str], study: str) -> pl.DataFrame:
    """The jobs of ``study`` in the output of ``sacct`` (:data:`SACCT_FIELDS`), one row each.

    Steps are merged into their job: the largest memory, and the GPU utilisation if nodes report it.
    """
    jobs: dict[str, dict[str, Any]] = {}
    for line in lines:
        fields = dict(zip(SACCT_FIELDS, line.rstrip("\n").split("|"), strict=True))
        job_id, _, step = fields["JobIDRaw"].partition(".")
        if not step and fields["JobName"].startswith(f"{study}@"):
            jobs[job_id] = {
                # the executor appends " identity=..."
                "rule": fields["Comment"].split(" ")[0].split("_wildcards_")[0].removeprefix("rule_"),
                "job": job_id,
                "completed": fields["State"] == "COMPLETED",
                "hours": int(fields["ElapsedRaw"] or 0) / 3600,
                "gpus": int(_amount("gres/gpu", fields["AllocTRES"]) or 0),
                "memory_mb": None,
                "gpu_percent": None,
            }
        elif step and job_id in jobs:
            job = jobs[job_id]
            found = {"memory_mb": _megabytes(fields["MaxRSS"])}
            found["gpu_percent"] = _amount("gres/gpuutil", fields["TRESUsageInAve"])
            for name, value in found.items():
                job[name] = max((old for old in (job[name], value) if old is not None), default=None)
    return pl.DataFrame(list(jobs.values()), schema=_SLURM)


def _by_rule(slurm: pl.DataFrame) -> pl.DataFrame:
    return slurm.group_by("rule").agg(
        slurm_jobs=pl.len(),
        not_completed=(~pl.col("completed")).sum(),
        gpu_hours=(pl.col("hours") * pl.col("gpus")).sum(),
        gpu_percent=pl.col("gpu_percent").mean(),
    )


def _amount(name: str, resources: str) -> float | None:
    """``gres/gpu`` in ``cpu=8,gres/gpu=2``."""
    found = re.search(rf"(?:^|,){re.escape(name)}=([0-9.]+)", resources)
    return float(found[1]) if found else None


def _megabytes(text: str) -> float | None:
    found = re.fullmatch(r"([0-9.]+)([KMGT]?)", text)
    return float(found[1]) * _UNITS[found[2]] if found else None
