"""What must be true of a model folder before an engine spends seconds or hours on it."""

from __future__ import annotations

import json
from pathlib import Path

from scale_or_reason.engines.students import check_model
from scale_or_reason.errors import StudyError
from scale_or_reason.seeds import stable_id

_TOKENIZER_FILES = ("tokenizer.json", "tokenizer.model", "tekken.json", "vocab.json")


def check_generator(model: str) -> None:
    """Raise :class:`StudyError` unless ``model`` has safetensors and a tokenizer, or looks like a hub id."""
    check_model(model)
    folder = Path(model)
    if folder.exists() and not any((folder / name).is_file() for name in _TOKENIZER_FILES):
        raise StudyError(
            "the model folder has no tokenizer",
            where=model,
            expected=" or ".join(_TOKENIZER_FILES),
            remedy="save the tokenizer beside the model: tokenizer.save_pretrained(FOLDER)",
        )


def model_fingerprint(model: str, revision: str | None) -> str:
    """Tells models apart without reading their weights: a hub id and revision, or names, sizes and times of files."""
    folder = Path(model)
    if not folder.exists():
        return f"{model}@{revision}"
    files = sorted(file for file in folder.iterdir() if file.is_file())
    facts = [(file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in files]
    return stable_id(json.dumps(facts))


def identifying_files(model: str) -> dict[str, Path]:
    """The small files of a local model that a manifest can hash; its own manifest has the hash of its weights."""
    names = ("config.json", "manifest.json")
    return {f"model/{name}": Path(model) / name for name in names if (Path(model) / name).is_file()}
