"""Exact FLOPs of a decoder's architecture, approximated by the paper's (:mod:`scale_or_reason.flops.formulas`).

The matrix products are counted, ``2 m n k`` each: grouped-query attention, feed-forward layers with three matrices, the
router of mixtures of experts, an output head at each position whose token is predicted, sliding windows; no product for
the embedding look-up. Latent attention (DeepSeek's) counts as if each query head had keys and values of its own. All
functions are vectorised over lengths in tokens. A token attends to itself and those before it (``causal``), as in fast
kernels, or with ``causal=False`` to the whole sequence, as in the paper.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scale_or_reason.flops.architectures import Architecture, Experts, named_config, read_config

Flops = NDArray[np.float64]

#: Values that published Gemma 3 configs omit because they are the defaults of ``Gemma3TextConfig``.
_GEMMA3_DEFAULTS = {"num_key_value_heads": 4, "head_dim": 256, "sliding_window": 4096, "sliding_window_pattern": 6}


@dataclass(frozen=True)
class Decoder:
    """The dimensions of a decoder; ``windows`` has one entry per layer with attention, None for global attention.

    If layers differ, ``key_value_heads`` is the mean over the layers with attention. ``routed_experts`` is the number
    of experts among which the router of a layer chooses, as a mean over the layers; 0 for dense models.
    """

    base: Architecture
    key_value_heads: float
    head_width: int
    windows: tuple[int | None, ...]
    routed_experts: float = 0

    @classmethod
    def from_config(cls, config: dict[str, Any], where: object = None) -> Decoder:
        """From the content of a Hugging Face ``config.json``.

        Raises the errors of :meth:`Architecture.from_config`.
        """
        base = Architecture.from_config(config, where)
        text = config.get("text_config", config)
        if text.get("model_type") == "gemma3_text":
            text = _GEMMA3_DEFAULTS | text
        return cls(
            base=base,
            key_value_heads=_key_value_heads(text, base),
            head_width=text.get("head_dim") or base.hidden // base.heads,
            windows=_windows(text, base.layers),
            routed_experts=_routed_experts(text, base.layers),
        )

    @classmethod
    def from_source(cls, source: str | Path, revision: str | None = None) -> Decoder:
        """Like :meth:`Architecture.from_source`."""
        return cls.from_config(*read_config(source, revision))


def named_decoder(text: str, where: str) -> tuple[str, Decoder | None]:
    """The :class:`Decoder` that :func:`~scale_or_reason.flops.architectures.named_config` names."""
    name, found = named_config(text, where)
    return name, found and Decoder.from_config(*found)


def _key_value_heads(text: dict[str, Any], base: Architecture) -> float:
    if "block_configs" not in text:
        return text.get("num_key_value_heads") or base.heads
    # models from architecture search: the number of query heads per key-value head, by layer
    layers = [block["attention"] for block in text["block_configs"] if not block["attention"].get("no_op")]
    return mean(base.heads // layer["n_heads_in_group"] for layer in layers)


def _routed_experts(text: dict[str, Any], layers: int) -> float:
    experts = Experts.from_config(text)
    return experts.routed * experts.sparse / layers if experts else 0


def _windows(text: dict[str, Any], layers: int) -> tuple[int | None, ...]:
    window = text.get("sliding_window")
    if not window or text.get("use_sliding_window") is False:
        return (None,) * layers
    if kinds := text.get("layer_types"):
        return tuple(window if kind == "sliding_attention" else None for kind in kinds)
    if text.get("use_sliding_window"):  # Qwen2 and Qwen3
        first = text.get("max_window_layers", layers)
        return tuple(None if layer < first else window for layer in range(layers))
    pattern = text.get("sliding_window_pattern") or text.get("_sliding_window_pattern")
    if text.get("model_type") == "gemma2":
        pattern = 2
    if not isinstance(pattern, int):  # Mistral, Mixtral, Phi-3
        return (window,) * layers
    return tuple(window if (layer + 1) % pattern else None for layer in range(layers))


def exact_forward_flops(model: Decoder, length: ArrayLike, causal: bool = True) -> Flops:
    """One forward pass over sequences of ``length`` tokens, with logits at every position."""
    l = np.asarray(length, dtype=np.float64)  # noqa: E741 (the paper's symbol)
    return l * (_weights(model) + _head(model)) + _attention(model, l, causal)


def exact_training_flops(model: Decoder, lengths: ArrayLike, causal: bool = True) -> float:
    """One epoch over sequences of these ``lengths``: three forward passes per step, as in equation 2."""
    return float(3 * exact_forward_flops(model, lengths, causal).sum())


def exact_prefill_flops(model: Decoder, prompt: ArrayLike, causal: bool = True) -> Flops:
    """Prefill of prompts of ``prompt`` tokens, with logits at the last position only."""
    p = np.asarray(prompt, dtype=np.float64)
    return p * _weights(model) + _head(model) + _attention(model, p, causal)


def exact_generation_flops(model: Decoder, prompt: ArrayLike, generated: ArrayLike, causal: bool = True) -> Flops:
    """Prefill of a prompt and decoding of ``generated`` tokens with a KV cache, as in equation 6."""
    p, g = (np.asarray(value, dtype=np.float64) for value in (prompt, generated))
    seen = _seen_in_all_layers(model, p + g) - _seen_in_all_layers(model, p)
    return exact_prefill_flops(model, p, causal) + g * (_weights(model) + _head(model)) + _pair(model) * seen


def _weights(model: Decoder) -> float:
    """FLOPs per token in all layers: query, key, value and output projections; router; gate, up and down."""
    base = model.base
    projections = 2 * base.hidden * model.head_width * (2 * base.heads + 2 * model.key_value_heads)
    router = 2 * base.hidden * model.routed_experts
    return base.layers * (projections + router + 6 * base.hidden * base.feed_forward)


def _head(model: Decoder) -> float:
    return 2 * model.base.hidden * model.base.vocabulary


def _pair(model: Decoder) -> float:
    """FLOPs per pair of query and key tokens in one layer: the logit and the term of the weighted sum."""
    return 4 * model.base.heads * model.head_width


def _attention(model: Decoder, length: Flops, causal: bool) -> Flops:
    if not causal:
        return _pair(model) * length**2 * len(model.windows)
    return _pair(model) * _seen_in_all_layers(model, length)


def _seen_in_all_layers(model: Decoder, length: Flops) -> Flops:
    return np.sum([layers * _seen(length, window) for window, layers in Counter(model.windows).items()], axis=0)


def _seen(length: Flops, window: int | None) -> Flops:
    """Pairs of query and key tokens in ``length`` tokens; each token attends to the last ``window`` tokens."""
    inside = length if window is None else np.minimum(length, window)
    return inside * (inside + 1) / 2 + (length - inside) * inside
