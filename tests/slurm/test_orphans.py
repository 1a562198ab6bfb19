"""Settings that change between the crash of a Snakemake and its restart, on a real Slurm."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from cluster_project import CHANGES, SNAKEMAKE, environment
from throwaway_slurm import ThrowawaySlurm

pytestmark = [pytest.mark.slurm, pytest.mark.long, pytest.mark.timeout(300)]

#: Two trainings that wait for the file `go`; a job that ends early tells so.
WORKFLOW = """
rule all:
    localrule: True
    input: expand("{model}.txt", model=["changed", "unchanged"])

rule train:
    output: "{model}.txt"
    log: "logs/{model}.log"
    resources: mem_mb=100, runtime=5
    params: rate=lambda wildcards: config["rate"] if wildcards.model == "changed" else "any"
    shell:
        "trap 'sleep 2; echo {params.rate} ended >> story.txt; exit 1' TERM; "
        "echo {params.rate} started >> story.txt; "
        "while [ ! -e go ]; do sleep 0.2; done; echo {params.rate} > {output}; echo {params.rate} done >> story.txt"
"""


def test_a_training_with_another_learning_rate_is_not_taken_over(
    slurm: ThrowawaySlurm, root: Path, tmp_path: Path
) -> None:
    (tmp_path / "Snakefile").write_text(WORKFLOW, encoding="utf-8")
    story = tmp_path / "story.txt"
    profile = ["--profile", str(root / "profiles" / "slurm"), *CHANGES]

    def start(rate: str) -> subprocess.Popen[str]:
        command = [*SNAKEMAKE, *profile, "--config", f"rate={rate}"]
        with (tmp_path / f"{rate}.log").open("w") as log:
            return subprocess.Popen(
                command, cwd=tmp_path, env=environment(slurm), stdout=log, stderr=subprocess.STDOUT, text=True
            )

    def wait(what: str, ready: Callable[[], object]) -> None:
        try:
            slurm.wait_until(what, ready, 120)
        except RuntimeError as error:
            run.kill()
            pytest.fail(f"{error}\n{[log.read_text() for log in tmp_path.glob('*.log')]}\n{slurm.logs()}")

    run = start("old")
    wait("both trainings", lambda: story.exists() and story.read_text().count("started") == 2)
    run.send_signal(signal.SIGKILL)
    run.wait()
    unlock = [*SNAKEMAKE, *profile, "--unlock", "--config", "rate=new"]
    subprocess.run(unlock, cwd=tmp_path, env=environment(slurm), check=True, capture_output=True)

    run = start("new")
    wait("the new training", lambda: "new started" in story.read_text())
    (tmp_path / "go").touch()
    wait("end", lambda: run.poll() is not None)
    said = (tmp_path / "new.log").read_text()
    assert run.returncode == 0, said
    assert (tmp_path / "changed.txt").read_text() == "new\n"
    told = story.read_text().splitlines()
    assert sorted(told[:2]) == ["any started", "old started"]
    # the new training waited for the end of the old one, and the other one went on
    assert told[2:4] == ["old ended", "new started"] and sorted(told[4:]) == ["any done", "new done"]
    jobs = [job for job in slurm.records("train") if job["WorkDir"] == str(tmp_path)]
    assert [job["JobState"] for job in jobs].count("CANCELLED") == 1 and len(jobs) == 3
    assert said.count("Taking over Slurm job") == 1 and said.count("Cancelling Slurm job") == 1
    again = subprocess.run(
        [*SNAKEMAKE, "-n", "--config", "rate=new"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert "Nothing to be done" in again.stdout + again.stderr
