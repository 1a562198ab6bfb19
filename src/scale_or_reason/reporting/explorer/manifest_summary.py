"""Summaries of manifests for the page, without paths and server addresses."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.files import read_json

#: Digits of a hash, enough to distinguish the results of a study.
HASH_DIGITS = 12
#: The folders of an absolute or home path, without its last component, anywhere in a setting.
_FOLDERS = re.compile(r"(?<![\w./~-])~?/(?:[^/\s\"']+/)*(?=[^/\s\"']*)")
_ADDRESS = re.compile(r"\b[a-z][a-z0-9+.-]*://[^\s\"',]*", re.IGNORECASE)


def read_manifest(path: Path) -> dict[str, Any] | None:
    """A ``manifest.json``; None if it is missing, for instance because the models were deleted after scoring.

    Raises :class:`StudyError` if the file is not a JSON object.
    """
    if not path.is_file():
        return None
    manifest = read_json(path)
    if not isinstance(manifest, dict):
        raise StudyError("invalid manifest", where=path, remedy="delete it and rerun the rule that writes it")
    return manifest


def manifest_summary(manifest: Mapping[str, Any], stage: str, model_id: str) -> dict[str, Any]:
    """The summary of one manifest; None for missing values.

    ``stage`` is ``training`` or ``answers``. Settings are flattened (``sampling.temperature``), without unset ones;
    ``inputs`` have the first digits of their hashes. ``seconds`` is the duration of the training or of answering.
    """
    git = manifest.get("git") or {}
    timed = manifest.get("training", {}) if stage == "training" else manifest
    inputs = {name: entry.get("sha256") for name, entry in (manifest.get("inputs") or {}).items()}
    return {
        "stage": stage,
        "model": model_id,
        "created": manifest.get("created"),
        "commit": git.get("commit"),
        "changed": git.get("changed"),
        "seconds": timed.get("seconds"),
        "python": manifest.get("python"),
        "packages": manifest.get("packages") or None,
        "hardware": shareable(manifest.get("hardware")) or None,
        "settings": _flat(manifest.get("settings") or {}) or None,
        "inputs": {name: digest[:HASH_DIGITS] for name, digest in inputs.items() if digest} or None,
    }


def shareable(value: Any) -> Any:
    """``value`` with the folders of absolute paths and the addresses of servers removed from all texts."""
    if isinstance(value, str):
        return _FOLDERS.sub(".../", _ADDRESS.sub("(a server)", value))
    if isinstance(value, Mapping):
        return {name: shareable(part) for name, part in value.items()}
    return [shareable(part) for part in value] if isinstance(value, list) else value


def _flat(settings: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in settings.items():
        if isinstance(value, Mapping):
            flat |= _flat(value, f"{prefix}{name}.")
        elif value is not None:
            flat[f"{prefix}{name}"] = json.dumps(shareable(value)) if isinstance(value, list) else shareable(value)
    return flat
