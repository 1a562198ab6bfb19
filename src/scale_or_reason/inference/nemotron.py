"""Configs of Nemotron models found by architecture search, whose layers differ.

vLLM runs these models itself. What is missing in transformers is the class of their ``config.json``, which their
repositories bring as code. We run no code of a repository, and a config is easily read: here is a class of our own.
"""

from __future__ import annotations

from typing import Any

from transformers import AutoConfig, PreTrainedConfig

_MODEL_TYPE = "nemotron-nas"


class Block(dict[str, Any]):
    """A layer's settings as JSON has them, read as attributes, as vLLM does; a setting that is null is not there."""

    def __init__(self, settings: dict[str, Any]) -> None:
        super().__init__({name: _block(value) for name, value in settings.items() if value is not None})

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None

    def __reduce__(self) -> tuple[Any, ...]:
        return Block, (dict(self),)


def _block(value: Any) -> Any:
    return Block(value) if isinstance(value, dict) else value


class NemotronNasConfig(PreTrainedConfig):
    """Llama's settings, with one entry of ``block_configs`` for each layer."""

    model_type = _MODEL_TYPE

    def __post_init__(self, **settings: Any) -> None:
        blocks = [_block(block) for block in settings.pop("block_configs", [])]
        super().__post_init__(**settings)
        self.block_configs = blocks


def register() -> None:
    """Let transformers, and so vLLM, read configs of this type without code from a repository."""
    AutoConfig.register(_MODEL_TYPE, NemotronNasConfig, exist_ok=True)
