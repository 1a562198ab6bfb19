"""Instructions that stand around many prompts and say nothing about the single one."""

from __future__ import annotations

import re
from functools import cache

import polars as pl

from scale_or_reason.benchmarks.instructions import TRAINING_INSTRUCTIONS
from scale_or_reason.benchmarks.registry import BENCHMARKS


def without_instructions(texts: pl.Series) -> pl.Series:
    """The texts without the benchmarks' instructions and ``TRAINING_INSTRUCTIONS``, in any spacing."""
    return texts.str.replace_all(_pattern(), " ")


@cache
def _pattern() -> str:
    known = {*TRAINING_INSTRUCTIONS, *(benchmark.instruction for benchmark in BENCHMARKS.values())} - {""}
    # The longest first: one instruction may be the beginning of another.
    ordered = sorted(known, key=lambda text: (-len(text), text))
    return "|".join(r"\s+".join(re.escape(word) for word in text.split()) for text in ordered)
