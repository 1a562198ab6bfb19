"""The locks hold what they promise, and conda files agree with them."""

from __future__ import annotations

import re
import sys
import tomllib
from collections import Counter
from importlib.metadata import distributions
from pathlib import Path

import pytest
import yaml
from env_programs import pinned_versions, requirement_lines
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

NAMES = ("cpu", "gpu")


@pytest.fixture(scope="module")
def envs(root: Path) -> Path:
    return root / "envs"


@pytest.mark.parametrize("name", NAMES)
def test_a_lock_pins_every_package_once_and_names_no_host(envs: Path, name: str) -> None:
    lines = requirement_lines(envs / f"{name}.lock.txt")
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.+]+", line) for line in lines)
    packages = Counter(canonicalize_name(line.split("==")[0]) for line in lines)
    assert [package for package, count in packages.items() if count > 1] == []
    text = (envs / f"{name}.lock.txt").read_text(encoding="utf-8")
    assert "://" not in text and "--index" not in text and "--find-links" not in text


@pytest.mark.parametrize("name", NAMES)
def test_a_lock_fulfils_every_requirement_asked_for(envs: Path, name: str) -> None:
    locked = pinned_versions(requirement_lines(envs / f"{name}.lock.txt"))
    for line in requirement_lines(envs / f"{name}.in"):
        requirement = Requirement(line)
        assert requirement.specifier.contains(locked[canonicalize_name(requirement.name)]), line


@pytest.mark.parametrize("name", NAMES)
def test_overruled_versions_are_the_locked_ones(envs: Path, name: str) -> None:
    locked = pinned_versions(requirement_lines(envs / f"{name}.lock.txt"))
    for package, version in pinned_versions(requirement_lines(envs / "overrides.txt")).items():
        assert locked[package] == version


def test_the_cpu_lock_leaves_out_what_breaks_it(envs: Path) -> None:
    locked = pinned_versions(requirement_lines(envs / "cpu.lock.txt"))
    assert not {"torchvision", "torchaudio", "torchcodec"} & locked.keys()
    assert not [package for package in locked if package.startswith("nvidia-")]


def test_both_locks_have_the_same_science(envs: Path) -> None:
    """What was tested on CPU is what runs on GPUs, wherever the hardware does not decide."""
    locks = [pinned_versions(requirement_lines(envs / f"{name}.lock.txt")) for name in NAMES]
    for line in requirement_lines(envs / "common.in"):
        package = canonicalize_name(Requirement(line).name)
        if package != "setuptools":
            assert locks[0][package] == locks[1][package], package


@pytest.mark.parametrize("name", NAMES)
def test_a_conda_file_agrees_with_its_lock(envs: Path, root: Path, name: str) -> None:
    dependencies = yaml.safe_load((envs / f"{name}.yaml").read_text(encoding="utf-8"))["dependencies"]
    (pip,) = [entry["pip"] for entry in dependencies if isinstance(entry, dict)]
    pins = [line for line in pip if not line.startswith("--")]
    assert pinned_versions(pins) == pinned_versions(requirement_lines(envs / f"{name}.lock.txt"))
    (python,) = [entry for entry in dependencies if isinstance(entry, str) and entry.startswith("python ")]
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for minor in range(9, 16):
        if Version(f"3.{minor}") in SpecifierSet(python.removeprefix("python ")):
            assert Version(f"3.{minor}") in SpecifierSet(project["requires-python"])


def test_the_running_environment_is_the_lock(envs: Path) -> None:
    """Only where the tests run in an environment that the installer made."""
    if not Path(sys.prefix, ".installed").exists():
        pytest.skip("not an environment made by envs/install.py")
    locked = pinned_versions(requirement_lines(envs / "cpu.lock.txt"))
    installed = {canonicalize_name(one.metadata["Name"]): one.version for one in distributions()}
    assert {name: installed.get(name) for name in locked} == locked
