"""Licences in the words of the hub's cards."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

#: What a card states where the config names none.
UNKNOWN = "unknown"
#: Identifiers of the hub; a card states any other as ``other`` with its name.
_OF_THE_HUB = frozenset(
    {
        *("apache-2.0", "mit", "cc0-1.0", "cc-by-4.0", "cc-by-sa-4.0", "cc-by-nc-4.0", "cc-by-nc-sa-4.0", "odc-by"),
        *("bsd-3-clause", "bigscience-openrail-m", "gemma", "gpl-3.0", "llama2", "llama3", "llama3.1", "llama3.2"),
        *("llama3.3", "llama4", "openrail", "cdla-permissive-2.0", UNKNOWN),
    }
)


def licence_fields(licence: str | None) -> dict[str, Any]:
    """The licence as fields of a card's header."""
    licence = licence or UNKNOWN
    return {"license": licence} if licence in _OF_THE_HUB else {"license": "other", "license_name": licence}


def licence_of(name: str, licences: Mapping[str, str]) -> str:
    """The licence that the config names for a model or data set."""
    return licences.get(name, UNKNOWN)
