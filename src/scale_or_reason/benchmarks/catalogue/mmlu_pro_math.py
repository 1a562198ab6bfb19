"""MMLU-Pro, category math."""

from __future__ import annotations

from scale_or_reason.benchmarks.instructions import MATH
from scale_or_reason.benchmarks.mmlu_pro import mmlu_pro_benchmark

BENCHMARK = mmlu_pro_benchmark("mmlu_pro_math", "Math", MATH, category="math", rows=1351)
