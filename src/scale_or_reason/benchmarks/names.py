"""The names of all benchmarks: the files of ``catalogue/``, in alphabetical order.

A module of its own, without imports of ours: the config's checks read the names without loading anything.
"""

from __future__ import annotations

from pathlib import Path

BENCHMARK_NAMES: tuple[str, ...] = tuple(
    sorted(path.stem for path in Path(__file__).with_name("catalogue").glob("[a-z]*.py"))
)
