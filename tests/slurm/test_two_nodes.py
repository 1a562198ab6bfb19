"""Trainings over two nodes of a Slurm, by the real rules: the same model as on one node, and SIGTERM on both."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from cluster_project import ClusterProject, mixture, model, ready_to_train
from throwaway_slurm import ThrowawaySlurm

pytestmark = [pytest.mark.slurm, pytest.mark.timeout(1200)]

STEPS = 40
OVERLAY = {
    "students": {"micro-0.07M": {"processes": 2, "nodes": 2, "deepspeed": "zero-2"}},
    "training": {"batch": {"size": 2}, "execution": {"checkpoint_steps": 5}},
    "compute": {"device": "gpu", "restarts": 1},
}
ON_ONE_NODE = {"students": {"micro-0.07M": {"nodes": 1}}, "compute": {"device": "cpu"}}
COLUMNS = ["step", "items", "tokens", "loss", "learning_rate", "grad_norm"]
MODEL = model(1)
HELD = Path(__file__).parents[1] / "integration" / "held_training.py"


def allow(folder: Path, steps: int = 1_000_000) -> None:
    """See ``HELD``."""
    (folder / "allowed.new").write_text(str(steps))
    (folder / "allowed.new").rename(folder / "allowed")


@pytest.fixture(scope="module")
def project(root: Path, tmp_path_factory: pytest.TempPathFactory) -> ClusterProject:
    """With the model that one node trains in ``alone``."""
    folder = tmp_path_factory.mktemp("two-nodes") / "project"
    made = ready_to_train(root, folder, 2 * STEPS, OVERLAY, mixture(1))
    made.say(ON_ONE_NODE, "one_node.yaml")
    made.here(MODEL, more=("one_node.yaml",))
    (folder / MODEL).rename(folder / "alone")
    return made


def assert_trained_as_on_one_node(project: ClusterProject) -> None:
    together, alone = project.path / MODEL, project.path / "alone"
    logs = [pl.read_csv(folder / "training_log.csv").select(COLUMNS) for folder in (together, alone)]
    assert logs[0].height == STEPS
    assert logs[0].equals(logs[1])
    assert (together / "model.safetensors").read_bytes() == (alone / "model.safetensors").read_bytes()


def test_two_nodes_train_what_one_node_trains(slurm: ThrowawaySlurm, project: ClusterProject) -> None:
    """ZeRO-2 over gloo with two processes; Slurm started one on each node, and gave each a GPU."""
    warning = "--set-resources=train_student:slurm_extra=''"  # it would come at once: the limit is short
    said = project.through_slurm(slurm, warning, targets=(MODEL,))
    (record,) = slurm.records("train_student")
    assert (record["JobState"], record["NumNodes"], record["NumTasks"]) == ("COMPLETED", "2", "2"), said
    assert record["NodeList"] == "node[1-2]"
    assert record["TRES"].split(",")[1:] == ["mem=6000M", "node=2", "billing=2"]  # 3000 on each
    assert record["TresPerNode"] == "gres:gpu:1"
    assert_trained_as_on_one_node(project)


def test_sigterm_stops_both_nodes_with_status_75(slurm: ThrowawaySlurm, project: ClusterProject) -> None:
    """Slurm's SIGTERM goes to both nodes; they agree on a step, and the next job goes on from it."""
    shutil.rmtree(project.path / MODEL, ignore_errors=True)
    command = project.command("-n", "-p", "--quiet=reason", targets=(MODEL,))
    printed = subprocess.run(command, cwd=project.path, capture_output=True, text=True, check=True)
    (line,) = [line for line in printed.stdout.splitlines() if "train_student.py" in line]
    shell = line.removeprefix("Shell command: ").split(" &> ")[0]
    program = project.path / "workflow/scripts/train_student.py"
    assert "workflow/scripts/train_student.py" in shell
    shell = shell.replace("workflow/scripts/train_student.py", f"{HELD} {project.path} {program}")
    script, log = project.path / "job.sh", project.path / "job.log"
    # as Snakemake does: with another number of threads sums are rounded otherwise
    variables = f"PATH={Path(sys.executable).parent}:$PATH OMP_NUM_THREADS=1"
    script.write_text(f"#!/bin/bash\nexport {variables}\n{shell}\n", encoding="utf-8")
    options = ["--nodes=2", "--ntasks=2", "--mem=1000", f"--chdir={project.path}", f"--output={log}"]

    allow(project.path, 6)
    interrupted = slurm.run("sbatch", "--parsable", *options, str(script)).strip()
    beside = (project.path / MODEL).parent
    slurm.wait_until("a checkpoint", lambda: list(beside.glob(".seed-0.checkpoints-*/*/whole.json")), 900)
    slurm.run("scancel", "--signal=TERM", interrupted)  # to the steps, not to the script: as --signal does
    slurm.wait_until("signal", lambda: len(list(project.path.glob("signalled-*"))) == 2, 900)
    allow(project.path)
    assert slurm.end_of(interrupted)["ExitCode"] == f"{os.EX_TEMPFAIL}:0", log.read_text()
    (told,) = [
        text for text in log.read_text().splitlines() if text.startswith("SIGTERM: writing a checkpoint at step")
    ]

    again = slurm.run("sbatch", "--parsable", *options, str(script)).strip()
    assert slurm.end_of(again)["ExitCode"] == "0:0", log.read_text()
    assert f"resuming after step {told.split()[-3]} of {STEPS}" in log.read_text()
    assert_trained_as_on_one_node(project)
