"""One program at a time, on whatever machine: the second one is refused, and a dead one's place is taken over."""

from __future__ import annotations

import json
import os
import pickle
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from itertools import count
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from scale_or_reason.common import lease as lease_module
from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.lease import Owner, Patience, lease

BEAT, SILENT = 0.02, 0.4
PATIENCE = Patience(living=0.1, silent=SILENT)
#: For owners that live: on a busy machine one may give no sign for a while.
LONG = Patience(living=0.1, silent=600)
#: Holds a lease, says so, and waits.
HOLDER = f"""
import sys, time
from pathlib import Path
from scale_or_reason.common.lease import Patience, lease
with lease(Path(sys.argv[1]), Patience(0.1, {SILENT}), {BEAT}):
    print("held", flush=True)
    time.sleep(3600)
"""


def test_an_error_can_be_handed_to_another_process() -> None:
    error = StudyError("a fault", where="a.txt", key="k", found=1, expected="2", remedy="mend it")
    copied = pickle.loads(pickle.dumps(error))
    assert str(copied) == str(error) and copied.problem == "a fault"


def held(path: Path) -> Owner:
    return Owner(**json.loads(path.read_text()))


def write(path: Path, owner: Owner) -> None:
    temporary = path.with_suffix(".new")
    temporary.write_text(json.dumps(asdict(owner)))
    temporary.replace(path)


ELSEWHERE = Owner("node7", 4711, 99, time.time() - 600, "theirs")


def test_the_lease_goes_with_its_block(tmp_path: Path) -> None:
    path = tmp_path / "models" / ".seed-0.lease"
    for _ in range(2):
        with lease(path, PATIENCE, BEAT) as owner:
            assert held(path).token == owner.token and held(path).pid == os.getpid()
        assert list(path.parent.iterdir()) == []
    with pytest.raises(KeyboardInterrupt), lease(path, PATIENCE, BEAT):
        raise KeyboardInterrupt
    assert list(path.parent.iterdir()) == []


@pytest.mark.slow
def test_a_second_program_of_this_machine_is_refused_until_the_first_is_killed(tmp_path: Path) -> None:
    path = tmp_path / ".seed-0.lease"
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(path)], stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout is not None and holder.stdout.readline() == "held\n"
        with pytest.raises(StudyError) as refused, lease(path, LONG, BEAT):
            pass
        for text in (str(path), f"host {socket.gethostname()}, process {holder.pid}", "0 minutes", "what to do: "):
            assert text in str(refused.value)
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        begin = time.monotonic()
        with lease(path, LONG, BEAT) as owner:  # at once
            assert held(path).token == owner.token and time.monotonic() - begin < LONG.silent / 2
    finally:
        holder.kill()
        holder.communicate()


def test_a_program_of_another_machine_is_refused_while_the_other_one_beats(tmp_path: Path) -> None:
    path = tmp_path / ".seed-0.lease"
    elsewhere = replace(ELSEWHERE, since=time.time() - 600)
    write(path, elsewhere)
    stopped = Event()

    def beat() -> None:
        beats = 0
        while not stopped.wait(BEAT):
            beats += 1
            write(path, replace(elsewhere, beats=beats))

    thread = Thread(target=beat)
    thread.start()
    try:
        refused = pytest.raises(StudyError, match="host node7, process 4711, which has held it for 10 minutes")
        with refused, lease(path, Patience(0.2, 30), BEAT):
            pass
    finally:
        stopped.set()
        thread.join()
    assert held(path).token == "theirs"


@pytest.mark.slow
def test_an_expired_lease_of_another_machine_is_taken_over(tmp_path: Path) -> None:
    path = tmp_path / ".seed-0.lease"
    write(path, ELSEWHERE)
    begin = time.monotonic()
    with lease(path, PATIENCE, BEAT) as owner:
        assert time.monotonic() - begin >= SILENT
        assert held(path).token == owner.token


@pytest.mark.slow
@pytest.mark.parametrize("content", ["", "{", '{"host": 1}', "[]"])
def test_a_damaged_lease_expires_too(tmp_path: Path, content: str) -> None:
    path = tmp_path / ".seed-0.lease"
    path.write_text(content)
    with lease(path, PATIENCE, BEAT) as owner:
        assert held(path).token == owner.token


class Clock:
    """Time that passes in ``sleep`` only; then ``meanwhile`` happens."""

    def __init__(self, meanwhile: Callable[[float], None]) -> None:
        self.now, self.meanwhile = 1000.0, meanwhile
        self.time = time.time

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.meanwhile(seconds)


def test_a_program_that_was_suspended_while_it_waited_takes_nothing_from_the_living(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every pause of it lasts longer than the silence of a dead owner, and the owner has beaten meanwhile."""
    path, signs = tmp_path / ".seed-0.lease", count(1)
    write(path, ELSEWHERE)

    def beat(_: float) -> None:
        assert held(path).token == "theirs", "the owner would end itself"
        write(path, replace(ELSEWHERE, beats=next(signs)))

    clock = Clock(beat)
    monkeypatch.setattr(lease_module, "time", clock)
    monkeypatch.setattr(clock, "sleep", lambda seconds, sleep=clock.sleep: sleep(seconds + 1000))
    with pytest.raises(StudyError, match="node7"), lease(path, Patience(60, 300), 3600):
        pass
    assert held(path).token == "theirs"


@pytest.mark.parametrize("moment", ["decided", "written"])
def test_of_two_that_take_over_one_gets_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str) -> None:
    """The other one writes its name when this one has found the owner dead, or when it has written its own."""
    path, other = tmp_path / ".seed-0.lease", replace(ELSEWHERE, token="the other", beats=0)
    write(path, ELSEWHERE)
    silent = 300.0

    def meanwhile(seconds: float) -> None:
        if moment == "written" and seconds == lease_module._SETTLE_SECONDS:
            write(path, other)

    monkeypatch.setattr(lease_module, "time", Clock(meanwhile))
    wait = lease_module._wait_for_end

    def decide(*arguments: Any) -> Owner | None:
        ended = wait(*arguments)
        if moment == "decided":
            write(path, other)
        return ended

    monkeypatch.setattr(lease_module, "_wait_for_end", decide)
    with pytest.raises(StudyError, match="node7"), lease(path, Patience(60, silent), 3600):
        pass
    assert held(path).token == "the other"


def test_a_program_that_was_suspended_ends_when_another_has_taken_over(tmp_path: Path) -> None:
    path = tmp_path / ".seed-0.lease"
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert holder.stdout is not None and holder.stdout.readline() == "held\n"
        holder.send_signal(signal.SIGSTOP)
        write(path, ELSEWHERE)
        holder.send_signal(signal.SIGCONT)
        _, said = holder.communicate(timeout=600)
    finally:
        holder.kill()
    assert holder.returncode == 2 and "another program has taken over" in said
    assert held(path).token == "theirs"
