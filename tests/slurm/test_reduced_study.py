"""A reduced small study through profiles/slurm, with the real rules and engines, judged by Slurm's own records."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import polars as pl
import pytest
from cluster_project import TRAININGS, ClusterProject, write_pairs
from throwaway_slurm import ThrowawaySlurm

pytestmark = [pytest.mark.slurm, pytest.mark.long, pytest.mark.timeout(600)]

QUESTIONS = 100

#: One student, both formats, two benchmarks. GPUs are asked for, and the programs run on CPU all the same.
OVERLAY = TRAININGS | {
    "study": {
        **TRAININGS["study"],
        "ratios": [0, 1],
        "curricula": ["seq"],
        "judges": ["micro-judge"],
        "families": [
            {"name": "General-OE", "benchmarks": ["squad"]},
            {"name": "Math-OE", "benchmarks": ["gsm8k"]},
        ],
        "figures": ["v1/fig02"],
        "tables": ["table1"],
        "explorer": False,
    },
    "corpora": {"general": {**TRAININGS["corpora"]["general"], "num_prompts": QUESTIONS}},
    "small_world": {"benchmark_rows": 10},
    "compute": {
        "device": "gpu",
        "gpu_type": "h100",
        "restarts": 1,
        "jobs": {
            "cpu_small": {"threads": 1, "mem_mb": 1100, "runtime": 11},
            "cpu_large": {"threads": 2, "mem_mb": 1200, "runtime": 12},
            "engine": {"threads": 1, "mem_mb": 4100, "runtime": 41},
            "judging": {"threads": 1, "mem_mb": 4200, "runtime": 42},
            "training": {"threads": 1, "mem_mb": 3100, "runtime": 61},
        },
        # the student's own amounts, not those above
        "by_size": [{"max_params_b": 0.0001, "engine": {"runtime": 31}, "training": {"mem_mb": 3200, "runtime": 62}}],
    },
}
LIGHT = (0, "1200M", 12)
#: How many jobs of each rule, and what each asks for: GPUs, memory, minutes.
EXPECTED = {
    "build_mixture": (2, LIGHT),
    "tokenise_pairs": (1, LIGHT),
    "train_student": (2, (1, "3200M", 62)),
    "evaluate_student": (1, (1, "4100M", 2 * 31)),  # two models in one job
    "judge_student_1": (1, (1, "4200M", 42)),
    "score_models": (1, LIGHT),
    "compute_flops": (1, LIGHT),
}


@pytest.fixture(scope="module")
def project(root: Path, slurm: ThrowawaySlurm, tmp_path_factory: pytest.TempPathFactory) -> ClusterProject:
    """The finished study; what comes before mixtures was made without Slurm: six jobs one after the other."""
    planted = ClusterProject.plant(root, tmp_path_factory.mktemp("study") / "project", OVERLAY)
    write_pairs(planted.path, QUESTIONS)
    benchmarks = [f"results/micro/benchmarks/{name}.parquet" for name in ("squad", "gsm8k")]
    planted.here("results/micro/pairs/general.parquet", *benchmarks)
    planted.through_slurm(slurm, targets=("all", "resource_usage"))
    return planted


def rule_of(record: dict[str, str]) -> str:
    return record["Comment"].split("_wildcards_")[0].removeprefix("rule_")


def gpus(record: dict[str, str]) -> int:
    found = re.search(r"gres:gpu:h100:(\d+)", record.get("TresPerJob", ""))
    return int(found[1]) if found else 0


def minutes(limit: str) -> int:
    hours, minute, _ = limit.split(":")
    return 60 * int(hours) + int(minute)


def test_the_study_is_finished(project: ClusterProject) -> None:
    results = project.path / "results" / "micro"
    scores = pl.read_parquet(results / "tables" / "scores.parquet")
    assert set(scores["model_id"]) == {f"general/micro-0.07M/seq/rho-{ratio}/seed-0" for ratio in (0, 1)}
    assert (results / "figures" / "v1" / "fig02.pdf").stat().st_size > 1000


def test_slurm_gave_each_job_what_its_rule_asks_for(slurm: ThrowawaySlurm, project: ClusterProject) -> None:
    records = [record for record in slurm.records() if record["WorkDir"] == str(project.path)]
    assert {record["JobState"] for record in records} == {"COMPLETED"}
    single = [record for record in records if rule_of(record) in EXPECTED]
    assert Counter(map(rule_of, single)) == {rule: count for rule, (count, _) in EXPECTED.items()}
    for record in single:
        memory = re.search(r"mem=(\d+M)", record["TRES"])
        asked = (gpus(record), memory[1], minutes(record["TimeLimit"]))
        assert asked == EXPECTED[rule_of(record)][1], record
        assert record["NumNodes"] == "1"
        assert record["Partition"] == ("gpu" if asked[0] else "cpu")


def test_small_jobs_went_together(slurm: ThrowawaySlurm, project: ClusterProject) -> None:
    """The models' grades in one job, tables and the figure in another."""
    records = [record for record in slurm.records() if record["WorkDir"] == str(project.path)]
    grading, end = (record for record in records if rule_of(record) not in EXPECTED)
    assert rule_of(grading).startswith("rule_grading") and rule_of(end).startswith("reporting")
    # side by side, of one thread each: two grades; a figure, table 1, agreement of judges and sensitivity to the jury
    for group, members in ((grading, 2), (end, 4)):
        assert (group["NumCPUs"], f"mem={1100 * members}M" in group["TRES"]) == (str(members), True), group


def test_asked_against_used(project: ClusterProject) -> None:
    table = pl.read_csv(project.path / "results" / "micro" / "tables" / "resource_usage.csv")
    rows = {row["rule"]: row for row in table.iter_rows(named=True)}
    assert rows["train_student"]["requested_memory_mb"] == 3200 and rows["train_student"]["requested_minutes"] == 62
    assert 100 < rows["train_student"]["used_memory_mb"] < 3200
    assert rows["grade_answers"]["jobs"] == 2
