"""The table of exit statuses in ``docs/reference/commands.md`` against what programs end with."""

from __future__ import annotations

import errno
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from documentation import ROOT
from programs import load_program

from scale_or_reason.common.errors import DivergedError, Interrupted, StudyError, run_script

PAGE = (ROOT / "docs/reference/commands.md").read_text()


def raising(error: Exception) -> Callable[[], None]:
    def main() -> None:
        raise error

    return main


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (StudyError("a"), 2),
        (DivergedError("a"), 2),
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), 2),
        (Interrupted("a"), 75),
        (KeyError("a"), 1),
    ],
    ids=repr,
)
def test_a_program_ends_with_the_status_of_its_error(error: Exception, status: int) -> None:
    with pytest.raises(SystemExit) as end:
        run_script(raising(error))
    assert end.value.code == status


@pytest.mark.parametrize(("damaged", "status"), [(False, None), (True, 1)])
def test_the_status_of_verify_is_its_finding(
    damaged: bool, status: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tables").mkdir()
    if damaged:
        (tmp_path / "tables" / "scores.parquet").write_bytes(b"not a table")
    monkeypatch.setattr(sys, "argv", ["verify_study.py", "--results", str(tmp_path)])
    code: object = None
    try:
        run_script(load_program(ROOT / "workflow/scripts/verify_study.py").main)
    except SystemExit as end:
        code = end.code
    assert code == status


def test_wrong_options_are_bad_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["verify_study.py", "--nothing"])
    with pytest.raises(SystemExit) as end:
        run_script(load_program(ROOT / "workflow/scripts/verify_study.py").main)
    assert end.value.code == 2


def test_the_page_has_each_status_once() -> None:
    rows = re.findall(r"^\| ([\d, ]+) \|", PAGE.partition("## Exit statuses")[2], re.M)
    assert [int(number) for row in rows for number in row.split(",")] == [0, 1, 2, Interrupted.EXIT_CODE, 130, 137]
    assert (130, 137) == (128 + 2, 128 + 9)  # SIGINT and SIGKILL, as a shell reports them
