"""Sites that differ from the shipped profile: other nodes and partitions, one without accounts and one with them.

What is changed in a profile is what its comments and docs/how-to/run_on_a_cluster.md tell a person to change.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import accounting
import polars as pl
import pytest
import throwaway_slurm
import yaml
from cluster_project import ClusterProject, environment, mixture, model, ready_to_train
from throwaway_slurm import Cluster, ThrowawaySlurm

pytestmark = [pytest.mark.slurm, pytest.mark.long, pytest.mark.timeout(600)]

SITE = Cluster(
    nodes=("n01", "n02", "n03"), cpus=4, memory_mb=64_000, gpus=2, gpu_model="a100", partitions=("batch", "accel")
)
ACCOUNTED = Cluster(accounting=True)
OVERLAY = {
    "compute": {
        "device": "gpu",
        "restarts": 2,
        "jobs": {"training": {"threads": 2, "mem_mb": 3100, "runtime": 61}},
    }
}
QUESTIONS = 400
RATIO = 0


@pytest.fixture(scope="module", autouse=True)
def possible() -> None:
    """Slurm can be started here."""
    if reason := throwaway_slurm.why_not():
        pytest.skip(reason)


@pytest.fixture
def site() -> Iterator[ThrowawaySlurm]:
    with tempfile.TemporaryDirectory(prefix="slurm-") as folder, ThrowawaySlurm(Path(folder), SITE) as running:
        yield running


@pytest.fixture
def accounted() -> Iterator[ThrowawaySlurm]:
    if reason := accounting.why_not():
        pytest.skip(reason)
    with tempfile.TemporaryDirectory(prefix="slurm-") as folder:
        Path(folder).chmod(0o755)  # the database server is another user
        with ThrowawaySlurm(Path(folder), ACCOUNTED) as running:
            yield running


@pytest.fixture
def project(root: Path, tmp_path: Path) -> ClusterProject:
    """One training is left to do."""
    return ready_to_train(root, tmp_path / "project", QUESTIONS, OVERLAY, mixture(RATIO))


def change(project: ClusterProject, file: str, *changes: tuple[str, str]) -> None:
    path = project.path / "profiles" / "slurm" / file
    text = path.read_text(encoding="utf-8")
    for before, after in changes:
        assert text.count(before) == 1, before
        text = text.replace(before, after)
    path.write_text(text, encoding="utf-8")


def test_other_nodes_and_partitions(site: ThrowawaySlurm, project: ClusterProject) -> None:
    nodes = {"max_runtime": 2880, "max_mem_mb": 64_000, "max_threads": 4}
    gpus = {"max_gpu": 2, "available_gpu_models": ["a100"]}
    partitions = {"partitions": {"batch": nodes, "accel": nodes | gpus}}
    (project.path / "profiles" / "slurm" / "partitions.yaml").write_text(yaml.safe_dump(partitions))
    change(
        project,
        "profile.yaml",
        ("  mem_mb: 1000000\n", "  mem_mb: 64000\n"),
        ('# config: ["compute={gpu_type: h100}"]', 'config: ["compute={gpu_type: a100}"]'),
    )
    project.through_slurm(site, targets=(model(RATIO),))
    (record,) = site.records("train_student")
    assert (record["JobState"], record["Partition"]) == ("COMPLETED", "accel")
    assert record["TresPerJob"] == "gres:gpu:a100:1"
    assert (project.path / model(RATIO) / "manifest.json").is_file()


def test_with_accounts(accounted: ThrowawaySlurm, project: ClusterProject) -> None:
    """A job is charged to the account; a cancelled one is seen as such by sacct, and another one takes its place."""
    change(
        project,
        "profile.yaml",
        ("# slurm_account: my-account", "slurm_account: lab"),
        ("slurm-study-status-command: squeue", "slurm-study-status-command: sacct"),
    )
    log = project.path / "snakemake.txt"
    run = project.start(accounted, log, targets=(model(RATIO),))

    def running() -> list[str]:
        return [job["JobId"] for job in accounted.records("train_student") if job["JobState"] == "RUNNING"]

    try:
        accounted.wait_until("training", running, 120)
        accounted.run("scancel", running()[0])
        accounted.wait_until("end", lambda: run.poll() is not None, 240)
    except RuntimeError as error:
        run.kill()
        pytest.fail(f"{error}\n{log.read_text()}\n{project.logs()}")
    assert run.returncode == 0, log.read_text()

    said = accounted.run("sacct", "-X", "-n", "-P", "--format=Comment,State,Account,ReqTRES")
    trainings = [line.split("|") for line in said.splitlines() if line.startswith("rule_train_student")]
    assert [state.split()[0] for _, state, _, _ in trainings] == ["CANCELLED", "COMPLETED"], said
    assert {account for _, _, account, _ in trainings} == {"lab"}
    assert all("gres/gpu=1" in asked for _, _, _, asked in trainings)
    table = pl.read_csv(efficiency(accounted, project))
    (row,) = table.filter(rule="train_student").to_dicts()
    assert (row["slurm_jobs"], row["not_completed"]) == (2, 1)
    assert row["gpu_hours"] > 0


def efficiency(slurm: ThrowawaySlurm, project: ClusterProject) -> Path:
    """The table, without the rest of the study that its rule would wait for."""
    output = project.path / "resource_usage.csv"
    script = ["workflow/scripts/resource_usage.py", "--timings", "results/micro/timings", "--study", "micro"]
    command = [sys.executable, *script, "--output", str(output)]
    subprocess.run(command, cwd=project.path, env=environment(slurm), check=True, timeout=60)
    return output
