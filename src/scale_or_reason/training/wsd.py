"""The warmup-stable-decay schedule of the learning rate (v1 appendix B), fitted to the length of a run.

transformers' ``get_wsd_schedule`` has the shape; the lengths of the parts, per phase and for short runs, are our own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from typing import Any

from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.wording import counted


@dataclass(frozen=True)
class WsdPlan:
    """Optimizer steps in each part: linear warm-up, plateau, linear decay to ``min_lr_ratio`` of the peak."""

    warmup_steps: int
    stable_steps: int
    decay_steps: int
    min_lr_ratio: float
    #: True if the run is too short for the configured warm-up and decay.
    shortened: bool

    @property
    def steps(self) -> int:
        """Optimizer steps of the phase."""
        return self.warmup_steps + self.stable_steps + self.decay_steps

    def rate(self, step: int) -> float:
        """The learning rate of this optimizer step, counted from 0, as a share of the peak."""
        if step < self.warmup_steps:
            climbed = step / self.warmup_steps
        elif step < self.warmup_steps + self.stable_steps:
            climbed = 1.0
        else:
            climbed = max(0.0, (self.steps - step) / max(1, self.decay_steps))
        return self.min_lr_ratio + (1 - self.min_lr_ratio) * climbed

    def __str__(self) -> str:
        parts = f"{self.warmup_steps} warm-up + {self.stable_steps} plateau + {self.decay_steps} decay"
        return f"{counted(self.steps, 'step')}: {parts}" + (" (shortened to fit the run)" if self.shortened else "")


@dataclass(frozen=True)
class Schedule:
    """One plan for a whole training, or one for each phase."""

    plans: tuple[WsdPlan, ...]

    def rates(self) -> list[float]:
        """The learning rate of every optimizer step, as a share of the peak."""
        return [plan.rate(step) for plan in self.plans for step in range(plan.steps)]

    def as_list(self) -> list[dict[str, Any]]:
        """The plan of each phase, for a manifest."""
        return [asdict(plan) for plan in self.plans]

    def __str__(self) -> str:
        return "; ".join(map(str, self.plans))


def plan_schedule(
    phases: Sequence[int], per_phase: bool, warmup_steps: int, decay_steps: int, min_lr_ratio: float
) -> Schedule:
    """The schedule of a training; ``phases`` has the phase of each step, in order."""
    lengths = [len(list(steps)) for _, steps in groupby(phases)] if per_phase else [len(phases)]
    return Schedule(tuple(plan_wsd(length, warmup_steps, decay_steps, min_lr_ratio) for length in lengths))


def plan_wsd(steps: int, warmup_steps: int, decay_steps: int, min_lr_ratio: float = 0.1) -> WsdPlan:
    """Fit the schedule to a run of ``steps`` optimizer steps.

    A run of at least ``warmup_steps + decay_steps`` has both unchanged and a plateau between them. A shorter run has
    both scaled by the same factor and no plateau, so that the schedule is continuous in the length of the run and
    always reaches its peak and decays. Raises :class:`StudyError` for a run without steps.
    """
    if steps < 1:
        raise StudyError("the training has no steps", found=steps, expected="at least 1")
    if warmup_steps < 0 or decay_steps < 0:
        raise StudyError(
            "a part of the learning-rate schedule is negative", found=f"{warmup_steps}, {decay_steps}", expected=">= 0"
        )
    if not 0 <= min_lr_ratio <= 1:
        raise StudyError(
            "the lowest learning rate is out of range", key="min_lr_ratio", found=min_lr_ratio, expected="0..1"
        )
    wanted = warmup_steps + decay_steps
    if wanted <= steps:
        return WsdPlan(warmup_steps, steps - wanted, decay_steps, min_lr_ratio, shortened=False)
    warmup = warmup_steps * steps // wanted
    return WsdPlan(warmup, 0, steps - warmup, min_lr_ratio, shortened=True)
