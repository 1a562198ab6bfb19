"""Configs of Nemotron models from architecture search, whose layers differ.

vLLM supports these models, but transformers lacks the class of their ``config.json``, which their repositories provide
as code. This project runs no code from model repositories, so it defines the class here.
"""

from __future__ import annotations

from typing import Any

from transformers import AutoConfig, PreTrainedConfig

_MODEL_TYPE = "nemotron-nas"


class Block(dict[str, Any]):
    """A layer's settings from JSON, with attribute access as vLLM requires; null settings are omitted."""

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
    """Register the config class with transformers, and thereby with vLLM."""
    AutoConfig.register(_MODEL_TYPE, NemotronNasConfig, exist_ok=True)
