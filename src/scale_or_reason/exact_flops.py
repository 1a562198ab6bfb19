"""FLOPs of a decoder as it is built: what the paper's formulas (:mod:`scale_or_reason.flops`) leave out.

Counted are the matrix products, ``2 m n k`` each: grouped-query attention, feed-forward layers of three matrices, an
output head at each position whose token is predicted, no product for the look-up of embeddings, sliding windows. All
functions are vectorised over lengths in tokens; a token sees itself and those before it (``causal``), as fast kernels
work, or with ``causal=False`` the whole sequence, as the paper counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scale_or_reason.architectures import Architecture

Flops = NDArray[np.float64]

#: What published Gemma 3 configs leave out because it is the default of ``Gemma3TextConfig``.
_GEMMA3_DEFAULTS = {"num_key_value_heads": 4, "head_dim": 256, "sliding_window": 4096, "sliding_window_pattern": 6}


@dataclass(frozen=True)
class Decoder:
    """The widths of a decoder's matrices; ``windows`` has one entry per layer with attention, None for a global one."""

    base: Architecture
    key_value_heads: int
    head_width: int
    windows: tuple[int | None, ...]

    @classmethod
    def from_config(cls, config: dict[str, Any], where: object = None) -> Decoder:
        """From the content of a Hugging Face ``config.json``.

        Raises :class:`scale_or_reason.errors.StudyError` as :meth:`Architecture.from_config`.
        """
        base = Architecture.from_config(config, where)
        text = config.get("text_config", config)
        if text.get("model_type") == "gemma3_text":
            text = _GEMMA3_DEFAULTS | text
        return cls(
            base=base,
            key_value_heads=text.get("num_key_value_heads") or base.heads,
            head_width=text.get("head_dim") or base.hidden // base.heads,
            windows=_windows(text, base.layers),
        )


def _windows(text: dict[str, Any], layers: int) -> tuple[int | None, ...]:
    window = text.get("sliding_window")
    if not window or text.get("use_sliding_window") is False:
        return (None,) * layers
    if kinds := text.get("layer_types"):
        return tuple(window if kind == "sliding_attention" else None for kind in kinds)
    pattern = text.get("sliding_window_pattern") or text.get("_sliding_window_pattern")
    return tuple(window if pattern and (layer + 1) % pattern else None for layer in range(layers))


def exact_forward_flops(model: Decoder, length: ArrayLike, causal: bool = True) -> Flops:
    """One forward pass over sequences of ``length`` tokens, predicting at every position."""
    l = np.asarray(length, dtype=np.float64)  # noqa: E741 (the paper's symbol)
    return l * (_weights(model) + _head(model)) + _attention(model, l, causal)


def exact_training_flops(model: Decoder, lengths: ArrayLike, causal: bool = True) -> float:
    """One epoch over sequences of these ``lengths``: three forward passes, as equation 2 counts a step."""
    return float(3 * exact_forward_flops(model, lengths, causal).sum())


def exact_prefill_flops(model: Decoder, prompt: ArrayLike, causal: bool = True) -> Flops:
    """Reading prompts of ``prompt`` tokens, predicting at the last position only."""
    p = np.asarray(prompt, dtype=np.float64)
    return p * _weights(model) + _head(model) + _attention(model, p, causal)


def exact_generation_flops(model: Decoder, prompt: ArrayLike, generated: ArrayLike, causal: bool = True) -> Flops:
    """Reading a prompt, then ``generated`` tokens one at a time with a cache, as equation 6 counts them."""
    p, g = (np.asarray(value, dtype=np.float64) for value in (prompt, generated))
    seen = np.sum([_seen(p + g, window) - _seen(p, window) for window in model.windows], axis=0)
    return exact_prefill_flops(model, p, causal) + g * (_weights(model) + _head(model)) + _pair(model) * seen


def _weights(model: Decoder) -> float:
    """Of one token in all layers: query, keys and values, output; gate, up and down."""
    base = model.base
    projections = 2 * base.hidden * model.head_width * (2 * base.heads + 2 * model.key_value_heads)
    return base.layers * (projections + 6 * base.hidden * base.feed_forward)


def _head(model: Decoder) -> float:
    return 2 * model.base.hidden * model.base.vocabulary


def _pair(model: Decoder) -> float:
    """Of one token that sees one other in one layer: its logit, and its share of the weighted sum."""
    return 4 * model.base.heads * model.head_width


def _attention(model: Decoder, length: Flops, causal: bool) -> Flops:
    if not causal:
        return _pair(model) * length**2 * len(model.windows)
    return _pair(model) * np.sum([_seen(length, window) for window in model.windows], axis=0)


def _seen(length: Flops, window: int | None) -> Flops:
    """Tokens seen by all of ``length`` tokens together, each within ``window`` tokens that end with itself."""
    inside = length if window is None else np.minimum(length, window)
    return inside * (inside + 1) / 2 + (length - inside) * inside
