"""What a job asks a cluster for, by its kind and by the size of the student that it is about.

Every job on a cluster reads the Snakefile and so imports this module: standard library only.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def job_settings(compute: Mapping[str, Any], kind: str, size_b: float | None = None) -> dict[str, int]:
    """``threads``, ``mem_mb`` and ``runtime`` (minutes) of one job (``compute`` is the config's section).

    ``size_b`` is the student's size in billions of parameters, None for a job that is about no student. The first line
    of ``by_size`` that is large enough for it counts, and goes on top of ``jobs``.
    """
    fitting = [line for line in compute["by_size"] if size_b is not None and size_b <= line["max_params_b"]]
    return {**compute["jobs"][kind], **(fitting[0].get(kind, {}) if fitting else {})}


def grown(amount: int, share: float, attempt: int) -> int:
    """What a job asks for in its ``attempt`` (from 1): ``share`` of the first amount more each time."""
    return round(amount * (1 + share * (attempt - 1)))
