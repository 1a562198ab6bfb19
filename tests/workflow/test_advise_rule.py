"""`snakemake advise`: a budget first, then one job that follows from the tables of a finished study."""

from __future__ import annotations

import shlex
from itertools import pairwise
from pathlib import Path

import pytest
from documentation import ROOT, Page
from workflow_tree import SMALL, Tree

pytestmark = pytest.mark.workflow


def test_one_job_with_the_budget_that_was_asked(made_once: Tree) -> None:
    run = made_once.snakemake(
        "-n", "-p", "--quiet=reason", "--config=advise={budget_flops: 1e21}", "advise", study=SMALL
    )
    assert run.jobs == {"advise": 1}
    (line,) = [line for line in run.stdout.splitlines() if "advise.py" in line]
    words = shlex.split(line)
    given = dict(pairwise(words))
    assert (float(given["--budget-flops"]), float(given["--queries"])) == (1e21, 1e6)
    assert "--budget-gpu-hours" not in words


def test_a_budget_makes_no_result_old(made_once: Tree, tmp_path: Path) -> None:
    overlay = tmp_path / "budget.yaml"
    overlay.write_text("advise: {budget_gpu_hours: 10, queries: 5}\n")
    study = (*SMALL, str(overlay))
    assert made_once.dry_run("all", study=study) == {}
    line = made_once.snakemake("-n", "-p", "advise", study=study).stdout
    assert "--budget-gpu-hours 10 --queries 5" in line


@pytest.mark.parametrize(
    ("budgets", "message", "found"),
    [
        ("{}", "advice needs a budget", "neither budget_flops nor budget_gpu_hours"),
        ("{budget_flops: 1, budget_gpu_hours: 1}", "advice needs one budget", "budget_flops, budget_gpu_hours"),
        ("{budget_flops: -1}", "budget_flops", "-1"),
    ],
)
def test_without_one_budget_nothing_starts(tree: Tree, tmp_path: Path, budgets: str, message: str, found: str) -> None:
    """Of a study without any results: the error comes before its first job."""
    overlay = tmp_path / "budget.yaml"
    overlay.write_text(f"advise: {budgets}")
    run = tree.snakemake("-c1", "advise", study=(str(overlay),), check=False)
    assert run.status != 0
    said = run.stdout + run.stderr
    assert message in said and f"found: {found}" in said
    assert "Traceback" not in said
    assert not (tree.path / "results").exists()


def test_the_papers_numbers_need_no_study(tree: Tree) -> None:
    """In a fresh clone, without any result."""
    run = tree.snakemake("--config=advise={from: papers, budget_flops: 1e21, queries: 1e6}", "advise")
    assert run.jobs == {"advise": 1}
    assert "train general/14B/seq/rho-1 for General-MC, General-OE, Math-MC and Math-OE" in run.stdout
    # the README shows the tables of this command
    (block,) = [block for block in Page(ROOT / "README.md").blocks("") if "$ snakemake advise" in block]
    shown = [line.split() for line in block.splitlines()[1:] if line]
    assert len(shown) == 10
    assert [line for line in shown if line not in [printed.split() for printed in run.stdout.splitlines()]] == []
    assert run.stderr.endswith("Look at results/papers/advice/\n")
    assert not (tree.path / "results" / "v2").exists()
    files = {path.name for path in (tree.path / "results" / "papers" / "advice").iterdir() if path.name[0] != "."}
    assert files == {"advice.csv", "advice.txt", "regions.csv", "regions.pdf", "regions.png"}


def test_the_papers_numbers_know_no_hours(tree: Tree) -> None:
    run = tree.snakemake("--config=advise={from: papers, budget_gpu_hours: 300}", "advise", check=False)
    said = run.stdout + run.stderr
    assert run.status != 0 and "advice from the papers needs a budget in FLOPs" in said and "Traceback" not in said
    # 300 hours at 38 % of 989 TFLOP/s
    assert "budget_flops: 4.1e+20" in said
    assert run.jobs == {}


def test_advice_never_starts_a_study(tree: Tree) -> None:
    run = tree.snakemake("--config=advise={budget_flops: 2e20, queries: 3e5}", "advise", check=False)
    said = run.stdout + run.stderr
    # the recommended command has the budget that was asked for, and no note is about data that advice does not read
    assert "advise={from: papers, budget_flops: 2e+20, queries: 300000}" in said and "note:" not in said
    assert run.status != 0 and "advice needs the tables of a finished study" in said
    assert "results/v2/tables/outcomes.parquet" in said and "Traceback" not in said
    assert not (tree.path / "results" / "v2" / "prompts").exists()


def test_advice_needs_no_cores(made_once: Tree) -> None:
    run = made_once.snakemake("-n", "--quiet=reason", "--config=advise={budget_flops: 1e21}", "advise", study=SMALL)
    assert run.jobs == {"advise": 1}
