"""MMLU, the five subjects that its authors' list of categories calls math."""

from __future__ import annotations

from scale_or_reason.benchmarks.mmlu import mmlu_benchmark

SUBJECTS = (
    "abstract_algebra",
    "college_mathematics",
    "elementary_mathematics",
    "high_school_mathematics",
    "high_school_statistics",
)

BENCHMARK = mmlu_benchmark("mmlu_math", "Math", SUBJECTS, rows=1064)
