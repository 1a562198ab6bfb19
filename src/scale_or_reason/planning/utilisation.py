"""How long the processes of a training wait for each other.

The processes of a step wait for the one with the most tokens. A step of 32 items has few long ones to share out, so
many processes wait long.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np

from scale_or_reason.planning.assumptions import Calls
from scale_or_reason.training.packing import LAUNCH_SHARE, plan_batches

#: Steps of the sample that utilisation is computed on.
_STEPS = 40


def utilisation(
    calls: Sequence[Calls], mixed: bool, processes: int, training: Mapping[str, Any], spread: float
) -> float:
    """The share of time in which the processes of a training on ``calls`` do not wait for each other.

    ``calls`` has one entry per answer format; steps contain all formats if ``mixed``, otherwise one. ``training`` is
    the config's section, ``spread`` the standard deviation of the logarithm of lengths. Lengths are drawn from a
    log-normal distribution and dealt out as the trainer does. A micro-batch takes at least the time of starting its
    kernels.
    """
    batch, longest = training["batch"], training["max_length"]
    settings = (processes, batch["unit"], batch["size"], longest, training["execution"]["micro_batch_tokens"], spread)
    tokens = slots = 0.0
    for group in [tuple(calls)] if mixed else [(call,) for call in calls]:
        own = sum(call.count * (call.prompt + call.completion) for call in group)
        tokens += own
        slots += own / _sampled_utilisation(group, *settings)
    return tokens / slots


@cache
def _sampled_utilisation(
    group: tuple[Calls, ...],
    processes: int,
    unit: str,
    size: int,
    longest: int,
    micro_batch_tokens: int,
    spread: float,
) -> float:
    total = sum(call.count for call in group)
    mean = sum(call.count * (call.prompt + call.completion) for call in group) / total
    count = _STEPS * (size if unit == "items" else max(1, round(size / mean)))
    generator = np.random.default_rng(0)
    lengths = np.concatenate(
        [
            call.prompt + generator.lognormal(np.log(call.completion) - spread**2 / 2, spread, size=wanted)
            for call in group
            if (wanted := round(count * call.count / total))
        ]
    )
    whole = generator.permutation(np.clip(np.rint(lengths), 1, longest).astype(np.int64))
    launch = micro_batch_tokens // LAUNCH_SHARE
    plan = plan_batches(
        whole,
        np.zeros(len(whole), dtype=np.int64),
        unit=unit,
        size=size,
        processes=processes,
        micro_batch_tokens=max(micro_batch_tokens, longest),
        launch_tokens=launch,
    )
    loads = np.array([whole[row].sum() for row in plan.micro_batches]).reshape(-1, processes).max(axis=1)
    return float(whole.sum() / (processes * np.maximum(loads, launch).sum()))
