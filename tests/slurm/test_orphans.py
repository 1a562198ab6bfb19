"""Settings that change between the crash of a Snakemake and its restart, on a real Slurm."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from cluster_project import CHANGES, SNAKEMAKE, environment
from throwaway_slurm import ThrowawaySlurm

import snakemake_study

pytestmark = [pytest.mark.slurm, pytest.mark.long, pytest.mark.timeout(300)]

#: Trainings that wait for a file; one that is stopped before tells so. ``ended`` ends while no Snakemake runs.
MODELS = ("changed", "unchanged", "ended")
WORKFLOW = (
    f"""
import sys
sys.path.insert(0, {str(Path(snakemake_study.__file__).parents[1])!r})
from pathlib import Path
from snakemake_study.records import replace_records
replace_records(Path("elsewhere"), lambda outputs: None)
"""
    + """
rule all:
    localrule: True
    input: expand("{model}.txt", model=["changed", "unchanged", "ended"])

rule train:
    output: "{model}.txt"
    log: "logs/{model}.log"
    resources: mem_mb=100, runtime=5
    params: rate=lambda wildcards: "any" if wildcards.model == "unchanged" else config["rate"]
    shell:
        "tell() {{ echo {wildcards.model} {params.rate} $1 >> story.txt; }}; "
        "trap 'sleep 2; tell stopped; exit 1' TERM; tell started; "
        "while [ ! -e go_{wildcards.model} ]; do sleep 0.2; done; "
        "echo {params.rate} > {output}; tell done"
"""
)


def test_a_training_with_another_learning_rate_is_not_taken_over(
    slurm: ThrowawaySlurm, root: Path, tmp_path: Path
) -> None:
    (tmp_path / "Snakefile").write_text(WORKFLOW, encoding="utf-8")
    story = tmp_path / "story.txt"
    profile = ["--profile", str(root / "profiles" / "slurm"), *CHANGES]

    def jobs() -> list[dict[str, str]]:
        return [job for job in slurm.records("train") if job["WorkDir"] == str(tmp_path)]

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

    def told() -> list[str]:
        return story.read_text().splitlines() if story.exists() else []

    run = start("old")
    wait("three trainings", lambda: len(told()) == 3)
    run.send_signal(signal.SIGKILL)
    run.wait()
    (tmp_path / "go_ended").touch()
    wait("the end of the first job", lambda: [job["JobState"] for job in jobs()].count("COMPLETED") == 1)
    unlock = [*SNAKEMAKE, *profile, "--unlock", "--config", "rate=new"]
    subprocess.run(unlock, cwd=tmp_path, env=environment(slurm), check=True, capture_output=True)

    run = start("new")
    wait("the new training", lambda: "changed new started" in told())
    for model in ("changed", "unchanged"):
        (tmp_path / f"go_{model}").touch()
    wait("end", lambda: run.poll() is not None)
    said = (tmp_path / "new.log").read_text()
    assert run.returncode == 0, said
    stories = {name: [line.split(maxsplit=1)[1] for line in told() if line.startswith(name)] for name in MODELS}
    assert stories == {
        # the new training waited for the end of the old one
        "changed": ["old started", "old stopped", "new started", "new done"],
        "unchanged": ["any started", "any done"],
        "ended": ["old started", "old done", "new started", "new done"],
    }
    assert [(tmp_path / f"{model}.txt").read_text() for model in MODELS] == ["new\n", "any\n", "new\n"]
    assert sorted(job["JobState"] for job in jobs()) == ["CANCELLED", *["COMPLETED"] * 4]
    assert said.count("Taking over Slurm job") == 1 and said.count("Cancelling Slurm job") == 1
    for rate, left in (("new", "Nothing to be done"), ("other", "train")):
        command = [*SNAKEMAKE, "-n", "--config", f"rate={rate}"]
        again = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
        assert left in again.stdout + again.stderr
