"""Asked against used, from files as Snakemake and sacct write them, against sums by hand."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from scale_or_reason.common.errors import StudyError
from scale_or_reason.planning.resource_usage import resource_usage, slurm_jobs

HEADER = (
    "s\th:m:s\tmax_rss\tmax_vms\tmax_uss\tmax_pss\tio_in\tio_out\tmean_load\tcpu_time"
    "\tjobid\trule_name\twildcards\tparams\tthreads\tcpu_usage\tresources\tinput_size_mb\n"
)
#: What sacct 22.05 prints of a training that was cancelled and one that came through; the last use of a GPU is made up,
#: since no machine of ours has both.
SACCT = """\
11|v2@5f|rule_train_student_wildcards_a_0|CANCELLED by 0|7200|billing=16,cpu=16,gres/gpu:h100=8,gres/gpu=8,mem=250G||
11.batch|batch||CANCELLED|7200|cpu=16,gres/gpu=8,mem=250G|2048K|cpu=00:00:00
11.0|python||CANCELLED|7200|cpu=16,gres/gpu=8,mem=250G|100M|cpu=00:01:00
12|v2@5f|rule_train_student_wildcards_a_0|COMPLETED|3600|cpu=16,gres/gpu=8,mem=250G||
12.0|python||COMPLETED|3600|cpu=16,gres/gpu=8,mem=250G|2G|cpu=01:00:00,gres/gpuutil=90,gres/gpumem=60G
13|v2b@9a|rule_train_student|COMPLETED|3600|cpu=16,gres/gpu=8||
14|v2@5f|rule_grade identity=0123456789abcdef|COMPLETED|36|cpu=2||
14.0|snakemake||COMPLETED|36|cpu=2|300000K|
"""


def line(seconds: float, memory: str, cpu: str, threads: int, resources: dict[str, object]) -> str:
    params = {"a": '--x "y"'}
    return (
        f"{seconds}\t0:00:00\t{memory}\t0\t0\t0\t0\t0\t90\t{cpu}\t3\trule\t{{'i': '1'}}\t{params}\t{threads}\t0.0"
        f"\t{resources}\t{{}}\n"
    )


@pytest.fixture
def timings(tmp_path: Path) -> Path:
    jobs = {
        "grade/a.tsv": line(60, "100.0", "90.0", 2, {"mem_mb": 1000, "runtime": 10, "_cores": 2}),
        "grade/b.tsv": line(120, "300.0", "30.0", 2, {"mem_mb": 2000, "runtime": 30, "_cores": 2}),
        "train_student/a.tsv": line(
            600, "50.0", "5.0", 16, {"mem_mb": 4000, "runtime": 100, "nodes": 2, "gres": "gpu:h100:8", "mpi": "srun"}
        ),
        "quick.tsv": line(0.2, "NA", "NA", 1, {"mem_mb": 1000, "runtime": 5, "gpu": 4}),
    }
    folder = tmp_path / "timings"
    for name, text in jobs.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(HEADER + text, encoding="utf-8")
    return folder


def rows(table: pl.DataFrame) -> dict[str, dict[str, object]]:
    return {row["rule"]: row for row in table.iter_rows(named=True)}


def test_asked_and_used(timings: Path) -> None:
    table = resource_usage(timings)
    assert table["rule"].to_list() == ["train_student", "grade", "quick"]  # by asked time
    grade = rows(table)["grade"]
    assert (grade["jobs"], grade["threads"], grade["gpus"], grade["nodes"]) == (2, 2, 0, 1)
    assert (grade["requested_minutes"], grade["used_minutes"], grade["time_used"]) == (30, 2, pytest.approx(0.1))
    assert (grade["requested_memory_mb"], grade["used_memory_mb"], grade["memory_used"]) == (2000, 300, 0.15)
    assert grade["used_threads"] == pytest.approx(120 / 180)
    assert grade["threads_used"] == pytest.approx(120 / 360)


def test_what_nobody_could_see_is_null(timings: Path) -> None:
    """A job too short for Snakemake's clock, and one whose programs run on other nodes."""
    table = rows(resource_usage(timings))
    assert (table["quick"]["gpus"], table["quick"]["used_memory_mb"], table["quick"]["memory_used"]) == (4, None, None)
    training = table["train_student"]
    assert (training["gpus"], training["nodes"], training["time_used"]) == (16, 2, 0.1)
    assert (training["used_memory_mb"], training["threads_used"]) == (None, None)


def test_timings_without_what_was_asked(timings: Path) -> None:
    short = HEADER.split("\tjobid")[0] + "\n" + "\t".join(line(60, "100.0", "90.0", 2, {}).split("\t")[:10]) + "\n"
    (timings / "grade" / "a.tsv").write_text(short)
    (timings / "old.tsv").write_text(short)
    table = rows(resource_usage(timings))
    assert (table["old"]["requested_minutes"], table["old"]["used_minutes"], table["old"]["gpus"]) == (None, 1, None)
    assert table["grade"]["used_minutes"] == 2


def test_slurms_accounts(timings: Path) -> None:
    jobs = slurm_jobs(SACCT.splitlines(), "v2")
    assert jobs.rows() == [
        ("train_student", "11", False, 2.0, 8, 100.0, None),
        ("train_student", "12", True, 1.0, 8, 2048.0, 90.0),
        ("grade", "14", True, 0.01, 0, 300_000 / 1024, None),
    ]
    table = rows(resource_usage(timings, jobs))
    training = table["train_student"]
    assert (training["slurm_jobs"], training["not_completed"]) == (2, 1)
    assert (training["gpu_hours"], training["gpu_percent"]) == (24, 90)
    assert (training["used_memory_mb"], training["memory_used"]) == (2048, 0.512)  # seen by Slurm
    assert (table["grade"]["used_memory_mb"], table["quick"]["slurm_jobs"]) == (300, None)


@pytest.mark.slow
def test_the_script(root: Path, timings: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    output, script = tmp_path / "resource_usage.csv", root / "workflow" / "scripts" / "resource_usage.py"
    command = [sys.executable, str(script), "--timings", str(timings), "--study", "v2", "--output", str(output)]
    sacct = tmp_path / "sacct"
    sacct.write_text("#!/bin/sh\nexit 1\n")
    sacct.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    without = subprocess.run(command, check=True, capture_output=True, text=True)
    assert "without Slurm's accounting" in without.stderr
    assert "slurm_jobs" not in pl.read_csv(output).columns
    sacct.write_text(f"#!/bin/sh\ncat <<'END'\n{SACCT}END\n")
    subprocess.run(command, check=True, capture_output=True)
    assert pl.read_csv(output)["slurm_jobs"].to_list() == [2, 1, None]


def test_before_any_job(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="there are no job timings"):
        resource_usage(tmp_path)


def test_what_a_warm_start_hides_is_null(timings: Path) -> None:
    """Snakemake measures the client, which waits for the fork."""
    client = line(600, "12.0", "0.1", 1, {"mem_mb": 4000, "runtime": 30, "_cores": 1})
    (timings / "evaluate.tsv").write_text(HEADER + client.replace('--x "y"', "scripts/warm_start.py engine x.py"))
    found = rows(resource_usage(timings))["evaluate"]
    assert (found["used_minutes"], found["used_memory_mb"], found["threads_used"]) == (10, None, None)
