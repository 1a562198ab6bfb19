"""Peak memory per GPU in a training with DeepSpeed, in bytes.

Training in bfloat16 with Adam takes 16 bytes per parameter: 2 for the weight, 2 for its gradient, 12 for the optimizer
state (a 32-bit weight, two moments). ZeRO (Rajbhandari et al. 2020) shards them over N processes: stage 1 the optimizer
state, stage 2 also the gradients, stage 3 also the weights. In float32 the parts are 4, 4 and 8.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scale_or_reason.planning.shapes import Shape
from scale_or_reason.training import disk

#: Tokens and vocabulary entries that TRL's head scores at a time, in the weights' dtype; full logits are never stored.
_HEAD_TOKENS, _HEAD_WORDS = 4096, 32_768
BYTES = {"bfloat16": 2, "float16": 2, "float32": 4}


@dataclass(frozen=True)
class ZeRO:
    """The DeepSpeed settings that determine memory."""

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
    """Parts of the peak on one GPU; 0 if not applicable. ``host``: offloaded to the machine's memory."""

    weights: float = 0.0
    gradients: float = 0.0
    optimizer: float = 0.0
    activations: float = 0.0
    logits: float = 0.0
    cache: float = 0.0
    #: Copies of the gradients during the optimizer's step, when activations and logits are freed.
    update: float = 0.0
    overhead: float = 0.0
    host: float = 0.0

    @property
    def total(self) -> float:
        """The peak on the GPU."""
        transient = max(self.activations + self.logits, self.update)
        return self.weights + self.gradients + self.optimizer + transient + self.cache + self.overhead


def training_memory(
    shape: Shape, zero: ZeRO, processes: int, execution: dict[str, Any], dtype: str, overhead: float
) -> Memory:
    """One process of a training: ``execution`` is the config's ``training.execution``.

    Activations are those of a full micro-batch. ``overhead`` covers the rest: CUDA context, communication buffers,
    fragmentation.
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
        update=_update_bytes(shape, zero, processes, width),
        overhead=overhead,
        host=host,
    )


def _update_bytes(shape: Shape, zero: ZeRO, processes: int, width: int) -> float:
    """DeepSpeed's copies of one process' gradients in the optimizer's step: a flat one in 16 bits, and one in 32."""
    if width != 2 or zero.offload_optimizer:
        return 0.0
    return 6.0 * shape.parameters / (processes if zero.stage >= 1 else 1)


def activation_bytes(shape: Shape, tokens: int, width: int, checkpointing: bool) -> float:
    """Activations stored for the backward pass over ``tokens`` tokens, with attention that stores no score matrix.

    A layer stores for each token: the inputs of attention and feed-forward, before and after their norms (4 d, norms in
    32 bits); the output of attention and the residual (2 d); query, key, value and the heads' output; four times the
    feed-forward width (gate, its activation, up, their product). With checkpointing only a layer's input is stored,
    plus the full activations of one layer at a time.
    """
    model = shape.architecture
    heads, kv = (count * shape.decoder.head_width for count in (model.heads, shape.decoder.key_value_heads))
    norms = 2 * 4 * model.hidden
    layer = width * (6 * model.hidden + 2 * heads + 2 * kv + 4 * model.feed_forward) + norms
    if not checkpointing:
        return tokens * model.layers * layer
    return tokens * (model.layers * model.hidden * width + layer)


def _head_bytes(shape: Shape, tokens: int, width: int) -> float:
    """A tile of logits, and the 32-bit gradients of the head's matrix and its input."""
    model = shape.architecture
    tile = min(tokens, _HEAD_TOKENS) * min(model.vocabulary, _HEAD_WORDS) * width
    return tile + 4 * (model.vocabulary + tokens) * model.hidden


def checkpoint_bytes(shape: Shape, dtype: str) -> float:
    """Bytes of a training checkpoint: weights and optimizer state of all processes."""
    return disk.checkpoint_bytes(shape.parameters, BYTES[dtype])
