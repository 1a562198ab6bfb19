"""The trainer class of a planned run: our schedule of learning rates, and metrics weighted by tokens.

It also leaves out work that takes a fifth of a small student's step on a CPU: the library's own count of FLOPs, which
nothing here reads (:mod:`scale_or_reason.flops` counts them), and collective calls of a single process.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from scale_or_reason.training.packing import BatchPlan
from scale_or_reason.training.sequences import Sequences
from scale_or_reason.training.wsd import Schedule

#: TRL's metrics that are means over tokens.
_PER_TOKEN = ("mean_token_accuracy", "entropy")


def planned_trainer(base: type, schedule: Schedule, tokens: np.ndarray) -> type:
    """A subclass of TRL's ``SFTTrainer``, for :func:`scored_tokens` as ``tokens``.

    The schedule of the library has a single phase. Its metrics are means over micro-batches in which an empty
    micro-batch counts as 0, so that they depend on how a step is cut into micro-batches.
    """
    from torch.optim.lr_scheduler import LambdaLR

    # the scheduler reads one more rate after the last step
    rates = [*schedule.rates(), 0.0]

    class Planned(base):
        """Creates the scheduler after the optimizer, whoever creates that."""

        def floating_point_ops(self, inputs: Any) -> int:
            return 0

        def store_flos(self) -> None:
            """Nothing to collect from the other processes at each step."""

        def create_scheduler(self, num_training_steps: int, optimizer: Any = None) -> Any:
            self.lr_scheduler = LambdaLR(optimizer or self.optimizer, lambda step: rates[step])
            self._created_lr_scheduler = True
            return self.lr_scheduler

        def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
            if "loss" in logs:  # of a step
                for name in _PER_TOKEN:
                    means = self._metrics["train"][name]
                    means[:] = [weighted_mean(means, tokens[self.state.global_step - 1])]
            super().log(logs, start_time)

    return Planned


def skip_gathering(accelerator: Any) -> None:
    """Have a single process use its tensors as they are; accelerate would send each through the process group."""
    accelerator.gather = accelerator.gather_for_metrics = _as_it_is


def _as_it_is(data: Any, *_: Any, **__: Any) -> Any:
    return data


def scored_tokens(plan: BatchPlan, sequences: Sequences, processes: int) -> np.ndarray:
    """Tokens with a label, ``(steps, micro-batches)``, where all processes together count as one micro-batch."""
    of_each = np.array([int(sequences.completion_lengths[part].sum()) for part in plan.micro_batches], dtype=np.int64)
    return of_each.reshape(len(plan.steps), -1, processes).sum(axis=2)


def weighted_mean(means: Sequence[float], weights: np.ndarray) -> float:
    """The mean of all tokens, from the mean and the number of tokens of each micro-batch."""
    return float(np.dot(means, weights) / weights.sum())
