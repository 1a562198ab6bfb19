"""How long jobs take that share GPUs."""

from __future__ import annotations

from collections.abc import Iterable


def wall_hours(jobs: Iterable[tuple[float, int]], places: int) -> float:
    """When the last of the ``jobs`` (hours, places that each takes) has ended, ``places`` being there.

    The longest are started first, each as soon as enough places are free. Jobs that need more places than there are get
    all.
    """
    free = [0.0] * places
    for hours, wanted in sorted(jobs, reverse=True):
        taken = min(max(wanted, 1), places)
        free.sort()
        end = free[taken - 1] + hours
        free[:taken] = [end] * taken
    return max(free, default=0.0)
