"""Exact FLOPs of a decoder's architecture, approximated by the paper's (:mod:`scale_or_reason.flops.formulas`).

The matrix products are counted, ``2 m n k`` each: grouped-query attention, feed-forward layers with three matrices, the
router of mixtures of experts, an output head at each position whose token is predicted, sliding windows; no product for
the embedding look-up. Latent attention (:class:`Latent`) expands the keys and values of each token once, as in training
and prefill; an engine may decode with the compressed ones instead, which takes other products. Layers that predict
several tokens are not counted. All functions are vectorised over lengths in tokens. A token attends to itself and those
before it (``causal``), as in fast kernels, or with ``causal=False`` to the whole sequence, as in the paper.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scale_or_reason.flops.architectures import Architecture, Experts, dimension, named_config, read_config

Flops = NDArray[np.float64]

#: Values that published Gemma 3 configs omit because they are the defaults of ``Gemma3TextConfig``.
_GEMMA3_DEFAULTS = {"num_key_value_heads": 4, "head_dim": 256, "sliding_window": 4096, "sliding_window_pattern": 6}


@dataclass(frozen=True)
class Latent:
    """Multi-head latent attention (DeepSeek-V2, arXiv 2405.04434, section 2.1 and appendix C).

    Keys and values of all heads are made from a vector of ``key_value_rank``, queries from one of ``query_rank``, or
    from the hidden state if it is None. A head has queries and keys of ``plain`` + ``rotary`` numbers and values of
    ``value`` numbers. All heads share the ``rotary`` part of the key.
    """

    query_rank: int | None
    key_value_rank: int
    plain: int
    rotary: int
    value: int

    @classmethod
    def from_config(cls, text: Mapping[str, Any], where: object = None) -> Latent | None:
        """From the keys of DeepSeek-V2 and V3, which later models share; None for other attention.

        Raises :class:`StudyError` if one is missing.
        """
        if not text.get("kv_lora_rank"):
            return None
        sizes = ("kv_lora_rank", "qk_nope_head_dim", "qk_rope_head_dim", "v_head_dim")
        query_rank = dimension(text, "q_lora_rank", where) if text.get("q_lora_rank") else None
        return cls(query_rank, *(dimension(text, name, where) for name in sizes))

    @property
    def head_width(self) -> int:
        """The numbers in a head's query or key."""
        return self.plain + self.rotary

    @property
    def cached(self) -> int:
        """The numbers that a cache of compressed keys and values has for a token in one layer."""
        return self.key_value_rank + self.rotary

    def projections(self, hidden: int, heads: int) -> int:
        """The weights of a layer's projections: queries, compressed keys and values, their expansion, output."""
        queries = heads * self.head_width
        to_queries = hidden * queries if self.query_rank is None else self.query_rank * (hidden + queries)
        compressed = hidden * self.cached
        expanded = self.key_value_rank * heads * (self.plain + self.value)
        return to_queries + compressed + expanded + heads * self.value * hidden


@dataclass(frozen=True)
class Decoder:
    """The dimensions of a decoder; ``windows`` has one entry per layer with attention, None for global attention.

    If layers differ, ``key_value_heads`` is the mean over the layers with attention. ``routed_experts`` is the number
    of experts among which the router of a layer chooses, as a mean over the layers; 0 for dense models. With ``latent``
    attention each head has keys and values of its own, and ``head_width`` is that of queries and keys.
    """

    base: Architecture
    key_value_heads: float
    head_width: int
    windows: tuple[int | None, ...]
    routed_experts: float = 0
    latent: Latent | None = None

    @classmethod
    def from_config(cls, config: dict[str, Any], where: object = None) -> Decoder:
        """From the content of a Hugging Face ``config.json``.

        Raises the errors of :meth:`Architecture.from_config`.
        """
        base = Architecture.from_config(config, where)
        text = config.get("text_config", config)
        if text.get("model_type") == "gemma3_text":
            text = _GEMMA3_DEFAULTS | text
        latent = Latent.from_config(text, where)
        return cls(
            base=base,
            key_value_heads=base.heads if latent else _key_value_heads(text, base),
            head_width=latent.head_width if latent else text.get("head_dim") or base.hidden // base.heads,
            windows=_windows(text, base.layers),
            routed_experts=_routed_experts(text, base.layers),
            latent=latent,
        )

    @classmethod
    def from_source(cls, source: str | Path, revision: str | None = None) -> Decoder:
        """Like :meth:`Architecture.from_source`."""
        return cls.from_config(*read_config(source, revision))

    @property
    def projections(self) -> float:
        """The weights of a layer's attention: query, key, value and output projections."""
        if self.latent is not None:
            return self.latent.projections(self.base.hidden, self.base.heads)
        return self.base.hidden * self.head_width * (2 * self.base.heads + 2 * self.key_value_heads)


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
    """FLOPs per token in all layers: projections of attention; router; gate, up and down."""
    base = model.base
    router = 2 * base.hidden * model.routed_experts
    return base.layers * (2 * model.projections + router + 6 * base.hidden * base.feed_forward)


def _head(model: Decoder) -> float:
    return 2 * model.base.hidden * model.base.vocabulary


def _pair(model: Decoder) -> float:
    """FLOPs per pair of query and key tokens in one layer: the logit and the term of the weighted sum."""
    value_width = model.latent.value if model.latent else model.head_width
    return 2 * model.base.heads * (model.head_width + value_width)


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
