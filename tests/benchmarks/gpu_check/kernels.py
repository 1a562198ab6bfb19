"""Attention within documents: result, gradients and time of each available kernel against the loop over documents."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from cases import FORMATS, Case

#: Distance of results and gradients from those of the loop, relative, in bfloat16 (float32: a thousandth of it).
ALLOWED = 1e-2


class Layer:
    """The attributes of a layer that transformers' attention functions read."""

    is_causal = True
    training = True

    def __init__(self, groups: int) -> None:
        self.num_key_value_groups = groups


def check_attention(case: Case, facts: dict[str, Any], folder: Path) -> dict[str, Any]:
    """``numbers``: worst distance from the loop of each kernel, and milliseconds of forward and backward pass."""
    import torch

    heads, key_values, width, window = map(int, case.shape.split("/"))
    on_gpu = torch.cuda.is_available()
    dtype = torch.bfloat16 if on_gpu else torch.float32
    numbers: dict[str, float] = {}
    row = case.scale.row
    odd = [1, 2, row // 7, 37, row // 4]
    lengths = [*odd, row // 2 - sum(odd)] if row > 1000 else [1, 37, 90]
    tensors = draw(sum(lengths), heads, key_values, width, dtype)
    exact = passes(loop, [t.detach().float().requires_grad_() for t in tensors], lengths, window)
    wanted = passes(loop, tensors, lengths, window)
    numbers["loop from float32"] = worst(wanted, exact)
    right = True
    for name, kernel in kernels_here(window).items():
        found = passes(kernel, tensors, lengths, window)
        numbers[f"{name} from loop"], numbers[f"{name} from float32"] = worst(found, wanted), worst(found, exact)
        right = right and worst(found, wanted) < (ALLOWED if dtype == torch.bfloat16 else ALLOWED / 1000)
    for text in FORMATS:
        lengths = one_row(text, row, case.scale.shrink)
        tensors = draw(sum(lengths), heads, key_values, width, dtype)
        for name, kernel in {"loop": loop, **kernels_here(window)}.items():
            numbers[f"{name} {text}, ms"] = milliseconds(partial(passes, kernel, tensors, lengths, window))
    return {"right": right, "numbers": numbers}


def kernels_here(window: int) -> dict[str, Callable[..., Any]]:
    """PyTorch's for packed rows, and flash-attn-4 if it is installed; none on a CPU."""
    from scale_or_reason.training.trainer.varlen import why_not_varlen

    kernels: dict[str, Callable[..., Any]] = {} if why_not_varlen("bfloat16") else {"varlen": varlen}
    if kernels:
        try:
            import flash_attn.cute  # noqa: F401

            kernels["flash-attn-4"] = flash_4
        except ImportError:
            pass
    return kernels


def loop(q: Any, k: Any, v: Any, lengths: list[int], borders: Any, window: int) -> Any:
    from scale_or_reason.training.trainer.attention import attend_by_document

    layer, scale = Layer(q.shape[1] // k.shape[1]), q.shape[-1] ** -0.5
    options = {"document_lengths": lengths, "sliding_window": window or None, "scaling": scale}
    return attend_by_document(layer, q, k, v, None, **options)[0]


def varlen(q: Any, k: Any, v: Any, lengths: list[int], borders: Any, window: int) -> Any:
    from scale_or_reason.training.trainer.varlen import attend_varlen

    options = {"cu_seq_lens_q": borders, "max_length_q": max(lengths), "scaling": q.shape[-1] ** -0.5}
    return attend_varlen(Layer(1), q, k, v, None, sliding_window=window or None, **options)[0]


def flash_4(q: Any, k: Any, v: Any, lengths: list[int], borders: Any, window: int) -> Any:
    from flash_attn.cute import flash_attn_varlen_func

    sides = (window - 1, 0) if window else (None, None)
    found = flash_attn_varlen_func(
        *(states[0].transpose(0, 1) for states in (q, k, v)),
        cu_seqlens_q=borders,
        cu_seqlens_k=borders,
        max_seqlen_q=max(lengths),
        max_seqlen_k=max(lengths),
        softmax_scale=q.shape[-1] ** -0.5,
        causal=True,
        window_size=sides,
    )
    return (found[0] if isinstance(found, tuple) else found)[None]


def draw(tokens: int, heads: int, key_values: int, width: int, dtype: Any) -> list[Any]:
    """Query, key and value, ``(1, heads, tokens, width)``, laid out as a model's projections make them."""
    import torch

    device = "cuda" if torch.cuda.is_available() else "cpu"
    made = []
    for count in (heads, key_values, key_values):
        states = torch.randn(1, tokens, count, width, device=device).to(dtype).transpose(1, 2)
        made.append(states.detach().requires_grad_())
    return made


def passes(kernel: Callable[..., Any], tensors: list[Any], lengths: list[int], window: int) -> list[Any]:
    """Result and gradients, for a gradient of the result that is always the same."""
    import torch

    device = tensors[0].device
    borders = torch.tensor([0, *np.cumsum(lengths).tolist()], dtype=torch.int32, device=device)
    result = kernel(*tensors, lengths, borders, window)
    weights = torch.linspace(-1, 1, result.numel(), device=device).sin().view(result.shape).to(result.dtype)
    return [result.detach(), *torch.autograd.grad(result, tensors, weights)]


def worst(found: list[Any], wanted: list[Any]) -> float:
    """The largest of the relative distances; infinite where something is no number."""
    distances = [
        float((one.float() - other.float()).norm() / other.float().norm())
        for one, other in zip(found, wanted, strict=True)
    ]
    return max(distance if distance == distance else float("inf") for distance in distances)


def milliseconds(work: Callable[[], Any]) -> float:
    """The median of five, after one that does not count."""
    import torch

    taken = []
    for _ in range(6):
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        began = time.perf_counter()
        work()
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        taken.append(1e3 * (time.perf_counter() - began))
    return median(taken[1:])


def one_row(text: str, row: int, shrink: int) -> list[int]:
    """Lengths of the documents of a full row."""
    prompt, answer, spread = FORMATS[text]
    mean = (prompt + answer) / shrink
    generator = np.random.default_rng(0)
    lengths: list[int] = []
    while sum(lengths) < row:
        lengths.append(int(np.clip(generator.lognormal(np.log(mean) - spread**2 / 2, spread), 2, row - sum(lengths))))
        if row - sum(lengths) < 2:
            lengths[-1] += row - sum(lengths)
    return lengths
