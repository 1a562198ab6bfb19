"""Peak memory of one GPU in a training by DeepSpeed, in bytes.

Training in bfloat16 with Adam takes 16 bytes a parameter: 2 for the weight, 2 for its gradient, 12 for the optimizer (a
weight in 32 bits, two moments). ZeRO (Rajbhandari et al. 2020) shares them out over N processes: stage 1 the
optimizer's part, stage 2 gradients too, stage 3 weights too. In float32 it is 4, 4 and 8.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scale_or_reason.planning.shapes import Shape

#: Tokens and words that TRL's head scores at a time, in the weights' type: logits are never there as a whole.
_HEAD_TOKENS, _HEAD_WORDS = 4096, 32_768
BYTES = {"bfloat16": 2, "float16": 2, "float32": 4}


@dataclass(frozen=True)
class ZeRO:
    """What of DeepSpeed's settings decides about memory."""

    stage: int
    offload_optimizer: bool = False
    offload_weights: bool = False

    @classmethod
    def from_file(cls, path: Path) -> ZeRO:
        """From a DeepSpeed configuration."""
        settings = json.loads(path.read_text(encoding="utf-8")).get("zero_optimization", {})

        def offloaded(name: str) -> bool:
            return settings.get(name, {}).get("device", "none") != "none"

        return cls(settings.get("stage", 0), offloaded("offload_optimizer"), offloaded("offload_param"))


@dataclass(frozen=True)
class Memory:
    """Parts of the peak on one GPU; what does not apply is 0. ``host``: what the machine's memory keeps instead."""

    weights: float = 0.0
    gradients: float = 0.0
    optimizer: float = 0.0
    activations: float = 0.0
    logits: float = 0.0
    cache: float = 0.0
    overhead: float = 0.0
    host: float = 0.0

    @property
    def total(self) -> float:
        """All that has to fit on the GPU at once."""
        return (
            self.weights + self.gradients + self.optimizer + self.activations + self.logits + self.cache + self.overhead
        )


def training_memory(
    shape: Shape, zero: ZeRO, processes: int, execution: dict[str, Any], dtype: str, overhead: float
) -> Memory:
    """One process of a training: ``execution`` is the config's ``training.execution``.

    Activations are those of a full micro-batch. ``overhead`` is what is not counted here: CUDA's context, buffers of
    communication, fragmentation.
    """
    width, tokens = BYTES[dtype], execution["micro_batch_tokens"]
    weights, gradients = float(width * shape.parameters), float(width * shape.parameters)
    optimizer = float((12 if width == 2 else 8) * shape.parameters)
    on_gpu = {
        "weights": 0.0 if zero.offload_weights else weights / (processes if zero.stage >= 3 else 1),
        "gradients": gradients / (processes if zero.stage >= 2 else 1),
        "optimizer": 0.0 if zero.offload_optimizer else optimizer / (processes if zero.stage >= 1 else 1),
    }
    host = (optimizer * zero.offload_optimizer + weights * zero.offload_weights) / processes
    return Memory(
        **on_gpu,
        activations=activation_bytes(shape, tokens, width, execution["gradient_checkpointing"]),
        logits=_head_bytes(shape, tokens, width),
        overhead=overhead,
        host=host,
    )


def activation_bytes(shape: Shape, tokens: int, width: int, checkpointing: bool) -> float:
    """What the backward pass needs of ``tokens`` tokens, with attention that keeps no matrix of scores.

    A layer keeps for each token: the inputs of attention and feed-forward, before and after their norms (4 d, norms in
    32 bits) and the output of attention and the residual (2 d), query, key, value and the heads' output, and four times
    the feed-forward width (gate, its activation, up, their product). With checkpointing a layer's input is kept, and
    the rest of one layer at a time.
    """
    model = shape.architecture
    heads, kv = (count * shape.decoder.head_width for count in (model.heads, shape.decoder.key_value_heads))
    norms = 2 * 4 * model.hidden
    layer = width * (6 * model.hidden + 2 * heads + 2 * kv + 4 * model.feed_forward) + norms
    if not checkpointing:
        return tokens * model.layers * layer
    return tokens * (model.layers * model.hidden * width + layer)


def _head_bytes(shape: Shape, tokens: int, width: int) -> float:
    """A tile of logits, and in 32 bits the gradients of the head's matrix and of what goes into it."""
    model = shape.architecture
    tile = min(tokens, _HEAD_TOKENS) * min(model.vocabulary, _HEAD_WORDS) * width
    return tile + 4 * (model.vocabulary + tokens) * model.hidden


def checkpoint_bytes(shape: Shape, dtype: str) -> float:
    """A checkpoint of a training: weights and the optimizer's part, of all processes together."""
    width = BYTES[dtype]
    return shape.parameters * (width + (12 if width == 2 else 8))
