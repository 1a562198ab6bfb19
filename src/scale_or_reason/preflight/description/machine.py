"""Sections `compute` and `small_world`: what jobs request, and how much data the small world generates."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from scale_or_reason.preflight.description.parts import Count, Positive, Section, Size, key, matching


class Job(Section):
    """What one job requests."""

    threads: Size = key("The number of CPU cores.")
    mem_mb: Size = key("The memory.", unit="MB")
    runtime: Size = key("The time limit.", unit="minutes")


class SizedJob(Section):
    """What a job of a smaller student requests in place of the general values."""

    mem_mb: Size = key("The memory.", unit="MB", default=None)
    runtime: Size = key("The time limit.", unit="minutes", default=None)


class Jobs(Section):
    """What one job of each kind requests."""

    cpu_small: Job = key("Grades, scores or costs of one model; a figure, a table.")
    cpu_large: Job = key("A corpus or a benchmark.")
    engine: Job = key("Generation with vLLM.")
    judging: Job = key("Judging, for all models of one job together.")
    training: Job = key("Training, for each of its nodes.")


class SizeLimit(Section):
    """What jobs of students up to a size request."""

    max_params_b: Positive = key("The largest student of this entry.", unit="billions of parameters")
    engine: SizedJob = key("What generation requests.", default=None)
    training: SizedJob = key("What training requests.", default=None)


#: A request that grows a hundredfold fits no machine.
Growth = Annotated[float, Field(ge=0, le=100)]


class RetryScaling(Section):
    """How much more a job requests with each attempt, as a share of the first request."""

    mem_mb: Growth = key("The growth of memory.")
    runtime: Growth = key("The growth of the time limit.")


class Compute(Section):
    """What jobs exist and what they request; a change alters no result. Partitions and accounts belong in a profile."""

    device: Literal["gpu", "cpu"] = key("What models run on.")
    gpu_type: Annotated[str, matching("^[A-Za-z0-9_.]+$", "one word, as Slurm spells it")] | None = key(
        "The type of GPU that jobs request, as Slurm spells it, such as `h100`; `null` for any.",
        when="Set it on a cluster with several types, or in a profile.",
    )
    evaluation_grouping: Literal["model", "student"] = key(
        "`model`: each model answers in a job of its own. `student`: one job for all models of a student on a corpus.",
        when="`student` is faster where starting an engine takes long, but a request for one cell then evaluates all "
        "of the student's models.",
    )
    models_per_judge_job: Size = key(
        "The number of models of a student that a judge grades in one job.",
        when="More models share the time to load a large judge, but a request for one cell then judges all of its "
        "job's. Use 1 for a job per model.",
    )
    warm_start: bool = key(
        "Whether engines, trainings, rule graders, tables and figures start as forks of a process with their imports. "
        "Only for `device: cpu`, models in local folders and jobs on this machine; otherwise without effect.",
        when="Use it for models so small that a job spends most of its time on starting.",
    )
    restarts: Count = key(
        "How often a job that was stopped is started again: a training from its last checkpoint, a generation, "
        "evaluation or judge with all finished replies. It covers time limits, preemption and lost nodes.",
        when="Raise it where the time limits of `jobs` are short; `snakemake plan` names the jobs that take longer.",
    )
    gaps: Literal["allow", "error"] = key(
        "What happens when jobs have failed. `allow`: tables, figures and report are made in `partial/` without the "
        "models that need these jobs. `error`: they are not made.",
        when="It needs `keep-going` in the profile.",
    )
    jobs: Jobs = key(
        when="Compare with `tables/resource_usage.csv`, which lists what jobs have used. The time limit of a "
        "job with a model may be shorter than the job, which continues after it (`restarts`); shorter jobs start "
        "sooner.",
    )
    by_size: list[SizeLimit] = key(
        "What jobs of smaller students request instead, with the smallest entry first. The first entry that is large "
        "enough for the student applies."
    )
    retry_scaling: RetryScaling = key(
        when="A job that failed may have been short of memory or time.",
    )


class SmallWorld(Section):
    """How many rows the small world's generator writes for each benchmark. Only the small study has this section."""

    benchmark_rows: Size = key("The number of items.")
    fewshot_rows: Size = key("The number of few-shot examples.")
