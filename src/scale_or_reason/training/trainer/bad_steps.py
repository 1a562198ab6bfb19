"""Trainer callbacks that end a run at a step which teaches nothing: bad loss, bad gradients, skipped updates."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from transformers import TrainerCallback

from scale_or_reason.common.errors import DivergedError
from scale_or_reason.common.files import write_json
from scale_or_reason.common.wording import counted
from scale_or_reason.training.trainer.diverged import DIVERGED
from scale_or_reason.training.trainer.launch import rank

#: Divergence threshold, in nats per token above the initial loss: each token is seven times less probable.
_DIVERGED_BY = 2.0
_RECENT_STEPS = 5
_MOST_RANGES = 40
_REMEDY = "lower the learning rate or the gradient clipping, or train in float32, and run again"


class StopOnBadStep(TrainerCallback):
    """Ends the run at the first step that trains nothing or damages the student.

    That is a step whose loss or gradient norm is not finite, or whose update DeepSpeed has skipped (it skips updates
    with infinite gradients without a word); the last step of a phase in which every gradient was zero; and a step at
    which the loss has diverged. It has diverged if the median loss of the last steps is more than
    :data:`_DIVERGED_BY` above that of the first step of their phase, before the student has trained on it. A single
    unusual batch does not count.

    ``positions`` and ``phases`` have one entry per step.
    """

    def __init__(self, positions: list[list[int]], phases: list[int], learning_rate: float) -> None:
        self.positions, self.phases, self.learning_rate = positions, phases, learning_rate
        #: For each step, the first step (from 0) of its phase.
        first: dict[int, int] = {}
        self.begins = [first.setdefault(phase, step) for step, phase in enumerate(phases)]
        #: DeepSpeed's engine, once it exists.
        self.engine: Any = None

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any] | None = None, **kwargs: Any) -> None:
        if logs is None or "loss" not in logs:
            return
        found = (
            self._bad_loss(logs["loss"])
            or self._bad_gradient(logs["grad_norm"])
            or self._only_zero_gradients(state)
            or self._diverged(logs["loss"], state)
        )
        if found is not None:
            self._stop(args.output_dir, state, *found)

    def _bad_loss(self, loss: float) -> tuple[str, ...] | None:
        return None if math.isfinite(loss) else (f"the loss is {loss}", "a finite loss")

    def _bad_gradient(self, norm: float) -> tuple[str, ...] | None:
        expected = "finite gradients, and an update of the weights at every step"
        if not math.isfinite(norm) or norm < 0:  # DeepSpeed can report -1 for a norm that is not finite
            return f"the gradient norm is {norm}", expected
        # ZeRO-3 keeps the norm of the step before when it skips one
        skipped = self.engine.skipped_steps
        return (f"DeepSpeed has skipped {counted(skipped, 'update')} of the weights", expected) if skipped else None

    def _only_zero_gradients(self, state: Any) -> tuple[str, ...] | None:
        step = state.global_step
        if step < len(self.phases) and self.phases[step] == self.phases[step - 1]:
            return None
        phase = state.log_history[self.begins[step - 1] : step]
        if any(entry.get("grad_norm", 1.0) for entry in phase):  # checkpoints of earlier versions can lack the norm
            return None
        remedy = "check the start model and the answers of this phase, train in float32, and run again"
        return (
            f"all gradients of this phase were zero ({counted(len(phase), 'step')})",
            "gradients that are not zero",
            remedy,
        )

    def _diverged(self, loss: float, state: Any) -> tuple[str, ...] | None:
        step = state.global_step
        begin = self.begins[step - 1]
        first, recent = state.log_history[begin]["loss"], state.log_history[max(begin, step - _RECENT_STEPS) : step]
        if len(recent) < _RECENT_STEPS or median(entry["loss"] for entry in recent) <= first + _DIVERGED_BY:
            return None
        expected = (
            f"at most {first + _DIVERGED_BY:.3g}; it was {first:.3g} at the start of this phase, step {begin + 1}"
        )
        return f"the loss has risen to {loss:.3g}", expected

    def _stop(self, folder: str, state: Any, problem: str, expected: str, remedy: str = _REMEDY) -> None:
        rows = _ranges(self.positions[state.global_step - 1])
        fields = {
            "problem": f"{problem} at step {state.global_step} of {state.max_steps}",
            "key": "learning rate",
            "found": f"peak {self.learning_rate:g}; the step's samples are rows {rows} of the mixture (position)",
            "expected": expected,
            "remedy": remedy,
        }
        if rank() == 0:
            write_json(fields, Path(folder) / DIVERGED)
        raise DivergedError(**fields)


class GradientNorm(TrainerCallback):
    """Makes DeepSpeed's stage 0 report the gradient norm, as the other stages do."""

    def __init__(self, trainer: Any, bad_steps: StopOnBadStep) -> None:
        self.trainer, self.bad_steps = trainer, bad_steps

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        from torch.nn.utils import clip_grad_norm_

        engine = self.bad_steps.engine = self.trainer.model_wrapped
        if engine.zero_optimization_stage() > 0:
            return
        parameters = list(engine.module.parameters())
        limit = engine.gradient_clipping() or math.inf

        def clip(*_: Any) -> None:
            engine._global_grad_norm = clip_grad_norm_(parameters, limit)

        engine.clip_fp32_gradients = clip
        if math.isinf(limit):  # DeepSpeed then does not call it
            engine.optimizer.register_step_pre_hook(clip)


def step_counts(log: Sequence[Mapping[str, float]], engine: Any) -> dict[str, int]:
    """Steps without effect, for the manifest: updates that DeepSpeed skipped, and steps whose gradients were zero."""
    return {
        "skipped_steps": int(engine.skipped_steps),
        "zero_gradient_steps": sum(entry.get("grad_norm") == 0 for entry in log),
    }


def _ranges(positions: list[int]) -> str:
    """The sorted positions as ranges, ``3..7, 9``; shortened for long batches."""
    parts: list[list[int]] = []
    for position in sorted(positions):
        if parts and position == parts[-1][-1] + 1:
            parts[-1] = [parts[-1][0], position]
        else:
            parts.append([position])
    shown = ", ".join("..".join(map(str, part)) for part in parts[:_MOST_RANGES])
    return f"{shown}, ..." if len(parts) > _MOST_RANGES else shown
