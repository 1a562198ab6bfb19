"""The workflow runs from any folder, into any folder, and as a module of another workflow; names may be unkind."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

import pytest
import yaml
from workflow_tree import MICRO, SMALL, SMALL_STUDY, Tree, plant, replace_programs

pytestmark = pytest.mark.workflow

#: What shells and format strings make something of.
UNKIND = "a földer of $HOME's `x`"


@pytest.fixture(scope="module")
def project(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project in a folder of its own, with stand-ins for its programs."""
    folder = tmp_path_factory.mktemp("project") / UNKIND
    folder.mkdir()
    plant(root, folder)
    replace_programs(folder)
    return folder


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """An empty working directory with the overlay of a small study."""
    folder = tmp_path / f"{{work}} in {UNKIND}"
    folder.mkdir()
    (folder / "small.yaml").write_text(yaml.safe_dump(SMALL_STUDY))
    return folder


def files(folder: Path) -> set[Path]:
    """What lies in a folder, but for the compiled Python that any import leaves."""
    return {file for file in folder.rglob("*") if "__pycache__" not in file.parts}


def assert_made(folder: Path) -> None:
    """The small study is there, and its programs were given files that exist."""
    results = folder / "results" / "micro"
    assert (results / "tables" / "scores.parquet").is_file()
    model = results / "models/general/micro-0.07M/seq/rho-0/seed-0/config.json"
    words = model.read_text().split(" --")
    assert any(word.startswith("chat-template ") for word in words)


def test_from_another_folder(project: Path, here: Path) -> None:
    before = files(project)
    study = (str(project / MICRO[0]), "small.yaml")
    tree = Tree(here)
    tree.snakemake("-c4", f"--snakefile={project}/workflow/Snakefile", "all", study=study)
    assert_made(here)
    assert files(project) == before
    assert tree.snakemake("-n", f"--snakefile={project}/workflow/Snakefile", "all", study=study).jobs == {}


def test_an_overlay_here_that_is_no_text(project: Path, here: Path) -> None:
    (here / "config").mkdir()
    (here / "config" / "config.yaml").write_bytes("study: {name: café}".encode("latin-1"))
    run = Tree(here).snakemake("-n", f"--snakefile={project}/workflow/Snakefile", "plan", check=False)
    assert run.status == 1 and run.stderr.startswith(
        "error: the config file cannot be read\n  file: config/config.yaml"
    )


@pytest.mark.parametrize("snakefile", ["Snakefile", "workflow/Snakefile"])
def test_both_entry_points_make_all_by_default(project: Path, here: Path, snakefile: str) -> None:
    study = (str(project / MICRO[0]), "small.yaml")
    tree, option = Tree(here), f"--snakefile={project}/{snakefile}"
    jobs = tree.snakemake("-n", "--quiet=reason", option, study=study).jobs
    assert jobs and jobs == tree.snakemake("-n", "--quiet=reason", option, "all", study=study).jobs


def test_into_another_folder(project: Path, here: Path) -> None:
    before = files(project)
    study = (str(project / MICRO[0]), str(here / "small.yaml"))
    Tree(project).snakemake("-c4", f"--directory={here}", "all", study=study)
    assert_made(here)
    assert files(project) == before


def test_results_of_the_folder_of_the_command_are_no_results_elsewhere(made_once: Tree, tmp_path: Path) -> None:
    """A dry run into an empty folder makes nothing again, although the project has a finished study."""
    overlays = [str(made_once.path / file) for file in SMALL]
    run = made_once.command(
        "-n", "--quiet=reason", "--directory", str(tmp_path), "--configfile", *overlays, "--", "models"
    )
    assert run.jobs["train_student"] > 0 and "would make again" not in run.stderr


MODULE = """
configfile: {config!r}
configfile: {micro!r}
configfile: "small.yaml"

rule everything:
    default_target: True
    input: "results/micro/tables/scores.parquet", "own.txt"

rule train_student:
    output: "own.txt"
    shell: "touch {{output}}"

module study:
    snakefile: {snakefile!r}
    config: config

use rule * from study as study_*
"""


def test_as_a_module(project: Path, here: Path) -> None:
    """Of another workflow, which has a rule of a name that the study has too, and another default target."""
    before = files(project)
    paths = {"config": project / "config" / "config.yaml", "micro": project / MICRO[0]}
    text = MODULE.format(**{name: str(path) for name, path in paths.items()}, snakefile=f"{project}/workflow/Snakefile")
    (here / "Snakefile").write_text(text)
    tree = Tree(here)
    tree.snakemake("-c4")
    assert_made(here)
    assert (here / "own.txt").is_file()
    assert files(project) == before
    assert "study_train_student" in tree.snakemake("--list-rules").stdout


def test_a_config_of_the_working_directory_counts(project: Path, here: Path) -> None:
    """Snakemake's convention: config/config.yaml beside the results."""
    (here / "config").mkdir()
    (here / "config" / "config.yaml").write_text("study: {name: mine}\n")
    run = Tree(here).snakemake("-n", f"--snakefile={project}/workflow/Snakefile", "models")
    assert run.stderr.startswith("study mine: 5 students")
    (here / "config" / "config.yaml").write_text("study: {name: mine, ratois: [1]}\n")
    run = Tree(here).snakemake("-n", f"--snakefile={project}/workflow/Snakefile", "models", check=False)
    assert "file: config/config.yaml, line 1" in run.stderr and "key: study.ratois" in run.stderr


def test_own_files_come_before_shipped_ones(project: Path, here: Path) -> None:
    own = here / "resources" / "micro" / "students" / "micro-0.07M"
    own.mkdir(parents=True)
    (own / "config.json").write_text("{}")
    (own / "model.safetensors").write_text("own")
    study = (str(project / MICRO[0]), "small.yaml")
    target = "results/micro/models/general/micro-0.07M/seq/rho-0/seed-0"
    run = Tree(here).snakemake("-n", "-p", f"--snakefile={project}/workflow/Snakefile", target, study=study)
    assert "--model resources/micro/students/micro-0.07M " in run.stdout
    assert shlex.quote(str(project / "resources" / "micro" / "tokenizer")) in run.stdout


def test_in_the_projects_folder_all_paths_are_relative(project: Path) -> None:
    """So that a finished study can move with its project."""
    (project / "small.yaml").write_text(yaml.safe_dump(SMALL_STUDY))
    run = Tree(project).snakemake("-n", "-p", "all", study=(*MICRO, "small.yaml"))
    jobs = run.stdout.partition("Building DAG of jobs")[2]
    assert "workflow/scripts/" in jobs and UNKIND not in jobs


def test_a_moved_project_makes_no_training_old(root: Path, tmp_path: Path, here: Path) -> None:
    """Results made from elsewhere stay when the project's code is found in another folder."""
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        plant(root, tmp_path / name)
        replace_programs(tmp_path / name)
    target = "results/micro/models/general/micro-0.07M/seq/rho-0/seed-0"
    tree = Tree(here)

    def jobs(name: str, *options: str) -> dict[str, int]:
        study = (str(tmp_path / name / MICRO[0]), "small.yaml")
        return tree.snakemake(*options, f"--snakefile={tmp_path / name}/workflow/Snakefile", target, study=study).jobs

    # own copies of the shipped models, so that only code is found elsewhere
    (here / "resources").symlink_to(tmp_path / "first" / "resources")
    jobs("first", "-c4")
    assert "train_student" not in jobs("second", "-n")


def test_braces_in_the_projects_name_are_refused(root: Path, tmp_path: Path, here: Path) -> None:
    """Snakemake takes them for wildcards, in paths of environments too, and would fail with a traceback."""
    project = tmp_path / "a {project}"
    project.mkdir()
    plant(root, project)
    for folder in (here, project):
        run = Tree(folder).snakemake("-n", f"--snakefile={project}/workflow/Snakefile", "models", check=False)
        assert run.status == 1 and run.stderr.startswith("error: Snakemake takes the braces in the project's path")
        assert "Traceback" not in run.stderr


def test_a_copy_without_its_file_times_is_up_to_date_after_touch(made: Tree) -> None:
    """As ``cp -r`` leaves it: the results of one job may be newer than those made from them."""
    for number, file in enumerate(sorted(files(made.path), reverse=True)):
        if not file.is_symlink():
            os.utime(file, (1.6e9 + number, 1.6e9 + number))
    made.snakemake("-c1", "--touch", "all", "models", study=SMALL)
    assert made.snakemake("-n", "all", "models", study=SMALL).jobs == {}
