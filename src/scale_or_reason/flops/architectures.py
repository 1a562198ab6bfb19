"""The five dimensions in the paper's FLOPs formulas, read from a model's ``config.json``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scale_or_reason.common.errors import StudyError

#: Keys that published Gemma 3 configs omit because they equal the defaults of ``Gemma3TextConfig``.
_GEMMA3_TEXT_DEFAULTS = {"vocab_size": 262_208, "num_attention_heads": 8}


_WIDTH = "intermediate_size"
#: The keys for the number of experts among which the router of a layer chooses.
_ROUTED = ("num_experts", "num_local_experts", "n_routed_experts")


@dataclass(frozen=True)
class Architecture:
    """A decoder in the symbols of v1 appendix C.

    ``vocabulary`` V, ``hidden`` d_model, ``feed_forward`` d_ff, ``heads`` h, ``layers`` N_l (those with attention).
    For mixtures of experts ``feed_forward`` is the active width (:class:`Experts`). If layers differ, it is the total
    width divided by ``layers``, so that ``feed_forward * layers`` is exact.
    """

    vocabulary: int
    hidden: int
    feed_forward: float
    heads: int
    layers: int

    @classmethod
    def from_config(cls, config: dict[str, Any], where: object = None) -> Architecture:
        """From the content of a Hugging Face ``config.json``; a nested ``text_config`` takes precedence.

        Raises :class:`StudyError` if a required key is missing or is not a positive number.
        """
        text = config.get("text_config", config)
        if text.get("model_type") == "gemma3_text":
            text = _GEMMA3_TEXT_DEFAULTS | text
        layers, feed_forward = _layers_and_feed_forward(text, where)
        return cls(
            vocabulary=dimension(text, "vocab_size", where),
            hidden=dimension(text, "hidden_size", where),
            feed_forward=feed_forward,
            heads=dimension(text, "num_attention_heads", where),
            layers=layers,
        )

    @classmethod
    def from_source(cls, source: str | Path, revision: str | None = None) -> Architecture:
        """From a ``config.json``, a model folder, or a model id on the hub (at ``revision``).

        Raises :class:`StudyError` if it cannot be read.
        """
        return cls.from_config(*read_config(source, revision))


@dataclass(frozen=True)
class Experts:
    """The feed-forward layers of a mixture of experts.

    In ``sparse`` layers, each token uses ``per_token`` of ``routed`` experts of ``width``, and experts of the total
    width ``shared`` that all tokens use. The other layers have the width ``dense``. ``routed`` is 0 if unknown.
    """

    width: int
    per_token: int
    routed: int
    shared: int
    sparse: int
    dense: int

    @classmethod
    def from_config(cls, config: Mapping[str, Any], where: object = None) -> Experts | None:
        """From the content of a ``config.json``; None for a dense model.

        The keys are those of Mixtral, Qwen2 and Qwen3, DeepSeek, GLM-4.5 and gpt-oss. Raises :class:`StudyError` if a
        width is missing.
        """
        per_token = config.get("num_experts_per_tok") or config.get("experts_per_token")
        if not per_token:
            return None
        layers = dimension(config, "num_hidden_layers", where)
        width = dimension(config, "moe_intermediate_size" if config.get("moe_intermediate_size") else _WIDTH, where)
        shared = config.get("shared_expert_intermediate_size") or width * (config.get("n_shared_experts") or 0)
        sparse = _sparse_layers(config, layers)
        routed = next((int(config[name]) for name in _ROUTED if config.get(name)), 0)
        return cls(width, per_token, routed, shared, sparse, dimension(config, _WIDTH, where) if sparse < layers else 0)

    def total_width(self, experts: int, layers: int) -> int:
        """The width of all ``layers`` together, with this number of routed experts in each sparse one."""
        return self.sparse * (experts * self.width + self.shared) + (layers - self.sparse) * self.dense


def _sparse_layers(config: Mapping[str, Any], layers: int) -> int:
    """The number of layers with experts; without keys that say otherwise, all."""
    first, step = config.get("first_k_dense_replace") or 0, config.get("decoder_sparse_step") or 1
    dense = set(config.get("mlp_only_layers") or ())
    return sum(layer >= first and layer not in dense and (layer + 1) % step == 0 for layer in range(layers))


def read_config(source: str | Path, revision: str | None = None) -> tuple[dict[str, Any], Path]:
    """The content and path of a model's ``config.json``; ``source`` as in :meth:`Architecture.from_source`.

    Raises :class:`StudyError` if it cannot be read.
    """
    path = _config_path(source, revision)
    try:
        return json.loads(path.read_text(encoding="utf-8")), path
    except (OSError, json.JSONDecodeError) as error:
        raise StudyError("a model's config.json cannot be read", where=path, found=error) from error


def named_architecture(text: str, where: str) -> tuple[str, Architecture | None]:
    """The :class:`Architecture` that :func:`named_config` names."""
    name, found = named_config(text, where)
    return name, found and Architecture.from_config(*found)


def named_config(text: str, where: str) -> tuple[str, tuple[dict[str, Any], Path] | None]:
    """Parse ``NAME=SOURCE``, given by option ``where``; ``NAME=`` for an unknown model.

    A source is a file, a folder, ``HUB_ID``, ``HUB_ID@REVISION``, or the values of a ``config.json`` as JSON. Raises
    :class:`StudyError` for text without an equals sign, and if the source cannot be read.
    """
    name, equals, source = text.partition("=")
    if not equals:
        raise StudyError("a model has no architecture", where=where, found=text, expected="NAME=SOURCE")
    if not source:
        return name, None
    if source.startswith("{"):
        return name, (json.loads(source), Path(f"architecture of {name}"))
    if Path(source).exists():
        return name, read_config(source)
    source, _, revision = source.partition("@")
    return name, read_config(source, revision or None)


def _config_path(source: str | Path, revision: str | None) -> Path:
    path = Path(source)
    if path.is_dir():
        return path / "config.json"
    if path.is_file():
        return path
    if path.suffix == ".json" or str(source).count("/") != 1:
        raise StudyError("a model's config.json is missing", where=source, remedy="run the rule that makes the model")
    return _download_config(str(source), revision)


def _download_config(model: str, revision: str | None) -> Path:
    # Imported here, since only hub ids need it.
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        return Path(hf_hub_download(model, "config.json", revision=revision))
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        raise StudyError(
            "a model's config.json exists neither locally nor on the hub",
            where=model,
            found=str(error).splitlines()[0],
            expected="a config.json, a model folder or a model id of the hub",
            remedy="check the model's name in the config, or download the model first",
        ) from error


def dimension(config: Mapping[str, Any], key: str, where: object) -> int:
    """A value of a ``config.json``. Raises :class:`StudyError` if it is missing or is not a positive number."""
    value = config.get(key)
    if not isinstance(value, int) or isinstance(value, bool) or value <= 0:
        raise StudyError(
            "a model's config.json lacks a dimension that its FLOPs depend on",
            where=where,
            key=key,
            found=value,
            expected="a positive integer",
            remedy="use the config.json of a decoder such as Qwen2, Qwen3, Llama or Gemma 3",
        )
    return value


def _layers_and_feed_forward(config: dict[str, Any], where: object) -> tuple[int, float]:
    if "block_configs" in config:
        return _blocks(config, where)
    layers = dimension(config, "num_hidden_layers", where)
    experts = Experts.from_config(config, where)
    if experts is None:
        return layers, dimension(config, _WIDTH, where)
    return layers, experts.total_width(experts.per_token, layers) / layers


def _blocks(config: dict[str, Any], where: object) -> tuple[int, float]:
    """Nemotron models from architecture search: layers may lack attention or differ in feed-forward width."""
    hidden = dimension(config, "hidden_size", where)
    blocks = config["block_configs"]
    layers = sum(not block["attention"].get("no_op") for block in blocks)
    widths = [_block_width(block["ffn"], hidden) for block in blocks if not block["ffn"].get("no_op")]
    if layers == 0:
        raise StudyError("the model has no layer with attention", where=where, key="block_configs")
    return layers, sum(widths) / layers


def _block_width(feed_forward: dict[str, Any], hidden: int) -> int:
    if feed_forward.get("intermediate_size"):
        return int(feed_forward["intermediate_size"])
    # The rule of these models: two thirds of ffn_mult * d_model, rounded up to a multiple of 256.
    return -(-int(2 * feed_forward["ffn_mult"] * hidden / 3) // 256) * 256
