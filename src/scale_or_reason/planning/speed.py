"""Durations by a roofline model of the GPU: training and prefill are compute-bound, decoding is memory-bound.

Training and prefill take their FLOPs divided by the peak times the assumed MFU. A decoding step reads all weights once,
and the keys and values of each sequence, at an assumed share of the bandwidth. A batch whose arithmetic takes longer is
compute-bound. Each step also has a fixed overhead for scheduling and sampling.
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
    """A model in vLLM on ``gpus`` GPUs, of which ``tensor_parallel`` share each layer and the rest form a pipeline.

    The widths are bytes per number, of the weights and of the KV cache. ``batch_limit``: vLLM's ``max_num_seqs``,
    None for its default.
    """

    shape: Shape
    gpus: int
    tensor_parallel: int
    weight_width: int
    cache_width: int
    batch_limit: int | None = None

    @classmethod
    def from_settings(cls, shape: Shape, gpus: int, settings: Mapping[str, Any]) -> Engine:
        """From vLLM's settings; quantisations other than fp8 are ignored."""
        width = BYTES.get(settings.get("dtype", "bfloat16"), 2)
        weights = 1 if settings.get("quantization") == "fp8" else width
        cache = 1 if str(settings.get("kv_cache_dtype")).startswith("fp8") else width
        tensor_parallel = min(gpus, settings.get("tensor_parallel_size", 1))
        return cls(shape, gpus, tensor_parallel, weights, cache, settings.get("max_num_seqs"))

    @property
    def pipeline_parallel(self) -> int:
        """The stages of the pipeline, and the batches that are in it at the same time."""
        return self.gpus // self.tensor_parallel

    @property
    def weight_bytes(self) -> float:
        """Bytes of the weights, summed over all GPUs."""
        return self.shape.weight_bytes(self.weight_width)

    @property
    def cache_bytes(self) -> float:
        """KV cache bytes per token, summed over all GPUs."""
        return self.shape.cache_bytes(self.cache_width, self.tensor_parallel)

    def memory(self, context: float, sequences: float, overhead: float) -> Memory:
        """Memory of one GPU while decoding ``sequences`` sequences of ``context`` tokens."""
        cache = sequences * context * self.cache_bytes
        return Memory(weights=self.weight_bytes / self.gpus, cache=cache / self.gpus, overhead=overhead)


@dataclass(frozen=True)
class Decoding:
    """A decoding batch: concurrent sequences, their mean tokens in the cache, tokens per second and GPU."""

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
    """Exact FLOPs of the architecture, at the mean lengths of ``calls``."""
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
    """The largest batch that fits into the GPUs' memory, and its decoding speed.

    A pipeline holds as many batches as it has stages, each a part of the sequences. So each part reads the weights.
    """
    written = sum(call.count * call.completion for call in calls) or 1.0
    context = sum(call.count * call.completion * (call.prompt + call.completion / 2) for call in calls) / written
    context = max(context, 1.0)
    per_token = engine.cache_bytes
    sequences = min(
        engine.batch_limit or assumed.number("decode.sequences", "sequences"),
        max(1.0, _cache_capacity(engine, gpu, assumed) // (context * per_token)),
        max(1.0, sum(call.count for call in calls)),
    )
    bandwidth = gpu.bandwidth_tb_s * 1e12 * assumed.number("decode.bandwidth", "share of the bandwidth")
    batch = max(1.0, sequences / engine.pipeline_parallel)
    bytes_read = engine.weight_bytes * _experts_read(engine.shape, batch)
    bytes_read += batch * context * per_token
    arithmetic = batch * float(cached_step_flops(engine.shape.architecture, context))
    peak = gpu.tflops * 1e12 * assumed.number("mfu.prefill", "share of the peak")
    step = max(bytes_read / bandwidth, arithmetic / peak) / engine.gpus + assumed.number("decode.step_ms", "ms") / 1e3
    # fewer sequences than stages leave stages idle
    filled = min(1.0, sequences / engine.pipeline_parallel)
    return Decoding(sequences, context, filled * batch / step / engine.gpus)


def engine_gpu_seconds(
    engine: Engine, calls: Sequence[Calls], gpu: GpuType, assumed: Assumptions
) -> tuple[float, Decoding]:
    """GPU-seconds of prefill and decoding for ``calls``, without start-up, and the decoding batch."""
    writing = decoding(engine, calls, gpu, assumed)
    peak = gpu.tflops * 1e12 * assumed.number("mfu.prefill", "share of the peak")
    written = sum(call.count * call.completion for call in calls)
    return prefill_flops_of(engine.shape, calls) / peak + written / writing.tokens_per_second, writing


def _cache_capacity(engine: Engine, gpu: GpuType, assumed: Assumptions) -> float:
    """Bytes available for the KV cache on all GPUs of an engine."""
    share = assumed.number("memory.engine_share", "share of the GPU's memory")
    overhead = assumed.number("memory.overhead_gb", "GB") * 1e9
    return engine.gpus * (share * gpu.memory_gb * 1e9 - overhead) - engine.weight_bytes


def _experts_read(shape: Shape, sequences: float) -> float:
    """The expected share of the weights that a step reads, if each token's experts are random."""
    hit = 1 - (1 - shape.experts_per_token / shape.experts) ** sequences
    dense = shape.parameters - _expert_parameters(shape)
    return (dense + hit * _expert_parameters(shape)) / shape.parameters


def _expert_parameters(shape: Shape) -> float:
    inactive = shape.parameters - shape.active_parameters
    return inactive * shape.experts / max(1, shape.experts - shape.experts_per_token)


def engine_peak(
    engine: Engine, work: Decoding, gpu: GpuType, longest: int, assumed: Assumptions
) -> tuple[Memory, bool]:
    """Memory per GPU for this batch, and whether one sequence of ``longest`` tokens fits."""
    overhead = assumed.number("memory.overhead_gb", "GB") * 1e9
    available = assumed.number("memory.engine_share", "share of the GPU's memory") * gpu.memory_gb * 1e9
    fits = engine.memory(max(longest, work.context), 1, overhead).total <= available
    return engine.memory(work.context, work.sequences, overhead), fits
