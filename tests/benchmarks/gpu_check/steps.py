"""A training step on the GPU against one on a CPU in float32: losses of three AdamW steps, gradients of the first."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cases import Case
from models import apply_layers

LENGTHS = [110, 3, 1, 77, 200, 33]
#: Relative distance of the gradients in float32. In bfloat16 the loop has its own; others may have this much more.
ALLOWED, AS_LOOP = 1e-3, 1.2
VOCABULARY = 1024


def check_step(case: Case, facts: dict[str, Any], folder: Path) -> dict[str, Any]:
    """``numbers``: relative distances from the CPU's losses and gradients."""
    import torch

    from scale_or_reason.training.trainer.varlen import why_not_varlen

    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.backends.cuda.matmul.allow_tf32 = False
    losses, gradients = steps("cpu", "float32", "sdpa")
    numbers: dict[str, float] = {}
    found = steps(device, "float32", "sdpa")
    numbers["float32: losses"] = max(abs(one / other - 1) for one, other in zip(found[0], losses, strict=True))
    numbers["float32: gradients"] = distance(found[1], gradients)
    right = max(numbers.values()) < ALLOWED
    numbers["bfloat16, loop: gradients"] = most = distance(steps(device, "bfloat16", "sdpa")[1], gradients)
    ways = [] if why_not_varlen("bfloat16") else [("varlen", "plain"), ("varlen", "liger"), ("varlen", "compiled")]
    for kernel, layers in ways:
        try:
            found = steps(device, "bfloat16", kernel, layers)
        except ImportError:
            continue
        name = f"bfloat16, {kernel}, {layers}: gradients"
        numbers[name] = distance(found[1], gradients)
        right = right and numbers[name] < AS_LOOP * most
    return {"right": right, "numbers": numbers}


def steps(device: str, dtype: str, kernel: str, layers: str = "plain") -> tuple[list[float], Any]:
    """Losses of three steps with AdamW, and the gradients of the first, as one vector on the CPU."""
    import torch
    from transformers import AutoModelForCausalLM, Qwen2Config

    from scale_or_reason.training.trainer.attention import implementation

    torch.manual_seed(0)
    config = Qwen2Config(
        vocab_size=VOCABULARY,
        hidden_size=256,
        intermediate_size=768,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        tie_word_embeddings=True,
    )
    model = AutoModelForCausalLM.from_config(config, attn_implementation=implementation(kernel))
    model.to(device=device, dtype=getattr(torch, dtype))
    undo = apply_layers(model, layers)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    row = row_of(device)
    losses, first = [], None
    for _ in range(3):
        optimizer.zero_grad()
        loss = model(**row).loss
        loss.backward()
        if first is None:
            first = torch.cat([weight.grad.float().cpu().flatten() for weight in model.parameters()])
        optimizer.step()
        losses.append(float(loss))
    undo()
    return losses, first


def row_of(device: str) -> dict[str, Any]:
    """A packed row of random documents, as a collator hands it to a model."""
    import torch

    ids = torch.randint(0, VOCABULARY, (1, sum(LENGTHS)), generator=torch.Generator().manual_seed(1))
    positions = torch.cat([torch.arange(length) for length in LENGTHS])[None]
    borders = torch.tensor([0, *LENGTHS]).cumsum(0).to(torch.int32)
    tensors = {
        "input_ids": ids,
        "labels": ids.masked_fill(positions == 0, -100),
        "position_ids": positions,
        "cu_seq_lens_q": borders,
    }
    row = {name: tensor.to(device) for name, tensor in tensors.items()}
    return row | {"max_length_q": max(LENGTHS), "document_lengths": LENGTHS, "use_cache": False}


def distance(found: Any, wanted: Any) -> float:
    return float((found - wanted).norm() / wanted.norm())
