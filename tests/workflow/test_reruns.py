"""What runs again after a change of files, and what does not; test_outdated_by_config.py has the keys of the config."""

from __future__ import annotations

import os
import re
import time
from base64 import b64decode, b64encode
from pathlib import Path

import pytest
from workflow_tree import MICRO, SMALL, Tree

from scale_or_reason.study.stage_versions import STAGE_VERSIONS

pytestmark = pytest.mark.workflow

STUDENT = "results/micro/models/general/micro-0.07M"
SCORING = {"score_models": 1, "score_models_within_limit": 1}
#: The jobs that answer, and those that judge.
ANSWERING = {"evaluate_model": 3, "evaluate_base_model": 1, "evaluate_teacher": 1, "evaluate_within_limit": 2}
JUDGING = {"judge_answers": 6, "judge_within_limit": 2}


def pending(made: Tree, *targets: str) -> dict[str, int]:
    """Which jobs of the finished study would run now."""
    return made.dry_run(*(targets or ("all", "models")), study=SMALL)


def test_a_finished_study_is_finished(made_once: Tree) -> None:
    assert pending(made_once) == {}


def test_an_inspection_page_is_old_when_there_is_more_to_see(made: Tree) -> None:
    views = [f"results/micro/inspect/{name}.html" for name in ("items/gsm8k/1", "prompts/general/0123456789abcdef")]
    made.snakemake("-c2", *views, study=SMALL)
    assert pending(made, *views) == {}
    (made.path / "results/micro/verdicts/rule_graders/teacher/micro-teacher/ift/gsm8k.parquet").touch()
    assert pending(made, *views) == {"inspect_item": 1}
    (made.path / "results/micro/mixtures/general/seq/rho-1.parquet").touch()
    assert pending(made, *views) == {"inspect_item": 1, "inspect_prompt": 1}


def test_an_alias_links_to_the_training(made_once: Tree) -> None:
    alias = made_once.path / STUDENT / "mix" / "rho-1" / "seed-0"
    assert alias.is_symlink()
    assert not os.path.isabs(os.readlink(alias))
    assert alias.resolve() == (made_once.path / STUDENT / "seq" / "rho-1" / "seed-0").resolve()


@pytest.mark.parametrize(
    "file", ["README.md", "envs/cpu.yaml", "workflow/scripts/train_student.py", "src/scale_or_reason/data/mixtures.py"]
)
def test_touching_these_reruns_nothing(made: Tree, file: str) -> None:
    (made.path / file).touch()
    assert pending(made) == {}


def test_colours_rerun_plots_only(made: Tree) -> None:
    made.edit("config/style.yaml", "width_in: 7.0", "width_in: 5.5")
    assert pending(made) == {
        "figure_accuracy_by_size": 2,
        "figure_accuracy_by_flops": 1,
        "figure_answer_length": 1,
        "figure_sequential": 1,
        "figure_training_curves": 1,
        "build_explorer": 1,
    }


@pytest.mark.parametrize(
    ("module", "jobs"),
    [
        ("accuracy_by_size", {"figure_accuracy_by_size": 2}),
        ("answer_length", {"figure_answer_length": 1}),
        ("ratio_gap", {"figure_sequential": 1}),  # the upper half of v2/fig05
        ("accuracy_by_flops", {"figure_accuracy_by_flops": 1, "figure_sequential": 1}),
        ("overhead", {}),  # none of the study's figures
    ],
)
def test_a_figure_types_code_reruns_the_figures_of_that_type(made: Tree, module: str, jobs: dict[str, int]) -> None:
    file = made.path / "src" / "scale_or_reason" / "reporting" / "figures" / f"{module}.py"
    file.write_text(file.read_text() + "\n# changed\n")
    assert pending(made) == jobs


def test_a_figures_parameters_rerun_that_figure(made: Tree) -> None:
    made.edit(
        "src/scale_or_reason/reporting/figures/registry.py",
        '"v1/fig12": Figure("accuracy_by_size", "figure 2 by benchmark", _BENCHMARKS)',
        '"v1/fig12": Figure("accuracy_by_size", "figure 2 by benchmark", _ALL)',
    )
    assert pending(Tree(made.path, {"PYTHONPATH": str(made.path / "src")})) == {"figure_accuracy_by_size": 1}


@pytest.mark.parametrize("file", ["data.py", "page.html.jinja", "page.css", "script/plot.js"])
def test_the_explorers_code_reruns_the_explorer(made: Tree, file: str) -> None:
    with (made.path / "src" / "scale_or_reason" / "reporting" / "explorer" / file).open("a") as stream:
        stream.write("\n")
    assert pending(made) == {"build_explorer": 1}


@pytest.mark.parametrize("figure", ["v1/fig02.pdf", "v2/fig02.png", "v2/fig02.csv", "training_curves.png"])
def test_a_deleted_figure_is_one_job(made: Tree, figure: str) -> None:
    file = made.path / "results" / "micro" / "figures" / figure
    file.unlink()
    target = str(file.relative_to(made.path))
    assert sum(pending(made, target).values()) == 1
    made.snakemake("-c1", target, study=SMALL)
    assert file.is_file()
    assert pending(made) == {}


def test_another_protocol_reruns_judging(made: Tree) -> None:
    made.edit("src/scale_or_reason/judging/protocols/v1.yaml", "respond with", "answer with")
    jobs = pending(made)
    assert (JUDGING | SCORING | {"compute_flops": 1}).items() <= jobs.items()
    assert not {"grade_answers", *ANSWERING} & jobs.keys()


def test_raising_a_version_reruns_that_stage(made: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    # the library that Snakemake imports is the installed one: let it find the copy first
    version = STAGE_VERSIONS["scores"]
    made.edit("src/scale_or_reason/study/stage_versions.py", f'"scores": {version}', f'"scores": {version + 1}')
    path = str(made.path / "src")
    changed = Tree(made.path, {"PYTHONPATH": path})
    jobs = pending(changed)
    assert SCORING.items() <= jobs.items()
    assert not {"compute_flops", *JUDGING} & jobs.keys()


def test_a_model_that_is_shipped_anew_is_used(made: Tree) -> None:
    weights = made.path / "resources" / "micro" / "judge" / "model.safetensors"
    time.sleep(0.01)
    weights.write_text("another judge")
    jobs = pending(made)
    assert JUDGING.items() <= jobs.items()
    assert not ANSWERING.keys() & jobs.keys()


def test_the_report_shows_results_and_no_secret_of_the_environment(made: Tree) -> None:
    secret = "planted-value-of-this-test"
    places = {"HF_TOKEN": secret, "JUDGE_API_KEY": f"{secret}-2", "HTTPS_PROXY": f"http://me:{secret}@localhost:9"}
    Tree(made.path, places).snakemake("--report=report.html", study=SMALL)
    text = Path(made.path, "report.html").read_text()
    shown = ("fig02.png", "table1.csv", "accuracy against FLOPs", "family averages", "explorer.html")
    for word in (*shown, "Paper v2", "Scores and costs"):
        assert word in text
    embedded = [b64decode(data) for data in re.findall(r"base64,([A-Za-z0-9+/]+=*)", text)]
    assert any(b"--parquet results/micro/tables" in data for data in embedded)  # what the stand-in has written
    for content in (text.encode(), *embedded):
        assert secret.encode() not in content and b64encode(secret.encode())[:-4] not in content


def test_a_job_that_fails_shows_its_error(made: Tree) -> None:
    script = made.path / "workflow" / "scripts" / "table1.py"
    script.write_text("import sys; sys.exit('error: nothing to tabulate')\n")
    run = made.snakemake("-c1", "tables", study=SMALL, check=False)
    assert run.status == 1
    assert "nothing to tabulate" in (made.path / "results" / "micro" / "logs" / "table1.log").read_text()
    assert not (made.path / "results" / "micro" / "tables" / "table1.csv").exists()


def test_the_study_is_micro(made_once: Tree) -> None:
    assert (made_once.path / "results").is_dir()
    assert [path.name for path in (made_once.path / "results").iterdir()] == ["micro"]
    assert MICRO


@pytest.mark.parametrize("rule", ["grade_answers", "judge_student_1"])
def test_a_cluster_job_finds_the_answers_that_it_needs(made: Tree, rule: str) -> None:
    """It reads the Snakefile when they are there, and does not know which of the rules for them has made them."""
    model = "general/micro-0.07M/seq/rho-1/seed-0"
    wildcards = {
        "grade_answers": f"model_id={model}",
        "judge_student_1": "judge=micro-judge,corpus=general,student=micro-0.07M,seed=0",
    }[rule]
    job = ["--target-jobs", f"{rule}:{wildcards}", "--allowed-rules", rule, "--mode", "remote", "--force"]
    made.command(*job, "--nolock", "--ignore-incomplete", "--cores", "1", "--configfiles", *SMALL)
