"""How long models work, by a simple account of the GPU: arithmetic for training and reading, memory for writing.

Training and reading (prefill) are bound by arithmetic: FLOPs over the peak times a stated share of it (MFU). Writing
(decoding) is bound by memory: for every new token of a batch the engine reads all weights once and each sequence's keys
and values, at a stated share of the bandwidth. A batch so large that its arithmetic takes longer than that is bound by
arithmetic. To either comes a fixed time for each step, in which the engine schedules and samples.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scale_or_reason.flops.exact import exact_forward_flops, exact_generation_flops
from scale_or_reason.flops.formulas import cached_step_flops, generation_flops, prefill_flops, training_step_flops
from scale_or_reason.planning.assumptions import Assumptions, Calls, GpuType
from scale_or_reason.planning.memory import BYTES, Memory
from scale_or_reason.planning.shapes import Shape


@dataclass(frozen=True)
class Engine:
    """A model in vLLM: ``gpus`` in all, of which ``tensor_parallel`` share each layer.

    The widths are bytes of a number, in the weights and in the cache.
    """

    shape: Shape
    gpus: int
    tensor_parallel: int
    weight_width: int
    cache_width: int

    @classmethod
    def from_settings(cls, shape: Shape, gpus: int, settings: Mapping[str, Any]) -> Engine:
        """From vLLM's settings; other quantisations than fp8 are taken as none."""
        width = BYTES.get(settings.get("dtype", "bfloat16"), 2)
        weights = 1 if settings.get("quantization") == "fp8" else width
        cache = 1 if str(settings.get("kv_cache_dtype")).startswith("fp8") else width
        return cls(shape, gpus, min(gpus, settings.get("tensor_parallel_size", 1)), weights, cache)

    @property
    def weight_bytes(self) -> float:
        """Of all GPUs together."""
        return self.shape.weight_bytes(self.weight_width)

    @property
    def cache_bytes(self) -> float:
        """Of a token, on all GPUs together."""
        return self.shape.cache_bytes(self.cache_width, self.tensor_parallel)

    def memory(self, context: float, sequences: float, overhead: float) -> Memory:
        """One GPU, while ``sequences`` sequences of ``context`` tokens are written."""
        cache = sequences * context * self.cache_bytes
        return Memory(weights=self.weight_bytes / self.gpus, cache=cache / self.gpus, overhead=overhead)


@dataclass(frozen=True)
class Decoding:
    """How an engine writes: sequences at a time, tokens of each in the cache on average, tokens a second of a GPU."""

    sequences: float
    context: float
    tokens_per_second: float


def training_flops_of(shape: Shape, calls: Sequence[Calls]) -> float:
    """Equations 1-3 at the mean lengths of ``calls``."""
    count, prompt, completion = _columns(calls)
    return float(count @ training_step_flops(shape.architecture, prompt + completion))


def generation_flops_of(shape: Shape, calls: Sequence[Calls]) -> float:
    """Equations 4-6 at the mean lengths of ``calls``."""
    count, prompt, completion = _columns(calls)
    return float(count @ generation_flops(shape.architecture, prompt, completion))


def exact_flops_of(shape: Shape, calls: Sequence[Calls], training: bool) -> float:
    """The same of the decoder as it is built, at the mean lengths of ``calls``."""
    count, prompt, completion = _columns(calls)
    if training:
        return float(3 * count @ exact_forward_flops(shape.decoder, prompt + completion))
    return float(count @ exact_generation_flops(shape.decoder, prompt, completion))


def prefill_flops_of(shape: Shape, calls: Sequence[Calls]) -> float:
    """Equation 4 at the mean lengths of ``calls``."""
    count, prompt, _ = _columns(calls)
    return float(count @ prefill_flops(shape.architecture, prompt))


def _columns(calls: Sequence[Calls]) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    rows = np.array([(call.count, call.prompt, call.completion) for call in calls], dtype=np.float64)
    return rows[:, 0], rows[:, 1], rows[:, 2]


def decoding(engine: Engine, calls: Sequence[Calls], gpu: GpuType, assumed: Assumptions) -> Decoding:
    """The batch that the GPUs have memory for, and how fast it is written."""
    written = sum(call.count * call.completion for call in calls) or 1.0
    context = sum(call.count * call.completion * (call.prompt + call.completion / 2) for call in calls) / written
    context = max(context, 1.0)
    per_token = engine.cache_bytes
    sequences = min(
        assumed.number("decode.sequences", "sequences"),
        max(1.0, _cache_room(engine, gpu, assumed) // (context * per_token)),
        max(1.0, sum(call.count for call in calls)),
    )
    bandwidth = gpu.bandwidth_tb_s * 1e12 * assumed.number("decode.bandwidth", "share of the bandwidth")
    moved = engine.weight_bytes * _experts_read(engine.shape, sequences)
    moved += sequences * context * per_token
    arithmetic = sequences * float(cached_step_flops(engine.shape.architecture, context))
    peak = gpu.tflops * 1e12 * assumed.number("mfu.prefill", "share of the peak")
    step = max(moved / bandwidth, arithmetic / peak) / engine.gpus + assumed.number("decode.step_ms", "ms") / 1e3
    return Decoding(sequences, context, sequences / step / engine.gpus)


def _cache_room(engine: Engine, gpu: GpuType, assumed: Assumptions) -> float:
    """Bytes for keys and values on all GPUs of an engine."""
    share = assumed.number("memory.engine_share", "share of the GPU's memory")
    overhead = assumed.number("memory.overhead_gb", "GB") * 1e9
    return engine.gpus * (share * gpu.memory_gb * 1e9 - overhead) - engine.weight_bytes


def _experts_read(shape: Shape, sequences: float) -> float:
    """The share of the weights that a step of so many sequences reads, if each token's experts are drawn by chance."""
    hit = 1 - (1 - shape.experts_per_token / shape.experts) ** sequences
    dense = shape.parameters - _expert_parameters(shape)
    return (dense + hit * _expert_parameters(shape)) / shape.parameters


def _expert_parameters(shape: Shape) -> float:
    inactive = shape.parameters - shape.active_parameters
    return inactive * shape.experts / max(1, shape.experts - shape.experts_per_token)


def engine_peak(
    engine: Engine, work: Decoding, gpu: GpuType, longest: int, assumed: Assumptions
) -> tuple[Memory, bool]:
    """Memory of a GPU of the engine at that batch, and whether one sequence of ``longest`` tokens has room."""
    overhead = assumed.number("memory.overhead_gb", "GB") * 1e9
    room = assumed.number("memory.engine_share", "share of the GPU's memory") * gpu.memory_gb * 1e9
    fits = engine.memory(max(longest, work.context), 1, overhead).total <= room
    return engine.memory(work.context, work.sequences, overhead), fits
