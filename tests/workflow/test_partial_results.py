"""A failed training blocks no other model: tables and figures are made without it, in a place of their own."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from workflow_tree import SMALL, Tree

pytestmark = pytest.mark.workflow

CELL = "general/micro-0.07M/seq/rho-1/seed-0"
RESULTS = Path("results", "micro")
FAILS = f"""\
import sys
if any(word.endswith({CELL!r}) for word in sys.argv):
    sys.exit("error: the loss is nan")
"""


def state(folder: Path) -> dict[str, tuple[int, bytes]]:
    return {
        str(file.relative_to(folder)): (file.stat().st_mtime_ns, file.read_bytes())
        for name in ("tables", "figures")
        for file in (folder / name).rglob("*")
        if file.is_file()
    }


def test_tables_and_figures_without_a_failed_training(made: Tree) -> None:
    results = made.path / RESULTS
    launcher = made.path / "workflow" / "scripts" / "train_student.py"
    works = launcher.read_text()
    launcher.write_text(
        works.replace("from __future__ import annotations\n", f"from __future__ import annotations\n{FAILS}")
    )
    whole, other = state(results), results / "answers" / CELL.replace("rho-1", "rho-0") / "manifest.json"
    answered = other.read_text(), other.stat().st_mtime_ns
    forced = f"--forcerun={RESULTS / 'models' / CELL}"
    said = made.snakemake("-c4", "--keep-going", forced, "all", study=SMALL, check=False)
    assert said.status == 1
    partial = results / "partial"
    assert said.stderr.splitlines()[-1] == (
        "Partial results: without 2 of 8 models, which partial/gaps.csv lists. They are in results/micro/partial."
    ), said.stdout + said.stderr
    with (partial / "gaps.csv").open() as stream:
        gaps = list(csv.DictReader(stream))
    assert [gap["model_id"] for gap in gaps] == [CELL, f"{CELL}/max-tokens-80"]
    assert {gap["failed_job"] for gap in gaps} == {"train_student general micro-0.07M seq 1 0"}
    assert (made.path / gaps[0]["log"]).read_text().startswith("error: the loss is nan")

    # a program's stand-in writes its command line; the other cell, which has answers, did not answer again
    scored = (partial / "tables" / "scores.csv").read_text()
    assert CELL not in scored and CELL.replace("rho-1", "rho-0") in scored and "adapted/micro-0.07M" in scored
    assert (other.read_text(), other.stat().st_mtime_ns) == answered
    assert "without 2 of 8 models" in (partial / "figures" / "v2" / "fig02.csv").read_text()
    assert "without 2 of 8 models" in (partial / "explorer.html").read_text()
    assert (partial / "report.html").is_file()
    # the whole study's tables are neither touched nor old by that
    assert state(results) == whole
    launcher.write_text(works)
    left = made.dry_run("all", study=SMALL)
    assert left["train_student"] == 1 and "evaluate_base_student" not in left and "evaluate_teacher" not in left


def test_gaps_can_be_an_error(made: Tree) -> None:
    launcher = made.path / "workflow" / "scripts" / "train_student.py"
    launcher.write_text(f"from __future__ import annotations\n{FAILS}")
    forced = f"--forcerun={RESULTS / 'models' / CELL}"
    strict = "--config=compute={gaps: error}"
    said = made.snakemake("-c4", "--keep-going", forced, strict, "scores", study=SMALL, check=False)
    assert said.status == 1 and not (made.path / RESULTS / "partial").exists()
    assert said.stderr.splitlines()[-1] == "models without results: 2 of 8, and compute.gaps is error."
