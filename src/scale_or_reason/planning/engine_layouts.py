"""How an engine's GPUs are best divided: tensor against pipeline parallelism, for each type of GPU.

Tensor parallelism beyond the number of key-value heads stores copies of them, so fewer sequences fit. A pipeline stores
no copies, but each of its batches reads the weights. Which costs less depends on the model, the lengths and the memory.
Communication is not counted; it favours small tensor parallelism, so a close result is a reason to measure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import polars as pl

from scale_or_reason.planning.assumptions import Assumptions, GpuType
from scale_or_reason.planning.estimate import GB, HOUR, Estimator
from scale_or_reason.planning.shapes import Shape
from scale_or_reason.planning.speed import Engine, engine_gpu_seconds, engine_peak
from scale_or_reason.planning.units import TRAINING_STAGES, Unit

#: GPUs of one machine. An engine over several machines needs a cluster of Ray, which the workflow does not start.
MACHINE = 8
LAYOUT_COLUMNS: dict[str, Any] = {
    "stage": pl.String(),
    "model": pl.String(),
    "gpu": pl.String(),
    "tensor_parallel": pl.Int64(),
    "pipeline_parallel": pl.Int64(),
    "gpus": pl.Int64(),
    "sequences": pl.Float64(),
    "gpu_hours": pl.Float64(),
    "price": pl.Float64(),
    "memory_gb": pl.Float64(),
    "fits": pl.Boolean(),
    "configured": pl.Boolean(),
    "cheapest": pl.Boolean(),
}


def possible_layouts(shape: Shape, machine: int = MACHINE) -> Iterator[tuple[int, int]]:
    """(tensor parallel, pipeline parallel) of engines within one machine: powers of two.

    vLLM divides attention heads evenly, and key-value heads evenly or in whole copies.
    """
    heads, kv_heads = shape.architecture.heads, shape.decoder.key_value_heads
    sizes = [2**power for power in range(machine.bit_length()) if 2**power <= machine]
    for tensor in sizes:
        divides = heads % tensor == 0 and (kv_heads % tensor == 0 or tensor % kv_heads == 0)
        yield from ((tensor, stages) for stages in sizes if divides and tensor * stages <= machine)


def layouts_table(estimator: Estimator, units: list[Unit]) -> pl.DataFrame:
    """A row per model that an engine runs, type of GPU and layout (:data:`LAYOUT_COLUMNS`), for all its jobs."""
    engines: dict[tuple[str, str], list[Unit]] = {}
    for unit in units:
        served = getattr(unit.model, "endpoint", None)
        if unit.model is not None and unit.stage not in TRAINING_STAGES and not served:
            engines.setdefault((unit.stage, unit.model.name), []).append(unit)
    rows = [row for (stage, _), own in engines.items() for row in _layouts(estimator, stage, own)]
    return pl.DataFrame(rows, LAYOUT_COLUMNS)


def _layouts(estimator: Estimator, stage: str, units: list[Unit]) -> Iterator[dict[str, Any]]:
    model = units[0].model
    assert model is not None
    shape, members = estimator.shape(model), Counter(unit.job for unit in units)
    assert shape is not None
    configured = Engine.from_settings(shape, estimator.engine_gpus(model), model.engine)
    start = sum(estimator.start_seconds(unit, shape, members[unit.job]) for unit in units)
    for name, numbers in estimator.assumed.settings["gpu_types"].items():
        gpu = GpuType(name, **numbers)
        rows = []
        for tensor, stages in possible_layouts(shape):
            engine = replace(configured, gpus=tensor * stages, tensor_parallel=tensor)
            rows.append(
                {
                    "stage": stage,
                    "model": model.name,
                    "gpu": name,
                    "tensor_parallel": tensor,
                    "pipeline_parallel": stages,
                    **_cost(engine, units, start, gpu, estimator.assumed),
                    "configured": (engine.gpus, tensor) == (configured.gpus, configured.tensor_parallel),
                    "cheapest": False,
                }
            )
        fitting = [row for row in rows if row["fits"]]
        if fitting:
            min(fitting, key=lambda row: row["gpu_hours"])["cheapest"] = True
        yield from rows


def _cost(
    engine: Engine, units: list[Unit], start_seconds: float, gpu: GpuType, assumed: Assumptions
) -> dict[str, Any]:
    """GPU-hours of all ``units``; ``start_seconds`` of their jobs together occupy all GPUs of the engine."""
    alike = Counter(unit.calls for unit in units)  # shards have the same work
    work = [(count, *engine_gpu_seconds(engine, calls, gpu, assumed)) for calls, count in alike.items()]
    largest = max((batch for *_, batch in work), key=lambda batch: batch.sequences * batch.context)
    longest = max(unit.context for unit in units)
    memory, fits = engine_peak(engine, largest, gpu, longest, assumed)
    hours = (sum(count * busy for count, busy, _ in work) + start_seconds * engine.gpus) / HOUR
    return {
        "gpus": engine.gpus,
        "sequences": largest.sequences,
        "gpu_hours": hours,
        "price": hours * gpu.price_per_hour,
        "memory_gb": memory.total / GB,
        "fits": fits,
    }
