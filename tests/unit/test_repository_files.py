"""License, citation, changelog, contributing guide, workflow catalog and pre-commit hooks are valid and up to date."""

from __future__ import annotations

import re
import runpy
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

#: The keys that the Citation File Format 1.2.0 defines, and those that it requires.
CITATION_KEYS = {
    *("abstract", "authors", "cff-version", "commit", "contact", "date-released", "doi", "identifiers", "keywords"),
    *("license", "license-url", "message", "preferred-citation", "references", "repository", "repository-artifact"),
    *("repository-code", "title", "type", "url", "version"),
}
REQUIRED_CITATION_KEYS = {"authors", "cff-version", "message", "title"}
#: The kinds of change that Keep a Changelog 1.1.0 has.
KINDS_OF_CHANGE = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


@pytest.fixture(scope="module")
def project(root: Path) -> dict[str, Any]:
    value: dict[str, Any] = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return value


@pytest.fixture(scope="module")
def citation(root: Path) -> dict[str, Any]:
    value: dict[str, Any] = yaml.safe_load((root / "CITATION.cff").read_text(encoding="utf-8"))
    return value


def test_stale_names_of_files_that_run_alone_are_refused(root: Path) -> None:
    conftest = runpy.run_path(str(root / "tests" / "conftest.py"))
    conftest["pytest_configure"]()
    conftest["SEVERAL_PROCESSES"].add("test_renamed.py")
    with pytest.raises(pytest.UsageError, match=r"no such file: test_renamed\.py"):
        conftest["pytest_configure"]()


def test_the_citation_has_the_keys_of_its_format(citation: dict[str, Any]) -> None:
    assert citation["cff-version"] == "1.2.0"
    assert citation.keys() >= REQUIRED_CITATION_KEYS
    assert citation.keys() <= CITATION_KEYS
    assert citation["type"] == "software"
    assert [set(author) for author in citation["authors"]] == [{"name"}], "the project itself is the author"


def test_the_citation_names_the_paper(citation: dict[str, Any]) -> None:
    (paper,) = citation["references"]
    assert paper.keys() >= {"authors", "title", "type"}
    assert "arXiv:2509.22193" in [identifier["value"] for identifier in paper["identifiers"]]


def test_version_and_license_are_the_same_everywhere(
    root: Path, project: dict[str, Any], citation: dict[str, Any]
) -> None:
    assert citation["version"] == project["version"]
    assert citation["license"] == project["license"] == "MIT"
    text = (root / "LICENSE").read_text(encoding="utf-8")
    assert text.startswith("MIT License\n")
    assert re.search(rf"^Copyright \(c\) \d{{4}} {citation['authors'][0]['name']}$", text, re.MULTILINE)


def test_the_changelog_starts_with_what_is_unreleased(root: Path) -> None:
    text = (root / "CHANGELOG.md").read_text(encoding="utf-8")
    first, *released = re.findall(r"^## (.*)$", text, re.MULTILINE)
    assert first == "[Unreleased]"
    assert all(re.fullmatch(r"\[\d+\.\d+\.\d+\] - \d{4}-\d{2}-\d{2}", section) for section in released)
    assert set(re.findall(r"^### (.*)$", text, re.MULTILINE)) <= KINDS_OF_CHANGE


def test_the_workflow_catalog_gets_settings_that_hold(root: Path) -> None:
    settings = yaml.safe_load((root / ".snakemake-workflow-catalog.yml").read_text(encoding="utf-8"))
    assert settings.keys() == {"usage"}
    usage = settings["usage"]
    assert usage.keys() == {"mandatory-flags", "software-stack-deployment", "report"}
    assert usage["report"] is True
    flags = usage["mandatory-flags"]
    assert flags.keys() == {"desc", "flags"}
    profile = re.fullmatch(r"--profile (\S+)", flags["flags"])
    assert profile and (root / profile[1]).is_dir()
    assert (root / "config/README.md").is_file(), "the catalog shows it"
    # the rules name conda environments, and no container
    rules = "".join(path.read_text(encoding="utf-8") for path in (root / "workflow").rglob("*.smk"))
    deployment = usage["software-stack-deployment"]
    assert deployment.keys() == {"conda", "apptainer", "apptainer+conda"}
    assert deployment["conda"] == bool(re.search(r"^\s+conda:$", rules, re.MULTILINE))
    assert deployment["apptainer"] == bool(re.search(r"^\s*container(ized)?:", rules, re.MULTILINE))


def test_pre_commit_hooks_run_the_tools_of_the_environment(root: Path) -> None:
    settings = yaml.safe_load((root / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    assert [repository["repo"] for repository in settings["repos"]] == ["local"], "other hooks need a network"
    hooks = settings["repos"][0]["hooks"]
    assert {hook["id"] for hook in hooks} == {"ruff-check", "ruff-format", "snakefmt", "mypy", "lint-imports"}
    makefile = (root / "Makefile").read_text(encoding="utf-8")
    parts = set(re.search(r"^LINTERS := (.*)$", makefile, re.MULTILINE)[1].split())
    recipes = dict(re.findall(r"^(lint/[a-z-]+):.*\n((?:\t.*\n)+)", makefile, re.MULTILINE))
    assert recipes.keys() == parts
    for hook in hooks:
        assert hook.keys() >= {"id", "name", "entry", "language"}
        assert hook["language"] == "system"
        program = hook["entry"].split()[0]
        assert program.startswith(".venv/bin/")
        assert f"$(BIN)/{Path(program).name}" in "".join(recipes.values()), "make lint runs it too"


def test_pre_commit_hooks_match_files(root: Path) -> None:
    settings = yaml.safe_load((root / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    files = [path.relative_to(root).as_posix() for path in root.glob("*")]
    for folder in ("src", "workflow"):
        files += [path.relative_to(root).as_posix() for path in (root / folder).rglob("*") if path.is_file()]
    for pattern in (hook["files"] for hook in settings["repos"][0]["hooks"] if "files" in hook):
        assert any(re.search(pattern, file) for file in files), pattern


def test_the_contributing_guide_names_what_exists(root: Path) -> None:
    text = (root / "CONTRIBUTING.md").read_text(encoding="utf-8")
    makefile = (root / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"\bmake ([a-z-]+)", text):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
    paths = re.findall(r"\b(?:src|tests|workflow|config|docs)/[\w./-]*[\w/]", text)
    assert len(paths) >= 15
    for path in paths:
        if not re.search(r"\b[A-Z]{4,}\.", path):  # NAME.py stands for a file to come
            assert (root / path).exists(), path


def test_every_result_of_the_report_has_a_caption_and_a_place(root: Path) -> None:
    found = 0
    for file in (root / "workflow" / "rules").glob("*.smk"):
        for entry in re.findall(r"=report\((.*?)\n +\),\n", file.read_text(encoding="utf-8"), re.DOTALL):
            keys = set(re.findall(r"^ +(\w+)=", entry, re.MULTILINE))
            assert keys == {"caption", "category", "subcategory", "labels"}, (file.name, entry)
            found += 1
    assert found > 20
