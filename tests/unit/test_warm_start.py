"""A program in a fork behaves as one that Python starts by itself."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from warm_start import WarmPython

PROGRAM = """
import atexit, os, sys, threading
import helper
atexit.register(print, "at the end")
threading.Timer(0.05, print, ["from a thread"]).start()
print(__name__, sys.argv, sys.path[0], os.getcwd(), os.environ["GIVEN"], sys.stdin.read(), helper.__file__)
print("an error", file=sys.stderr)
os.system("echo from a child")
last = sys.argv[1]
if last == "raise":
    raise ValueError(last)
sys.exit(int(last) if last.isdigit() else last if last else None)
"""


@pytest.fixture(scope="module")
def warm() -> Iterator[WarmPython]:
    python = WarmPython("json", "zipfile")
    yield python
    python.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts" / "program.py").write_text(PROGRAM)
    for place in (tmp_path, tmp_path / "scripts"):
        (place / "helper.py").write_text("")
    (tmp_path / "module.py").write_text(PROGRAM)
    return tmp_path


@pytest.mark.slow
@pytest.mark.parametrize("program", [["scripts/program.py"], ["-m", "module"]])
@pytest.mark.parametrize("end", ["", "0", "3", "a message", "raise"])
def test_as_a_program_of_its_own(warm: WarmPython, folder: Path, program: list[str], end: str) -> None:
    words, environment = [*program, end], os.environ | {"GIVEN": "é\n"}
    alone = subprocess.run(
        [sys.executable, *words], cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    done = warm.run(words, folder, environment)
    assert done.returncode == alone.returncode
    assert sorted(done.stdout.splitlines()) == sorted(alone.stdout.splitlines())
    # between the first and the last line, a traceback also has the calls that start the program
    for line in (0, 1, -1):
        assert alone.stderr.splitlines()[line:][:1] == done.stderr.splitlines()[line:][:1]


def test_modules_are_there_and_nothing_stays(warm: WarmPython, folder: Path) -> None:
    script = folder / "look.py"
    script.write_text("import os, sys\nprint('zipfile' in sys.modules, hasattr(sys, 'mark'))\nsys.mark = os.getcwd()")
    for _ in range(2):
        assert warm.run(["look.py"], folder).stdout == "True False\n"


def test_a_program_that_is_killed(warm: WarmPython, folder: Path) -> None:
    (folder / "killed.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n")
    assert warm.run(["killed.py"], folder).returncode == -9
