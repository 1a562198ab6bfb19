"""profiles/slurm against a real Slurm, judged by Slurm's own records."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from throwaway_slurm import Job, ThrowawaySlurm

pytestmark = [pytest.mark.slurm, pytest.mark.timeout(300)]

TINY_WORKFLOW = """
rule all:
    localrule: True
    input: "on_gpu.txt"

rule flaky:  # fails in its first allocation, succeeds in the second, which asks for more memory
    output: "flaky.txt"
    log: "logs/flaky.log"
    threads: 2
    resources: mem_mb=lambda wildcards, attempt: 1000 * attempt, runtime=5
    shell: "(test {resources.mem_mb} -ge 2000 && echo $SLURM_JOB_PARTITION > {output}) &> {log}"

rule on_gpu:
    input: "flaky.txt"
    output: "on_gpu.txt"
    log: "logs/on_gpu.log"
    resources: gpu=2, gpu_model="h100", mem_mb=2000, runtime=5
    shell: "echo $SLURM_JOB_PARTITION $CUDA_VISIBLE_DEVICES > {output} 2> {log}"
"""


def run_through_profile(slurm: ThrowawaySlurm, root: Path, folder: Path, *arguments: str) -> str:
    """Snakemake in ``folder`` with the project's Slurm profile as it is, except that it looks at jobs more often."""
    command = [sys.executable, "-m", "snakemake", "--profile", str(root / "profiles" / "slurm")]
    command += ["--slurm-partition-config", str(root / "profiles" / "slurm" / "partitions.yaml")]
    command += ["--slurm-init-seconds-before-status-checks", "2", "--latency-wait", "20", *arguments]
    environment = slurm.environment | {"PATH": f"{Path(sys.executable).parent}:{slurm.environment['PATH']}"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=240)
    output = done.stdout + done.stderr
    assert done.returncode == 0, f"{slurm.logs()}\n{output}"
    return output


def jobs_since(slurm: ThrowawaySlurm, before: list[Job]) -> list[Job]:
    known = {job.job_id for job in before}
    return [job for job in slurm.finished_jobs() if job.job_id not in known]


def test_retries_partitions_and_logs(slurm: ThrowawaySlurm, root: Path, tmp_path: Path) -> None:
    """A failed job comes back in a new allocation with more memory; jobs land in the partition that fits; logs stay."""
    (tmp_path / "Snakefile").write_text(TINY_WORKFLOW, encoding="utf-8")
    before = slurm.finished_jobs()
    output = run_through_profile(slurm, root, tmp_path)

    jobs = jobs_since(slurm, before)
    assert [(job.partition, job.state) for job in jobs] == [
        ("cpu", "FAILED"),
        ("cpu", "COMPLETED"),
        ("gpu", "COMPLETED"),
    ], output
    records = [slurm.run("scontrol", "show", "job", job.job_id) for job in jobs]
    assert ["mem=1000M" in records[0], "mem=2G" in records[1] or "mem=2000M" in records[1]] == [True, True], records
    assert "gres/gpu=2" in records[2] or "gres:gpu:h100:2" in records[2] or "gpu:h100:2" in records[2], records[2]
    assert (tmp_path / "flaky.txt").read_text().split() == ["cpu"]
    partition, devices = (tmp_path / "on_gpu.txt").read_text().split()
    assert partition == "gpu" and len(devices.split(",")) == 2

    logs = {log.parent.name: log.stat().st_size for log in (tmp_path / ".snakemake" / "slurm_logs").rglob("*.log")}
    assert set(logs) == {"rule_flaky", "rule_on_gpu"} and all(logs.values())


def test_a_rule_of_the_project(slurm: ThrowawaySlurm, root: Path, tmp_path: Path) -> None:
    """A real, cheap rule of the small study goes through Slurm, and Slurm agrees that it did."""
    project = tmp_path / "project"  # a copy: results and Snakemake's lock stay out of the checkout
    for name in ("workflow", "config", "envs", "resources"):
        shutil.copytree(root / name, project / name)
    shutil.copy(root / "Snakefile", project)
    target = Path("results", "micro", "benchmarks", "gsm8k.parquet")
    before = slurm.finished_jobs()
    output = run_through_profile(slurm, root, project, "--configfile", "config/studies/micro.yaml", "--", str(target))

    assert (project / target).stat().st_size > 0
    jobs = jobs_since(slurm, before)
    assert jobs and {(job.partition, job.state) for job in jobs} == {("cpu", "COMPLETED")}, output
    slurm_logs = list((project / ".snakemake" / "slurm_logs").rglob("*.log"))
    assert sorted(log.stem for log in slurm_logs) == sorted(job.job_id for job in jobs)


def test_the_profile_warns_every_training(root: Path) -> None:
    rules = "".join(file.read_text() for file in (root / "workflow" / "rules").glob("*.smk"))
    trainings = set(re.findall(r"use rule train_student as (\w+)", rules))
    trainings |= {text.split(":")[0] for text in rules.split("\nrule ") if "{params.launcher}" in text}
    profile = yaml.safe_load((root / "profiles" / "slurm" / "profile.yaml").read_text())
    assert {
        rule for rule, needs in profile["set-resources"].items() if "--signal=TERM@" in needs["slurm_extra"]
    } == trainings


TRAINING_WORKFLOW = """
rule train_student:
    output: "model.txt"
    log: "logs/train.log"
    retries: 5 if workflow.is_main_process else 0
    resources: mem_mb=1000, runtime=2
    shell: "exec python {torchrun} --nproc-per-node 2 {worker} {{output}} &> {{log}}"
"""

#: Takes a while to end after SIGTERM, as a training that writes its checkpoint does.
WORKER = """
import os, pathlib, signal, sys, time
kept = pathlib.Path(f"checkpoint-{os.environ['RANK']}")
if kept.exists():
    pathlib.Path(sys.argv[1]).write_text("trained")
    sys.exit(0)
told = []
signal.signal(signal.SIGTERM, lambda *_: told.append(True))
while not told:
    time.sleep(0.1)
time.sleep(3)
kept.touch()
sys.exit(75)
"""


def test_a_training_is_warned_before_its_time_limit_and_comes_back(
    slurm: ThrowawaySlurm, root: Path, tmp_path: Path
) -> None:
    """Slurm's SIGTERM reaches the workers, these take their time, and a new allocation goes on.

    Slurm may send it up to a minute early, here 20 seconds after the start; on a very slow machine before the workers
    are there: then nothing is lost, and the next allocation starts anew.
    """
    worker = tmp_path / "worker.py"
    worker.write_text(WORKER, encoding="utf-8")
    torchrun = root / "workflow" / "scripts" / "torchrun.py"
    (tmp_path / "Snakefile").write_text(TRAINING_WORKFLOW.format(torchrun=torchrun, worker=worker), encoding="utf-8")
    before = slurm.finished_jobs()
    warned = "train_student:slurm_extra='--signal=TERM@40'"  # as in the profile, for a limit of two minutes
    output = run_through_profile(slurm, root, tmp_path, "--set-resources", warned)
    jobs = jobs_since(slurm, before)
    *stopped, last = [(job.partition, job.state) for job in jobs]
    assert set(stopped) == {("cpu", "FAILED")} and last == ("cpu", "COMPLETED"), output
    assert (tmp_path / "model.txt").read_text() == "trained"
    warned_log = next((tmp_path / ".snakemake" / "slurm_logs").rglob(f"{jobs[-2].job_id}.log")).read_text()
    assert "returned non-zero exit status 75" in warned_log  # of the job that wrote what the last one found
