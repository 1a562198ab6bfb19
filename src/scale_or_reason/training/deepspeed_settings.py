"""The checks of a DeepSpeed configuration: it may decide about memory and speed, not about the recipe."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Fault:
    """A setting that a training refuses; ``key`` is the place in the configuration."""

    problem: str
    key: str
    found: object
    expected: str
    remedy: str


def deepspeed_faults(config: Mapping[str, Any], dtype: str) -> Iterator[Fault]:
    """What a training in ``dtype`` refuses in a DeepSpeed configuration."""
    overrides = "the DeepSpeed configuration overrides the recipe"
    for key in ("optimizer", "scheduler"):
        if key in config:
            expected = f"no {key}; the recipe is fused AdamW with the warmup-stable-decay schedule"
            yield Fault(overrides, key, config[key], expected, f"remove {key} from the file")
    if _section(config, "fp16").get("enabled", False) not in (False, "auto"):
        expected = f"no float16; training.dtype is {dtype}"
        yield Fault(overrides, "fp16.enabled", config["fp16"]["enabled"], expected, "remove fp16 from the file")
    bf16 = _section(config, "bf16").get("enabled", False)
    if bf16 not in ("auto", dtype == "bfloat16"):
        expected = f"auto, which follows training.dtype, {dtype}"
        yield Fault(overrides, "bf16.enabled", bf16, expected, 'set it to "auto"')
    if (clipping := config.get("gradient_clipping")) != "auto":
        expected = "auto, which follows training.gradient_clipping"
        yield Fault(overrides, "gradient_clipping", clipping, expected, 'set it to "auto"')
    yield from _zero_faults(_section(config, "zero_optimization"), dtype)


def _zero_faults(zero: Mapping[str, Any], dtype: str) -> Iterator[Fault]:
    stage = zero.get("stage", 0)
    if stage == 0 and dtype == "bfloat16":
        problem = "ZeRO stage 0 does not train correctly in bfloat16"
        # DeepSpeed's wrapper for it takes a step with zero gradients when it is created
        expected = "stage 1, 2 or 3: at stage 0 Adam begins with its second step and gradients are added in bfloat16"
        yield Fault(problem, "zero_optimization.stage", stage, expected, "use zero-1, or training.dtype: float32")
    if not zero.get("compute_grad_norm", True):
        problem, expected = "the DeepSpeed configuration hides bad gradients", "true: the training checks the norm"
        yield Fault(problem, "zero_optimization.compute_grad_norm", False, expected, "remove the setting")
    gather = "stage3_gather_16bit_weights_on_model_save"
    if stage == 3 and not zero.get(gather, False):
        problem = "with this DeepSpeed configuration the trained model could not be written"
        yield Fault(problem, f"zero_optimization.{gather}", zero.get(gather), "true", "set it to true")


def _section(config: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    section = config.get(name)
    return section if isinstance(section, Mapping) else {}
