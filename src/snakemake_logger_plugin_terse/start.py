"""Checks of a run of Snakemake before Snakemake reads anything: overlays, working folder, cache folder.

Where one of these is at fault, Snakemake ends in a traceback before it reads a Snakefile, or before its first job. It
imports its plugins before that, whichever logger is in use.
"""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from scale_or_reason.common.errors import StudyError, refusal
from scale_or_reason.study.problems import did_you_mean

_OVERLAY_OPTIONS = ("--configfile", "--configfiles")
_FOLDER_OPTIONS = ("--directory", "-d")
#: With these words Snakemake runs nothing, or is the program of a job.
_NO_RUN = {"--help", "-h", "--version", "-v", "--mode"}
#: What Snakemake writes in the working folder before the first job takes less.
_BYTES_AT_START = 2**20


def complaint(words: Sequence[str], environment: Mapping[str, str]) -> StudyError | None:
    """The first error of the run whose command line is ``words``; None without one, and for other programs."""
    if not words or Path(words[0]).stem not in ("snakemake", "__main__") or _NO_RUN & set(words):
        return None
    return _missing_overlay(words) or _working_folder(words) or _cache_folder(words, environment)


def check_start() -> None:
    """Exit with an error if this is a run of Snakemake that cannot start."""
    if error := complaint(sys.argv, os.environ):
        sys.exit(f"error: {error}")


def _values(words: Sequence[str], options: Sequence[str]) -> Iterator[str]:
    """The words behind any of ``options``, up to the next option."""
    is_value = False
    for word in words[1:]:
        name, equals, value = word.partition("=")
        if word.startswith("-"):
            is_value = name in options
            if is_value and equals:
                yield value
        elif is_value:
            yield word


def _missing_overlay(words: Sequence[str]) -> StudyError | None:
    files = map(Path, _values(words, _OVERLAY_OPTIONS))  # also a pipe, as of the shell's <(command)
    missing = next((str(file) for file in files if file.is_dir() or not file.exists()), None)
    if missing is None:
        return None
    places = dict.fromkeys([Path(missing).parent, Path("config/studies")])
    known = [str(file) for place in places if place.is_dir() for file in place.glob("*.y*ml")]
    close = did_you_mean(missing, known)
    return StudyError(
        "an overlay is missing",
        where="the command line",
        key=_OVERLAY_OPTIONS[0],
        found=missing,
        expected="a YAML file; a path is relative to the folder in which the command runs",
        remedy=close or "correct the path; a target that follows overlays stands behind `--`",
    )


def _working_folder(words: Sequence[str]) -> StudyError | None:
    """Whether Snakemake's own files can be written, with room for those of a start."""
    folder = Path(*_values(words, _FOLDER_OPTIONS), ".snakemake")
    probe = folder / f"start.{secrets.token_hex(8)}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.write_bytes(bytes(_BYTES_AT_START))
    except OSError as error:
        return refusal(OSError(error.errno, error.strerror, str(folder.absolute())))
    finally:
        with suppress(OSError):
            probe.unlink()
    return None


def _cache_folder(words: Sequence[str], environment: Mapping[str, str]) -> StudyError | None:
    """Snakemake imports its plugins before it makes the folder."""
    if "--runtime-source-cache-path" in words:
        return None
    caches = environment.get("XDG_CACHE_HOME")
    folder = Path(caches or os.path.join(environment.get("HOME") or os.path.expanduser("~"), ".cache"), "snakemake")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        found = None if os.access(folder, os.W_OK | os.X_OK) else "no permission to write"
    except OSError as error:
        found = error.strerror
    if found is None:
        return None
    return StudyError(
        "Snakemake's cache folder cannot be written",
        where=folder,
        key="XDG_CACHE_HOME" if caches else "HOME",
        found=found,
        expected="a folder of yours, also for the caches of the hub, vLLM and matplotlib",
        remedy="export XDG_CACHE_HOME=FOLDER, on a disk that all nodes see",
    )
