"""The shape of a model: its parameters and its cache, from the numbers of a ``config.json``, without a network.

The paper's FLOPs need five numbers (:class:`~scale_or_reason.flops.architectures.Architecture`), exact ones a few more
(:class:`~scale_or_reason.flops.exact.Decoder`), and memory also how many experts there are and what is shared.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from scale_or_reason.common.errors import StudyError
from scale_or_reason.flops.architectures import Architecture
from scale_or_reason.flops.exact import Decoder

FOLDER = Path(__file__).parent
#: Models whose projections of query, key and value have biases.
_BIASED = ("qwen2",)


@dataclass(frozen=True)
class Shape:
    """A decoder with gated feed-forward layers (three matrices) and grouped key and value heads.

    ``decoder`` counts the experts that are active in its feed-forward width. ``tied``: whether input and output share
    one matrix of embeddings. ``experts`` and ``experts_per_token`` are 1 for dense models. ``weights_gb``: of weights
    that take neither 2 nor 4 bytes a parameter, in 10^9 bytes; None for the others.
    """

    decoder: Decoder
    tied: bool
    experts: int = 1
    experts_per_token: int = 1
    biased: bool = False
    weights_gb: float | None = None

    @classmethod
    def from_config(cls, config: Mapping[str, Any], where: object = None) -> Shape:
        """From the content of a ``config.json``, or from the part of it that counts here.

        Raises :class:`StudyError` if a number is missing.
        """
        text = _expanded(config.get("text_config", config))
        experts = int(text.get("num_experts") or text.get("num_local_experts") or 1)
        return cls(
            decoder=Decoder.from_config(text, where),
            tied=bool(text.get("tie_word_embeddings", text.get("model_type") == "gemma3_text")),
            experts=experts,
            experts_per_token=int(text.get("num_experts_per_tok") or 1),
            biased=bool(text.get("attention_bias")) or text.get("model_type") in _BIASED,
            weights_gb=text.get("weights_gb"),
        )

    @property
    def architecture(self) -> Architecture:
        """The five numbers of the paper's formulas."""
        return self.decoder.base

    @property
    def parameters(self) -> int:
        """All parameters. Exact for Qwen2 and Llama; for others but for some norms and biases, less than 0.1 %."""
        return self._count(self.experts)

    @property
    def active_parameters(self) -> int:
        """Those that a token passes: all of a dense model."""
        return self._count(self.experts_per_token)

    def _count(self, experts: int) -> int:
        model = self.architecture
        d, layers = model.hidden, model.layers
        heads, kv = (count * self.decoder.head_width for count in (model.heads, self.decoder.key_value_heads))
        one_expert = model.feed_forward / self.experts_per_token
        attention = 2 * d * heads + 2 * d * kv + (heads + 2 * kv if self.biased else 0)
        router = d * self.experts if self.experts > 1 else 0
        norms = (2 * layers + 1) * d
        embeddings = (1 if self.tied else 2) * model.vocabulary * d
        return round(embeddings + layers * (attention + 3 * d * one_expert * experts + router) + norms)

    def weight_bytes(self, bytes_per_parameter: int) -> float:
        """Bytes of the weights as they are loaded."""
        return self.parameters * bytes_per_parameter if self.weights_gb is None else self.weights_gb * 1e9

    def cache_bytes(self, bytes_per_number: int, tensor_parallel: int = 1) -> float:
        """Bytes that a token's keys and values take on all GPUs of an engine together.

        With more GPUs than key and value heads each GPU keeps a copy of one.
        """
        heads = max(self.decoder.key_value_heads, tensor_parallel)
        return 2 * self.architecture.layers * heads * self.decoder.head_width * bytes_per_number


def _expanded(config: Mapping[str, Any]) -> dict[str, Any]:
    """``blocks`` of shapes.yaml written out as ``block_configs``."""
    values = dict(config)
    if "blocks" in values:
        values["block_configs"] = [
            {"attention": {"n_heads_in_group": group, "no_op": group is None}, "ffn": {"ffn_mult": mult}}
            for count, group, mult in values.pop("blocks")
            for _ in range(count)
        ]
    return values


@lru_cache
def shipped_shapes() -> Mapping[str, Mapping[str, Any]]:
    """The numbers of the models that the config's catalogues name (``shapes.yaml``)."""
    import yaml

    return yaml.safe_load((FOLDER / "shapes.yaml").read_text(encoding="utf-8"))


def shape_of(model: str, stated: Mapping[str, Mapping[str, Any]]) -> Shape:
    """The shape of a hub id or a folder: as ``stated`` in the config, else as shipped, else as the folder says.

    Raises :class:`StudyError` if nobody knows it; no network is asked.
    """
    if model in stated:
        return Shape.from_config(stated[model], where=f"plan.architectures.{model}")
    if model in shipped_shapes():
        return Shape.from_config(shipped_shapes()[model], where=model)
    file = Path(model) / "config.json" if Path(model).is_dir() else Path(model)
    if file.is_file():
        return Shape.from_config(json.loads(file.read_text(encoding="utf-8")), where=file)
    raise StudyError(
        "the architecture of a model is not known, so nobody can say what it costs",
        where="config",
        key=f"plan.architectures.{model}",
        found="neither an entry there, nor one of ours, nor a folder",
        expected="numbers of its config.json: vocab_size, hidden_size, intermediate_size, num_hidden_layers, "
        "num_attention_heads, num_key_value_heads, tie_word_embeddings",
        remedy="copy them from the model's page on the hub into the config",
    )
