"""Outputs that a run makes again: how many there are, and copies of them until their successors are whole.

Snakemake deletes the outputs of a job before it starts the job again. An edit that nobody meant would so destroy what
took months.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import Any

#: Letters of a word: no vowels, which would make it a word of a language or, with digits, a number.
_LETTERS = "bcdfghjkmpqrstvwxz"
_LENGTH = 6
_LIST = "list.txt"
_RECORDS = "records.json"


def outputs_at_stake(dag: Any, rules: Collection[str], exclude_finished: bool = True) -> dict[str, Any]:
    """The existing outputs of jobs of these rules that will run, each with its job.

    In a dry run jobs count as finished too.
    """
    needed = (job for job in dag.needrun_jobs(exclude_finished) if job.rule.name in rules)
    jobs = sorted(needed, key=lambda job: str(job.output[0]))
    return {str(output): job for job in jobs for output in job.output if _exists(Path(output))}


def _exists(path: Path) -> bool:
    return any(path.iterdir()) if path.is_dir() and not path.is_symlink() else path.exists()


def word_for(outputs: Iterable[str]) -> str:
    """A word that names exactly these outputs."""
    number = int.from_bytes(hashlib.sha256("\n".join(sorted(outputs)).encode()).digest()[:8], "big")
    letters = []
    for _ in range(_LENGTH):
        number, letter = divmod(number, len(_LETTERS))
        letters.append(_LETTERS[letter])
    return "".join(letters)


class Kept:
    """Copies of a study's outputs below ``folder``, with their paths below ``results``.

    They are hard links, which take no space and no time: they last when Snakemake removes the output.
    """

    def __init__(self, results: Path) -> None:
        self.results, self.folder = results, results / "replaced"
        self._ended: list[str] = []

    def keep(self, outputs: Iterable[str], files_of: Callable[[str], tuple[Path, Path]] | None) -> None:
        """Keep these outputs. A copy from an earlier run stays as it is, since its successor was never whole.

        ``files_of`` has the files of Snakemake's record of an output, and of its mark while a job makes it; None if
        Snakemake keeps both in a database.
        """
        new = [output for output in outputs if not self._copy_of(output).exists()]
        if not new:
            return
        records = self._records()
        if files_of is not None:
            records |= {output: _record(*files_of(output)) for output in new}
        self._write(_RECORDS, json.dumps(records))
        for output in new:
            self._list([*self._listed(), output])
            _link(Path(output), self._copy_of(output))

    def restore(self) -> list[str]:
        """Move the copies of missing outputs back, with Snakemake's records of them. Returns these outputs."""
        missing, records = self.missing(), self._records()
        for output in missing:
            if output in records:
                _write_record(**records[output])
            Path(output).parent.mkdir(parents=True, exist_ok=True)
            self._copy_of(output).replace(output)
            self._forget(output)
        return missing

    def job_ended(self, outputs: Iterable[str]) -> None:
        """Note that a job has ended. Snakemake says so before it removes the outputs of a job that has failed."""
        self.settle()
        # others are of another study, or of a workflow that includes this one
        own = [output for output in map(str, outputs) if Path(output).is_relative_to(self.results)]
        self._ended += [output for output in own if self._copy_of(output).exists()]

    def settle(self) -> None:
        """Remove the copies of what ended jobs have made."""
        ended, self._ended = self._ended, []
        self.release(output for output in ended if Path(output).exists())

    def release(self, outputs: Iterable[str]) -> None:
        """Remove the copies of outputs that are whole again."""
        for output in map(str, outputs):
            copy = self._copy_of(output)
            if not copy.exists():
                continue
            shutil.rmtree(copy) if copy.is_dir() else copy.unlink()
            self._forget(output)

    def _forget(self, output: str) -> None:
        """Take an output whose copy has gone off the list, and remove folders that are now empty."""
        self._list([listed for listed in self._listed() if listed != output])
        for parent in self._copy_of(output).parents:
            if parent == self.results or any(parent.iterdir()):
                break
            parent.rmdir()

    def tidy(self, at_stake: Collection[str], unfinished: Collection[str]) -> list[str]:
        """Remove copies that earlier runs left of outputs that are whole. Returns the outputs that are missing."""
        for output in self._listed():
            if output not in at_stake and output not in unfinished and Path(output).exists():
                self.release([output])
        return self.missing()

    def missing(self) -> list[str]:
        """The outputs that were deleted and not made again."""
        return [output for output in self._listed() if not Path(output).exists() and self._copy_of(output).exists()]

    def _copy_of(self, output: str) -> Path:
        return self.folder / Path(output).relative_to(self.results)

    def _listed(self) -> list[str]:
        file = self.folder / _LIST
        return file.read_text(encoding="utf-8").splitlines() if file.is_file() else []

    def _records(self) -> dict[str, dict[str, Any]]:
        file = self.folder / _RECORDS
        return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}

    def _list(self, outputs: list[str]) -> None:
        if outputs:
            self._write(_LIST, "".join(f"{output}\n" for output in outputs))
        else:
            for name in (_LIST, _RECORDS):
                (self.folder / name).unlink(missing_ok=True)

    def _write(self, name: str, content: str) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        partial = self.folder / f".{name}.{os.getpid()}"
        partial.write_text(content, encoding="utf-8")
        partial.replace(self.folder / name)


def _record(record: Path, mark: Path) -> dict[str, Any]:
    """Snakemake's record of an output as it is now, for :func:`_write_record`."""
    content = record.read_text(encoding="utf-8") if record.is_file() else None
    return {"record": os.path.relpath(record), "content": content, "mark": os.path.relpath(mark)}


def _write_record(record: str, content: str | None, mark: str) -> None:
    """Write a record again, and remove the mark that a killed job has left."""
    if content is not None:
        Path(record).parent.mkdir(parents=True, exist_ok=True)
        Path(record).write_text(content, encoding="utf-8")
    Path(mark).unlink(missing_ok=True)


def _link(original: Path, copy: Path) -> None:
    """Copy a file or folder by hard links, or its bytes where the file system has none."""
    partial = copy.with_name(f".{copy.name}.{os.getpid()}.partial")
    partial.parent.mkdir(parents=True, exist_ok=True)
    if original.is_dir():
        shutil.copytree(original, partial, symlinks=True, copy_function=_link_file)
    else:
        _link_file(str(original), str(partial))
    partial.replace(copy)


def _link_file(original: str, copy: str) -> None:
    try:
        os.link(original, copy)
    except OSError:
        shutil.copy2(original, copy)


class Watch:
    """A processor of Snakemake's graph: calls ``process`` after each change, as a checkpoint may add jobs meanwhile."""

    def __init__(self, process: Callable[[], None]) -> None:
        self.process = process
