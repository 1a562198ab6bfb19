"""MMLU-Pro, category law."""

from __future__ import annotations

from scale_or_reason.benchmarks.instructions import KNOWLEDGE
from scale_or_reason.benchmarks.mmlu_pro import mmlu_pro_benchmark

BENCHMARK = mmlu_pro_benchmark("mmlu_pro_law", "Law", KNOWLEDGE, category="law", rows=1101)
