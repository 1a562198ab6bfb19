"""How fast a plan takes engines to be, and how long jobs take beside each other, against sums by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from configs import load, merge
from hypothesis import given
from hypothesis import strategies as st

from scale_or_reason.planning.assumptions import Assumptions, Calls
from scale_or_reason.planning.shapes import shape_of
from scale_or_reason.planning.speed import Engine, decoding
from scale_or_reason.planning.wall import wall_hours
from scale_or_reason.study.study import Study


@pytest.fixture(scope="module")
def paper(root: Path) -> dict[str, Any]:
    return load(root)


def test_decoding_is_bound_by_memory_until_arithmetic_takes_longer(paper: dict[str, Any]) -> None:
    shape, calls = shape_of("Qwen/Qwen2.5-7B", {}), (Calls(10_000, 100, 1000),)

    def speed(**changes: Any) -> float:
        config = merge(paper, {"plan": changes})
        assumed = Assumptions(config, Study.from_config(config))
        return decoding(
            Engine.from_settings(shape, 1, {"max_num_seqs": 256}), calls, assumed.gpu(), assumed
        ).tokens_per_second

    # 256 sequences of 600 tokens on average: 15.2 GB of weights and 8.8 GB of keys and values, at half of 3.35 TB/s
    moved = 2 * shape.parameters + 256 * 600 * shape.cache_bytes(2)
    assert speed(decode={"step_ms": 0}) == pytest.approx(256 / (moved / (0.5 * 3.35e12)))
    assert speed() == pytest.approx(256 / (moved / (0.5 * 3.35e12) + 0.005))
    slow = speed(decode={"step_ms": 0}, mfu={"prefill": 1e-4})
    per_token = 4 * 3584 * 152_064 + 28 * (8 * 3584**2 + 4 * 600 * 3584 + 3 * 600 * 28 + 4 * 3584 * 18_944)
    assert slow == pytest.approx(1e-4 * 989e12 / per_token)


def test_a_batch_is_as_large_as_the_memory_allows(paper: dict[str, Any]) -> None:
    assumed = Assumptions(paper, Study.from_config(paper))
    shape = shape_of("Qwen/Qwen3-235B-A22B", {})
    work = decoding(
        Engine.from_settings(shape, 8, {"tensor_parallel_size": 8}), (Calls(1e6, 100, 8000),), assumed.gpu(), assumed
    )
    room = 8 * (0.92 * 80e9 - 4e9) - 2 * shape.parameters
    assert work.context == 4100
    assert work.sequences == room // (4100 * shape.cache_bytes(2, 8)) < 1024
    few = decoding(
        Engine.from_settings(shape, 8, {"tensor_parallel_size": 8}), (Calls(3, 100, 8000),), assumed.gpu(), assumed
    )
    assert few.sequences == 3


jobs = st.lists(st.tuples(st.floats(0.01, 50), st.integers(1, 8)), min_size=1, max_size=30)


@given(jobs, st.integers(8, 64))
def test_jobs_share_gpus(work: list[tuple[float, int]], places: int) -> None:
    took = wall_hours(work, places)
    area = sum(hours * gpus for hours, gpus in work)
    assert took >= max(max(hours for hours, _ in work), area / places) - 1e-9
    assert took <= sum(hours for hours, _ in work) + 1e-9


def test_small_curricula() -> None:
    assert wall_hours([], 4) == 0
    assert wall_hours([(3, 1), (2, 1), (1, 1)], 2) == 3
    assert wall_hours([(2, 4), (2, 4), (1, 8)], 8) == 3  # two beside each other, then the large one
    assert wall_hours([(5, 0), (1, 0)], 1) == 6
