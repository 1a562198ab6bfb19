"""A program that is killed before each of its file operations in turn; prints the number of kills.

    python killed_writes.py FOLDER

Starts are forks of this process, which imports no library with threads. After each kill every result must be whole, and
a start without a kill must end as an undisturbed one.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from scale_or_reason.common.checksums import check_content, recorded_checksum, visible_files
from scale_or_reason.common.files import atomic_directory, write_json, write_text
from scale_or_reason.common.record_log import KEY_LENGTH, RecordLog

KEYS = [str(number).rjust(KEY_LENGTH, "0") for number in range(4)]
OPERATIONS = ("open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate", "shutil.rmtree")


def job(folder: Path, version: str) -> None:
    """Writes files, a folder, and a log from which it goes on, as the programs of the workflow do."""
    with RecordLog(folder / "log") as log:
        known = log.find(KEYS)
        for key in KEYS:
            if key not in known:
                log.append(key, {"text": key})
    write_json({"version": version}, folder / "a.json")
    with atomic_directory(folder / "model") as model:
        (model / "weights").write_text(version * 100)
        write_json({"version": version}, model / "manifest.json")
    write_text(version, folder / "b.txt")


def status_of_fork(work: Callable[[], None]) -> int:
    """The exit status of ``work`` in a fork, negative for a signal."""
    child = os.fork()
    if child == 0:
        try:
            work()
            os._exit(0)
        except BaseException as error:
            print(repr(error), file=sys.stderr, flush=True)
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def killed_job(folder: Path, operation: int) -> None:
    """The job, killed before this file operation (from 1)."""
    seen = 0

    def count(event: str, _: tuple[object, ...]) -> None:
        nonlocal seen
        if event in OPERATIONS:
            seen += 1
            if seen == operation:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(count)
    job(folder, "new")


def results(folder: Path) -> dict[str, str]:
    files = (file for file in visible_files(folder) if file.suffix != ".log")
    return {str(file.relative_to(folder)): file.read_text() for file in files}


def records(folder: Path) -> int:
    with RecordLog(folder / "log") as log:
        return len(log.find(KEYS))


def check_after_kill(folder: Path, old: dict[str, str], undisturbed: dict[str, str]) -> None:
    """Every result is whole: the old one or the new one."""
    for name, text in results(folder).items():
        check_content(folder / name)
        assert text in (old.get(name), undisturbed[name]), (name, text)


def check_next_run(folder: Path, undisturbed: dict[str, str]) -> None:
    before = records(folder)
    assert status_of_fork(lambda: job(folder, "new")) == 0
    assert records(folder) == len(KEYS) >= before
    assert results(folder) == undisturbed
    for name in undisturbed:
        check_content(folder / name)
        assert recorded_checksum(folder / name) is not None, name
    assert not [path for path in folder.rglob("*.partial") if path.is_dir()]


def main(root: Path) -> int:
    for version in ("old", "new"):
        assert status_of_fork(lambda version=version: job(root / version, version)) == 0
    shutil.rmtree(root / "old" / "log")
    old, undisturbed = results(root / "old"), results(root / "new")
    operation = 0
    while True:
        operation += 1
        folder = root / str(operation)
        shutil.copytree(root / "old", folder)
        status = status_of_fork(lambda folder=folder, operation=operation: killed_job(folder, operation))
        if status == 0:
            return operation - 1
        assert status == -signal.SIGKILL, status
        check_after_kill(folder, old, undisturbed)
        check_next_run(folder, undisturbed)


if __name__ == "__main__":
    print(main(Path(sys.argv[1])))
