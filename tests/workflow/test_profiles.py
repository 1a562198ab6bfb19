"""The profiles: every entry explained, and what they let run at a time."""

from __future__ import annotations

import itertools
import os
import re
from pathlib import Path

import pytest
import yaml
from workflow_tree import Tree

pytestmark = pytest.mark.workflow

PROFILES = ("local", "single_gpu", "slurm")


@pytest.mark.parametrize("name", PROFILES)
def test_every_entry_has_a_comment(root: Path, name: str) -> None:
    lines = (root / "profiles" / name / "profile.yaml").read_text().splitlines()
    bare = [
        line
        for before, line in itertools.pairwise(lines)
        # of two entries that are explained together the second one follows the first
        if line[:1].isalpha() and not before.startswith("#") and not before[:1].isalpha()
    ]
    assert bare == []


def test_the_site_facts_come_first(root: Path) -> None:
    """What a site must set is marked by capitals, and stands before all else."""
    site, rest = (root / "profiles" / "slurm" / "profile.yaml").read_text().split("# ---- How to run")
    for fact in ("ACCOUNT", "PARTITIONS", "GPU TYPE", "SCRATCH"):
        assert fact in site and fact not in rest


#: Some rules are only in studies that have what they are for.
EVERY_RULE = {
    "study": {
        "data_fractions": {"fractions": [0.5, 1], "ratios": [0, 1]},
        "thinking_budgets": {"tokens": [1024], "percentiles": [50]},
        "votes": {"samples_per_item": 4, "ratios": [0, 1]},
        "hybrid_students": {"ratios": [0.5]},
    },
    "benchmarks": {"samples_per_item": {"gsm8k": 2}},
}


def test_groups_are_of_rules_that_there_are(root: Path, tree: Tree, tmp_path: Path) -> None:
    profile = yaml.safe_load((root / "profiles" / "slurm" / "profile.yaml").read_text())
    (tmp_path / "every.yaml").write_text(yaml.safe_dump(EVERY_RULE))
    rules = set(tree.snakemake("--list-rules", study=(str(tmp_path / "every.yaml"),)).stdout.split())
    figures = {rule for rule in rules if rule.startswith("figure_")}
    assert set(profile["groups"]) - rules == set() and figures <= set(profile["groups"])
    assert set(profile["groups"].values()) == set(profile["group-components"])
    # every job with an engine is warned before its limit; replies are on disk, so two minutes are enough
    engines = {rule for rule in rules if re.match(r"generate_teacher|evaluate_(?!all)|judge_", rule)}
    warned = {rule for rule, needs in profile["set-resources"].items() if "TERM@120" in needs["slurm_extra"]}
    assert len(engines) > 10 and engines <= warned
    assert {"evaluate_hybrid", "judge_hybrid_student_1", "judge_within_budget", "evaluate_for_votes"} <= engines


#: Each job looks for the other one of its kind, which runs beside it if it may.
ONE_GPU = '''
rule all:
    input: expand("{kind}{number}.txt", kind=["gpu", "cpu"], number=[1, 2])

rule work:
    output: "{kind}{number}.txt"
    params:
        other=lambda wildcards: f"{wildcards.kind}{3 - int(wildcards.number)}",
        looks=lambda wildcards: 20 if wildcards.kind == "gpu" else 3000,
    resources: gpu=lambda wildcards: 1 if wildcards.kind == "gpu" else 0, mem_mb=1000
    shell:
        """
        touch {wildcards.kind}{wildcards.number}.runs
        found=alone
        for look in $(seq {params.looks}); do
            if [ -e {params.other}.runs ]; then found=together; break; fi
            sleep 0.1
        done
        [ {wildcards.kind} = cpu ] || rm {wildcards.kind}{wildcards.number}.runs
        echo $found > {output}
        """
'''


def test_one_gpu_serves_one_job_at_a_time(root: Path, tmp_path: Path) -> None:
    (tmp_path / "Snakefile").write_text(ONE_GPU)
    Tree(tmp_path).snakemake(f"--profile={root}/profiles/single_gpu", "--cores=4")
    found = {file.stem: file.read_text().strip() for file in tmp_path.glob("*.txt")}
    assert found == {"gpu1": "alone", "gpu2": "alone", "cpu1": "together", "cpu2": "together"}


def test_a_site_can_say_its_gpu_type_in_the_profile(tree: Tree, tmp_path: Path) -> None:
    """As the profile's comment has it: the config is merged, and a study can still be chosen on the command line."""
    text = (tree.path / "profiles" / "slurm" / "profile.yaml").read_text()
    (line,) = [line for line in text.splitlines() if "gpu_type" in line and line.startswith("# config:")]
    profile = tmp_path / "site"
    profile.mkdir()
    (profile / "profile.yaml").write_text(yaml.safe_dump(yaml.safe_load(line.removeprefix("# ")) | {"cores": 1}))
    (tree.path / "say.smk").write_text('include: "workflow/Snakefile"\nprint("GPU", GPU_TYPE, STUDY.name, ON_GPU)\n')
    options = ("-n", f"--profile={profile}", "--snakefile=say.smk")
    said = tree.snakemake(*options, "models", study=("config/studies/v1.yaml",)).stdout
    assert "GPU h100 v1 True" in said


SLURM_PROGRAMS = ("sacct", "sacctmgr", "sbatch", "scancel", "scontrol", "sinfo", "squeue", "srun")
#: Lists the modules of Slurm executors that the workflow's files have imported themselves.
IMPORTS = """
import sys
before = set(sys.modules)
include: "workflow/Snakefile"
print("IMPORTED", sorted(name for name in set(sys.modules) - before if "slurm" in name))
"""


def test_without_its_profile_nothing_of_slurm_runs(tree: Tree, tmp_path: Path) -> None:
    """Where there is a Slurm, no client of it is called; and no module of Slurm is imported for the workflow."""
    for program in SLURM_PROGRAMS:
        (tmp_path / program).write_text(f"#!/bin/sh\necho {program} >> {tmp_path}/calls\n")
        (tmp_path / program).chmod(0o755)
    (tree.path / "imports.smk").write_text(IMPORTS)
    here = Tree(tree.path, {"PATH": f"{tmp_path}:{os.environ['PATH']}"})
    said = here.snakemake("-n", "--snakefile=imports.smk", "models", study=("config/studies/micro.yaml",)).stdout
    assert "IMPORTED []" in said
    calls = tmp_path / "calls"
    # snakemake-executor-plugin-slurm itself asks scontrol for the default of one of its options
    assert not calls.exists() or set(calls.read_text().split()) <= {"scontrol"}
