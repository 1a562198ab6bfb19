"""Bad days of trainings on a Slurm: nothing is lost, nothing is trained twice, and the weights are the same.

Trainings report their steps to slow/tensorboardX.py, so that it is known which job has done which step.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest
from cluster_project import ClusterProject, environment, mixture, model, ready_to_train
from throwaway_slurm import ThrowawaySlurm

pytestmark = [pytest.mark.slurm, pytest.mark.long, pytest.mark.timeout(600)]

STEPS, CHECKPOINT = 90, 4
OVERLAY = {
    "training": {"batch": {"size": 2}, "execution": {"checkpoint_steps": CHECKPOINT, "report_to": ["tensorboard"]}},
    "compute": {"restarts": 5},
}
#: Model to its ratio: the two of the first days, and the one with a short time limit.
FIRST, SECOND, SHORT = 0, 1, 0.5
PATIENCE = 120


@dataclass
class Step:
    """One optimizer step that a job has done."""

    step: int
    job: str


class Days(ClusterProject):
    """A project whose trainings can be watched and slowed down."""

    def steps(self, ratio: float) -> list[Step]:
        journal = self.path / "steps.txt"
        lines = [line.split() for line in journal.read_text().splitlines()] if journal.exists() else []
        return [Step(int(step), job) for name, step, job in lines if name == f"rho-{ratio}"]

    def may_go(self, how_far: str | int | None) -> None:
        """Let trainings go on to this step, or slowly, or to their end."""
        if how_far is None:
            (self.path / "allowed.txt").unlink()
        else:
            (self.path / "allowed.txt").write_text(str(how_far))

    def checkpoints(self, ratio: float) -> list[Path]:
        return list((self.path / model(ratio)).parent.glob(".seed-0.checkpoints-*/checkpoint-*/whole.json"))

    def weights(self, ratio: float) -> bytes:
        return (self.path / model(ratio) / "model.safetensors").read_bytes()


@pytest.fixture(scope="module")
def days(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Days:
    """Ready to train; the undisturbed models lie in ``undisturbed``."""
    folder = tmp_path_factory.mktemp("days") / "project"
    ready_to_train(root, folder, 2 * STEPS, OVERLAY, mixture(FIRST), mixture(SECOND), mixture(SHORT))
    made = Days(folder)
    made.say({"training": {"execution": {"checkpoint_steps": 0, "report_to": []}}}, "undisturbed.yaml")
    made.here(*(model(ratio) for ratio in (FIRST, SECOND, SHORT)), more=("undisturbed.yaml",))
    for ratio in (FIRST, SECOND, SHORT):
        (folder / model(ratio)).rename(folder / f"undisturbed-{ratio}")
    return made


@pytest.fixture(scope="module")
def slow_steps(slurm: ThrowawaySlurm) -> None:
    """Jobs find the package that trainings report to."""
    variables = slurm.environment
    variables["PYTHONPATH"] = os.pathsep.join([str(Path(__file__).parent / "slow"), variables.get("PYTHONPATH", "")])


def record(slurm: ThrowawaySlurm, job: str) -> dict[str, str]:
    (found,) = [record for record in slurm.records() if record["JobId"] == job]
    return found


def trainings(slurm: ThrowawaySlurm, ratio: float) -> list[dict[str, str]]:
    return [job for job in slurm.records("train_student") if job["Comment"].split("_")[-2] == str(ratio)]


def assert_nothing_twice(days: Days, ratio: float, restarts: int) -> None:
    """At most so many starts after the first one, each from the last checkpoint; and the weights of no bad day."""
    steps = days.steps(ratio)
    assert {step.step for step in steps} == set(range(1, STEPS + 1))
    pairs = list(enumerate(pairwise(steps), start=1))
    starts = [n for n, (last, step) in pairs if (last.step + 1, last.job) != (step.step, step.job)]
    assert len(starts) <= restarts, [steps[n] for n in starts]
    for n in starts:
        done_again = steps[n - 1].step - steps[n].step + 1
        assert 0 <= done_again <= CHECKPOINT, (steps[n - 1], steps[n])
    assert days.weights(ratio) == (days.path / f"undisturbed-{ratio}" / "model.safetensors").read_bytes()
    assert not days.checkpoints(ratio)


@pytest.fixture(scope="module")
def bad_days(slurm: ThrowawaySlurm, days: Days, slow_steps: None) -> dict[str, str]:
    """Everything that goes wrong in one run of two trainings; the jobs that it happened to."""
    happened: dict[str, str] = {}
    log, targets = days.path / "snakemake.txt", (model(FIRST), model(SECOND))

    def wait(what: str, ready: Callable[[], object]) -> None:
        try:
            slurm.wait_until(what, ready, PATIENCE)
        except RuntimeError as error:
            run.kill()
            run.wait()
            queue = slurm.run("squeue", "--format=%A %T %r %S %N")
            pytest.fail(f"{error}\n{log.read_text()}\n{queue}\n{days.logs()}")

    def wait_for_steps(ratio: float, since: int) -> None:
        wait(f"steps of {ratio}", lambda: len(days.steps(ratio)) > since)

    def last_job(ratio: float) -> str:
        return trainings(slurm, ratio)[-1]["JobId"]

    def restarts(job: str) -> int:
        return int(record(slurm, job)["Restarts"])

    days.may_go(10)
    run = days.start(slurm, log, targets=targets)
    for ratio in (FIRST, SECOND):
        wait_for_steps(ratio, since=9)

    # Snakemake is killed; its jobs go on, and the next one takes them over
    happened["orphans"] = f"{last_job(FIRST)} {last_job(SECOND)}"
    run.send_signal(signal.SIGKILL)
    run.wait()
    unlock = days.command("--profile", "profiles/slurm", "--unlock")
    subprocess.run(unlock, cwd=days.path, env=environment(slurm), check=True, capture_output=True)
    run = days.start(slurm, log, targets=targets)
    wait("taking over", lambda: log.read_text().count("Taking over Slurm job") == 2)

    # somebody cancels the first
    done = len(days.steps(FIRST))
    slurm.run("scancel", last_job(FIRST))
    wait("another job", lambda: len(trainings(slurm, FIRST)) == 2)
    wait_for_steps(FIRST, done)

    # a more urgent job takes the second one's node
    days.may_go(20)
    for ratio in (FIRST, SECOND):
        wait("step 20", lambda ratio=ratio: days.steps(ratio)[-1].step == 20)
    happened["preempted"], done = last_job(SECOND), len(days.steps(SECOND))
    node = record(slurm, happened["preempted"])["NodeList"]
    urgent = ["--partition=urgent", f"--nodelist={node}", "--exclusive", "--output=/dev/null", "--wrap=sleep 1"]
    slurm.run("sbatch", *urgent)
    wait("requeueing", lambda: restarts(happened["preempted"]) == 1)
    wait_for_steps(SECOND, done)

    # a node is lost, with all that runs on it
    wait("first training", lambda: record(slurm, last_job(FIRST))["JobState"] == "RUNNING")
    happened["lost node"], done = last_job(FIRST), len(days.steps(FIRST))
    node, before = record(slurm, happened["lost node"])["NodeList"], restarts(happened["lost node"])
    slurm.run("scontrol", "update", f"NodeName={node}", "State=DOWN", "Reason=test")
    wait("requeueing", lambda: restarts(happened["lost node"]) == before + 1)
    wait_for_steps(FIRST, done)
    assert record(slurm, happened["lost node"])["NodeList"] != node
    slurm.run("scontrol", "update", f"NodeName={node}", "State=RESUME")

    days.may_go(None)
    wait("end", lambda: run.poll() is not None)
    assert run.returncode == 0, log.read_text()
    return happened


def test_nothing_is_lost_and_nothing_trained_twice(days: Days, bad_days: dict[str, str]) -> None:
    assert_nothing_twice(days, FIRST, restarts=3)  # cancelled, lost; its node may have been the urgent job's too
    assert_nothing_twice(days, SECOND, restarts=2)


def test_what_slurm_says_of_it(slurm: ThrowawaySlurm, days: Days, bad_days: dict[str, str]) -> None:
    """One job more than trainings: the cancelled one. All else went on in the jobs that there were."""
    first, second = trainings(slurm, FIRST), trainings(slurm, SECOND)
    assert [job["JobState"] for job in first] == ["CANCELLED", "COMPLETED"]
    assert [job["JobState"] for job in second] == ["COMPLETED"]
    assert bad_days["orphans"].split() == [first[0]["JobId"], second[0]["JobId"]]
    assert bad_days["lost node"] == first[1]["JobId"] and int(first[1]["Restarts"]) >= 1
    assert bad_days["preempted"] == second[0]["JobId"] and int(second[0]["Restarts"]) >= 1


def test_orphan_jobs_are_recorded_as_any_other(days: Days, bad_days: dict[str, str]) -> None:
    """Nothing is left to do, and a change of settings makes them old: Snakemake knows what they were made with."""
    assert "Nothing to be done" in dry_run(days, model(SECOND))
    days.say({"students": {"micro-0.07M": {"learning_rate": {"reasoning": 1e-3}}}}, "other.yaml")
    assert "train micro-0.07M" in dry_run(days, model(SECOND), "other.yaml")


def dry_run(days: Days, target: str, *more: str) -> str:
    command = days.command("-n", targets=(target,), more=more)
    done = subprocess.run(command, cwd=days.path, capture_output=True, text=True, check=True)
    return done.stdout + done.stderr


def test_a_training_over_its_time_limit(slurm: ThrowawaySlurm, days: Days, slow_steps: None) -> None:
    """Slurm's warning makes it write a checkpoint and end with status 75; the next job goes on from there.

    Slurm may send the warning a minute early, here 20 seconds after the start. On a slow machine that is before the
    first step: then nothing is lost, and the next job begins anew.
    """
    log = days.path / "short.txt"
    days.may_go("slowly")
    limit = ["--set-resources", "train_student:runtime=2", "train_student:slurm_extra='--signal=TERM@40'"]
    run = days.start(slurm, log, *limit, targets=(model(SHORT),))
    program = days.path / "results/micro/logs/train_student/general/micro-0.07M/seq/rho-0.5/seed-0.log"

    def told() -> list[str]:
        text = program.read_text() if program.exists() else ""
        return re.findall(r"SIGTERM: writing a checkpoint at step (\d+) of", text)

    try:
        slurm.wait_until("warning", told, 250)
        (stopped,) = told()
        days.may_go(None)
        slurm.wait_until("end", lambda: run.poll() is not None, PATIENCE)
    except RuntimeError as error:
        run.kill()
        run.wait()
        pytest.fail(f"{error}\n{log.read_text()}\n{trainings(slurm, SHORT)}\n{days.logs()}")
    assert run.returncode == 0, log.read_text()

    jobs = trainings(slurm, SHORT)
    assert [job["JobState"] for job in jobs] == ["FAILED"] * (len(jobs) - 1) + ["COMPLETED"] and len(jobs) > 1
    assert {job["TimeLimit"] for job in jobs} == {"00:02:00"}
    steps = days.steps(SHORT)
    resumed = [step for step in steps if step.job == jobs[-1]["JobId"]]
    assert resumed[0].step == int(stopped) + 1  # not one step is done again
    assert_nothing_twice(days, SHORT, restarts=1)
