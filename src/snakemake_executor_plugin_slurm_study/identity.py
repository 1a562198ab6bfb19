"""What a job was submitted for, as a text in its comment: an orphan job with another text is of no use.

The text is a hash of the job's outputs, inputs and parameters. Inputs count with their paths, sizes and times, since
an input that was made again in the meantime has a new time. Parameters count as in Snakemake's own records: those
that follow from inputs, outputs, threads or resources are left out, so that a change of resources cancels nothing.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

#: Between the comment of the extended executor and the text.
IN_COMMENT = " identity="
_LENGTH = 16


def job_identity(job: Any) -> str:
    """The text of a job whose inputs exist."""
    made_from = {
        "rule": job.rule.name,
        "shell": job.rule.shellcmd,
        "output": sorted(map(str, job.output)),
        "input": sorted([str(path), *_states(Path(path))] for path in job.input),
        "params": sorted(repr(value) for value in job.non_derived_params if _has_lasting_repr(value)),
    }
    text = json.dumps(made_from, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:_LENGTH]


def identity_in(comment: str) -> str:
    """The text in a comment; empty without one."""
    return comment.partition(IN_COMMENT)[2]


def _states(path: Path) -> Iterable[str]:
    """Size and time of a file, or of the files in a folder; nothing if it does not exist."""
    if path.is_dir():
        for entry in sorted(os.scandir(path), key=lambda entry: entry.name):
            if entry.name != ".snakemake_timestamp" and entry.is_file():
                yield f"{entry.name} {_state(Path(entry.path))}"
    elif path.exists():
        yield _state(path)


def _state(path: Path) -> str:
    status = path.stat()
    return f"{status.st_size} {status.st_mtime_ns}"


def _has_lasting_repr(value: Any) -> bool:
    """Whether ``repr`` gives the same text in another process; of other objects it contains an address."""
    return value is None or isinstance(value, int | float | str | bytes | list | tuple | dict | range | complex)
