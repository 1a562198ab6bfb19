"""The note that a diverged run leaves beside its checkpoints, so that it is not repeated."""

from __future__ import annotations

import glob
import json
from pathlib import Path

from scale_or_reason.common.errors import DivergedError

#: Beside the checkpoints of a diverged run.
DIVERGED = "diverged.json"


def refuse_diverged(folder: Path) -> None:
    """Raise the :class:`DivergedError` with which the same run has ended before, since it would diverge again."""
    file = folder / DIVERGED
    if file.is_file():
        fields = json.loads(file.read_text(encoding="utf-8"))
        file.touch()  # the Slurm executor looks for files that are as new as the job
        remedy = f"{fields.pop('remedy')}. This result is from an earlier run; remove this file to run it again"
        raise DivergedError(**fields, where=file, remedy=remedy)


def diverged_runs(output: Path) -> list[Path]:
    """The checkpoint folders of all runs with this output that have diverged, under any settings."""
    pattern = f".{glob.escape(output.name)}.checkpoints-*/{DIVERGED}"
    return [note.parent for note in sorted(output.parent.glob(pattern))]
