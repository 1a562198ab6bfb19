"""``make bench-train`` on a tiny student: all three ways train the same samples, and each is measured."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.integration, pytest.mark.long]


def test_three_ways_are_measured(root: Path) -> None:
    command = [sys.executable, "tests/benchmarks/training_speed.py", "--shapes", "tiny", "--formats", "ift"]
    command += ["--tokens", "6000", "--rounds", "1"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=1100)
    assert done.returncode == 0, done.stderr
    first, about, *ways = done.stdout.splitlines()
    assert re.search(r"fastest matrix product: [\d.]+ TFLOP/s", first)
    made = re.fullmatch(r"tiny, ift: (\d+) samples, ([\d,]+) tokens", about)
    assert made is not None, about
    samples, tokens = int(made[1]), int(made[2].replace(",", ""))
    assert samples % 32 == 0 and 3000 < tokens < 12_000
    speeds = [
        re.match(r"  (ours|TRL|TRL, packed) +([\d,]+) tokens/s, MFU +\d+%, start-up [\d.]+ s", way) for way in ways
    ]
    assert [speed and speed[1] for speed in speeds] == ["ours", "TRL", "TRL, packed"], done.stdout
    assert all("ours is" in way for way in ways[1:])
