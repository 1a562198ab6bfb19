"""Checks of a model folder before an engine loads it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.hash_cache import cached_hash
from scale_or_reason.common.seeds import stable_id

_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+")
#: Files that an engine reads: weights, settings, tokenizer, chat template.
_MODEL_SUFFIXES = frozenset({".safetensors", ".json", ".jinja", ".model", ".txt", ".tiktoken"})
_ACCOUNTS = frozenset({"manifest.json"})
_TOKENIZER_FILES = ("tokenizer.json", "tokenizer.model", "tekken.json", "vocab.json")


def check_model(model: str) -> None:
    """Raise :class:`StudyError` unless ``model`` is a folder with safetensors weights or looks like a hub id."""
    folder = Path(model)
    if not folder.exists():
        if not _HUB_ID.fullmatch(model):
            raise StudyError(
                "the model does not exist",
                where=model,
                expected="a model folder, or a hub id like Qwen/Qwen2.5-0.5B",
                remedy="correct the path, or run the rule that makes this model",
            )
        return
    if not (folder / "config.json").is_file():
        raise StudyError("the model folder has no config.json", where=model, expected="a folder with config.json")
    if not any(folder.glob("*.safetensors")):
        found = sorted(file.name for pattern in ("*.bin", "*.pt", "*.pth") for file in folder.glob(pattern))
        raise StudyError(
            "the model has no safetensors weights",
            where=model,
            found=", ".join(found) or "no weights",
            expected="model.safetensors (pickled weights can run code and are never loaded)",
            remedy="if you trust the weights, load them in an isolated environment and call save_pretrained",
        )


def check_generator(model: str) -> None:
    """Raise :class:`StudyError` unless ``model`` has safetensors and a tokenizer, or looks like a hub id."""
    check_model(model)
    folder = Path(model)
    if folder.exists() and not any((folder / name).is_file() for name in _TOKENIZER_FILES):
        raise StudyError(
            "the model folder has no tokenizer",
            where=model,
            expected=" or ".join(_TOKENIZER_FILES),
            remedy="save the tokenizer into the folder: tokenizer.save_pretrained(FOLDER)",
        )


def model_fingerprint(model: str, revision: str | None) -> str:
    """An identifier of a model: hub id and revision, or the content of a folder's weights, settings and tokenizer.

    File times and the account of the training (``manifest.json``, logs) do not count, so that a copied study keeps its
    replies, and so does a model that was trained again to the same weights.
    """
    folder = Path(model)
    if not folder.exists():
        return f"{model}@{revision}"
    files = [file for file in sorted(folder.iterdir()) if file.suffix in _MODEL_SUFFIXES and file.is_file()]
    identity = [(file.name, cached_hash(file)) for file in files if file.name not in _ACCOUNTS]
    return stable_id(json.dumps(identity))


def identifying_files(model: str) -> dict[str, Path]:
    """The small files of a local model, for manifests; the model's own manifest has the hash of its weights."""
    names = ("config.json", "manifest.json")
    return {f"model/{name}": Path(model) / name for name in names if (Path(model) / name).is_file()}


class loading_errors:
    """Context manager that converts errors of the hub and the loaders to :class:`StudyError`."""

    def __init__(self, model: str) -> None:
        self.model = model

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type | None, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, OSError):
            reason = str(error).strip().splitlines()[0]
            raise StudyError(
                "the model cannot be loaded",
                where=self.model,
                found=reason,
                expected="a model folder or a hub id with config.json, a tokenizer and safetensors weights",
                remedy="check name and revision; the hub must be reachable, or the model in the cache",
            ) from error
