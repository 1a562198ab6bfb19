"""Bad input ends with one clear error, before any job."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from workflow_tree import MICRO, Tree

pytestmark = pytest.mark.workflow


@pytest.mark.parametrize(
    ("option", "lines"),
    [
        (
            "study={studnets: [micro-1M]}",
            ["unknown key in the config", "key: study.studnets", "did you mean 'students'?"],
        ),
        (
            "study={students: [micro-1G]}",
            ["no such entry", "key: study.students[0]", "found: micro-1G", "did you mean 'micro-1M'?"],
        ),
        (
            "students={micro-1M: {model: resources/micro/students/micro-2M}}",
            ["a missing file", "key: students.micro-1M.model", "found: resources/micro/students/micro-2M"],
        ),
        ("study={curricula: [sequential]}", ["not allowed", "key: study.curricula[0]", "one of seq, mix"]),
        ("benchmarks={max_items: 0}", ["not allowed", "key: benchmarks.max_items", "at least 1"]),
        ("study={schedules: [seq]}", ["study.schedules was renamed to study.curricula", "key: study.schedules"]),
    ],
)
def test_one_error_and_no_job(tree: Tree, option: str, lines: list[str]) -> None:
    run = tree.snakemake("-n", f"--config={option}", study=MICRO, check=False)
    assert run.status == 1
    assert run.stderr.startswith("error: ")
    assert "file: the command line (--config)" in run.stderr
    for line in lines:
        assert line in run.stderr
    assert "Traceback" not in run.stderr
    assert "Building DAG" not in run.stdout + run.stderr


@pytest.mark.parametrize(
    ("target", "lines"),
    [
        (
            "items/math_5000/1.html",
            [
                "the study does not have this benchmark",
                "found: math_5000",
                "expected: winogrande, ",
                "did you mean math_500?",
            ],
        ),
        (
            "items/math_500/test/algebra/1.json.html",
            [
                "invalid encoding of an id in a path",
                "found: test/algebra/1.json",
                "use results/micro/inspect/items/math_500/test%2Falg",
            ],
        ),
        (
            "prompts/maths/0123456789abcdef.html",
            ["the study does not have this corpus", "found: maths", "did you mean math?"],
        ),
    ],
)
def test_an_inspection_page_of_something_else(tree: Tree, target: str, lines: list[str]) -> None:
    run = tree.snakemake("-n", f"results/micro/inspect/{target}", study=MICRO, check=False)
    assert run.status == 1
    for line in lines:
        assert line in run.stdout + run.stderr


def test_a_seed_with_a_zero_in_front_is_no_second_model(tree: Tree) -> None:
    cell = "results/micro/models/general/micro-1M/seq/rho-1"
    run = tree.snakemake("-n", f"{cell}/seed-01", study=MICRO, check=False)
    assert run.status == 1 and run.stderr.startswith("error: ")
    assert f"found: {cell}/seed-01" in run.stderr and f"request {cell}/seed-1" in run.stderr


def test_a_small_study_of_its_own_name_makes_its_own_world(tree: Tree) -> None:
    """And never reads that of another study, though a path may still name it."""
    target = "results/mine/pairs/general.parquet"
    run = tree.snakemake("-n", "-p", "--config=study={name: mine}", target, study=MICRO)
    assert run.jobs["small_world_prompts"] == 1 and run.jobs["small_world_benchmark_rows"] == 18
    assert "--path results/mine/world/prompts/general.jsonl" in run.stdout
    assert "results/micro" not in run.stdout
    older = "--config", "study={name: mine}", "benchmarks={source: {path: results/micro/world/benchmarks}}"
    refused = tree.command("-n", "--configfile", *MICRO, *older, check=False)
    assert refused.status == 1
    for line in ("another study", "key: benchmarks.source.path", "write <results>/world/benchmarks"):
        assert line in refused.stderr


@pytest.mark.parametrize(
    ("overlay", "remedy"),
    [
        ("study:\n  name: typo\ntrainig:\n  max_length: 3\n", "did you mean 'training'?"),
        ("hub: {}\n\nstudy: {students: &all [micro-1M, *all]}\n", "remove aliases"),
    ],
)
def test_the_error_names_the_overlay(tree: Tree, tmp_path: Path, overlay: str, remedy: str) -> None:
    file = tmp_path / "wrong.yaml"
    file.write_text(overlay)
    run = tree.snakemake("-n", study=(*MICRO, str(file)), check=False)
    assert run.status == 1 and run.stderr.startswith("error: ")
    assert f"{file.name}, line 3" in run.stderr and remedy in run.stderr


def test_a_result_of_a_student_that_is_not_selected(tree: Tree) -> None:
    target = "results/micro/models/general/micro-0.19M/seq/rho-1/seed-0"
    run = tree.snakemake("-n", target, study=(*MICRO, "config/studies/demo.yaml"), check=False)
    assert run.status == 1
    for line in ("does not select this student", "found: micro-0.19M", "one of micro-0.07M, micro-0.49M, micro-1M"):
        assert line in run.stderr
    assert "Missing" not in run.stdout + run.stderr


def test_a_misspelt_target(tree: Tree) -> None:
    run = tree.snakemake("-n", "figurs", "results/micro/figures/v2/fg02.pdf", study=MICRO, check=False)
    said = run.stdout + run.stderr
    assert run.status == 1 and "nothing makes this target" in said and "did you mean 'figures'?" in said
    assert "No rule to produce" not in said and "Traceback" not in said


def test_a_new_study_never_replaces_a_file(tree: Tree, tmp_path: Path) -> None:
    """And leaves no results of another study behind."""
    (tmp_path / "mine.yaml").write_text("mine")
    run = tree.command("--directory", str(tmp_path), "--config", "new_study=mine", "--", "new_study", check=False)
    assert run.status == 1 and "has a file already" in run.stderr and "Traceback" not in run.stderr
    assert (tmp_path / "mine.yaml").read_text() == "mine" and not (tmp_path / "results").exists()


def test_a_missing_api_key_ends_the_run_before_its_first_job(tree: Tree, tmp_path: Path) -> None:
    """It names the environment variable. A run that calls no server needs no key."""
    overlay = tmp_path / "served.yaml"
    served = {"model": "any/one", "tokenizer": "resources/micro/judge", "architecture": None}
    served |= {"endpoint": {"url": "http://localhost:9/v1", "key": "UNSET_KEY_OF_A_TEST"}}
    overlay.write_text(json.dumps({"judges": {"micro-judge": served}}))
    study = (*MICRO, str(overlay))
    folder = tmp_path / "elsewhere"
    verdicts = "results/micro/verdicts/micro-judge/base/micro-1M/shots-3/gsm8k.parquet"
    options = ("-c1", "--directory", str(folder))
    run = tree.command(*options, "--configfile", *study, "--", verdicts, check=False)
    said = run.stdout + run.stderr
    assert run.status == 1 and "key: UNSET_KEY_OF_A_TEST" in said and "Traceback" not in said
    assert not (folder / "results" / "micro" / "world").exists()
