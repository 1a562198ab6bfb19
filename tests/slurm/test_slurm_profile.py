"""profiles/slurm against a real Slurm, judged by Slurm's own records."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from cluster_project import CHANGES, SNAKEMAKE
from throwaway_slurm import Job, ThrowawaySlurm

pytestmark = [pytest.mark.slurm, pytest.mark.timeout(1200)]

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
    command = [*SNAKEMAKE, "--profile", str(root / "profiles" / "slurm")]
    command += [*CHANGES, *arguments]
    environment = slurm.environment | {"PATH": f"{Path(sys.executable).parent}:{slurm.environment['PATH']}"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=1100)
    output = done.stdout + done.stderr
    assert done.returncode == 0, f"{slurm.logs()}\n{output}"
    return output


def jobs_since(slurm: ThrowawaySlurm, before: list[Job]) -> list[Job]:
    known = {job.job_id for job in before}
    return [job for job in slurm.finished_jobs() if job.job_id not in known]


def test_retries_partitions_and_logs(slurm: ThrowawaySlurm, root: Path, tmp_path: Path) -> None:
    """A failed job comes back in a new allocation with more memory; jobs land in the partition that fits; logs stay."""
    tmp_path = tmp_path / "a $HOME and a `folder`"
    tmp_path.mkdir()
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


def test_the_profile_warns_every_training(root: Path) -> None:
    rules = "".join(file.read_text() for file in (root / "workflow" / "rules").glob("*.smk"))
    trainings = set(re.findall(r"use rule train_student as (\w+)", rules))
    trainings |= {text.split(":")[0] for text in rules.split("\nrule ") if "{params.launcher}" in text}
    profile = yaml.safe_load((root / "profiles" / "slurm" / "profile.yaml").read_text())
    assert {
        rule for rule, needs in profile["set-resources"].items() if "--signal=TERM@900" in needs["slurm_extra"]
    } == trainings
