"""How long models work, by a simple account of the GPU: arithmetic for training and reading, memory for writing.

Training and reading (prefill) are bound by arithmetic: FLOPs over the peak times a stated share of it (MFU). Writing
(decoding) is bound by memory: for every new token of a batch the engine reads all weights once and each sequence's keys
and values, at a stated share of the bandwidth. A batch so large that its arithmetic takes longer than that is bound by
arithmetic. To either comes a fixed time for each step, in which the engine schedules and samples.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scale_or_reason.flops import cached_step_flops, generation_flops, prefill_flops, training_step_flops
from scale_or_reason.planning.assumptions import Assumptions, Calls, GpuType
from scale_or_reason.planning.memory import BYTES, Memory, engine_memory
from scale_or_reason.planning.shapes import Shape


@dataclass(frozen=True)
class Engine:
    """A model in vLLM: ``gpus`` in all, of which ``tensor_parallel`` share each layer."""

    shape: Shape
    gpus: int
    tensor_parallel: int
    dtype: str

    @property
    def width(self) -> int:
        """Bytes of a number."""
        return BYTES.get(self.dtype, 2)


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
    per_token = engine.shape.cache_bytes(engine.width, engine.tensor_parallel)
    sequences = min(
        assumed.number("decode.sequences", "sequences"),
        max(1.0, _cache_room(engine, gpu, assumed) // (context * per_token)),
        max(1.0, sum(call.count for call in calls)),
    )
    bandwidth = gpu.bandwidth_tb_s * 1e12 * assumed.number("decode.bandwidth", "share of the bandwidth")
    moved = engine.shape.weight_bytes(engine.width) * _experts_read(engine.shape, sequences)
    moved += sequences * context * per_token
    arithmetic = sequences * float(cached_step_flops(engine.shape.architecture, context))
    peak = gpu.tflops * 1e12 * assumed.number("mfu.prefill", "share of the peak")
    step = max(moved / bandwidth, arithmetic / peak) / engine.gpus + assumed.number("decode.step_ms", "ms") / 1e3
    return Decoding(sequences, context, sequences / step / engine.gpus)


def _cache_room(engine: Engine, gpu: GpuType, assumed: Assumptions) -> float:
    """Bytes for keys and values on all GPUs of an engine."""
    share = assumed.number("memory.engine_share", "share of the GPU's memory")
    overhead = assumed.number("memory.overhead_gb", "GB") * 1e9
    return engine.gpus * (share * gpu.memory_gb * 1e9 - overhead) - engine.shape.weight_bytes(engine.width)


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

    def memory(context: float, sequences: float) -> Memory:
        dtype = engine.dtype if engine.dtype in BYTES else "bfloat16"
        return engine_memory(engine.shape, engine.gpus, dtype, context, sequences, engine.tensor_parallel, overhead)

    room = assumed.number("memory.engine_share", "share of the GPU's memory") * gpu.memory_gb * 1e9
    return memory(work.context, work.sequences), memory(max(longest, work.context), 1).total <= room
