"""The benchmarks of the graders run, on a few answers."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.slow
@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("grading_speed.py", r"a million answers: \d+ s, without algebra \d+ s"),
        ("grading_peer.py", r"200 answers: [\d.]+ s, math-verify [\d.]+ s; 1\d\d equal verdicts"),
        ("hostile_answers.py", r"status 0, \d+ s, memory"),
    ],
)
def test_the_programs(root: Path, program: str, said: str) -> None:
    command = [sys.executable, f"tests/benchmarks/{program}", "--answers", "200"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(said, done.stdout), done.stdout
