"""What a training on a part of a mixture costs beside the training on all of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from scale_or_reason.planning.assumptions import Calls


def branch_calls(
    calls: Sequence[Calls], curriculum: str, fraction: float, training: Mapping[str, Any]
) -> tuple[Calls, ...]:
    """The sequences that a branch trains on itself; the rest of its run is that of the full training.

    ``calls`` are the sequences of the full training by format, in the order of its phases; ``training`` is the config's
    section. The branch begins where its plateau or its first phase ends (:mod:`scale_or_reason.training.branches`).
    """
    schedule = training["schedule"]
    phases = [list(calls)] if curriculum == "mix" else [[call] for call in calls]
    steps = [fraction * _steps(phase, training["batch"]) for phase in phases]
    own = steps[0] if schedule["per"] == "phase" else sum(steps)
    long_enough = own >= schedule["warmup_steps"] + schedule["decay_steps"]
    shared = min(steps[0], own - schedule["decay_steps"]) if long_enough else 0.0
    left = [1 - shared / steps[0] if steps[0] else 1.0, *([1.0] * (len(phases) - 1))]
    return tuple(
        replace(call, count=call.count * fraction * share)
        for phase, share in zip(phases, left, strict=True)
        for call in phase
    )


def _steps(calls: Sequence[Calls], batch: Mapping[str, Any]) -> float:
    if batch["unit"] == "items":
        return sum(call.count for call in calls) / batch["size"]
    return sum(call.count * (call.prompt + call.completion) for call in calls) / batch["size"]
