"""Move damaged results aside, so that they, and nothing else, are made again.

A result that is made again is newer than those made from it, so Snakemake would make these again, too. Therefore the
times and checksums of all results are noted first, and what comes out with the same content gets its old time back.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from scale_or_reason.common.checksums import FOLDER_RECORD, is_record, read_record, record_of, record_paths
from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.files import write_json, write_text
from scale_or_reason.integrity.findings import DAMAGED, Finding

#: Below the results; nothing but this module reads it.
FOLDER = "damaged"
#: In that folder: the targets that make again what was moved, one per line, and the times of all results.
TARGETS, TIMES = "targets.txt", "times.json"
#: Snakemake takes the time of a folder from this file in it.
_FOLDER_TIME = ".snakemake_timestamp"
#: Files of a trained model that hold times of day and durations.
_TIMED = ("manifest.json", "training_log.csv")


def quarantine(findings: Iterable[Finding], results: Path) -> list[tuple[Path, Path]]:
    """Move the damaged files of ``results`` below its folder ``damaged``; return their old and new paths.

    A file that belongs to a folder that is made as a whole (a model, tokens) takes the folder with it. A damaged record
    of checksums moves alone; what it describes stays.
    """
    units = dict.fromkeys(_unit(finding.path, results) for finding in findings if finding.kind == DAMAGED)
    units = {path: None for path in units if path.exists() or path.is_symlink()}
    targets = [path for path in units if not is_record(path)]
    if targets:
        write_json(_times(results, set(targets)), results / FOLDER / TIMES)
        write_text("".join(f"{path}\n" for path in targets), results / FOLDER / TARGETS)
    return [(path, _move(path, results / FOLDER / path.relative_to(results))) for path in units]


def restore_times(results: Path) -> list[Path]:
    """Give results that were made again with the same content the times from before the quarantine; return them.

    Call it after each run. Once every file of the quarantine has been made again, there is nothing left to do.
    """
    noted = results / FOLDER / TIMES
    if not noted.is_file():
        return []
    restored, waiting = [], False
    for name, entry in json.loads(noted.read_text(encoding="utf-8")).items():
        path = results / name
        clock = _clock(path)
        if not clock.exists():
            waiting = True
        elif clock.stat().st_mtime_ns > entry["mtime_ns"] and _digest(path) == entry["digest"]:
            os.utime(clock, ns=(entry["mtime_ns"], entry["mtime_ns"]))
            restored.append(path)
    if not waiting:
        noted.unlink()
    return restored


def _times(results: Path, damaged: set[Path]) -> dict[str, dict[str, Any]]:
    """The time and the recorded content of every result that has a record."""
    times = {}
    for record in record_paths(results):
        path = record.parent if record.name == FOLDER_RECORD else record.with_name(record.name[1 : -len(".sha256")])
        clock = record if path in damaged else _clock(path)  # the damage may have changed the file's own time
        if clock.exists() and (digest := _digest(path)):
            times[str(path.relative_to(results))] = {"mtime_ns": clock.stat().st_mtime_ns, "digest": digest}
    return times


def _clock(path: Path) -> Path:
    return path / _FOLDER_TIME if (path / _FOLDER_TIME).exists() else path


def _digest(path: Path) -> str | None:
    """A hash of what a result's record says; None without a valid record."""
    try:
        checksums = read_record(path / FOLDER_RECORD if path.is_dir() else record_of(path))
    except (StudyError, OSError):
        return None
    content = sorted((name, checksum.sha256) for name, checksum in checksums.items() if name not in _TIMED)
    return hashlib.sha256(json.dumps(content).encode()).hexdigest() if content else None


def _move(path: Path, target: Path) -> Path:
    """Move a file or folder; an earlier one there is replaced."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.is_dir():
        shutil.rmtree(target)
    os.replace(path, target)
    return target


def _unit(path: Path, results: Path) -> Path:
    if is_record(path):
        return path
    for folder in path.parents:
        if folder == results or not folder.is_relative_to(results):
            break
        # the other two: folders that are older than the records
        if any((folder / name).is_file() for name in (FOLDER_RECORD, "config.json", "tokens.bin")):
            return folder
    return path
