"""Trainings that are killed or told to end, and started again: the real program, and many kills by the benchmark."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from held_training import allow
from made_mixture import make_mixture, make_rows
from training_runs import PATIENCE, TEMPLATE, command, warm_launcher
from warm_engines import warm_trainer
from warm_start import WarmProcess

pytestmark = pytest.mark.integration


def start(arguments: list[str], log: Path) -> WarmProcess:
    """A launcher with two processes."""
    return warm_trainer().start([*warm_launcher(2), *arguments], log)


def held(folder: Path, arguments: list[str]) -> list[str]:
    """The same training, which waits for what ``folder`` allows."""
    return [str(Path(__file__).with_name("held_training.py")), str(folder), *arguments]


def wait_for(pattern: str, folder: Path, process: WarmProcess) -> None:
    deadline = time.monotonic() + PATIENCE
    while not list(folder.glob(pattern)):
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.01)


def test_two_processes_under_sigkill_and_sigterm(root: Path, tiny_model: Path, tmp_path: Path) -> None:
    """A lost process, a lost launcher, then Slurm's warning; the end is that of a run that nobody disturbed."""
    made = make_mixture(tmp_path, tiny_model, root / TEMPLATE, make_rows(80, reasoning_from=48))
    folder, log = tmp_path / "out", tmp_path / "log.txt"
    options = {"batch_size": 2, "deepspeed": root / "config/deepspeed/zero-2.json", "checkpoint_steps": 3}  # 40 steps
    arguments = held(tmp_path, command(root, tiny_model, made, folder / "model", **options))

    allow(tmp_path, 7)
    process = start(arguments, log)
    wait_for(".model.checkpoints-*/checkpoint-6/whole.json", folder, process)
    worker = psutil.Process(process.pid).children()[1]
    worker.send_signal(signal.SIGKILL)
    allow(tmp_path)
    assert process.wait(PATIENCE) in (128 + signal.SIGKILL, 1)  # or the other one's, whose partner was gone

    # workers that outlive their launcher would train on beside those that are started in their place
    allow(tmp_path, 13)
    process = start(arguments, log)
    wait_for(".model.checkpoints-*/checkpoint-12/whole.json", folder, process)
    workers = psutil.Process(process.pid).children()
    assert len(workers) == 2
    process.kill()
    process.wait(PATIENCE)
    assert psutil.wait_procs(workers, timeout=PATIENCE)[1] == []

    allow(tmp_path, 22)
    process = start(arguments, log)
    wait_for(".model.checkpoints-*/checkpoint-21/whole.json", folder, process)
    os.kill(process.pid, signal.SIGTERM)
    for rank in range(2):
        wait_for(f"signalled-{rank}", tmp_path, process)
    allow(tmp_path)
    assert process.wait(PATIENCE) == os.EX_TEMPFAIL
    told = re.search(r"^SIGTERM: writing a checkpoint at step (\d+) of 40", log.read_text(), re.MULTILINE)
    assert told is not None and "Traceback" not in log.read_text(), log.read_text()
    assert log.read_text().count("run the same command again") == 1
    left = sorted(int(path.name.partition("-")[2]) for path in folder.glob(".model.checkpoints-*/checkpoint-*"))
    step = int(told[1])
    assert left == [(step - 1) // 3 * 3, step]  # the last two, both whole
    assert len(list(folder.glob(".model.checkpoints-*/checkpoint-*/whole.json"))) == 2

    damaged = next(folder.glob(f".model.checkpoints-*/checkpoint-{step}/global_step*/*rank_1*"))
    damaged.write_bytes(damaged.read_bytes()[:-1])
    process = start(arguments, log)
    assert process.wait(PATIENCE) == 0, log.read_text()
    reason = rf"not resuming from checkpoint-{step}, and removing it: it is damaged: \S+{re.escape(damaged.name)} has"
    assert len(re.findall(reason, log.read_text())) == 1, log.read_text()
    assert f"resuming after step {left[0]} of 40" in log.read_text()
    assert [path.name for path in folder.iterdir()] == ["model"]  # no checkpoint after success

    undisturbed = start(command(root, tiny_model, made, tmp_path / "whole", **options), log)
    assert undisturbed.wait(PATIENCE) == 0, log.read_text()
    weights = [(model / "model.safetensors").read_bytes() for model in (folder / "model", tmp_path / "whole")]
    assert weights[0] == weights[1]


@pytest.mark.long
def test_a_killed_branch_of_two_processes_ends_as_one_that_nobody_disturbed(
    root: Path, tiny_model: Path, tmp_path: Path
) -> None:
    """A branch begins with the full run's checkpoint, is killed, and resumes from its own, with sharded optimizers."""
    # half of the mixture: 24 steps of its first phase, which the full run shares, and 16 of its second
    made = make_mixture(tmp_path, tiny_model, root / TEMPLATE, make_rows(160, reasoning_from=96))
    folder, log = tmp_path / "branch", tmp_path / "log.txt"
    options = {"batch_size": 2, "deepspeed": root / "config/deepspeed/zero-2.json", "checkpoint_steps": 3}
    full = command(root, tiny_model, made, tmp_path / "full", branches=f"0.5={folder / 'model'}", **options)
    assert start(full, log).wait(PATIENCE) == 0, log.read_text()
    assert [path.name for path in folder.glob(".model.checkpoints-*/checkpoint-*")] == ["checkpoint-24"]

    arguments = held(tmp_path, command(root, tiny_model, made, folder / "model", data_fraction=0.5, **options))
    allow(tmp_path, 28)
    process = start(arguments, log)
    wait_for(".model.checkpoints-*/checkpoint-27/whole.json", folder, process)
    psutil.Process(process.pid).children()[1].send_signal(signal.SIGKILL)
    allow(tmp_path)
    assert process.wait(PATIENCE) in (128 + signal.SIGKILL, 1) and not (folder / "model").exists()
    assert "resuming after step 24 of 40" in log.read_text()
    process = start(arguments, log)
    assert process.wait(PATIENCE) == 0, log.read_text()
    (resumed,) = re.findall(r"resuming after step (\d+) of 40", log.read_text())
    assert 27 <= int(resumed) < 40
    assert [path.name for path in folder.iterdir()] == ["model"]  # the checkpoints have served

    # without the full run's checkpoint and without a kill: from the first step on
    alone = command(root, tiny_model, made, tmp_path / "alone", data_fraction=0.5, **options)
    assert start(alone, log).wait(PATIENCE) == 0, log.read_text()
    assert "resuming after step" not in log.read_text()
    models = (folder / "model", tmp_path / "alone")
    assert len({(model / "model.safetensors").read_bytes() for model in models}) == 1
    logs = [(model / "training_log.csv").read_text().splitlines() for model in models]
    steps = [[line.rpartition(",")[0].split(",")[:3] for line in lines] for lines in logs]
    assert steps[0] == steps[1] and len(steps[0]) == 40 + 1


def test_sigterm_before_the_first_step_ends_the_launcher(tmp_path: Path) -> None:
    script = tmp_path / "sleeps.py"
    script.write_text("import pathlib, sys, time\npathlib.Path(sys.argv[1]).touch()\ntime.sleep(3600)\n")
    process = start([str(script), str(tmp_path / "started")], tmp_path / "log.txt")
    wait_for("started", tmp_path, process)
    os.kill(process.pid, signal.SIGTERM)
    assert process.wait(PATIENCE) == os.EX_TEMPFAIL


#: Rank 0 begins as a training does, but not before its launcher has been killed.
LATE = """
import os, pathlib, sys, time
folder = pathlib.Path(sys.argv[1])
if os.environ["RANK"] == "1":
    (folder / "other").touch()
    time.sleep(3600)
(folder / "pid").write_text(str(os.getpid()))
(folder / "started").touch()
launcher = os.getppid()
while os.getppid() == launcher:
    time.sleep(0.005)
from scale_or_reason.training.trainer.launch import end_with_launcher
try:
    end_with_launcher()
finally:
    (folder / "status").write_text(repr(sys.exc_info()[1]))
"""


def test_a_process_whose_launcher_was_killed_at_its_start_ends(tmp_path: Path) -> None:
    """Before it could have Linux kill it, too; it would wait half an hour for the others."""
    script = tmp_path / "late.py"
    script.write_text(LATE)
    process = start([str(script), str(tmp_path)], tmp_path / "log.txt")
    for mark in ("started", "other"):
        wait_for(mark, tmp_path, process)
    workers = psutil.Process(process.pid).children()
    process.kill()
    process.wait(PATIENCE)
    (late,) = [worker for worker in workers if worker.pid == int((tmp_path / "pid").read_text())]
    assert psutil.wait_procs([late], timeout=PATIENCE)[1] == []
    assert (tmp_path / "status").read_text() == f"SystemExit({128 + signal.SIGKILL})"
    for worker in set(workers) - {late}:
        worker.kill()


def test_several_nodes_need_srun(tmp_path: Path) -> None:
    process = start(["--nnodes", "2", str(tmp_path / "never.py")], tmp_path / "log.txt")
    assert process.wait(PATIENCE) == 2
    said = (tmp_path / "log.txt").read_text()
    assert "need Slurm's srun" in said and "profiles/slurm" in said and "Traceback" not in said


def test_the_launcher_hands_on_status_and_words(root: Path, tmp_path: Path) -> None:
    """Started by itself, as the rule starts it; the other tests start it with its libraries imported."""
    script = tmp_path / "fails.py"
    script.write_text("import os, sys\nsys.exit(2 if os.environ['RANK'] == '0' else 0)\n")
    command = [sys.executable, "workflow/scripts/torchrun.py", "--nproc-per-node", "2", str(script)]
    done = subprocess.run(command, cwd=root, stderr=subprocess.PIPE, text=True)
    assert (done.returncode, done.stderr) == (2, "")


@pytest.mark.parametrize("setting", ["cpu:1", pytest.param("zero-2:2", marks=pytest.mark.long)])
def test_killed_trainings_end_as_undisturbed_ones(root: Path, setting: str) -> None:
    """Each moment of the benchmark once; ``make kills`` has more of all settings."""
    program = [sys.executable, "tests/benchmarks/kills.py", "--kills", "9", "--questions", "80", "--settings", setting]
    done = subprocess.run(program, cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    deepspeed, processes = setting.split(":")
    said = re.escape(f"{deepspeed}.json, {processes} process(es): the same weights and log after 9 kills (")
    (counts,) = re.findall(rf"^{said}(.*)\); ", done.stdout, re.MULTILINE)
    assert [count.rpartition(" ")[2] for count in counts.split(", ")] == ["1"] * 9


@pytest.mark.long
def test_killed_generations_lose_only_what_was_in_progress(root: Path) -> None:
    """``make generation-kills`` has 50 kills."""
    program = [sys.executable, "tests/benchmarks/generation_kills.py", "--kills", "5"]
    done = subprocess.run(program, cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("5 SIGKILLs") and "equals the undisturbed one: True" in done.stdout
