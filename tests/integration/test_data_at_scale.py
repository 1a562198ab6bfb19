"""The benchmark of training data runs, and its programs find what is there."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.integration, pytest.mark.long]


def test_what_is_planted_is_found(root: Path) -> None:
    command = [sys.executable, "tests/benchmarks/data_at_scale.py", "--rows", "2000"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    copies, _ = map(int, re.search(r"(\d+) exact copies, (\d+) near ones", done.stdout).groups())
    duplicates, near, kept = map(int, re.search(r"(\d+) duplicates, (\d+) near ones; (\d+) kept", done.stdout).groups())
    assert copies <= duplicates and duplicates + near + kept == 2000
    overlaps, planted = map(int, re.search(r"found: (\d+) overlaps; (\d+) rows", done.stdout).groups())
    assert overlaps >= 0.5 * planted > 0
    programs = re.findall(r"^(\w+): .* rows/s, memory [\d.]+ GB", done.stdout, re.M)
    assert programs == [
        "prepare_prompts",
        "decontaminate_prompts",
        "import_released_pairs",
        "tokenise_pairs",
        *["build_mixture"] * 4,
    ]
