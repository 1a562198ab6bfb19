"""Which files of this machine a config means: models and DeepSpeed settings. Paths count from the project's root."""

from __future__ import annotations

import re
from pathlib import Path

_HUB_ID = r"[A-Za-z0-9][\w.-]*(/[\w.-]+)?"


def is_local(model: str) -> bool:
    """Whether ``model`` means a folder: it looks like no hub id, or begins with a folder that is there."""
    return re.fullmatch(_HUB_ID, model) is None or ("/" in model and Path(model).parent.is_dir())


def deepspeed_file(name: str) -> Path:
    """The file of a DeepSpeed setting."""
    return Path("config", "deepspeed", f"{name}.json")


def made_by_study(path: str | Path, study_name: str) -> bool:
    """Whether ``path`` lies among the study's results, so that a job makes it."""
    return Path(path).is_relative_to(Path("results", study_name))
