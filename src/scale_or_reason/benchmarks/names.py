"""The names of all benchmarks: the files of ``catalogue/``, in alphabetical order.

A separate module without project imports, so that the checks of the config load nothing else.
"""

from __future__ import annotations

from pathlib import Path

BENCHMARK_NAMES: tuple[str, ...] = tuple(
    sorted(path.stem for path in Path(__file__).with_name("catalogue").glob("[a-z]*.py"))
)
