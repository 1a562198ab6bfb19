"""Keys of earlier versions and what they are called now. The old names are not read: an error names the new one."""

from __future__ import annotations

from scale_or_reason.study.problems import KeyPath, Problem, spell

#: By the old key; ``*`` stands for any entry of a catalogue or list.
RENAMED: dict[KeyPath, str] = {
    ("study", "schedules"): "study.curricula",
    ("study", "graders"): "study.rule_graders",
    ("reference",): "paper_results",
    ("budget_flops",): "advise.budget_flops",
    ("budget_gpu_hours",): "advise.budget_gpu_hours",
    ("queries",): "advise.queries",
    ("corpora", "*", "size"): "corpora.{}.num_prompts",
    ("benchmarks", "limit"): "benchmarks.max_items",
    ("benchmarks", "limits"): "benchmarks.max_items_by_benchmark",
    ("benchmarks", "pool"): "benchmarks.fewshot_pool",
    ("benchmarks", "samples"): "benchmarks.samples_per_item",
    ("questions",): "prompts.min_chars, prompts.max_chars and deduplication.jaccard",
    ("pairs", "overlap_words"): "decontamination.ngram",
    ("compute", "evaluation_jobs"): "compute.evaluation_grouping",
    ("compute", "judging_batch"): "compute.models_per_judge_job",
    ("compute", "training_restarts"): "compute.restarts",
    ("compute", "more_per_attempt"): "compute.retry_scaling",
    ("compute", "jobs", "small"): "compute.jobs.cpu_small",
    ("compute", "jobs", "light"): "compute.jobs.cpu_large",
    ("compute", "by_size", "*", "up_to_b"): "compute.by_size[{}].max_params_b",
    ("world",): "small_world.benchmark_rows and small_world.fewshot_rows",
    ("plan", "gpus"): "plan.num_gpus",
    ("plan", "start"): "plan.startup",
    ("plan", "light"): "plan.cpu_jobs",
    ("plan", "kept_pairs"): "plan.kept_pair_share",
    ("plan", "items"): "plan.benchmark_items",
    ("plan", "gpu_types", "*", "price"): "plan.gpu_types.{}.price_per_hour",
    ("plan", "tokens", "questions"): "plan.tokens.benchmark_prompts",
    # below a section that was renamed itself, for those who rename one after the other
    ("small_world", "pool_rows"): "small_world.fewshot_rows",
    ("prompts", "shortest"): "prompts.min_chars",
    ("prompts", "longest"): "prompts.max_chars",
    ("prompts", "near_duplicates"): "deduplication.jaccard",
    ("plan", "cpu_jobs", "at_once"): "plan.cpu_jobs.concurrent",
}


def renamed(path: KeyPath) -> Problem | None:
    """The problem of an old key, or None if ``path`` never was a key."""
    for old, new in RENAMED.items():
        if len(old) == len(path) and all(mark in ("*", part) for mark, part in zip(old, path, strict=True)):
            name = new.format(*(part for mark, part in zip(old, path, strict=True) if mark == "*"))
            return Problem(path, f"{spell(path)} was renamed to {name}", path[-1], name, "rename the key")
    return None
