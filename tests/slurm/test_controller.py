"""Snakemake as a Slurm job that submits itself again."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from cluster_project import CHANGES, SNAKEMAKE, environment
from throwaway_slurm import ThrowawaySlurm

pytestmark = [pytest.mark.slurm, pytest.mark.long, pytest.mark.timeout(400)]

WORKFLOW = """
rule all:
    localrule: True
    input: "second.txt"

rule first:
    output: "first.txt"
    log: "logs/first.log"
    resources: mem_mb=100, runtime=5
    shell: "echo started >> story.txt; while [ ! -e go ]; do sleep 0.2; done; touch {output}"

rule second:
    input: "first.txt"
    output: "second.txt"
    log: "logs/second.log"
    resources: mem_mb=100, runtime=5
    shell: "touch {output}"
"""


def test_a_controller_goes_on_in_its_successor(slurm: ThrowawaySlurm, root: Path, tmp_path: Path) -> None:
    (tmp_path / "Snakefile").write_text(WORKFLOW, encoding="utf-8")
    programs = tmp_path / "bin"
    programs.mkdir()
    impatient = programs / "snakemake"
    impatient.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{SNAKEMAKE[1]}" "$@"\n')
    impatient.chmod(0o755)
    variables = environment(slurm)
    variables["PATH"] = f"{programs}:{variables['PATH']}"
    variables["CONTROLLER_SBATCH"] = "--partition=cpu --mem=100"
    script = root / "profiles" / "slurm" / "controller.sh"
    log = tmp_path / "snakemake-controller.log"

    def said() -> str:
        return log.read_text() if log.exists() else ""

    def jobs(name: str) -> list[dict[str, str]]:
        here = [record for record in slurm.records() if record.get("WorkDir") == str(tmp_path)]
        return [record for record in here if (record["JobName"] == "snakemake-controller") == (name == "controller")]

    def wait(what: str, ready: Callable[[], object]) -> None:
        try:
            slurm.wait_until(what, ready, 150)
        except RuntimeError as error:
            pytest.fail(f"{error}\n{said()}\n{slurm.run('squeue')}")

    command = [str(script), "--profile", str(root / "profiles" / "slurm"), *CHANGES]
    subprocess.run(command, cwd=tmp_path, env=variables, check=True, capture_output=True)
    wait("the first job", lambda: (tmp_path / "story.txt").exists())
    first, second = jobs("controller")
    assert (first["JobState"], second["JobState"]) == ("RUNNING", "PENDING")
    # as Slurm does before the time limit
    slurm.run("scancel", "--signal=TERM", "--batch", first["JobId"])
    wait("the successor", lambda: "Taking over Slurm job" in said())
    assert f"its time is over; {second['JobId']} takes over" in said()
    (tmp_path / "go").touch()
    wait("the end", lambda: "Snakemake has ended with status 0" in said())
    wait("no controller", lambda: {job["JobState"] for job in jobs("controller")} == {"COMPLETED", "CANCELLED"})
    assert [job["JobState"] for job in jobs("controller")] == ["COMPLETED", "COMPLETED", "CANCELLED"]
    assert (tmp_path / "second.txt").exists() and (tmp_path / "story.txt").read_text() == "started\n"
    assert [job["JobState"] for job in jobs("study")] == ["COMPLETED", "COMPLETED"]


def test_a_study_that_cannot_start_leaves_no_controller(slurm: ThrowawaySlurm, root: Path, tmp_path: Path) -> None:
    (tmp_path / "Snakefile").write_text("rule all:\n    input: 'nothing makes this'\n")
    script = root / "profiles" / "slurm" / "controller.sh"
    variables = environment(slurm) | {"CONTROLLER_SBATCH": "--partition=cpu --mem=100"}
    subprocess.run([str(script), "-c1"], cwd=tmp_path, env=variables, check=True, capture_output=True)
    log = tmp_path / "snakemake-controller.log"
    slurm.wait_until("the end", lambda: log.exists() and "ended with status 1" in log.read_text(), 100)
    queue = "squeue --noheader --format=%Z"
    slurm.wait_until("no controller", lambda: str(tmp_path) not in slurm.run(*queue.split()), 60)
    usage = subprocess.run([str(script)], cwd=tmp_path, env=variables, capture_output=True, text=True, check=False)
    assert usage.returncode == 2 and "What to do: " in usage.stderr
