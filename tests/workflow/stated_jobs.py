"""Numbers of jobs on the page of measurements."""

from __future__ import annotations

import re
from pathlib import Path

MEASUREMENTS = Path(__file__).parents[2] / "docs" / "reference" / "measurements.md"
TRAININGS = ("train_student", "train_branch", "train_hybrid", "adapt_student")


def stated_jobs(command: str) -> tuple[int, int | None]:
    """The jobs of a command on the page of measurements, and how many of them are trainings, if that is stated."""
    row = re.search(rf"^\| `{re.escape(command)}`[^|]*\| (\d+)(?:: (\d+) trainings)?", MEASUREMENTS.read_text(), re.M)
    assert row is not None
    return int(row[1]), int(row[2]) if row[2] else None
