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
from dataclasses import asdict, replace
from pathlib import Path
from threading import Event, Thread

import pytest

from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.lease import Owner, Patience, lease

BEAT, SILENT = 0.02, 0.4
PATIENCE = Patience(living=0.1, silent=SILENT)
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
        with pytest.raises(StudyError) as refused, lease(path, PATIENCE, BEAT):
            pass
        for text in (str(path), f"host {socket.gethostname()}, process {holder.pid}", "0 minutes", "what to do: "):
            assert text in str(refused.value)
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        begin = time.monotonic()
        with lease(path, Patience(0.1, 60), BEAT) as owner:  # at once
            assert held(path).token == owner.token and time.monotonic() - begin < 30
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


@pytest.mark.slow
def test_of_two_that_take_over_one_gets_it(tmp_path: Path) -> None:
    path = tmp_path / ".seed-0.lease"
    write(path, ELSEWHERE)
    got: list[str] = []

    def take() -> None:
        try:
            with lease(path, PATIENCE, BEAT) as owner:
                got.append(owner.token)
                done.wait(600)
        except StudyError:
            got.append("refused")
            done.set()

    done = Event()
    threads = [Thread(target=take) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got.count("refused") == 1 and len(got) == 2


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
