"""Estimate FLOPs, hours, memory, disk and price of every job of a study, by cell and stage."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from scale_or_reason.common.wording import counted
from scale_or_reason.planning.assumptions import Assumptions, Calls
from scale_or_reason.planning.memory import BYTES, Memory, ZeRO, training_memory
from scale_or_reason.planning.shapes import Shape, shape_of
from scale_or_reason.planning.speed import (
    Engine,
    engine_gpu_seconds,
    engine_peak,
    exact_flops_of,
    generation_flops_of,
    training_flops_of,
)
from scale_or_reason.planning.units import TRAINING_STAGES, Unit
from scale_or_reason.planning.utilisation import utilisation
from scale_or_reason.study.catalogue import AdoptedModel, Judge, Student, TeacherModel
from scale_or_reason.study.local_files import deepspeed_file

#: One row per stage and cell. Tokens and FLOPs are sums over its sequences: ``flops`` by the paper's formulas,
#: ``flops_exact`` for the actual architecture. ``hours`` are the cell's share of its job, including the start-up of
#: ``start_hours``. ``longest_hours``: the longest unit of work that is saved: a training step, a reply of the most
#: tokens. Memory is per GPU.
PLAN_COLUMNS: dict[str, Any] = {
    "stage": pl.String(),
    "cell": pl.String(),
    "rule": pl.String(),
    "job": pl.String(),
    "done": pl.Boolean(),
    "model": pl.String(),
    "sequences": pl.Float64(),
    "prompt_tokens": pl.Float64(),
    "completion_tokens": pl.Float64(),
    "flops": pl.Float64(),
    "flops_exact": pl.Float64(),
    "gpus": pl.Int64(),
    "hours": pl.Float64(),
    "start_hours": pl.Float64(),
    "longest_hours": pl.Float64(),
    "gpu_hours": pl.Float64(),
    "decode_tokens_per_second_per_gpu": pl.Float64(),
    "memory_gb": pl.Float64(),
    "fits": pl.Boolean(),
    "disk_gb": pl.Float64(),
    "price": pl.Float64(),
}
MEMORY_PARTS = ("weights", "gradients", "optimizer", "activations", "logits", "update", "cache", "overhead", "host")
GB, HOUR = 1e9, 3600.0
#: Bytes of a generated token in the log of replies, which is not compressed.
_REPLY_BYTES = 4


@dataclass(frozen=True)
class _Machine:
    """The resources that a unit's model uses."""

    shape: Shape
    gpus: int
    memory: Memory
    fits: bool
    gpu_seconds: float
    longest_seconds: float
    decode: float | None = None


def engine_gpus(model: Student | TeacherModel | AdoptedModel | Judge, on_gpu: bool) -> int:
    """The number of GPUs of one engine; 0 for a server. Without GPUs a job takes one slot."""
    if getattr(model, "endpoint", None):
        return 0
    tensor, pipeline = (model.engine.get(f"{name}_parallel_size", 1) for name in ("tensor", "pipeline"))
    return tensor * pipeline if on_gpu else 1


class Estimator:
    """Estimates the cost of units on the plan's GPUs."""

    def __init__(self, config: Mapping[str, Any], assumed: Assumptions) -> None:
        self.config, self.assumed, self.gpu = config, assumed, assumed.gpu()
        self.on_gpu = config["compute"]["device"] == "gpu"
        self.memory_rows: dict[tuple[str, str], dict[str, Any]] = {}

    def shape(self, model: Student | TeacherModel | AdoptedModel | Judge) -> Shape | None:
        """The shape of a model; None for a model on a server with unknown architecture."""
        source: Mapping[str, Any] | str | None = model.model
        if not isinstance(model, Student) and model.endpoint:
            source = model.architecture if isinstance(model, Judge) or model.architecture is not None else source
        if not source:
            return None
        if isinstance(source, Mapping):
            return Shape.from_config(source, where=f"the architecture of {model.name}")
        return shape_of(source, self.config["plan"]["architectures"])

    def engine_gpus(self, model: Student | TeacherModel | AdoptedModel | Judge) -> int:
        """:func:`engine_gpus`, on the study's device."""
        return engine_gpus(model, self.on_gpu)

    def rows(self, units: list[Unit]) -> pl.DataFrame:
        """One row per unit."""
        members = Counter((unit.stage, unit.job) for unit in units)
        rows = [self._row(unit, members[unit.stage, unit.job]) for unit in units]
        return pl.DataFrame(rows, schema=PLAN_COLUMNS)

    def gpu_hours(self, unit: Unit) -> float:
        """GPU-hours of a unit without the start-up of its job; NaN for a model on a server."""
        assert unit.model is not None
        if getattr(unit.model, "endpoint", None):
            return float("nan")
        shape = self.shape(unit.model)
        assert shape is not None
        return self._machine(unit, shape)[1].gpu_seconds / HOUR

    def _row(self, unit: Unit, members: int) -> dict[str, Any]:
        row: dict[str, Any] = {
            "stage": unit.stage,
            "cell": unit.cell,
            "rule": unit.rule,
            "job": unit.job,
            "done": unit.done,
            "disk_gb": unit.disk / GB,
        }
        if unit.model is None:
            return row | {"gpus": 0, "hours": self._cpu_job_seconds(unit.rule) / HOUR, "gpu_hours": 0.0, "price": 0.0}
        written = sum(call.count * call.completion for call in unit.calls)
        tokens = {
            "model": unit.model.name,
            "sequences": sum(call.count for call in unit.calls),
            "prompt_tokens": sum(call.count * call.prompt for call in unit.calls),
            "completion_tokens": written,
        }
        if unit.stage not in TRAINING_STAGES:
            bytes_per_token = self.assumed.number("disk.bytes_per_token", "bytes")
            row["disk_gb"] += written * (bytes_per_token + _REPLY_BYTES) / GB
        shape = self.shape(unit.model)
        if getattr(unit.model, "endpoint", None):
            return row | tokens | _served_columns(unit, shape)
        assert shape is not None
        if unit.stage == "training":
            row["disk_gb"] += shape.parameters * BYTES[self.config["training"]["dtype"]] / GB
        return row | tokens | self._machine_columns(unit, shape, members)

    def _machine_columns(self, unit: Unit, shape: Shape, members: int) -> dict[str, Any]:
        """FLOPs, time, memory and price of a unit that runs on machines of the study."""
        flops, machine = self._machine(unit, shape)
        start = self.start_seconds(unit, shape, members)
        seconds = machine.gpu_seconds / machine.gpus + start
        gpu_hours = seconds * machine.gpus / HOUR
        return {
            "flops": flops,
            "flops_exact": exact_flops_of(shape, unit.calls, unit.stage in TRAINING_STAGES),
            "gpus": machine.gpus,
            "hours": seconds / HOUR,
            "start_hours": start / HOUR,
            "longest_hours": machine.longest_seconds / HOUR,
            "gpu_hours": gpu_hours,
            "decode_tokens_per_second_per_gpu": machine.decode,
            "memory_gb": machine.memory.total / GB,
            "fits": machine.fits,
            "price": gpu_hours * self.gpu.price_per_hour,
        }

    def _machine(self, unit: Unit, shape: Shape) -> tuple[float, _Machine]:
        """FLOPs by the papers' formulas, and the trainer or engine that computes them."""
        if unit.stage in TRAINING_STAGES:
            flops = training_flops_of(shape, unit.calls)
            return flops, self._trainer(unit, shape, flops)
        flops = generation_flops_of(shape, unit.calls)
        return flops, self._engine(unit, shape, flops)

    def _trainer(self, unit: Unit, shape: Shape, flops: float) -> _Machine:
        student = unit.model
        assert isinstance(student, Student)
        zero = ZeRO.from_file(deepspeed_file(student.deepspeed))
        memory = self.training_memory(student, shape, student.processes)
        fits = memory.total <= self.gpu.memory_gb * GB
        what = f"ZeRO {zero.stage}, {counted(student.processes, 'process', 'processes')}"
        self._note_memory("training", student.name, what, student.processes, memory, fits)
        seconds = self._measured_seconds(unit.stage, unit.calls, flops)
        assumed = self.training_gpu_seconds(unit, flops, student.processes)
        used = assumed if seconds is None else seconds
        step = used / student.processes * min(1.0, self._batch_share(unit))
        return _Machine(shape, student.processes, memory, fits, used, step)

    def _batch_share(self, unit: Unit) -> float:
        """The share of a training that one optimizer step is."""
        batch = self.config["training"]["batch"]
        lengths = (1.0 if batch["unit"] == "items" else call.prompt + call.completion for call in unit.calls)
        return float(batch["size"] / sum(call.count * length for call, length in zip(unit.calls, lengths, strict=True)))

    def training_memory(self, student: Student, shape: Shape, processes: int) -> Memory:
        """Peak memory of one of ``processes`` processes that train a student."""
        training, overhead = self.config["training"], self.assumed.number("memory.overhead_gb", "GB") * GB
        zero = ZeRO.from_file(deepspeed_file(student.deepspeed))
        return training_memory(shape, zero, processes, training["execution"], training["dtype"], overhead)

    def training_gpu_seconds(self, unit: Unit, flops: float, processes: int) -> float:
        """GPU-seconds at the assumed MFU, and with the time in which processes wait for each other."""
        mfu = self.assumed.number("mfu.training", "share of the peak")
        spread = self.assumed.number("tokens.length_spread", "standard deviation of the logarithm")
        used = utilisation(unit.calls, unit.mixed, processes, self.config["training"], spread)
        return flops / (self.gpu.tflops * 1e12 * mfu * used)

    def _engine(self, unit: Unit, shape: Shape, flops: float) -> _Machine:
        assert unit.model is not None
        gpus = self.engine_gpus(unit.model)
        engine = Engine.from_settings(shape, gpus, unit.model.engine)
        assumed, writing = engine_gpu_seconds(engine, unit.calls, self.gpu, self.assumed)
        memory, fits = engine_peak(engine, writing, self.gpu, unit.context, self.assumed)
        sequences, context = round(writing.sequences), round(writing.context)
        what = f"{counted(gpus, 'GPU')}, {counted(sequences, 'sequence')} of {counted(context, 'token')}"
        self._note_memory("engine", unit.model.name, what, gpus, memory, fits)
        seconds = self._measured_seconds(unit.stage, unit.calls, flops)
        used = assumed if seconds is None else seconds
        per_token = writing.sequences / (writing.tokens_per_second * gpus)
        longest = unit.longest * per_token * (used / assumed if assumed else 1.0)
        return _Machine(shape, gpus, memory, fits, used, longest, writing.tokens_per_second)

    def _note_memory(self, kind: str, model: str, what: str, gpus: int, memory: Memory, fits: bool) -> None:
        """Record a model's configuration with the largest memory, by kind."""
        kept = self.memory_rows.get((kind, model))
        if kept is None or kept["total_gb"] < memory.total / GB:
            parts = {f"{part}_gb": getattr(memory, part) / GB for part in MEMORY_PARTS}
            row = {"kind": kind, "model": model, "configuration": what, "gpus": gpus, **parts}
            self.memory_rows[kind, model] = row | {"total_gb": memory.total / GB, "fits": fits}

    def _measured_seconds(self, stage: str, calls: tuple[Calls, ...], flops: float) -> float | None:
        """GPU-seconds from a pilot's speeds; None if it has not measured the stage."""
        speed = self.assumed.calibration.speeds.get(stage)
        if speed is None:
            return None
        prompt = sum(call.count * call.prompt for call in calls)
        completion = sum(call.count * call.completion for call in calls)
        return sum(
            self.assumed.measured(f"speed.{stage}.{name}", factor, f"GPU-seconds per {unit}") * amount
            for name, unit, factor, amount in zip(
                ("prompt", "completion", "flops"),
                ("prompt token", "completion token", "FLOP"),
                speed,
                (prompt, completion, flops),
                strict=True,
            )
        )

    def start_seconds(self, unit: Unit, shape: Shape, members: int) -> float:
        """A unit's share of the start-up of its job and of loading the model."""
        calibration = self.assumed.calibration
        if unit.stage in calibration.starts:
            start = calibration.starts[unit.stage]
            return self.assumed.measured(f"start.{unit.stage}", start, "seconds of a job") / members
        assert unit.model is not None
        own_weights = unit.stage == "evaluation" and unit.cell.split("/")[0] not in ("adopted", "base", "teacher")
        engine = Engine.from_settings(shape, 1, unit.model.engine)
        load = engine.weight_bytes / (self.assumed.number("startup.load_gb_s", "GB/s") * GB)
        start = self.assumed.number("startup.minutes", "minutes of a job") * 60
        return start / members + load / (1 if own_weights else members)

    def _cpu_job_seconds(self, rule: str) -> float:
        calibration = self.assumed.calibration
        if rule in calibration.cpu_jobs:
            return self.assumed.measured(f"cpu_jobs.{rule}", calibration.cpu_jobs[rule], "seconds of a job")
        return self.assumed.number("cpu_jobs.minutes", "minutes of a job") * 60


def _served_columns(unit: Unit, shape: Shape | None) -> dict[str, Any]:
    """Price and, where the model's shape is known, FLOPs of a unit that a server runs."""
    columns: dict[str, Any] = {"gpus": 0, "gpu_hours": 0.0, "price": _tokens_price(unit)}
    if shape is not None:
        columns["flops"] = generation_flops_of(shape, unit.calls)
        columns["flops_exact"] = exact_flops_of(shape, unit.calls, training=False)
    return columns


def _tokens_price(unit: Unit) -> float:
    """The server's price of a unit's tokens."""
    endpoint = getattr(unit.model, "endpoint", None) or {}
    prompt = sum(call.count * call.prompt for call in unit.calls) * endpoint.get("prompt_price", 0)
    completion = sum(call.count * call.completion for call in unit.calls) * endpoint.get("completion_price", 0)
    return (prompt + completion) / 1e6
