"""Layers of a student compiled by torch: one program for rows of any length and any documents.

Norms, rotary positions, gates and residuals take a third of a step's time as kernels of their own. Compiling fuses
them; ``make gpu-check`` measures the gain.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from scale_or_reason.training.trainer.varlen import VARLEN

#: ``auto``: compile unless :func:`why_not_compile` gives a reason not to.
COMPILE = ("auto", "never")
#: From this stage on DeepSpeed gathers weights in hooks of the layers, which compiled layers would skip.
_ZERO_WITH_HOOKS = 3


def why_not_compile(wanted: str, attention: str, deepspeed: Path) -> str | None:
    """Why layers are not compiled, for the log; ``None`` if they are.

    ``wanted`` is one of :data:`COMPILE`, ``attention`` the chosen kernel, ``deepspeed`` a configuration (JSON).
    """
    import torch
    from transformers.utils import is_triton_available

    if wanted == "never":
        return "the config has compile: never"
    if not torch.cuda.is_available():
        return "there is no GPU"
    if attention != VARLEN:
        return f"attention is {attention}, not {VARLEN}"
    if not is_triton_available():
        return "Triton is missing"
    stage = json.loads(deepspeed.read_text(encoding="utf-8")).get("zero_optimization", {}).get("stage", 0)
    return f"ZeRO-{stage} gathers weights within layers" if stage >= _ZERO_WITH_HOOKS else None


def compile_layers(model: Any, backend: Any = "inductor") -> None:
    """Compile each decoder layer of ``model`` at its first use, for rows of any length.

    Layers no longer receive ``document_lengths``: each new list would compile them again, and only :data:`SDPA`'s loop
    over documents reads it. ``backend`` is torch.compile's.
    """

    def without_lengths(_: Any, positional: Any, named: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        return positional, {name: value for name, value in named.items() if name != "document_lengths"}

    model.base_model.register_forward_pre_hook(without_lengths, with_kwargs=True)
    for layer in model.base_model.layers:
        layer.compile(dynamic=True, backend=backend)
