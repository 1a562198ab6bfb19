"""The container recipe, read but not built: its instructions, the paths and programs that it names, and its docs."""

from __future__ import annotations

import importlib.util
import json
import re
import shlex
from pathlib import Path

import pytest
from documentation import ROOT, Page, page_paths
from snakemake.cli import parse_args

#: Those of the Dockerfile reference that a recipe of one stage may need.
INSTRUCTIONS = {"ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "FROM", "RUN", "WORKDIR"}
HOME = "/opt/scale-or-reason"


def instructions(text: str) -> list[tuple[str, str]]:
    """Name and arguments of each instruction, without comments and with continued lines joined."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    found = []
    for line in joined.splitlines():
        if line.strip():
            match = re.fullmatch(r"([A-Z]+)\s+(\S.*)", line)
            assert match and match[1] in INSTRUCTIONS, f"no instruction: {line}"
            found.append((match[1], match[2].rstrip()))
    return found


@pytest.fixture(scope="module")
def recipe() -> list[tuple[str, str]]:
    return instructions((ROOT / "Containerfile").read_text(encoding="utf-8"))


def arguments_of(recipe: list[tuple[str, str]], name: str) -> list[str]:
    return [arguments for instruction, arguments in recipe if instruction == name]


def ignored() -> list[str]:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    return [line.removeprefix("**/") for line in lines if line and not line.startswith("#")]


def test_what_is_no_instruction_is_found() -> None:
    for text in ("FORM a", "RUN", "FROM a\nb", "run a"):
        with pytest.raises(AssertionError):
            instructions(text)
    assert instructions("# a\nRUN a \\\n    # b\n    && c\n") == [("RUN", "a && c")]


def test_the_base_is_an_argument_with_a_default(recipe) -> None:
    assert recipe[0][0] == "ARG" and recipe[0][1].startswith("BASE=docker.io/library/python:3.11")
    assert recipe[1] == ("FROM", "${BASE}")
    declared = {argument.partition("=")[0] for argument in arguments_of(recipe, "ARG")}
    assert {"BASE", "KIND"} == declared
    used = set(re.findall(r"\$\{(\w+)\}", " ".join(arguments for _, arguments in recipe)))
    assert used == declared | {"PATH"}


def test_the_environment_is_installed_by_the_projects_program(recipe) -> None:
    (command,) = [run for run in arguments_of(recipe, "RUN") if "install.py" in run]
    words = shlex.split(command)
    assert words[0] == "python3" and (ROOT / words[1]).is_file()
    spec = importlib.util.spec_from_file_location("install", ROOT / words[1])
    installer = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(installer)
    source = (ROOT / words[1]).read_text(encoding="utf-8")
    assert all(f'"{word}"' in source for word in words if word.startswith("--"))
    lock = words[words.index("--lock") + 1]
    for kind in installer.VENVS:
        assert (ROOT / lock.replace("${KIND}", kind)).is_file()
    (packages,) = [run for run in arguments_of(recipe, "RUN") if "apt-get install" in run]
    # every package that missing_tools() names beside those of Python
    named = set(re.findall(r"apt-get install ([\w-]+)", source)) - {"python3-dev", "python3-venv"}
    assert named == {"build-essential", "libnuma1"} and named <= set(packages.split())


def test_what_is_copied_is_there_and_not_left_out(recipe) -> None:
    assert arguments_of(recipe, "COPY") == [". ."]
    left_out = ignored()
    assert {".venv", "results", ".cache"} <= set(left_out)
    needed = ("src", "workflow", "config", "profiles", "resources", "envs", "pyproject.toml", "README.md")
    for path in needed:
        assert (ROOT / path).exists() and path not in left_out
    # and nothing that git ignores reaches the image: weights, logs, caches
    git = {line.strip("/") for line in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()}
    assert {line for line in git if not line.endswith(".sha256")} <= set(left_out)


def test_the_container_starts_the_workflow(recipe) -> None:
    (entrypoint,) = map(json.loads, arguments_of(recipe, "ENTRYPOINT"))
    assert entrypoint[:2] == ["snakemake", "--snakefile"]
    assert (ROOT / Path(entrypoint[2]).relative_to(HOME)).is_file()
    assert arguments_of(recipe, "WORKDIR") == [HOME, "/work"]
    (variables,) = arguments_of(recipe, "ENV")
    assert f"PATH={HOME}/.venv/bin:${{PATH}}" in variables
    # a user whom the image does not know has neither a name nor a home
    assert "HOME=/work" in variables and re.search(r"\bUSER=\w", variables)
    (command,) = map(json.loads, arguments_of(recipe, "CMD"))
    assert command == ["--help"]


def container_commands() -> list[list[str]]:
    programs = ("docker", "podman", "apptainer")
    return [words for path in page_paths() for words in Page(path).commands if words[0] in programs]


@pytest.mark.slow
def test_the_documented_commands_fit_the_recipe(recipe) -> None:
    commands = container_commands()
    assert {words[0] for words in commands} >= {"docker", "apptainer"}
    declared = {argument.partition("=")[0] for argument in arguments_of(recipe, "ARG")}
    images = {words[words.index("--tag") + 1] for words in commands if words[1] == "build" and "--tag" in words}
    for words in commands:
        if words[:2] == ["docker", "build"]:
            assert (ROOT / words[words.index("--file") + 1]).is_file() and words[-1] == "."
            given = [words[i + 1].partition("=")[0] for i, word in enumerate(words) if word == "--build-arg"]
            assert set(given) <= declared
        elif words[1] in ("run", "exec"):
            (start,) = [i for i, word in enumerate(words) if word in images or word.endswith(".sif")]
            rest = words[start + 1 :]
            options = parse_args([word.replace(HOME, str(ROOT)) for word in rest if word != "snakemake"])[1]
            assert options is not None
            for word in rest:
                if word.startswith(HOME):
                    assert (ROOT / Path(word).relative_to(HOME)).exists()
