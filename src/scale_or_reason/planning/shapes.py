"""The shape of a model: its parameters and KV cache, from the dimensions in a ``config.json``, without network access.

The paper's FLOPs need five dimensions (:class:`~scale_or_reason.flops.architectures.Architecture`), exact FLOPs a few
more (:class:`~scale_or_reason.flops.exact.Decoder`), and memory also the number of experts and tied embeddings.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from scale_or_reason.common.errors import StudyError
from scale_or_reason.flops.architectures import Architecture, Experts
from scale_or_reason.flops.exact import Decoder

FOLDER = Path(__file__).parent
#: Models whose projections of query, key and value have biases.
_BIASED = ("qwen2",)


@dataclass(frozen=True)
class Shape:
    """A decoder with gated feed-forward layers (three matrices) and grouped key and value heads.

    The feed-forward width of ``decoder`` is that of the active experts; ``mixture`` has all of them, None for a dense
    model. ``tied``: whether input and output share an embedding matrix. ``weights_gb``: size in 10^9 bytes of weights
    with neither 2 nor 4 bytes per parameter, else None.
    """

    decoder: Decoder
    tied: bool
    mixture: Experts | None = None
    biased: bool = False
    weights_gb: float | None = None

    @classmethod
    def from_config(cls, config: Mapping[str, Any], where: object = None) -> Shape:
        """From the content of a ``config.json``, or from its relevant part.

        Raises :class:`StudyError` if a number is missing.
        """
        text = _expanded(config.get("text_config", config))
        return cls(
            decoder=Decoder.from_config(text, where),
            tied=bool(text.get("tie_word_embeddings", text.get("model_type") == "gemma3_text")),
            mixture=Experts.from_config(text, where),
            biased=bool(text.get("attention_bias")) or text.get("model_type") in _BIASED,
            weights_gb=text.get("weights_gb"),
        )

    @property
    def architecture(self) -> Architecture:
        """The dimensions in the paper's formulas."""
        return self.decoder.base

    @property
    def experts(self) -> int:
        """The routed experts of a layer; 1 for a dense model."""
        return self.mixture.routed or 1 if self.mixture else 1

    @property
    def experts_per_token(self) -> int:
        """The routed experts that a token uses; 1 for a dense model."""
        return self.mixture.per_token if self.mixture else 1

    @property
    def parameters(self) -> int:
        """All parameters. Exact for Qwen2 and Llama; others lack some norms and biases, less than 0.1 %."""
        return self._count(self.experts)

    @property
    def active_parameters(self) -> int:
        """The parameters active per token; all parameters of a dense model."""
        return self._count(self.experts_per_token)

    def _count(self, experts: int) -> int:
        model = self.architecture
        d, layers = model.hidden, model.layers
        heads, kv = (count * self.decoder.head_width for count in (model.heads, self.decoder.key_value_heads))
        width = self.mixture.total_width(experts, layers) if self.mixture else layers * model.feed_forward
        attention = self.decoder.projections + (heads + 2 * kv if self.biased else 0)
        routers = d * self.mixture.routed * self.mixture.sparse if self.mixture else 0
        norms = (2 * layers + 1) * d
        embeddings = (1 if self.tied else 2) * model.vocabulary * d
        return round(embeddings + layers * attention + 3 * d * width + routers + norms)

    def weight_bytes(self, bytes_per_parameter: int) -> float:
        """Bytes of the loaded weights."""
        return self.parameters * bytes_per_parameter if self.weights_gb is None else self.weights_gb * 1e9

    def cache_bytes(self, bytes_per_number: int, tensor_parallel: int = 1) -> float:
        """KV cache bytes per token, summed over all GPUs of an engine.

        With more GPUs than key-value heads, heads are replicated; each GPU has the whole cache of latent attention.
        """
        if self.decoder.latent is not None:
            return self.architecture.layers * self.decoder.latent.cached * tensor_parallel * bytes_per_number
        heads = max(self.decoder.key_value_heads, tensor_parallel)
        return 2 * self.architecture.layers * heads * self.decoder.head_width * bytes_per_number


def _expanded(config: Mapping[str, Any]) -> dict[str, Any]:
    """Expand ``blocks`` of shapes.yaml to ``block_configs``."""
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
    """The dimensions of the models in the config's catalogues (``shapes.yaml``)."""
    import yaml

    return yaml.safe_load((FOLDER / "shapes.yaml").read_text(encoding="utf-8"))


def shape_of(model: str, stated: Mapping[str, Mapping[str, Any]]) -> Shape:
    """The shape of a hub id or a folder: from ``stated`` (the config), else ``shapes.yaml``, else the folder.

    Raises :class:`StudyError` if it is in none of them; the network is not used.
    """
    if model in stated:
        return Shape.from_config(stated[model], where=f"plan.architectures.{model}")
    if model in shipped_shapes():
        return Shape.from_config(shipped_shapes()[model], where=model)
    file = Path(model) / "config.json" if Path(model).is_dir() else Path(model)
    if file.is_file():
        return Shape.from_config(json.loads(file.read_text(encoding="utf-8")), where=file)
    raise StudyError(
        "the architecture of a model is unknown",
        where="config",
        key=f"plan.architectures.{model}",
        found="no entry there or in shapes.yaml, and no model folder",
        expected="these keys of its config.json: vocab_size, hidden_size, intermediate_size, num_hidden_layers, "
        "num_attention_heads, num_key_value_heads, tie_word_embeddings",
        remedy="copy them from the model's page on the hub into the config",
    )
