"""MMLU, the five subjects of its authors' category math, or the four without statistics."""

from __future__ import annotations

from scale_or_reason.benchmarks.instructions import MATH
from scale_or_reason.benchmarks.mmlu import mmlu_benchmark, of_subjects

_FOUR = ("abstract_algebra", "college_mathematics", "elementary_mathematics", "high_school_mathematics")
SUBJECTS = {
    "five": of_subjects((*_FOUR, "high_school_statistics"), rows=1064),
    "four": of_subjects(_FOUR, rows=848),
}

BENCHMARK = mmlu_benchmark("mmlu_math", "Math", MATH, SUBJECTS)
