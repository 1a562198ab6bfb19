"""MMLU-Pro, category computer science: our reading of v2's "mmlu-pro-code"."""

from __future__ import annotations

from scale_or_reason.benchmarks.instructions import KNOWLEDGE
from scale_or_reason.benchmarks.mmlu_pro import mmlu_pro_benchmark

BENCHMARK = mmlu_pro_benchmark("mmlu_pro_code", "Code", KNOWLEDGE, category="computer science", rows=410)
