"""Models with random weights in the shapes of published ones, built on the GPU, with other layers if wanted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cases import SHAPES, LeftOut


def config_of(shape: str) -> Any:
    from transformers import Qwen2Config

    hidden, feed_forward, layers, heads, key_values, vocabulary, tied = SHAPES[shape]
    return Qwen2Config(
        hidden_size=hidden,
        intermediate_size=feed_forward,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        num_key_value_heads=key_values,
        vocab_size=vocabulary,
        tie_word_embeddings=tied,
        max_position_embeddings=32_768,
        bos_token_id=None,
        eos_token_id=0,
    )


def build(shape: str, dtype: str, attention: str, layers: str) -> tuple[Any, Callable[[], None]]:
    """A model on the device that is here, and what undoes the ``layers`` in the library once it is no longer used."""
    import torch
    from transformers import AutoModelForCausalLM

    torch.manual_seed(0)
    with torch.device("cuda" if torch.cuda.is_available() else "cpu"):
        model = AutoModelForCausalLM.from_config(
            config_of(shape), dtype=getattr(torch, dtype), attn_implementation=attention
        )
    return model, apply_layers(model, layers)


def apply_layers(model: Any, layers: str) -> Callable[[], None]:
    """Put Liger's norms, rotary positions and gated units into ``model``, or have torch compile its layers.

    Returns what takes Liger's out of transformers again. Raises ImportError where a package is missing, and
    :class:`LeftOut` where there is nothing to compile for.
    """
    import torch
    from transformers.models.qwen2 import modeling_qwen2

    before = dict(vars(modeling_qwen2))
    if layers == "liger":
        if not torch.cuda.is_available():
            raise LeftOut("Liger's layers need a GPU")
        from liger_kernel.transformers.monkey_patch import _apply_liger_kernel_to_instance

        options = {"rope": True, "rms_norm": True, "swiglu": True}
        _apply_liger_kernel_to_instance(model, cross_entropy=False, fused_linear_cross_entropy=False, **options)
    if layers == "compiled":
        if not torch.cuda.is_available():
            raise LeftOut("compiling is measured on a GPU")
        from scale_or_reason.training.trainer.compiled import compile_layers

        compile_layers(model)
    return lambda: vars(modeling_qwen2).update(before)
