"""Complete checkpoints: written, found again, and the reasons why others cannot be used."""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from transformers import TrainerCallback

from scale_or_reason.common.checksums import FOLDER_RECORD, Checksum, file_checksums, read_record, write_record
from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.files import sync_folder, write_json
from scale_or_reason.common.wording import counted
from scale_or_reason.training.trainer.launch import processes, rank, wait_for_all

#: Written into a checkpoint last; a checkpoint without it is a partial write of a killed run.
_WHOLE = "whole.json"
_MOST_REASONS = 5
#: Of each process: on one machine there are as many processes as GPUs.
_HASHING_THREADS = 4

#: What a run depends on: ``settings``, ``inputs`` (hashes) and ``packages`` (versions), each by name.
Identity = Mapping[str, Mapping[str, Any]]


class WholeCheckpoints(TrainerCallback):
    """Marks checkpoints as complete. The mark has the training time, the run's identity and the size of each file."""

    def __init__(self, resumed: Path | None, identity: Identity) -> None:
        self.before = json.loads((resumed / _WHOLE).read_text())["seconds"] if resumed else 0.0
        self.loading = resumed
        self.began = time.monotonic()
        self.identity = identity

    def seconds(self) -> float:
        """Time in training steps over all runs, without work lost by kills."""
        return self.before + time.monotonic() - self.began

    @contextmanager
    def loading_errors(self) -> Iterator[None]:
        """Convert errors before the first step, while a checkpoint is loaded, to :class:`StudyError`."""
        try:
            yield
        except Exception as error:
            if self.loading is None or isinstance(error, StudyError):
                raise
            raise StudyError(
                "the checkpoint cannot be loaded",
                where=self.loading,
                found=f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0]}",
                expected="the files as the training has written them",
                remedy="run again; if the error stays, remove this folder: the training resumes from the one before it",
            ) from error

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self.loading = None
        self.began = time.monotonic()

    def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        wait_for_all()  # each rank writes its part
        folder = Path(args.output_dir) / f"checkpoint-{state.global_step}"
        record_share(folder, rank(), processes())
        wait_for_all()
        if rank() == 0:
            sync_folder(folder)  # otherwise a crash of the machine could leave the mark beside empty files
            mark = {"seconds": self.seconds(), "files": sizes_of(folder), "identity": self.identity}
            write_json(mark, folder / _WHOLE)
        wait_for_all()  # a rank that exits earlier would make its launcher kill the others


def hand_over(checkpoint: Path, folder: Path, identity: Identity) -> None:
    """Put a complete checkpoint among those of another run (``folder``), which then resumes from it.

    The files are shared by hard links where the disk allows it.
    """
    target = folder / checkpoint.name
    if target.exists() and why_unusable(target, contents=False) is None:
        return
    shutil.rmtree(target, ignore_errors=True)
    partial = folder / f".{checkpoint.name}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    shutil.copytree(checkpoint, partial, copy_function=_link_or_copy, ignore=shutil.ignore_patterns(_WHOLE))
    write_json((_mark_of(checkpoint) or {}) | {"identity": identity}, partial / _WHOLE)
    sync_folder(partial)
    partial.rename(target)


def _link_or_copy(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # a disk without hard links
        shutil.copy2(source, target)


def record_share(folder: Path, number: int, processes: int) -> None:
    """Record the checksums of every ``processes``-th file of a checkpoint: all processes together record all files."""
    names = list(sizes_of(folder))[number::processes]
    checksums = file_checksums([folder / name for name in names], threads=_HASHING_THREADS)
    write_record(folder / f"{FOLDER_RECORD}-{number}", dict(zip(names, checksums, strict=True)))


def sizes_of(folder: Path) -> dict[str, int]:
    """Bytes of each file of a checkpoint, by its path in the folder."""
    files = sorted(file for file in folder.rglob("*") if file.is_file() and not file.name.startswith("."))
    return {file.relative_to(folder).as_posix(): file.stat().st_size for file in files if file.name != _WHOLE}


def last_whole_checkpoint(folder: Path, identity: Identity) -> Path | None:
    """The latest complete checkpoint; ``None`` to start from the beginning.

    Prints why a later checkpoint, or one of another run for the same model, cannot be used. Removes incomplete and
    damaged checkpoints, which would count towards the limit of kept ones.
    """
    latest = None
    for checkpoint in _by_step(folder):
        reason = why_unusable(checkpoint, contents=latest is None)
        if reason is not None:
            _report(f"not resuming from {checkpoint.name}, and removing it: {reason}")
            shutil.rmtree(checkpoint)
        elif latest is None:
            latest = checkpoint
    if latest is None:
        for line in _other_runs(folder, identity):
            _report(line)
    return latest


def why_unusable(checkpoint: Path, contents: bool = True) -> str | None:
    """Why a checkpoint is not whole; ``None`` if it is. With ``contents`` its files are read and compared, too."""
    mark = _mark_of(checkpoint)
    if mark is None:
        return f"its {_WHOLE} is damaged"
    if not mark:
        return "it is incomplete, since the training was killed while writing it"
    found = sizes_of(checkpoint)
    for name, size in mark.get("files", {}).items():  # checkpoints of earlier versions have no sizes
        if found.get(name) != size:
            state = f"has {counted(found[name], 'byte')}" if name in found else "is missing"
            return f"it is damaged: {name} {state}, it had {counted(size, 'byte')} when it was written"
    return _changed_content(checkpoint) if contents else None


def _changed_content(checkpoint: Path) -> str | None:
    """The file whose content differs from its recorded checksum; checkpoints of earlier versions have no records."""
    recorded: dict[str, Checksum] = {}
    for record in checkpoint.glob(f"{FOLDER_RECORD}-*"):
        try:
            recorded |= read_record(record)
        except StudyError as error:
            return f"it is damaged: {record.name} {error.found}"
    found = file_checksums(checkpoint / name for name in recorded)
    for (name, expected), present in zip(recorded.items(), found, strict=True):
        if present != expected:
            return f"it is damaged: the content of {name} has changed since it was written"
    return None


def remove_checkpoints(folder: Path) -> None:
    """Remove the checkpoints of a finished run and those of earlier settings."""
    for old in [folder, *_siblings(folder)]:
        shutil.rmtree(old, ignore_errors=True)


def _other_runs(folder: Path, identity: Identity) -> Iterator[str]:
    for other in _siblings(folder):
        checkpoint = next(iter(_by_step(other)), None)
        if checkpoint is not None:
            reasons = _differences((_mark_of(checkpoint) or {}).get("identity"), identity)
            yield f"not resuming from {other.name}/{checkpoint.name}, of another run: {reasons}"


def _differences(before: Identity | None, now: Identity) -> str:
    if before is None:
        return "it has no record of the settings, inputs and packages that it depends on"
    lines = []
    for kind in now:
        old = before.get(kind, {})
        for name in sorted(old.keys() | now[kind].keys()):
            if old.get(name) != now[kind].get(name):
                change = "has changed" if kind == "inputs" else f"was {old.get(name)}, now {now[kind].get(name)}"
                lines.append(f"{kind.removesuffix('s')} {name} {change}")
    more = f"; {len(lines) - _MOST_REASONS} more" if len(lines) > _MOST_REASONS else ""
    return "; ".join(lines[:_MOST_REASONS]) + more


def _by_step(folder: Path) -> list[Path]:
    """The checkpoints of a run, the latest first."""
    return sorted(folder.glob("checkpoint-*"), key=lambda path: -int(path.name.rpartition("-")[2]))


def _siblings(folder: Path) -> list[Path]:
    """The checkpoint folders of other runs for the same model."""
    stem = folder.name.rpartition("-")[0]
    return sorted(other for other in folder.parent.glob(f"{stem}-*") if other != folder)


def _mark_of(checkpoint: Path) -> dict[str, Any] | None:
    """The mark of a whole checkpoint; empty if there is none, ``None`` if it is damaged."""
    file = checkpoint / _WHOLE
    if not file.is_file():
        return {}
    try:
        mark = json.loads(file.read_text(encoding="utf-8"))
        return mark if isinstance(mark["seconds"], float) else None
    except (ValueError, TypeError, KeyError):
        return None


def _report(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
