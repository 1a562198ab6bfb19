"""What the callbacks of a training decide, on losses and folders made here."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any

import pytest

from scale_or_reason.common.errors import DivergedError, StudyError
from scale_or_reason.training.branches import BranchStart
from scale_or_reason.training.trainer.bad_steps import StopOnBadStep
from scale_or_reason.training.trainer.branch_checkpoints import BranchCheckpoints
from scale_or_reason.training.trainer.callbacks import StepSeconds
from scale_or_reason.training.trainer.checkpoints import (
    WholeCheckpoints,
    last_whole_checkpoint,
    record_share,
    remove_checkpoints,
    why_unusable,
)
from scale_or_reason.training.trainer.diverged import refuse_diverged
from scale_or_reason.training.trainer.launch import any_process
from scale_or_reason.training.trainer.planned import planned_trainer, skip_gathering

pytestmark = pytest.mark.integration


def stops_at(
    losses: list[float],
    phases: list[int] | None = None,
    norms: list[float] | None = None,
    skipped_at: int | None = None,
) -> str | None:
    """What is said about a run with these losses and gradient norms; None if it goes to its end.

    Step i trains on rows 2i, 2i+1 and 99; DeepSpeed skips the update of step ``skipped_at``, counted from 1.
    """
    positions = [[2 * i, 2 * i + 1, 99] for i in range(len(losses))]
    callback = StopOnBadStep(positions, phases or [0] * len(losses), 1e-3)
    state = SimpleNamespace(max_steps=len(losses), log_history=[], global_step=0)
    for loss, norm in zip(losses, norms or [1.0] * len(losses), strict=True):
        state.global_step += 1
        callback.engine = SimpleNamespace(skipped_steps=int(state.global_step == skipped_at))
        state.log_history.append({"loss": loss, "grad_norm": norm})
        with TemporaryDirectory() as folder:
            try:
                callback.on_log(SimpleNamespace(output_dir=folder), state, None, state.log_history[-1])
            except DivergedError as error:
                with pytest.raises(DivergedError, match=re.escape(error.problem)):
                    refuse_diverged(Path(folder))  # the same run would end there again
                return str(error)
            refuse_diverged(Path(folder))
    return None


def test_an_explosion_is_most_of_five_losses_far_above_the_first():
    assert stops_at([1.0] * 9) is None
    assert stops_at([1.0, 0.9, 900.0, 0.9, 900.0, 0.9, 0.9, 900.0, 0.9]) is None  # strange batches
    said = stops_at([1.0, 0.9, 3.1, 3.2, 0.9, 5.0, 5.0])
    assert said is not None and "risen to 5 at step 6 of 7" in said
    assert "rows 10..11, 99 of the mixture" in said and "what to do: lower the learning rate" in said
    assert stops_at([1.0, 0.9, 2.9, 2.9, 2.9, 2.9, 2.9]) is None


def test_a_phase_is_measured_by_its_own_beginning():
    losses = [0.2] * 6 + [4.0] * 6  # reasoning begins, which the student has never seen
    assert stops_at(losses, [0] * 6 + [1] * 6) is None
    assert stops_at(losses) is not None
    exploded = stops_at([9.0] * 6 + [1.0] + [4.0] * 3, [0] * 6 + [1] * 4)
    assert exploded is None  # four steps are too few to tell
    exploded = stops_at([9.0] * 6 + [1.0] + [4.0] * 4, [0] * 6 + [1] * 5)
    assert exploded is not None and "it was 1 at the start of this phase, step 7" in exploded


def test_a_loss_that_is_no_number_stops_at_once():
    said = stops_at([1.0, float("nan"), 1.0])
    assert said is not None and "the loss is nan at step 2 of 3" in said and "rows 2..3, 99" in said
    assert "the loss is inf at step 1" in str(stops_at([float("inf")]))


@pytest.mark.parametrize("norm", [float("inf"), float("nan"), -1.0])
@pytest.mark.parametrize("step", [1, 2, 4])
def test_a_gradient_norm_that_is_no_number_stops_at_once(norm: float, step: int):
    norms = [1.0] * 4
    norms[step - 1] = norm
    said = stops_at([1.0] * 4, norms=norms)
    assert said is not None and f"the gradient norm is {norm} at step {step} of 4" in said


@pytest.mark.parametrize("step", [1, 2, 4])
def test_an_update_that_deepspeed_skips_stops_at_once(step: int):
    said = stops_at([1.0] * 4, skipped_at=step)
    assert said is not None and f"DeepSpeed has skipped 1 update of the weights at step {step} of 4" in said


@pytest.mark.parametrize(
    ("phases", "norms", "stop"),
    [
        ([0, 0, 1, 1], [0, 0, 1, 1], 2),
        ([0, 0, 1, 1], [1, 1, 0, 0], 4),
        ([0, 0, 0, 1], [1, 1, 1, 0], 4),
        ([0, 0, 1, 1], [0, 1, 1, 0], None),
        ([0], [0], 1),
    ],
)
def test_a_phase_without_gradients_stops_at_its_end(phases: list[int], norms: list[float], stop: int | None):
    said = stops_at([1.0] * len(phases), phases, norms)
    assert (said is None) == (stop is None)
    steps = phases.count(phases[stop - 1]) if stop else 0
    assert said is None or f"all gradients of this phase were zero ({steps} step{'s' * (steps > 1)})" in said


IDENTITY = {"settings": {"seed": 1, "learning_rate": 0.1}, "inputs": {"mixture": "abc"}, "packages": {"torch": "2"}}


def save_checkpoint(folder: Path, step: int, identity: Any = IDENTITY) -> Path:
    """A checkpoint of two files, as the callback marks it."""
    checkpoint = folder / f"checkpoint-{step}"
    (checkpoint / "global_step").mkdir(parents=True)
    (checkpoint / "trainer_state.json").write_text("{}")
    (checkpoint / "global_step" / "weights.pt").write_bytes(b"weights")
    state = SimpleNamespace(global_step=step)
    with pytest.MonkeyPatch.context() as alone:
        alone.setattr("scale_or_reason.training.trainer.checkpoints.wait_for_all", lambda: None)
        WholeCheckpoints(None, identity).on_save(SimpleNamespace(output_dir=folder), state, None)
    return checkpoint


def test_a_restart_takes_the_last_whole_checkpoint_and_says_what_it_cannot_use(tmp_path: Path, capsys: Any) -> None:
    run = tmp_path / ".model.checkpoints-abc"
    assert last_whole_checkpoint(run, IDENTITY) is None and capsys.readouterr().err == ""
    for step in (3, 12, 9, 15, 18, 21, 24):
        save_checkpoint(run, step)
    (run / "checkpoint-15" / "whole.json").unlink()
    (run / "checkpoint-18" / "whole.json").write_text('{"seconds": 1')
    (run / "checkpoint-21" / "global_step" / "weights.pt").write_bytes(b"wei")
    (run / "checkpoint-24" / "global_step" / "weights.pt").unlink()
    assert last_whole_checkpoint(run, IDENTITY) == run / "checkpoint-12"
    assert capsys.readouterr().err.splitlines() == [
        "not resuming from checkpoint-24, and removing it: it is damaged: global_step/weights.pt is missing, "
        "it had 7 bytes when it was written",
        "not resuming from checkpoint-21, and removing it: it is damaged: global_step/weights.pt has 3 bytes, "
        "it had 7 bytes when it was written",
        "not resuming from checkpoint-18, and removing it: its whole.json is damaged",
        "not resuming from checkpoint-15, and removing it: it is incomplete, since the training was killed while "
        "writing it",
    ]
    assert sorted(path.name for path in run.iterdir()) == ["checkpoint-12", "checkpoint-3", "checkpoint-9"]
    assert last_whole_checkpoint(run, IDENTITY) == run / "checkpoint-12" and capsys.readouterr().err == ""


def test_a_restart_names_what_has_changed_since_a_checkpoint_of_another_run(tmp_path: Path, capsys: Any) -> None:
    old = save_checkpoint(tmp_path / ".model.checkpoints-abc", 12)
    now = {"settings": {"seed": 1, "learning_rate": 0.2}, "inputs": {"mixture": "new"}, "packages": {"torch": "3"}}
    folder = tmp_path / ".model.checkpoints-def"
    assert last_whole_checkpoint(folder, now) is None
    assert capsys.readouterr().err == (
        "not resuming from .model.checkpoints-abc/checkpoint-12, of another run: setting learning_rate was 0.1, "
        "now 0.2; input mixture has changed; package torch was 2, now 3\n"
    )
    (old / "whole.json").write_text('{"seconds": 1.5}')  # of a version without identity and sizes
    assert why_unusable(old) is None and last_whole_checkpoint(folder, now) is None
    assert "it has no record of the settings" in capsys.readouterr().err
    save_checkpoint(folder, 3, now)
    assert last_whole_checkpoint(folder, now) == folder / "checkpoint-3" and capsys.readouterr().err == ""
    remove_checkpoints(folder)
    assert list(tmp_path.iterdir()) == []


def test_a_checkpoint_that_cannot_be_loaded_is_named(tmp_path: Path) -> None:
    checkpoint = save_checkpoint(tmp_path, 3)
    callback = WholeCheckpoints(checkpoint, IDENTITY)
    with pytest.raises(StudyError, match="cannot be loaded") as caught, callback.loading_errors():
        raise RuntimeError("unexpected key\nin the file")
    assert caught.value.where == checkpoint and caught.value.found == "RuntimeError: unexpected key"
    callback.on_train_begin(None, None, None)
    with pytest.raises(RuntimeError, match="of a step"), callback.loading_errors():
        raise RuntimeError("of a step")
    with pytest.raises(RuntimeError), WholeCheckpoints(None, IDENTITY).loading_errors():
        raise RuntimeError("without a checkpoint")


@pytest.mark.parametrize("links", [True, False])
def test_a_branch_resumes_from_the_full_runs_checkpoint(tmp_path: Path, monkeypatch: Any, links: bool) -> None:
    if not links:
        monkeypatch.setattr("os.link", lambda *_: (_ for _ in ()).throw(OSError("no hard links on this disk")))
    monkeypatch.setattr("scale_or_reason.training.trainer.branch_checkpoints.wait_for_all", lambda: None)
    full, branch = tmp_path / ".model.checkpoints-full", tmp_path / "data-0.5" / ".model.checkpoints-half"
    own = IDENTITY | {"settings": IDENTITY["settings"] | {"data_fraction": 0.5}}
    callback = BranchCheckpoints([BranchStart(6, branch, own)], None)
    control = SimpleNamespace(should_save=False)
    for step in (3, 6, 9):
        control.should_save = False
        callback.on_step_end(None, SimpleNamespace(global_step=step), control)
        assert control.should_save == (step == 6)
        record_share(save_checkpoint(full, step), 0, 1)
        callback.on_save(SimpleNamespace(output_dir=full), SimpleNamespace(global_step=step), control)
    assert [path.name for path in branch.iterdir()] == ["checkpoint-6"]
    # the full run removes its own; the branch's is whole, and a flipped bit in it would be found
    shutil.rmtree(full)
    assert last_whole_checkpoint(branch, own) == branch / "checkpoint-6"
    assert json.loads((branch / "checkpoint-6" / "whole.json").read_text())["identity"] == own
    weights = branch / "checkpoint-6" / "global_step" / "weights.pt"
    weights.write_bytes(bytes(reversed(weights.read_bytes())))
    assert "has changed" in str(why_unusable(branch / "checkpoint-6"))


def test_a_killed_run_hands_its_checkpoint_over_when_it_resumes(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr("scale_or_reason.training.trainer.branch_checkpoints.wait_for_all", lambda: None)
    checkpoint, branch = save_checkpoint(tmp_path / "full", 6), tmp_path / "half"
    (branch / ".checkpoint-6.partial").mkdir(parents=True)  # it was killed while handing it over
    (branch / "checkpoint-6").mkdir()
    for step, whole in ((5, False), (6, True)):
        BranchCheckpoints([BranchStart(6, branch, IDENTITY)], checkpoint).on_train_begin(
            None, SimpleNamespace(global_step=step), None
        )
        assert (why_unusable(branch / "checkpoint-6") is None) == whole
    assert [path.name for path in branch.iterdir()] == ["checkpoint-6"]


@pytest.mark.parametrize("processes", [1, 2, 3])
def test_a_flipped_bit_in_any_file_of_a_checkpoint_is_found_before_use(tmp_path: Path, processes: int) -> None:
    run = tmp_path / "run"
    checkpoints = [save_checkpoint(run, step) for step in (3, 6)]
    for number in range(processes):
        record_share(checkpoints[1], number, processes)
    assert last_whole_checkpoint(run, IDENTITY) == checkpoints[1]
    for name in ("trainer_state.json", "global_step/weights.pt"):
        file = checkpoints[1] / name
        data = file.read_bytes()
        file.write_bytes(bytes([data[0] ^ 1]) + data[1:])
        assert why_unusable(checkpoints[1]) == f"it is damaged: the content of {name} has changed since it was written"
        assert why_unusable(checkpoints[1], contents=False) is None
        file.write_bytes(data)
    (checkpoints[1] / ".sha256-0").write_text("{")
    assert "it is damaged: .sha256-0" in str(why_unusable(checkpoints[1]))
    assert last_whole_checkpoint(run, IDENTITY) == checkpoints[0]  # a later damaged one costs only the steps between


def test_the_seconds_of_a_step_are_those_since_the_last_one_without_checkpoints(monkeypatch):
    """By a clock that this test sets: no start before the first step, and no checkpoint, counts."""
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    callback, state = StepSeconds(), SimpleNamespace(log_history=[])
    events = [(100.0, "begin"), (102.0, "log"), (105.0, "log"), (150.0, "save"), (151.5, "log")]
    for now[0], event in events:
        if event == "log":
            state.log_history.append({})
            callback.on_log(None, state, None)
        else:
            {"begin": callback.on_train_begin, "save": callback.on_save}[event](None, state, None)
    assert [entry["seconds"] for entry in state.log_history] == [2.0, 3.0, 1.5]


def test_one_process_makes_no_collective_call(monkeypatch: pytest.MonkeyPatch) -> None:
    def collective(*_: Any, **__: Any) -> None:
        raise AssertionError("a collective call")

    monkeypatch.setattr("torch.distributed.all_reduce", collective)
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    assert any_process(True) is True and any_process(False) is False
    accelerator = SimpleNamespace(gather=collective, gather_for_metrics=collective)
    skip_gathering(accelerator)
    tensor = object()
    assert (
        accelerator.gather(tensor) is tensor
        and accelerator.gather_for_metrics(tensor, use_gather_object=True) is tensor
    )
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(AssertionError, match="collective"):
        any_process(True)


def test_the_librarys_count_of_flops_is_left_out() -> None:
    class Counts:
        def floating_point_ops(self, inputs: dict[str, Any]) -> int:
            raise AssertionError("counted")

        store_flos = floating_point_ops

    trainer = planned_trainer(Counts, SimpleNamespace(rates=list), [])()  # type: ignore[arg-type]
    assert trainer.floating_point_ops({}) == 0 and trainer.store_flos() is None
