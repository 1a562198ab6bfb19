"""The learning-rate schedule against v1 appendix B."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scale_or_reason.errors import StudyError
from scale_or_reason.wsd import plan_wsd


def test_the_papers_schedule():
    plan = plan_wsd(5000, 150, 300)
    assert (plan.warmup_steps, plan.stable_steps, plan.decay_steps) == (150, 4550, 300)
    assert not plan.shortened
    assert "shortened" not in str(plan)


def test_a_short_run_is_scaled_and_says_so():
    plan = plan_wsd(45, 150, 300)
    assert (plan.warmup_steps, plan.stable_steps, plan.decay_steps) == (15, 0, 30)
    assert plan.shortened
    assert "shortened to fit the run" in str(plan)


@given(st.integers(1, 2000), st.integers(0, 400), st.integers(0, 400))
def test_parts_fill_the_run(steps, warmup, decay):
    plan = plan_wsd(steps, warmup, decay)
    assert plan.steps == steps
    assert min(plan.warmup_steps, plan.stable_steps, plan.decay_steps) >= 0
    assert plan.shortened == (warmup + decay > steps)
    assert plan.warmup_steps <= warmup and plan.decay_steps <= decay
    if plan.shortened:  # same proportions, to the step
        assert abs(plan.warmup_steps - steps * warmup / (warmup + decay)) < 1


def test_nothing_jumps_where_runs_become_long_enough():
    short, long = plan_wsd(449, 150, 300), plan_wsd(450, 150, 300)
    assert abs(short.warmup_steps - long.warmup_steps) <= 1
    assert abs(short.decay_steps - long.decay_steps) <= 1


@pytest.mark.parametrize("arguments", [(0, 1, 1), (10, -1, 1), (10, 1, -1), (10, 1, 1, 1.5)])
def test_guards(arguments):
    with pytest.raises(StudyError):
        plan_wsd(*arguments)
