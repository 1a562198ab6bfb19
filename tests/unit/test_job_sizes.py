"""What jobs ask for, by size and attempt, against amounts worked out by hand."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from scale_or_reason.study.job_sizes import grown, job_settings

COMPUTE = {
    "jobs": {
        "engine": {"threads": 8, "mem_mb": 100, "runtime": 50},
        "training": {"threads": 16, "mem_mb": 200, "runtime": 60},
    },
    "by_size": [
        {"max_params_b": 1, "training": {"mem_mb": 20}},
        {"max_params_b": 4, "engine": {"runtime": 5}, "training": {"mem_mb": 40, "runtime": 6}},
    ],
}


@pytest.mark.parametrize(
    ("size_b", "kind", "expected"),
    [
        (0.5, "training", (16, 20, 60)),
        (1, "training", (16, 20, 60)),  # the border belongs to the smaller
        (1.5, "training", (16, 40, 6)),
        (14, "training", (16, 200, 60)),  # larger than every line
        (0.5, "engine", (8, 100, 50)),  # its line says nothing of engines
        (3, "engine", (8, 100, 5)),
        (None, "engine", (8, 100, 50)),  # a teacher's
    ],
)
def test_the_first_line_that_is_large_enough(size_b: float | None, kind: str, expected: tuple[int, ...]) -> None:
    settings = job_settings(COMPUTE, kind, size_b)
    assert (settings["threads"], settings["mem_mb"], settings["runtime"]) == expected


@pytest.mark.parametrize(("attempt", "expected"), [(1, 1000), (2, 1500), (3, 2000), (6, 3500)])
def test_more_with_each_attempt(attempt: int, expected: int) -> None:
    assert grown(1000, 0.5, attempt) == expected
    assert grown(1000, 0, attempt) == 1000


def test_larger_students_of_the_paper_ask_for_no_less(root: Path) -> None:
    config = yaml.safe_load((root / "config" / "config.yaml").read_text())
    sizes = sorted(student["size_b"] for student in config["students"].values())
    for kind in ("engine", "training"):
        for name in ("mem_mb", "runtime"):
            amounts = [job_settings(config["compute"], kind, size)[name] for size in sizes]
            assert amounts == sorted(amounts) and amounts[0] < amounts[-1]
