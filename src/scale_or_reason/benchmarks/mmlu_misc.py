"""MMLU, subject miscellaneous: the most literal reading of the papers' "mmlu-misc"."""

from __future__ import annotations

from scale_or_reason.benchmarks.mmlu import mmlu_benchmark

BENCHMARK = mmlu_benchmark("mmlu_misc", "General", ("miscellaneous",), rows=783)
