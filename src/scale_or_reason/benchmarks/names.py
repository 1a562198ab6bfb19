"""The names of the 18 benchmarks, in the order of the papers' tables.

A file of its own, without imports: the Snakefile and the study's schema read the names
without loading a data library.
"""

from __future__ import annotations

BENCHMARK_NAMES: tuple[str, ...] = (
    "winogrande",
    "openbookqa",
    "mmlu_misc",
    "squad",
    "coqa",
    "ifeval",
    "aqua_rat",
    "mmlu_math",
    "mmlu_pro_math",
    "gsm8k",
    "math_500",
    "aime",
    "mmlu_pro_law",
    "consumer_qa",
    "mmlu_pro_code",
    "c_code_summarization",
    "mmlu_pro_physics",
    "scibench",
)
