"""A generation that takes longer than its time limit, through profiles/slurm: it goes on where Slurm stopped it."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from cluster_project import CHANGES, SNAKEMAKE, environment
from hostile_endpoint import HostileEndpoint, serving
from throwaway_slurm import ThrowawaySlurm

from scale_or_reason.common.tables import read_table, table_from_rows, write_table

pytestmark = [pytest.mark.slurm, pytest.mark.long, pytest.mark.timeout(400)]

#: The rule's name is the real one, by which the profile asks for the signal.
WORKFLOW = """
rule generate_teacher_answers:
    output: "shard-0.parquet"
    log: "generate.log"
    retries: 2 if workflow.is_main_process else 0
    resources: mem_mb=2000, runtime=2
    shell: "exec bash command.sh {output} &>> {log}"
"""
PROMPTS = 150


def test_it_is_submitted_again_and_asks_nothing_twice(slurm: ThrowawaySlurm, root: Path, tmp_path: Path) -> None:
    """A second for each answer, one at a time; after the signal the server answers at once."""
    rows = [{"prompt_id": f"q{i}", "corpus": "c", "prompt": f"question {i}"} for i in range(PROMPTS)]
    write_table(table_from_rows(rows, "prompts"), tmp_path / "prompts.parquet", "prompts")
    log = tmp_path / "generate.log"
    with serving(HostileEndpoint(delay=1.0)) as server:
        program = root / "workflow" / "scripts" / "generate_teacher_answers.py"
        words = [sys.executable, str(program), "--prompts", "prompts.parquet", "--model", "made-up/teacher"]
        words += ["--format", "ift", "--shard", "0", "--shards", "1", "--seed", "0"]
        words += ["--sampling", '{"temperature": 0, "top_p": 1, "max_tokens": 8}']
        words += ["--endpoint", json.dumps({"url": server.url, "concurrency": 1}), "--output"]
        (tmp_path / "command.sh").write_text(f"exec {shlex.join(words)} $1\n", encoding="utf-8")
        (tmp_path / "Snakefile").write_text(WORKFLOW, encoding="utf-8")
        command = [*SNAKEMAKE, "--profile", str(root / "profiles" / "slurm"), *CHANGES]
        # the limit of the test is two minutes, so the signal comes between 20 and 80 seconds after the start
        command += ["--set-resources", "generate_teacher_answers:slurm_extra='--signal=TERM@40'"]
        before = {job.job_id for job in slurm.finished_jobs()}
        run = subprocess.Popen(
            command, cwd=tmp_path, env=environment(slurm), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

        def stopped() -> bool:
            return run.poll() is not None or (log.exists() and "stopped by SIGTERM" in log.read_text())

        slurm.wait_until("signal", stopped, 200)
        answered = server.answered.total()
        server.delay = 0.0
        output, _ = run.communicate(timeout=150)
    assert run.returncode == 0, f"{slurm.logs()}\n{output}\n{log.read_text()}"
    assert 5 < answered < PROMPTS
    jobs = [job for job in slurm.finished_jobs() if job.job_id not in before]
    assert len(jobs) == 2
    assert f"{PROMPTS} requests, {answered} already done" in log.read_text()
    assert server.asked == Counter({f"question {i}": 1 for i in range(PROMPTS)})
    assert read_table(tmp_path / "shard-0.parquet", "generations").height == PROMPTS
