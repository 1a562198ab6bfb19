"""Wall time of jobs that share GPUs."""

from __future__ import annotations

from collections.abc import Iterable


def wall_hours(jobs: Iterable[tuple[float, int]], slots: int) -> float:
    """The end of the last of the ``jobs`` (hours, slots of each) on ``slots`` slots.

    The longest jobs start first, each as soon as enough slots are free. A job that needs more slots than exist gets
    all.
    """
    free = [0.0] * slots
    for hours, wanted in sorted(jobs, reverse=True):
        taken = min(max(wanted, 1), slots)
        free.sort()
        end = free[taken - 1] + hours
        free[:taken] = [end] * taken
    return max(free, default=0.0)
