"""A lock file in the workflow: its commits are options of the jobs, and it has to cover the study."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import yaml
from workflow_tree import MICRO, Tree

pytestmark = pytest.mark.workflow

COMMIT = "0123456789abcdef0123456789abcdef01234567"
OVERLAY = {
    "study": {"name": "locked", "students": ["mine"], "base_shots": [0]},
    "students": {
        "mine": {
            "model": "org/student",
            "revision": "main",
            "size_b": 1,
            "learning_rate": {"ift": 1.0e-5, "reasoning": 1.0e-5},
            "tokenizer": "org/student",
            "deepspeed": "cpu",
            "processes": 1,
        }
    },
}
STUDY = (*MICRO, "locked.yaml")


@pytest.fixture(scope="module")
def locked(tree: Tree, tmp_path_factory: pytest.TempPathFactory) -> Tree:
    """A workflow with a student of the hub, a lock and a cache."""
    folder = tmp_path_factory.mktemp("locked")
    shutil.copytree(tree.path, folder / "tree")
    results, snapshot = folder / "tree/results/locked", folder / f"hub/models--org--student/snapshots/{COMMIT}"
    results.mkdir(parents=True)
    snapshot.mkdir(parents=True)
    (folder / "tree" / "locked.yaml").write_text(yaml.safe_dump(OVERLAY))
    entry = {"kind": "model", "name": "org/student", "revision": "main", "commit": COMMIT}
    (results / "hub.lock.json").write_text(json.dumps({"repositories": [entry]}))
    return Tree(folder / "tree", {"HF_HOME": str(folder)})


def test_jobs_use_the_locked_commits(locked: Tree) -> None:
    answers = "results/locked/answers/base/mine/shots-0/gsm8k.parquet"
    run = locked.snakemake("-n", "-p", answers, "results/locked/tokens/general/student", study=STUDY)
    assert f"--model org/student --revision {COMMIT}" in run.stdout
    assert f"--tokenizer org/student@{COMMIT}" in run.stdout
    assert "the hub stays off" in run.stderr


def test_a_study_that_uses_more_than_is_locked_is_one_error(locked: Tree) -> None:
    lock = Path(locked.path, "results", "locked", "hub.lock.json")
    before = lock.read_text()
    lock.write_text(before.replace("org/student", "org/other"))
    run = locked.snakemake("-n", study=STUDY, check=False)
    lock.write_text(before)
    assert run.status == 1
    assert "the lock file lacks what the study uses from the hub" in run.stderr
    assert "run snakemake prefetch again" in run.stderr
