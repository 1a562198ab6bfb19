"""What a training has done to a student's weights: which changed, and whether all are finite."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.wording import counted
from scale_or_reason.training.trainer.launch import rank


def weight_hashes(model: Any) -> dict[str, str]:
    """A hash of each parameter on rank 0, nothing on the others; a collective call, since ZeRO-3 shards them."""
    return {name: _hash(tensor) for name, tensor in _whole_parameters(model) if rank() == 0}


def count_changed(before: Mapping[str, str], weights: Mapping[str, Any]) -> dict[str, int]:
    """Counts of tensors and of those that training left as they were, for the manifest.

    ``before`` is the result of :func:`weight_hashes`, ``weights`` are the trained ones, under the same names. In
    bfloat16 single tensors can stay as they were, since small updates round to nothing. Raises :class:`StudyError` if
    a weight is not finite, or if no tensor has changed.
    """
    import torch

    names = before.keys() & weights.keys()
    if broken := sorted(name for name in names if not torch.isfinite(weights[name]).all()):
        raise StudyError(
            "the trained weights are not finite",
            key="training",
            found=f"{len(broken)} of {counted(len(names), 'tensor')} with NaN or infinity, such as {broken[0]}",
            expected="finite weights",
            remedy="lower the learning rate, or train in float32; no model was written",
        )
    unchanged = sum(_hash(weights[name]) == before[name] for name in names)
    if unchanged == len(names):
        raise StudyError(
            "the training has changed no weight",
            key="training",
            found=f"all {counted(len(names), 'tensor')} are equal to those of the start model",
            expected="changed weights",
            remedy="raise the learning rate, train in float32 or for more steps; no model was written",
        )
    return {"tensors": len(names), "unchanged_tensors": unchanged}


def _whole_parameters(model: Any) -> Iterator[tuple[str, Any]]:
    import deepspeed

    for name, parameter in model.named_parameters():
        if hasattr(parameter, "ds_id"):  # sharded by ZeRO-3
            with deepspeed.zero.GatheredParameters(parameter):
                yield name, parameter
        else:
            yield name, parameter


def _hash(tensor: Any) -> str:
    import torch

    values = tensor.detach().cpu().contiguous().view(-1).view(torch.uint8)
    return hashlib.sha256(values.numpy()).hexdigest()
