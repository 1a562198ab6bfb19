"""The benchmark against the bare engines runs, and both sides of it do the same work."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.integration, pytest.mark.long]


def test_both_sides_do_the_same_work(root: Path) -> None:
    command = [sys.executable, "tests/benchmarks/overhead.py", "--prompts", "24", "--rounds", "1"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = [re.fullmatch(r"(\w+): (\d+) tokens; .*ratios ([\d.]+)", line) for line in done.stdout.strip().splitlines()]
    assert [line and line[1] for line in lines] == ["training", "generation"]
    assert all(int(line[2]) > 0 and float(line[3]) > 0 for line in lines if line)


def test_both_sides_tokenise_the_same(root: Path) -> None:
    command = [sys.executable, "tests/benchmarks/tokenising_speed.py", "--pairs", "50", "--rounds", "1"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.fullmatch(r"50 pairs, \d+ tokens: [\d.]+ s, as TRL does [\d.]+ s\n", done.stdout)
