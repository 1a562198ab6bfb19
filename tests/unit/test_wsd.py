"""The learning-rate schedule against v1 appendix B."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scale_or_reason.common.errors import StudyError
from scale_or_reason.training.wsd import Schedule, plan_schedule, plan_wsd


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


@pytest.mark.slow  # imports torch
@pytest.mark.parametrize(("steps", "warmup", "decay"), [(60, 10, 20), (13, 2, 5), (30, 30, 60), (5, 0, 0), (9, 0, 4)])
def test_rates_are_those_of_transformers(steps, warmup, decay):
    import torch
    from transformers import get_scheduler

    plan = plan_wsd(steps, warmup, decay, 0.1)
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    options = {"num_decay_steps": plan.decay_steps, "decay_type": "linear", "min_lr_ratio": 0.1}
    theirs = get_scheduler("warmup_stable_decay", optimizer, plan.warmup_steps, steps, options)
    for rate in Schedule((plan,)).rates():
        assert rate == pytest.approx(optimizer.param_groups[0]["lr"])
        optimizer.step()
        theirs.step()


def test_a_schedule_per_phase():
    phases = [0] * 500 + [1] * 450
    together, apart = (plan_schedule(phases, per_phase, 150, 300, 0.1) for per_phase in (False, True))
    assert [plan.steps for plan in together.plans] == [950]
    assert [(plan.steps, plan.stable_steps) for plan in apart.plans] == [(500, 50), (450, 0)]
    assert len(apart.rates()) == 950
    assert apart.rates()[500] == apart.rates()[0] == 0.1 and together.rates()[500] == 1
    assert plan_schedule([0] * 9, True, 1, 2, 0.1) == plan_schedule([0] * 9, False, 1, 2, 0.1)
