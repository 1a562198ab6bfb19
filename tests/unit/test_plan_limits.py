"""Hours against time limits: how many allocations a job takes, by a simulation of them, and when it never ends."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from configs import load, merge, plan_of
from hypothesis import given
from hypothesis import strategies as st

from scale_or_reason.common.errors import StudyError
from scale_or_reason.planning.estimate import PLAN_COLUMNS
from scale_or_reason.planning.limits import over_the_limit
from scale_or_reason.planning.report import limit_lines
from scale_or_reason.study.study import Study


@pytest.fixture(scope="module")
def paper(root: Path) -> dict[str, Any]:
    return load(root)


@pytest.fixture(scope="module")
def study(paper: dict[str, Any]) -> Study:
    return Study.from_config(paper)


def cells(*rows: dict[str, Any]) -> pl.DataFrame:
    usual = {"done": False, "gpus": 8, "start_hours": 0.1, "longest_hours": 0.2, "rule": "r"}
    return pl.DataFrame([{**usual, **row} for row in rows], schema=PLAN_COLUMNS)


def teachers(hours: float, start: float = 0.1, longest: float = 0.2) -> dict[str, Any]:
    shard = {"stage": "generation", "cell": "math/ift/shard-0", "job": "math/ift/shard-0", "model": "Qwen3-235B-A22B"}
    return {**shard, "hours": hours, "start_hours": start, "longest_hours": longest}


def allocations_by_simulation(hours: float, limit: float, start: float, longest: float) -> int | None:
    """Allocation by allocation: the last one needs no signal, and all others lose the longest reply."""
    left = hours - start
    for number in range(1, 10_000):
        if start + left <= limit + 1e-9:
            return number
        worked = limit - 2 / 60 - start - longest
        if worked <= 0:
            return None
        left -= worked
    raise AssertionError("no end")


@given(st.floats(1, 500), st.integers(10, 3000), st.floats(0, 2), st.floats(0, 10))
def test_allocations_are_those_of_a_simulation(
    paper: dict[str, Any], study: Study, hours: float, minutes: int, start: float, longest: float
) -> None:
    changed = merge(paper, {"compute": {"jobs": {"engine": {"runtime": minutes}}}})
    table = cells(teachers(hours + start, start, longest))
    expected = allocations_by_simulation(hours + start, minutes / 60, start, longest)
    if expected is None:
        with pytest.raises(StudyError, match="no progress"):
            over_the_limit(table, changed, study)
    else:
        found = over_the_limit(table, changed, study)["allocations"].to_list()
        assert found == ([expected] if hours + start > minutes / 60 else [])


@pytest.mark.slow
def test_the_papers_longest_jobs_are_named(paper: dict[str, Any], root: Path, tmp_path: Path, monkeypatch: Any) -> None:
    """32 jobs with 300,000 / 32 reasoning answers each, more than a day and less than two."""
    monkeypatch.chdir(root)
    plan = plan_of(paper, tmp_path)
    (line,) = limit_lines(plan)
    longest = plan.cells.filter(stage="generation")["hours"].max()
    assert 24 < longest < 48
    assert line.startswith(
        f"Longer than the time limit: 32 jobs of generation by Qwen3-235B-A22B, up to {longest:.1f} h"
    )
    assert "2 allocations (math/reasoning/shard-0)" in line and "TOO MANY" not in line
    few = merge(paper, {"compute": {"restarts": 0}})
    assert "TOO MANY" in limit_lines(plan_of(few, tmp_path))[0]


@pytest.mark.slow
def test_a_limit_that_is_too_short_for_any_reply_is_an_error(
    paper: dict[str, Any], root: Path, tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.chdir(root)
    short = merge(paper, {"compute": {"jobs": {"engine": {"runtime": 15}}}})
    with pytest.raises(StudyError, match="no progress") as caught:
        plan_of(short, tmp_path)
    assert caught.value.key == "compute.jobs.engine.runtime"
    assert "15 minutes for generation of" in str(caught.value)


def test_limits_are_those_of_the_rules(paper: dict[str, Any], study: Study) -> None:
    """By size of the student; for all models of a job together; judges have limits of their own."""
    small = {"stage": "evaluation", "model": "Qwen2.5-0.5B", "hours": 5.0}
    answers = [{**small, "cell": f"general/x/{number}", "job": "general/x"} for number in range(2)]
    training = {"stage": "training", "model": "Qwen2.5-0.5B", "hours": 13.0, "cell": "t", "job": "t"}
    teacher = {"stage": "evaluation", "model": "Qwen3-235B-A22B", "hours": 25.0, "cell": "teacher/q/ift", "job": "q"}
    base = [{**small, "cell": f"base/x/shots-{number}", "job": "base/x"} for number in range(2)]
    judge = {"stage": "judging", "model": "j", "hours": 25.0, "cell": "j/m", "job": "j/m"}
    cpu = {"stage": "pairs", "hours": 99.0, "cell": "c", "job": "c", "gpus": 0}
    served = {"stage": "judging", "model": "s", "gpus": 0, "hours": None, "cell": "s/m", "job": "s/m"}
    done = {**judge, "done": True, "job": "done"}
    found = over_the_limit(cells(*answers, training, teacher, *base, judge, cpu, served, done), paper, study)
    assert {row["job"]: (row["hours"], row["limit_hours"]) for row in found.to_dicts()} == {
        "t": (13.0, 12.0),
        "q": (25.0, 24.0),
        "base/x": (10.0, 8.0),
        "j/m": (25.0, 24.0),
    }
    changed = deepcopy(paper)
    changed["compute"]["by_size"][0]["engine"]["runtime"] = 60 * 4
    assert "general/x" in over_the_limit(cells(*answers), changed, study)["job"].to_list()
