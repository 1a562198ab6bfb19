"""All benchmarks by name: those of the package, and those of one's own."""

from __future__ import annotations

import difflib
from importlib import import_module

from scale_or_reason.benchmarks.base import Benchmark
from scale_or_reason.benchmarks.names import BENCHMARK_NAMES
from scale_or_reason.benchmarks.own import own_benchmark, own_files
from scale_or_reason.common.errors import StudyError

BENCHMARKS: dict[str, Benchmark] = {
    name: import_module(f"scale_or_reason.benchmarks.catalogue.{name}").BENCHMARK for name in BENCHMARK_NAMES
}


def get_benchmark(name: str) -> Benchmark:
    """The benchmark called ``name``; :class:`StudyError` with a suggestion if there is none."""
    if name in BENCHMARKS:
        return BENCHMARKS[name]
    if own := own_benchmark(name):
        return own
    known = [*BENCHMARKS, *own_files()]
    close = difflib.get_close_matches(name, known, n=1)
    raise StudyError(
        "unknown benchmark",
        found=name,
        expected=", ".join(known),
        remedy=f"did you mean {close[0]}?" if close else "name its file in benchmarks.own",
    )
