"""`snakemake plan`: one job that needs nothing, and whose list of jobs is Snakemake's own."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from warm_start import WarmPython
from workflow_tree import IMPORTED, MICRO, MODELS, SMALL, Tree

pytestmark = pytest.mark.workflow

DEMO = (*MICRO, "config/studies/demo.yaml")


@pytest.fixture(scope="module")
def planned(tree: Tree, root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tree]:
    """A copy of the workflow whose models have their real shapes, and in which the network refuses."""
    folder = tmp_path_factory.mktemp("planned") / "tree"
    shutil.copytree(tree.path, folder)
    for model in MODELS:
        shutil.copy(root / "resources" / "micro" / model / "config.json", folder / "resources" / "micro" / model)
    refusing = tmp_path_factory.mktemp("refusing")
    (refusing / "sitecustomize.py").write_text(
        "import socket\n"
        "def refuse(*arguments, **options):\n"
        "    raise OSError('a plan needs no network')\n"
        "socket.socket.connect = socket.getaddrinfo = refuse\n"
    )
    for name in ("torch", "vllm", "transformers", "datasets"):
        (refusing / f"{name}.py").write_text(f'raise ImportError("a plan imports no {name}")\n')
    environment = {"PYTHONPATH": f"{refusing}:{folder / 'src'}"}
    warm = WarmPython(*IMPORTED, environment=environment)
    yield Tree(folder, environment, warm=warm)
    warm.close()


def stages(tree: Tree, study: str) -> pl.DataFrame:
    return pl.read_csv(tree.path / "results" / study / "plan" / "stages.csv")


def jobs_up_to_scores(tree: Tree, name: str, study: tuple[str, ...]) -> int:
    """Jobs of a dry run without those that make tables of tables; one of these wants answers under other limits."""
    limited = [f"results/{name}/tables/length_limits.csv"] if name == "v2" else []
    jobs = tree.dry_run("scores", *limited, study=study)
    return sum(count for rule, count in jobs.items() if rule != "compare_length_limits")


def test_one_job(tree: Tree) -> None:
    assert tree.dry_run("plan") == {"plan": 1}
    assert tree.dry_run("plan", study=MICRO) == {"plan": 1}


def test_a_plan_from_another_folder(planned: Tree, tmp_path: Path) -> None:
    elsewhere = Tree(tmp_path, planned.environment, warm=planned.warm)
    study = tuple(str(planned.path / overlay) for overlay in DEMO)
    elsewhere.snakemake(f"--snakefile={planned.path}/workflow/Snakefile", "plan", study=study)
    assert (tmp_path / "results" / "micro" / "plan" / "plan.txt").is_file()


def test_no_cores_are_asked_for_and_each_call_plans_anew(planned: Tree) -> None:
    lock = planned.path / ".snakemake" / "locks" / "0.output.lock"
    lock.parent.mkdir(parents=True, exist_ok=True)
    lock.write_text("results/micro/models/general/micro-1M/seq/rho-0/seed-0\n")  # of a study that is running
    for _ in range(2):
        printed = planned.snakemake("plan", study=DEMO).stdout
        assert "Plan of the study micro" in printed
    assert lock.is_file()
    lock.unlink()
    text = (planned.path / "results" / "micro" / "plan" / "plan.txt").read_text()
    assert text.strip() in printed
    for targets in (["table1"], ["plan", "table1"]):
        others = planned.snakemake(*targets, study=DEMO, check=False)
        assert others.status != 0 and "cores have to be specified" in others.stdout + others.stderr


@pytest.mark.parametrize(
    ("study", "name"),
    [
        ((), "v2"),
        (("config/studies/gemma.yaml",), "gemma"),
        (("config/studies/single_gpu.yaml",), "single_gpu"),
        (MICRO, "micro"),
    ],
)
def test_a_plan_has_the_jobs_that_would_run(planned: Tree, study: tuple[str, ...], name: str) -> None:
    run = planned.snakemake("-c1", "plan", study=study)
    found = stages(planned, name)
    assert found["jobs"].sum() == jobs_up_to_scores(planned, name, study)
    folder = planned.path / "results" / name / "plan"
    for file in ("plan.csv", "memory.csv", "assumptions.csv"):
        assert pl.read_csv(folder / file).height > 3
    assert "<svg" in (folder / "plan.html").read_text()
    said = (planned.path / "results" / name / "logs" / "plan.log").read_text()
    assert f"Plan of the study {name}" in said and said.strip() in run.stdout + run.stderr
    assert ("Published: 70,000" in said) == (name == "v2")


def test_a_search_replicas_and_parts_of_the_data_are_jobs_too(planned: Tree, tmp_path: Path) -> None:
    overlay = tmp_path / "search.yaml"
    overlay.write_text(
        "study: {seeds: [0, 1], data_fractions: [0.5, 1], figures: [], tables: [], rule_graders: false}\n"
        "students: {micro-1M: {learning_rate: search}}\n"
        "compute: {models_per_judge_job: 3, evaluation_grouping: model}\n"
    )
    study = (*DEMO, str(overlay))
    planned.snakemake("-c1", "plan", study=study)
    assert stages(planned, "micro")["jobs"].sum() == jobs_up_to_scores(planned, "micro", study)


def test_a_plan_starts_nothing_and_makes_nothing_old(made: Tree, root: Path) -> None:
    """Of a finished study nothing is left, and after the plan nothing is there to do."""
    for model in MODELS:
        shutil.copy(root / "resources" / "micro" / model / "config.json", made.path / "resources" / "micro" / model)
    shutil.copy(root / "workflow" / "scripts" / "plan_study.py", made.path / "workflow" / "scripts")
    (made.path / "results/micro/tables/outcomes.parquet").unlink()  # a stand-in has written no table
    run = made.snakemake("-c1", "plan", study=SMALL)
    assert "remaining" in run.stdout + run.stderr
    left = stages(made, "micro")
    assert left["jobs_left"].sum() == 0
    assert left["gpu_hours_left"].sum() == 0
    assert left["gpu_hours"].sum() > 0
    assert left["measured_seconds"].drop_nulls().len() > 5
    # a cell less is a cell left
    shutil.rmtree(made.path / "results/micro/models/general/micro-0.07M/seq/rho-1/seed-0")
    made.snakemake("-c1", "plan", study=SMALL)
    cells = pl.read_csv(made.path / "results/micro/plan/plan.csv").filter(~pl.col("done"))
    assert cells.select("stage", "cell").rows() == [("training", "general/micro-0.07M/seq/rho-1/seed-0")]


def test_a_plan_that_cannot_be_made_says_why(planned: Tree, tmp_path: Path) -> None:
    overlay = tmp_path / "calibrated.yaml"
    overlay.write_text("plan: {calibrate_from: never_run}\n")
    run = planned.snakemake("-c1", "plan", study=(*MICRO, str(overlay)), check=False)
    assert run.status == 1
    assert "the study in plan.calibrate_from has no costs table" in run.stdout + run.stderr
    assert "plan.calibrate_from" in run.stdout + run.stderr
