"""Check every file of a results folder: against its recorded checksum, or by its format where there is none."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from scale_or_reason.common import checksums
from scale_or_reason.common.checksums import Checksum
from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.record_log import KEY_LENGTH, RecordLog
from scale_or_reason.common.wording import counted
from scale_or_reason.inference.weights import check_weights, read_header
from scale_or_reason.integrity.findings import DAMAGED, MISSING, Checked, Finding
from scale_or_reason.integrity.report import size
from scale_or_reason.integrity.thought_cuts import CUTS, percentile_finding

#: Folders of files that Snakemake or a check writes: they are no results.
NO_RESULTS = ("damaged", "logs", "timings")
_WEIGHTS = ".safetensors"


@dataclass(frozen=True)
class File:
    """A file of the results, its recorded checksum (None without one) and its present one."""

    path: Path
    size: int
    recorded: Checksum | None
    present: Checksum


def check_files(results: Path, progress: Callable[[int], object] = lambda _: None) -> tuple[Checked, dict[Path, File]]:
    """Check all files below ``results``, reading them in parallel; ``progress`` gets the bytes of each.

    Returns what was found, and the files by their path.
    """
    checked = Checked()
    paths = _listed(results)
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        outcomes = list(pool.map(lambda path: _check_file(path, progress), paths))
        folders = sorted({path.parent for path in paths if path.suffix == _WEIGHTS})
        weights = pool.map(_check_model, folders)
        cuts = pool.map(percentile_finding, sorted({path.parent for path in paths if path.name == CUTS}))
        checked.findings += [finding for finding in (*weights, *cuts) if finding]
    files = {}
    for path, (file, finding) in zip(paths, outcomes, strict=True):
        top = _top(path, results)
        checked.findings += [finding] if finding else []
        if file is not None:
            files[path] = file
            checked.files[top] += 1
            checked.bytes[top] += file.size
            checked.compared[top] += file.recorded is not None
    checked.notes += [*_replies(results), *_partial_writes(results)]
    for record in checksums.record_paths(results):
        if not _is_no_result(record, results):
            checked.findings += _missing(record)
    # damaged weights and manifests have been found as a file, too
    checked.findings = list({finding.path: finding for finding in reversed(checked.findings)}.values())[::-1]
    return checked, files


def _listed(results: Path) -> list[Path]:
    return [path for path in checksums.visible_files(results) if not _is_no_result(path, results)]


def _is_no_result(path: Path, results: Path) -> bool:
    return path.relative_to(results).parts[0] in NO_RESULTS


def _top(path: Path, results: Path) -> str:
    parts = path.relative_to(results).parts
    return parts[0] if len(parts) > 1 else "."


def _check_file(path: Path, progress: Callable[[int], object]) -> tuple[File | None, Finding | None]:
    try:
        recorded = checksums.recorded_checksum(path)
        present = checksums.file_checksum(path)
        if recorded is not None and present != recorded:  # or it is being written at this moment
            recorded, present = checksums.recorded_checksum(path), checksums.file_checksum(path)
    except StudyError as error:
        return None, Finding(DAMAGED, Path(str(error.where)), error.problem, str(error.found), str(error.expected))
    except FileNotFoundError:
        target = os.readlink(path) if path.is_symlink() else None
        return None, Finding(MISSING, path, "the link leads nowhere", target, "a file or folder") if target else None
    except OSError as error:
        return None, Finding(DAMAGED, path, "the file cannot be read", error.strerror or str(error), "a readable file")
    progress(present.bytes)
    file = File(path, present.bytes, recorded, present)
    if recorded is not None and present != recorded:
        problem = "the content has changed since the file was written"
        return file, Finding(DAMAGED, path, problem, str(present), str(recorded))
    return file, None if recorded is not None else _check_format(path)


def _check_format(path: Path) -> Finding | None:
    """The fault of a file without a record, by its format."""
    try:
        if path.suffix == ".parquet":
            import pyarrow.parquet

            pyarrow.parquet.read_metadata(path)
        elif path.suffix == ".json":
            json.loads(path.read_text(encoding="utf-8"))
        elif path.suffix == _WEIGHTS:
            read_header(path)
    except StudyError as error:
        return Finding(DAMAGED, path, error.problem, str(error.found), str(error.expected))
    except (ValueError, OSError) as error:
        found = str(error).partition("\n")[0]
        return Finding(DAMAGED, path, f"no valid {path.suffix[1:]} file", found, "a whole file")
    return None


def _check_model(folder: Path) -> Finding | None:
    """The fault of a model's weights. Recorded ones were finite when they were saved."""
    if not (folder / "config.json").is_file():
        return None
    try:
        recorded = all(checksums.recorded_checksum(file) for file in folder.glob(f"*{_WEIGHTS}"))
        check_weights(folder, finite=not recorded)
    except StudyError as error:
        return Finding(DAMAGED, Path(str(error.where)), error.problem, str(error.found), str(error.expected))
    return None


def _missing(record: Path) -> list[Finding]:
    try:
        names = checksums.read_record(record)
    except StudyError as error:
        return [Finding(DAMAGED, record, error.problem, str(error.found), str(error.expected))]
    return [
        Finding(MISSING, record.parent / name, "the file is not there", "no file", str(checksum))
        for name, checksum in names.items()
        if not (record.parent / name).exists()
    ]


def _replies(results: Path) -> list[str]:
    """Damaged lines in the logs of replies, and the size of these logs.

    The tables made from them are whole; damaged replies are generated again.
    """
    notes = []
    logs = sorted(results.rglob(".replies/**/*.log"))
    for folder in sorted({log.parent for log in logs}):
        with RecordLog(folder) as log:
            log.find(["-" * KEY_LENGTH])
            notes += [
                f"{counted(count, 'damaged reply', 'damaged replies')} in {segment}, generated again where needed"
                for segment, count in log.damaged.items()
            ]
    if logs:
        kept = size(sum(log.stat().st_size for log in logs))
        command = f"find {shlex.quote(str(results))} -name .replies -prune -exec rm -r {{}} +"
        notes.append(f"{kept} of replies are kept for later jobs. To remove them while no job runs: {command}")
    return notes


def _partial_writes(results: Path) -> list[str]:
    """What killed jobs have left under temporary names."""
    left = list(results.rglob(".*.partial*"))
    return [f"{counted(len(left), 'partial write')} of killed or running jobs, such as {left[0]}"] if left else []
