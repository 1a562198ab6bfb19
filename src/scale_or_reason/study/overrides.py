"""Parse the values of ``--config``: Snakemake leaves all values inside a map as text.

Standard library only: every cluster job imports this module through the Snakefile.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_WORDS = {"true": True, "false": False, "null": None, "~": None}


def type_overrides(config: dict[str, Any], overrides: Mapping[str, Any]) -> None:
    """Give the values of ``config`` that came from the command line (``overrides``) their types, in place.

    Text that is a number, a boolean or null in YAML is converted; so is ``1e21``, which is text in YAML 1.1. Other text
    is unchanged.
    """
    for key, value in overrides.items():
        if key in config:
            config[key] = _merged(config[key], value)


def _merged(current: Any, override: Any) -> Any:
    if isinstance(override, Mapping) and isinstance(current, dict):
        type_overrides(current, override)
        return current
    if isinstance(override, list):
        return [_merged(None, value) for value in override]
    return _typed(override)


def _typed(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    text = value.strip()
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    for kind in (int, float):
        try:
            return kind(text) if not set(text) & set("_naNA") else value
        except ValueError:
            continue
    return value
