"""What the launcher of several processes makes of SIGTERM at each moment, and of the ends of its processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from programs import load_program

SLEEPS = [sys.executable, "-S", "-c", "import time; time.sleep(3600)"]


@pytest.fixture(scope="module")
def torchrun(root: Path) -> ModuleType:
    return load_program(root / "workflow/scripts/torchrun.py")


@pytest.mark.parametrize(
    ("exit_codes", "are_stopped", "status"),
    [
        ([2, 0], False, 2),
        ([-9, 1], False, 137),
        ([1, -15], False, 1),  # torchrun ends the others with SIGTERM
        ([-15], False, 75),  # Slurm's SIGTERM, sent to all processes of the step
        ([75, 75], True, 75),
        ([1, -15], True, 75),  # it failed since the other one had been stopped before its first step
        ([-9, 1], True, 137),
        ([2, 2], True, 2),
    ],
)
def test_the_status_of_the_processes(
    torchrun: ModuleType, exit_codes: list[int], are_stopped: bool, status: int
) -> None:
    assert torchrun.status(exit_codes, are_stopped) == status


def test_sigterm_before_the_first_process_ends_the_launcher(
    torchrun: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended: list[int] = []
    monkeypatch.setattr(os, "_exit", ended.append)
    torchrun.Workers().stop()
    assert ended == [75]


def test_sigterm_reaches_the_process_that_is_being_started(torchrun: ModuleType) -> None:
    workers = torchrun.Workers()

    class Signalled(subprocess.Popen):  # type: ignore[type-arg]
        def __init__(self, *arguments: Any, moment: str = "", **options: Any) -> None:
            if moment == "before":
                workers.stop()
            super().__init__(*arguments, **options)
            if moment == "after":
                workers.stop()

    for moment in ("before", "after"):
        workers.processes.clear()
        kind = workers.recorded(Signalled)
        first, second = kind(SLEEPS), kind(SLEEPS, moment=moment)
        assert [process.wait(600) for process in (first, second)] == [-signal.SIGTERM] * 2


def test_sigterm_after_the_end_of_all_processes_changes_nothing(torchrun: ModuleType) -> None:
    """The launcher may wait minutes for those of other nodes; then the model is finished, and its status is 0."""
    workers = torchrun.Workers()
    process = workers.recorded(subprocess.Popen)([sys.executable, "-S", "-c", ""])
    assert process.wait(600) == 0
    workers.stop()
    assert process.returncode == 0
