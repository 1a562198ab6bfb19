"""What shares an optimizer step, and how it is dealt out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scale_or_reason.common.errors import StudyError
from scale_or_reason.training.packing import optimizer_steps, plan_batches

LIMIT = 100
lengths = st.lists(st.integers(2, LIMIT), min_size=1, max_size=60).map(lambda values: np.array(values, dtype=np.int64))
units = st.sampled_from([("items", 8), ("items", 1), ("tokens", 250), ("tokens", 60)])


def two_phases(count: int, border: int) -> np.ndarray:
    return (np.arange(count) >= border).astype(np.int64)


def plan(lengths, border, unit, processes=1, limit=LIMIT):
    phases = two_phases(len(lengths), border)
    return plan_batches(lengths, phases, unit=unit[0], size=unit[1], processes=processes, micro_batch_tokens=limit)


@given(lengths, st.integers(0, 60), units, st.integers(1, 4), st.integers(1, 9))
def test_steps_are_the_mixture_in_order_however_dealt(lengths, border, unit, processes, looser):
    made = plan(lengths, border, unit, processes, LIMIT * looser)
    assert np.concatenate(made.steps).tolist() == list(range(len(lengths)))
    assert [step.tolist() for step in made.steps] == [step.tolist() for step in plan(lengths, border, unit).steps]
    for step in made.steps:  # no step across the border of the phases
        assert step[-1] < border or step[0] >= border
    share = made.accumulation * processes
    assert len(made.micro_batches) == share * len(made.steps)
    for number, step in enumerate(made.steps):
        parts = made.micro_batches[number * share : (number + 1) * share]
        assert sorted(np.concatenate(parts).tolist()) == step.tolist()


@given(lengths, units, st.integers(1, 4), st.integers(1, 9))
def test_micro_batches_keep_to_the_limit(lengths, unit, processes, looser):
    made = plan(lengths, 0, unit, processes, LIMIT * looser)
    sizes = [lengths[part].sum() for part in made.micro_batches]
    assert max(sizes) == made.largest <= LIMIT * looser
    waited = sum(processes * max(sizes[start : start + processes]) for start in range(0, len(sizes), processes))
    assert made.utilisation == pytest.approx(sum(sizes) / waited)


def test_items_by_hand():
    steps = optimizer_steps(np.full(10, 5), two_phases(10, 5), "items", 4)
    assert [step.tolist() for step in steps] == [[0, 1, 2, 3], [4], [5, 6, 7, 8], [9]]


def test_tokens_by_hand():
    # starts at 0 6 12 | 20 24 34: steps of 10 begin with the first sequence at or after 10, 20, 30
    steps = optimizer_steps(np.array([6, 6, 8, 4, 10, 3]), np.zeros(6), "tokens", 10)
    assert [step.tolist() for step in steps] == [[0, 1], [2], [3, 4], [5]]


@given(st.integers(0, 1000))
def test_token_steps_hold_the_batch_size_on_average(seed):
    lengths = np.random.default_rng(seed).integers(5, 50, 2000)
    steps = optimizer_steps(lengths, np.zeros(2000), "tokens", 1000)
    tokens = [lengths[step].sum() for step in steps[:-1]]
    assert abs(np.mean(tokens) - 1000) < 50 / len(tokens) + 1
    assert max(abs(count - 1000) for count in tokens) < 50


def lengths_of_the_papers(answer_format):
    """About the lengths of samples with answers of this format."""
    mean, spread = {"ift": (450, 0.9), "reasoning": (4000, 0.8)}[answer_format]
    draws = np.random.default_rng(0).lognormal(np.log(mean) - spread**2 / 2, spread, 20_000)
    return np.clip(draws, 32, 16_384).astype(np.int64)


@pytest.mark.parametrize(("answer_format", "least"), [("ift", 0.99), ("reasoning", 0.97)])
def test_processes_wait_little_for_each_other(answer_format, least):
    """Steps of v1 on its 16 GPUs."""
    lengths, batch = lengths_of_the_papers(answer_format), {"unit": "tokens", "size": 262_144}
    made = plan_batches(lengths, np.zeros(20_000), **batch, processes=16, micro_batch_tokens=24_576)
    assert made.accumulation == 1
    assert made.utilisation >= least


@pytest.mark.slow
@pytest.mark.parametrize(
    ("answer_format", "processes", "utilisation"),
    [("ift", 8, 0.80), ("ift", 16, 0.43), ("reasoning", 8, 0.96), ("reasoning", 16, 0.57)],
)
def test_a_batch_of_v2_is_uneven_whoever_deals_it(answer_format, processes, utilisation):
    """The numbers of docs/reference/measurements.md; no split of 32 items is more even than the longest allows."""
    lengths, batch = lengths_of_the_papers(answer_format), {"unit": "items", "size": 32}
    made = plan_batches(lengths, np.zeros(20_000), **batch, processes=processes, micro_batch_tokens=24_576)
    assert made.utilisation == pytest.approx(utilisation, abs=0.005)
    fewest = [max(lengths[step].max(), lengths[step].sum() / processes) for step in made.steps]
    assert made.utilisation <= lengths.sum() / (processes * sum(fewest))


@pytest.mark.parametrize(
    ("lengths", "rows", "waited"),
    [
        # as level as possible: the processes wait for 9, then for 5; filled to the brim it were 10 and 5
        ([1, 9, 8, 2, 5], [[1], [2], [4], [0, 3]], 9 + 5),
        # filled to the brim: 10, then 1; level it were 10, then 4
        ([1, 10, 3, 7], [[1], [2, 3], [0], []], 10 + 1),
        # one round will do
        ([4, 3, 2, 1], [[0, 3], [1, 2]], 5),
    ],
)
def test_rows_by_hand(lengths, rows, waited):
    made = plan(np.array(lengths), 0, ("items", 5), processes=2, limit=10)
    assert [sorted(row.tolist()) for row in made.micro_batches] == rows
    assert made.utilisation == pytest.approx(sum(lengths) / (2 * waited))


@pytest.mark.parametrize(
    ("launch_tokens", "second"),
    [
        (0, [[2, 3], []]),  # a CPU: an empty micro-batch takes no time
        (2, [[2], [3]]),  # 4 and 4 take less time than 8 and an empty one, which takes that of 2
        (8, [[2, 3], []]),  # spread out each would take the time of 8 as well
    ],
)
def test_a_step_is_spread_if_starting_kernels_takes_time(launch_tokens, second):
    lengths = np.array([9, 8, 4, 4])
    made = plan_batches(
        lengths, np.zeros(4), unit="items", size=2, processes=1, micro_batch_tokens=10, launch_tokens=launch_tokens
    )
    assert [sorted(row.tolist()) for row in made.micro_batches] == [[0], [1], *second]


@given(lengths, units, st.integers(1, 4), st.integers(1, LIMIT))
def test_spreading_keeps_steps_limit_and_rounds(lengths, unit, processes, launch_tokens):
    phases, options = np.zeros(len(lengths)), {"unit": unit[0], "size": unit[1], "processes": processes}
    plain = plan_batches(lengths, phases, **options, micro_batch_tokens=LIMIT)
    made = plan_batches(lengths, phases, **options, micro_batch_tokens=LIMIT, launch_tokens=launch_tokens)
    assert made.accumulation == plain.accumulation and made.largest <= LIMIT
    share = made.accumulation * processes
    for number, step in enumerate(made.steps):
        parts = made.micro_batches[number * share : (number + 1) * share]
        assert sorted(np.concatenate(parts).tolist()) == step.tolist()


@pytest.mark.parametrize(
    ("lengths", "unit", "message"),
    [
        ([], ("items", 8), "no sequence"),
        ([LIMIT + 1], ("items", 8), "does not fit into a micro-batch"),
        ([5], ("epochs", 8), "unknown batch unit"),
        ([5], ("items", 0), "batch is empty"),
    ],
)
def test_guards(lengths, unit, message):
    with pytest.raises(StudyError, match=message):
        plan(np.array(lengths, dtype=np.int64), 0, unit)
