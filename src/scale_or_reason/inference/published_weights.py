"""Whether a published model is what its ``config.json`` describes, from the headers of its weights.

The hub has repositories with placeholder files: 841 thousand parameters in the place of 14 billion. An engine would
load them, or fail in the middle of its start.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from scale_or_reason.common.errors import StudyError
from scale_or_reason.inference.weights import check_shapes_of_config, check_weights

_REMEDY = "take another revision or ask the authors; or remove the model from study.adopted"


def check_published(model: str, revision: str | None) -> None:
    """Compare the tensors of a folder or hub model with its ``config.json``; :class:`StudyError` if they differ.

    Of a hub model that is not in the cache only the headers are read, before anything is downloaded. If the hub cannot
    be reached, there is nothing to compare, and the engine reports the error.
    """
    folder = Path(model) if Path(model).is_dir() else _cached(model, revision)
    try:
        if folder is not None:
            check_weights(folder)
        elif headers := _headers(model, revision):
            check_shapes_of_config(*headers, where=Path(model))
    except StudyError as error:
        raise StudyError(
            error.problem, where=error.where, key=error.key, found=error.found, expected=error.expected, remedy=_REMEDY
        ) from None


def _cached(model: str, revision: str | None) -> Path | None:
    """The snapshot of a hub model in the cache, if it has weights."""
    from huggingface_hub import snapshot_download

    try:
        folder = Path(snapshot_download(model, revision=revision, local_files_only=True))
    except Exception:  # nothing cached, or no such name: not this check's business
        return None
    return folder if any(folder.glob("*.safetensors")) and (folder / "config.json").is_file() else None


def _headers(model: str, revision: str | None) -> tuple[dict[str, tuple[int, ...]], dict[str, Any]] | None:
    """Shapes by name and the content of ``config.json`` of a hub model; None if the hub does not give them."""
    from huggingface_hub import get_safetensors_metadata, hf_hub_download

    try:
        metadata = get_safetensors_metadata(model, revision=revision)
        config = json.loads(Path(hf_hub_download(model, "config.json", revision=revision)).read_text(encoding="utf-8"))
    except Exception:  # offline, no access, no safetensors: the engine reports it
        return None
    tensors = (file.tensors for file in metadata.files_metadata.values())
    return {name: tuple(info.shape) for file in tensors for name, info in file.items()}, config
