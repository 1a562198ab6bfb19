"""The plan's activations against what autograd keeps in a real decoder."""

from __future__ import annotations

from typing import Any

import pytest

from scale_or_reason.planning.memory import activation_bytes
from scale_or_reason.planning.shapes import Shape

TOKENS = 256


def kept_bytes(layers: int, dtype: Any) -> tuple[int, Shape]:
    """Bytes of all tensors that a forward pass keeps for the backward pass, weights left out, each once."""
    import torch
    from transformers import Qwen2Config, Qwen2Model

    config = Qwen2Config(
        vocab_size=64,
        hidden_size=128,
        intermediate_size=352,
        num_hidden_layers=layers,
        num_attention_heads=4,
        num_key_value_heads=2,
        attn_implementation="sdpa",
    )
    model = Qwen2Model(config).to(dtype)
    weights = {weight.untyped_storage().data_ptr() for weight in model.parameters()}
    kept: dict[int, int] = {}
    alive = []

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        alive.append(tensor)  # else another one might get its address
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        model(input_ids=torch.zeros((1, TOKENS), dtype=torch.long), use_cache=False)
    return sum(kept.values()), Shape.from_config(config.to_dict())


@pytest.mark.integration
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_activations_of_a_layer(dtype: str) -> None:
    import torch

    few, _ = kept_bytes(1, getattr(torch, dtype))
    more, shape = kept_bytes(3, getattr(torch, dtype))
    width = {"float32": 4, "bfloat16": 2}[dtype]
    planned = activation_bytes(shape, TOKENS, width, checkpointing=False) / 3
    assert 1.0 <= planned / ((more - few) / 2) <= 1.15  # a little too much rather than too little
