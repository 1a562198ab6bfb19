"""Configs of the paper's study with a change, and the errors that they end with."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from scale_or_reason.common.errors import StudyError
from scale_or_reason.preflight.validation import check_config

Config = dict[str, Any]
Change = Callable[[Config], Any]


def error_of(config: Config, *files: Path | str) -> StudyError:
    """The error of a config that was read from ``files``. For tests that run in the project's folder."""
    with pytest.raises(StudyError) as caught:
        check_config(config, Path("workflow/schemas/config.schema.json"), list(files) or ["config/config.yaml"])
    return caught.value


def changed(good: Config, change: Change) -> Config:
    """A copy of a config with a change."""
    config = deepcopy(good)
    change(config)
    return config


def at(path: str, value: Any) -> Change:
    """A change that sets the key ``a.b.c``, and makes the maps around it."""

    def change(config: Config) -> None:
        *parents, last = path.split("/")
        for part in parents:
            config = config.setdefault(part, {})
        config[last] = value

    return change


#: Of a small decoder.
NUMBERS = {
    "vocab_size": 100,
    "hidden_size": 8,
    "intermediate_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
}


def served(**changes: Any) -> Change:
    """A change that has the teacher served, with these keys."""

    def change(config: Config) -> None:
        config["teachers"]["Qwen3-235B-A22B"].update({"endpoint": {"url": "http://localhost:8000/v1"}, **changes})

    return change


def searching(**changes: Any) -> Change:
    """A change that has one student's learning rates searched for, with these settings."""

    def change(config: Config) -> None:
        config["students"]["Qwen2.5-3B"]["learning_rate"] = "search"
        config["training"]["learning_rate_search"].update(changes)

    return change
