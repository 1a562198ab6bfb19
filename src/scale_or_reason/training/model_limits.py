"""The limits of a student that a training must respect: the length of its context and the rows of its embedding."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from scale_or_reason.common.wording import counted
from scale_or_reason.training.deepspeed_settings import Fault

#: Names of the context's length in the configs of transformers.
_CONTEXT_KEYS = ("max_position_embeddings", "n_positions", "max_seq_len", "seq_length")


def limit_faults(config: Mapping[str, Any], max_length: int, ids: Mapping[str, int | None]) -> Iterator[Fault]:
    """What a training up to ``max_length`` tokens refuses in a model's ``config`` (its config.json).

    ``ids`` maps names for the message to token ids that occur in the training; None where the id is unknown.
    """
    inner = config.get("text_config")
    text = inner if isinstance(inner, Mapping) else config
    key = next((key for key in _CONTEXT_KEYS if isinstance(text.get(key), int)), None)
    if key is not None and _scaled(text[key], text) < max_length:
        yield Fault(
            "the student's context is shorter than the longest sample",
            key,
            f"{key} of the model is {text[key]}, training.max_length is {max_length}",
            f"a context of at least {counted(max_length, 'token')}",
            f"set training.max_length to {text[key]} or less, or use a student with a longer context",
        )
    rows = text.get("vocab_size")
    for name, number in ids.items():
        if not isinstance(rows, int) or number is None or number < rows:
            continue
        yield Fault(
            "a token is beyond the student's embedding",
            "vocab_size",
            f"{name} has the id {number}; vocab_size of the model is {rows}",
            f"ids from 0 to {rows - 1}",
            "use the tokenizer that belongs to the model, or resize the model's embedding and save it again",
        )


def _scaled(context: int, text: Mapping[str, Any]) -> float:
    """The context with the model's scaling of rotary positions, which some configs leave out of their number."""
    scaling = text.get("rope_scaling") or text.get("rope_parameters")
    factor = scaling.get("factor") if isinstance(scaling, Mapping) else None
    if not isinstance(scaling, Mapping) or not isinstance(factor, int | float):
        return context
    original = scaling.get("original_max_position_embeddings")
    return max(context, (original if isinstance(original, int) else context) * factor)
