"""The short form of ``make test-faults``: a kill at every file operation that writing results consists of."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent


@pytest.mark.slow
def test_a_kill_at_any_file_operation_leaves_whole_results_and_the_next_run_goes_on(tmp_path: Path) -> None:
    environment = os.environ | {"PYTHONPATH": str(HERE.parents[1] / "src")}
    command = [sys.executable, str(HERE / "killed_writes.py"), str(tmp_path)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=1000)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 40, "fewer operations than such a program has"
