"""Snakemake's scheduler looks at open jobs when one has ended, and not more often the more have ended."""

from __future__ import annotations

from pathlib import Path

import pytest
from workflow_tree import Tree

pytestmark = pytest.mark.workflow

JOBS = 12
#: Each job starts once the one before has ended.
CHAIN = f"""
rule all:
    input: "{JOBS}.txt"

rule first:
    output: "0.txt"
    shell: "touch {{output}}"

rule next:
    input: lambda wildcards: f"{{int(wildcards.number) - 1}}.txt"
    output: "{{number,[1-9][0-9]*}}.txt"
    shell: "touch {{output}}"
"""
#: Writes a line for each later look that the scheduler asks for.
COUNT = """
import pathlib, threading
start = threading.Timer.start
def count(timer):
    if "job_scheduler" in timer.function.__code__.co_filename:
        with pathlib.Path("looks.txt").open("a") as stream:
            stream.write("look\\n")
    start(timer)
threading.Timer.start = count
"""


def looks(folder: Path, snakefile: str, *arguments: str) -> tuple[int, str]:
    """How many later looks a run of the chain schedules, and what Snakemake says."""
    (folder / "python").mkdir()
    (folder / "python" / "sitecustomize.py").write_text(COUNT)
    (folder / "Snakefile").write_text(snakefile)
    run = Tree(folder, {"PYTHONPATH": str(folder / "python")}).snakemake("-c1", *arguments)
    file = folder / "looks.txt"
    return len(file.read_text().splitlines()) if file.exists() else 0, run.stderr


def test_snakemake_by_itself_schedules_a_look_for_each_job(tmp_path: Path) -> None:
    """When this fails, Snakemake no longer does, and workflow/rules/scheduling.smk can go."""
    assert looks(tmp_path, CHAIN)[0] >= JOBS


def included(root: Path) -> str:
    """The rules' file, with what the rest of the workflow defines for it."""
    stubs = "".join(f"def {name}():\n    pass\n\n\n" for name in ("watch_results", "check_keys"))
    return f'WARM_START = False\n\n\n{stubs}include: "{root}/workflow/rules/scheduling.smk"\n'


def test_the_workflow_schedules_none(root: Path, tmp_path: Path) -> None:
    include = included(root)
    assert looks(tmp_path, include + CHAIN)[0] == 0


def test_a_chosen_limit_stays(root: Path, tmp_path: Path) -> None:
    include = included(root)
    assert looks(tmp_path, include + CHAIN, "--max-jobs-per-timespan=50/1s")[0] >= JOBS


def test_another_scheduler_gives_one_line(root: Path, tmp_path: Path) -> None:
    renamed = included(root) + ("class Renamed:\n    pass\n\nonstart:\n    lift_default_rate_limit(Renamed())\n")
    said = looks(tmp_path, renamed + CHAIN)[1]
    assert "may need a whole core for many short jobs: 'Renamed' object has no attribute 'job_rate_limiter'" in said
    assert "Traceback" not in said
