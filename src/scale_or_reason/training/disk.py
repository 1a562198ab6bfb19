"""Disk space that a training needs, checked before its first step."""

from __future__ import annotations

import shutil
from pathlib import Path

from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.wording import counted

#: Checkpoints that exist at once: the two that are kept, and the one that is being written.
CHECKPOINTS_AT_ONCE = 3
#: Bytes per parameter of the optimizer: two moments, and in 16 bit the weights in 32 bit.
_OPTIMIZER = {2: 12, 4: 8}


def checkpoint_bytes(parameters: float, width: int) -> float:
    """Bytes of a checkpoint: weights of ``width`` bytes each, and the optimizer state of all processes."""
    return parameters * (width + _OPTIMIZER[width])


def check_disk(checkpoints: Path, parameters: int, width: int, at_once: int = CHECKPOINTS_AT_ONCE) -> None:
    """Raise :class:`StudyError` if the disk of ``checkpoints`` cannot hold the training's checkpoints.

    ``at_once`` of them exist at the same time: one, written on SIGTERM, in a training without regular checkpoints. The
    finished model is smaller than a checkpoint, and is written while at least one less exists.
    """
    each = checkpoint_bytes(parameters, width)
    there = sum(file.stat().st_size for file in checkpoints.rglob("*") if file.is_file())
    needed, free = at_once * each - there, free_bytes(checkpoints)
    if needed > free:
        raise StudyError(
            "the disk has no room for the checkpoints of this training",
            where=checkpoints.parent,
            found=f"{free / 1e9:,.1f} GB free",
            expected=f"{needed / 1e9:,.1f} GB: up to {counted(at_once, 'checkpoint')} of {each / 1e9:,.1f} GB at once; "
            f"{there / 1e9:,.1f} GB are there",
            remedy="free space, or run in a folder on a larger disk; `snakemake plan` lists what the study needs",
        )


def free_bytes(path: Path) -> int:
    """Bytes that may still be written to the disk of ``path``, which need not exist."""
    while not path.exists():
        path = path.parent
    return shutil.disk_usage(path).free
