"""The resources of a job, by its kind and by the size of its student.

Standard library only: every cluster job imports this module through the Snakefile.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def job_settings(compute: Mapping[str, Any], kind: str, size_b: float | None = None) -> dict[str, int]:
    """``threads``, ``mem_mb`` and ``runtime`` (minutes) of one job (``compute`` is the config's section).

    ``size_b`` is the student's size in billions of parameters, None for a job without a student. The first entry of
    ``by_size`` that is large enough for it overrides ``jobs``.
    """
    fitting = [entry for entry in compute["by_size"] if size_b is not None and size_b <= entry["max_params_b"]]
    return {**compute["jobs"][kind], **(fitting[0].get(kind, {}) if fitting else {})}


def grown(amount: int, share: float, attempt: int) -> int:
    """The amount requested in attempt number ``attempt`` (from 1); each retry adds ``share`` of the first amount."""
    return round(amount * (1 + share * (attempt - 1)))
