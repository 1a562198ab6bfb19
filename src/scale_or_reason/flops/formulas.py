"""FLOPs of training and inference by the paper's formulas (v1 appendix C, equations 1-6, after Hoffmann et al. 2022).

All functions are vectorised: lengths are integers or arrays of any shape, in tokens; results are floats of that shape,
in FLOPs. The formulas count embeddings as a matrix product, attention as not causal, one key-value head per query head,
and two matrices per feed-forward layer. They are implemented as printed.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scale_or_reason.flops.architectures import Architecture

Flops = NDArray[np.float64]


def _lengths(lengths: ArrayLike) -> Flops:
    # Floats, since a study's sums exceed 2**63; the relative error of 1e-16 does not matter.
    array = np.asarray(lengths, dtype=np.float64)
    if array.size and not (np.isfinite(array).all() and (array >= 0).all()):
        raise ValueError("lengths must be finite and non-negative")
    return array


def _layers(model: Architecture, tokens: Flops, context: Flops) -> Flops:
    """Attention and feed-forward of all layers for ``tokens`` positions that each attend to ``context`` positions.

    Per token and layer: 6d^2 query, key and value; 2cd logits; 3ch softmax; 2cd weighted sum; 2d^2 output; 4df
    feed-forward.
    """
    d, f, h, n = model.hidden, model.feed_forward, model.heads, model.layers
    attention = 6 * d**2 + 2 * context * d + 3 * context * h + 2 * context * d + 2 * d**2
    return tokens * n * (attention + 4 * d * f)


def forward_flops(model: Architecture, length: ArrayLike) -> Flops:
    """One forward pass over a sequence of ``length`` tokens (equation 1)."""
    l = _lengths(length)  # noqa: E741 (the paper's symbol)
    return 4 * l * model.vocabulary * model.hidden + _layers(model, l, l)


def training_step_flops(model: Architecture, length: ArrayLike) -> Flops:
    """Forward and backward pass over one sequence of ``length`` tokens (equation 2): three forward passes."""
    return 3 * forward_flops(model, length)


def training_flops(model: Architecture, lengths: ArrayLike) -> float:
    """One epoch over sequences of the given ``lengths``, prompt and completion together (equation 3)."""
    return float(training_step_flops(model, lengths).sum())


def prefill_flops(model: Architecture, prompt: ArrayLike) -> Flops:
    """Prefill of a prompt of ``prompt`` tokens, with logits at its last position only (equation 4)."""
    p = _lengths(prompt)
    embeddings_and_logits = 2 * p * model.vocabulary * model.hidden + 2 * model.hidden * model.vocabulary
    return embeddings_and_logits + _layers(model, p, p)


def cached_step_flops(model: Architecture, context: ArrayLike) -> Flops:
    """Decoding of one token with ``context`` positions in the KV cache (equation 5)."""
    return 4 * model.hidden * model.vocabulary + _layers(model, _lengths(1), _lengths(context))


def generation_flops(model: Architecture, prompt: ArrayLike, generated: ArrayLike) -> Flops:
    """Prefill of ``prompt`` tokens and decoding of ``generated`` tokens with a KV cache (equation 6).

    The sum over i = 1..g of equation 5 at p + i is g times its constant part plus its slope in the context length,
    N(4d + 3h), times gp + g(g + 1)/2.
    """
    p, g = _lengths(prompt), _lengths(generated)
    slope = model.layers * (4 * model.hidden + 3 * model.heads)
    decoding = g * cached_step_flops(model, 0) + slope * (g * p + g * (g + 1) / 2)
    return prefill_flops(model, p) + decoding


def generated_tokens(model: Architecture, prompt: float, flops: ArrayLike) -> Flops:
    """The number of generated tokens of which :func:`generation_flops` are ``flops``: its inverse, negative if too few.

    The positive root of a quadratic equation in the number of tokens.
    """
    slope = model.layers * (4 * model.hidden + 3 * model.heads)
    linear = cached_step_flops(model, 0) + slope * (prompt + 0.5)
    left = np.asarray(flops, dtype=np.float64) - prefill_flops(model, prompt)
    return (np.sqrt(np.maximum(linear**2 + 2 * slope * left, 0)) - linear) / slope
