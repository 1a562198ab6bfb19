"""All benchmarks by name."""

from __future__ import annotations

import difflib
from importlib import import_module

from scale_or_reason.benchmarks.base import Benchmark
from scale_or_reason.benchmarks.names import BENCHMARK_NAMES
from scale_or_reason.common.errors import StudyError

BENCHMARKS: dict[str, Benchmark] = {
    name: import_module(f"scale_or_reason.benchmarks.catalogue.{name}").BENCHMARK for name in BENCHMARK_NAMES
}


def get_benchmark(name: str) -> Benchmark:
    """The benchmark called ``name``; :class:`StudyError` with a suggestion if there is none."""
    if name not in BENCHMARKS:
        close = difflib.get_close_matches(name, BENCHMARKS, n=1)
        raise StudyError(
            "unknown benchmark",
            found=name,
            expected=", ".join(BENCHMARKS),
            remedy=f"did you mean {close[0]}?" if close else "CONTRIBUTING.md explains how to add one",
        )
    return BENCHMARKS[name]
