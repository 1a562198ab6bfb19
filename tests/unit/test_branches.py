"""Trainings on a part of a mixture: which steps they take, how many they share with the full run, what they cost."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from programs import load_program

from scale_or_reason.common.errors import StudyError
from scale_or_reason.planning.assumptions import Calls
from scale_or_reason.planning.branches import branch_calls
from scale_or_reason.training.branches import branch_steps, part_of_mixture, shared_steps
from scale_or_reason.training.packing import plan_batches
from scale_or_reason.training.sequences import Sequences
from scale_or_reason.training.wsd import plan_schedule

FRACTIONS = st.sampled_from([0.125, 0.25, 0.3, 0.5, 0.75, 0.99])


@pytest.mark.parametrize(
    ("phases", "fraction", "steps"),
    [
        ([0] * 8, 0.25, [0, 1]),
        ([0] * 4 + [1] * 6, 0.5, [0, 1, 4, 5, 6]),  # half of each phase: the ratio stays
        ([0] * 5, 0.5, [0, 1, 2]),  # 2.5, rounded half up
        ([0] * 9 + [1], 0.125, [0, 9]),  # no phase is lost
        ([0, 0, 1], 1.0, [0, 1, 2]),
    ],
)
def test_each_phase_gives_its_first_steps(phases: list[int], fraction: float, steps: list[int]) -> None:
    assert branch_steps(phases, fraction) == steps


@pytest.mark.parametrize("fraction", [0, -0.5, 1.5])
def test_no_other_share_of_the_data(fraction: float) -> None:
    with pytest.raises(StudyError, match="out of range"):
        branch_steps([0, 0], fraction)


@pytest.mark.parametrize(
    ("phases", "per_phase", "fraction", "shared"),
    [
        # 100 steps, 10 of warm-up, 20 of decay: the short run's own tail is its decay
        ([0] * 100, False, 0.5, 30),
        # 25 steps: both parts are scaled, so that the second rate is already another one, 1/8 and not 1/10 of the peak
        ([0] * 100, False, 0.25, 0),
        # in sequence it leaves the full run where its own reasoning begins
        ([0] * 60 + [1] * 40, False, 0.5, 30),
        ([0] * 90 + [1] * 10, False, 0.5, 30),
        # with a schedule for each phase, where the first phase's decay begins
        ([0] * 60 + [1] * 60, True, 0.5, 10),
    ],
)
def test_steps_shared_with_the_full_run(phases: list[int], per_phase: bool, fraction: float, shared: int) -> None:
    steps = branch_steps(phases, fraction)
    own = plan_schedule([phases[step] for step in steps], per_phase, 10, 20, 0.1)
    assert shared_steps(steps, own.rates(), plan_schedule(phases, per_phase, 10, 20, 0.1).rates()) == shared


@pytest.mark.parametrize(
    ("fraction", "branches", "message"),
    [
        (0.0, [], "the data fraction is out of range"),
        (1.5, [], "the data fraction is out of range"),
        (0.5, ["0.25=models/a"], "a training on a part of the data has no branches"),
        (1.0, ["0.25"], "a branch has no folder"),
        (1.0, ["half=models/a"], "the data fraction is out of range"),
    ],
)
def test_the_program_refuses_other_branches(root: Path, fraction: float, branches: list[str], message: str) -> None:
    program = load_program(root / "workflow" / "scripts" / "train_student.py")
    arguments = Namespace(data_fraction=fraction, branches=branches, learning_rate_from=None)
    with pytest.raises(StudyError, match=message):
        program.complete_and_check(arguments)


@settings(max_examples=40)
@given(st.integers(1, 60), st.integers(0, 60), FRACTIONS, st.integers(0, 9), st.integers(0, 9), st.booleans())
def test_up_to_the_branch_both_runs_are_the_same(
    first: int, second: int, fraction: float, warmup: int, decay: int, per_phase: bool
) -> None:
    phases = [0] * first + [1] * second
    steps = branch_steps(phases, fraction)
    own = plan_schedule([phases[step] for step in steps], per_phase, warmup, decay, 0.1).rates()
    full = plan_schedule(phases, per_phase, warmup, decay, 0.1).rates()
    shared = shared_steps(steps, own, full)
    assert 0 <= shared < len(steps) == len(own)
    assert steps[:shared] == list(range(shared))
    # a checkpoint after `shared` steps was written with the rate of the next one
    assert shared == 0 or own[: shared + 1] == full[: shared + 1]


def sequences_of(lengths: list[int], phases: list[int], positions: list[int]) -> Sequences:
    empty = np.zeros(len(lengths), dtype=np.int64)
    own = np.array(lengths, dtype=np.int64)
    places = np.array(positions, dtype=np.int64)
    return Sequences(empty.astype(np.int32), empty, empty, empty, own, np.array(phases, dtype=np.int64), places, 0, 0)


@settings(max_examples=40)
@given(st.data(), FRACTIONS, st.sampled_from(["items", "tokens"]), st.integers(1, 2))
def test_a_training_on_the_part_has_the_batches_of_the_full_run(
    data: st.DataObject, fraction: float, unit: str, processes: int
) -> None:
    border = data.draw(st.integers(1, 30))
    lengths = data.draw(st.lists(st.integers(1, 12), min_size=border + 1, max_size=60))
    phases = [int(row >= border) for row in range(len(lengths))]
    # samples of 11 tokens and more are too long, and positions are those of a shuffled mixture
    order = data.draw(st.permutations(range(len(lengths))))
    mixture = pl.DataFrame({"position": order, "phase": phases})

    def trained(part: pl.DataFrame, least: int) -> tuple[Sequences, object]:
        rows = [(lengths[order.index(position)], phase, position) for position, phase in part.rows()]
        kept = [row for row in rows if row[0] <= 10] or rows[:1]
        found = sequences_of(*map(list, zip(*kept, strict=True)))
        limits = {"processes": processes, "micro_batch_tokens": 12, "accumulation": least}
        return found, plan_batches(found.lengths, found.phases, unit=unit, size=3, **limits)

    full, plan = trained(mixture, 1)
    steps = branch_steps([int(full.phases[step[0]]) for step in plan.steps], fraction)
    part, own = trained(part_of_mixture(mixture, full, plan, steps), plan.accumulation)
    expected = [full.positions[plan.steps[step]].tolist() for step in steps]
    assert [part.positions[step].tolist() for step in own.steps] == expected
    width = plan.accumulation * processes
    micro_batches = [plan.micro_batches[width * step + place] for step in steps for place in range(width)]
    assert [full.positions[row].tolist() for row in micro_batches] == [
        part.positions[row].tolist() for row in own.micro_batches
    ]


TRAINING = {
    "batch": {"unit": "items", "size": 8},
    "schedule": {"warmup_steps": 10, "decay_steps": 20, "min_lr_ratio": 0.1, "per": "training"},
}


def test_the_plan_counts_a_branch_as_its_own_tail() -> None:
    ift, reasoning = Calls(400, 50, 10), Calls(400, 50, 200)
    # 100 steps; half of them are 50, of which 30 are those of the full run
    (tail,) = branch_calls([Calls(800, 50, 10)], "mix", 0.5, TRAINING)
    assert tail == Calls(8 * 20, 50, 10)
    # in sequence: 25 steps of IFT, of which all are the full run's, then 25 of reasoning
    assert branch_calls([ift, reasoning], "seq", 0.5, TRAINING) == (Calls(0, 50, 10), Calls(200, 50, 200))
    # reasoning first: its 25 steps are the full run's, then 25 of IFT
    assert branch_calls([reasoning, ift], "seq-reversed", 0.5, TRAINING) == (Calls(0, 50, 200), Calls(200, 50, 10))
    # mixed: 20 of 50 steps, of both formats
    assert branch_calls([ift, reasoning], "mix", 0.5, TRAINING) == (Calls(80, 50, 10), Calls(80, 50, 200))
    # too short for its schedule: trained from the start
    assert branch_calls([ift], "seq", 0.25, TRAINING) == (Calls(100, 50, 10),)
    # steps of 480 tokens, as many as 8 of these sequences have
    by_tokens = TRAINING | {"batch": {"unit": "tokens", "size": 480}}
    assert branch_calls([Calls(800, 50, 10)], "mix", 0.5, by_tokens) == branch_calls(
        [Calls(800, 50, 10)], "mix", 0.5, TRAINING
    )
