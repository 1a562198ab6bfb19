"""Numbers of jobs on the pages."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
MEASUREMENTS = ROOT / "docs" / "reference" / "measurements.md"
TRAININGS = ("train_student", "train_branch", "train_hybrid", "adapt_student")


def stated_jobs(command: str) -> tuple[int, int | None]:
    """The jobs of a command on the page of measurements, and how many of them are trainings, if that is stated."""
    row = re.search(rf"^\| `{re.escape(command)}`[^|]*\| (\d+)(?:: (\d+) trainings)?", MEASUREMENTS.read_text(), re.M)
    assert row is not None
    return int(row[1]), int(row[2]) if row[2] else None


def numbers_on(page: str, pattern: str) -> tuple[int, ...]:
    """The numbers that ``pattern`` finds once on a page; line breaks of the page are spaces."""
    (found,) = re.findall(pattern, " ".join((ROOT / page).read_text().split()))
    return tuple(map(int, [found] if isinstance(found, str) else found))


def with_engines(jobs: dict[str, int]) -> int:
    """How many jobs start an engine."""
    starts = ("generate_", "evaluate_", "judge_")
    return sum(count for rule, count in jobs.items() if rule.startswith(starts))
