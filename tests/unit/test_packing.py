"""What shares an optimizer step, and how it is dealt out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scale_or_reason.errors import StudyError
from scale_or_reason.packing import optimizer_steps, plan_batches

LIMIT = 100
lengths = st.lists(st.integers(2, LIMIT), min_size=1, max_size=60).map(lambda values: np.array(values, dtype=np.int64))
units = st.sampled_from([("items", 8), ("items", 1), ("tokens", 250), ("tokens", 60)])


def two_phases(count: int, border: int) -> np.ndarray:
    return (np.arange(count) >= border).astype(np.int64)


def plan(lengths, border, unit, processes=1, layout="padded", limit=LIMIT):
    phases = two_phases(len(lengths), border)
    return plan_batches(
        lengths, phases, unit=unit[0], size=unit[1], processes=processes, micro_batch_tokens=limit, layout=layout
    )


@given(lengths, st.integers(0, 60), units, st.integers(1, 4), st.sampled_from(["padded", "packed"]), st.integers(1, 9))
def test_steps_are_the_mixture_in_order_however_dealt(lengths, border, unit, processes, layout, looser):
    made = plan(lengths, border, unit, processes, layout, LIMIT * looser)
    assert np.concatenate(made.steps).tolist() == list(range(len(lengths)))
    assert [step.tolist() for step in made.steps] == [step.tolist() for step in plan(lengths, border, unit).steps]
    for step in made.steps:  # no step across the border of the phases
        assert step[-1] < border or step[0] >= border
    share = made.accumulation * processes
    assert len(made.micro_batches) == share * len(made.steps)
    for number, step in enumerate(made.steps):
        parts = made.micro_batches[number * share : (number + 1) * share]
        assert sorted(np.concatenate(parts).tolist()) == step.tolist()


@given(lengths, units, st.integers(1, 4), st.sampled_from(["padded", "packed"]), st.integers(1, 9))
def test_micro_batches_keep_to_the_limit(lengths, unit, processes, layout, looser):
    made = plan(lengths, 0, unit, processes, layout, LIMIT * looser)
    sizes = []
    for part in made.micro_batches:
        rows = lengths[part].tolist()
        sizes.append(sum(rows) if layout == "packed" else len(rows) * max(rows, default=0))
    assert max(sizes) == made.largest <= LIMIT * looser
    assert sum(sizes) == made.slots


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


def test_packed_rows_of_one_round_are_about_equal():
    lengths = np.random.default_rng(0).integers(100, 4000, 2000)
    made = plan_batches(
        lengths, np.zeros(2000), unit="tokens", size=262_144, processes=16, micro_batch_tokens=20_480, layout="packed"
    )
    assert made.accumulation == 1
    for start in range(0, len(made.micro_batches) - 16, 16):
        loads = [lengths[part].sum() for part in made.micro_batches[start : start + 16]]
        assert np.mean(loads) / max(loads) > 0.97


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
