"""What the check of a GPU environment finds."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest
from programs import load_program


@pytest.fixture(scope="module")
def envs(root: Path) -> Path:
    return root / "envs"


@pytest.fixture
def checker(envs: Path) -> ModuleType:
    return load_program(envs / "check_gpu.py")


def fake_smi(folder: Path, monkeypatch, text: str) -> None:
    (folder / "nvidia-smi").write_text(f"#!/bin/sh\n{text}\n")
    (folder / "nvidia-smi").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")


def test_without_a_driver(checker: ModuleType, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SystemExit, match="no NVIDIA driver"):
        checker.main()


@pytest.mark.parametrize("text", ["exit 0", "echo No devices were found", "echo broken >&2; exit 9"])
def test_a_driver_without_gpu(checker: ModuleType, tmp_path: Path, monkeypatch, text: str) -> None:
    fake_smi(tmp_path, monkeypatch, text)
    with pytest.raises(SystemExit, match="nvidia-smi finds no GPU"):
        checker.gpus()


def test_gpus_are_listed_with_their_driver(checker: ModuleType, tmp_path: Path, monkeypatch) -> None:
    fake_smi(tmp_path, monkeypatch, "echo 'NVIDIA H100, 81559 MiB, 580.1'; echo 'NVIDIA H100, 81559 MiB, 580.1'")
    assert checker.gpus() == ["NVIDIA H100, 81559 MiB, 580.1"] * 2


def test_a_library_that_cannot_be_imported_is_named(checker: ModuleType, monkeypatch) -> None:
    monkeypatch.setattr(checker, "_MODULES", ("pytest", "no_such_library"))
    with pytest.raises(SystemExit, match="no_such_library cannot be imported: ModuleNotFoundError"):
        checker.import_all()


@pytest.mark.slow
def test_a_torch_that_cannot_use_the_gpu(checker: ModuleType) -> None:
    """The CPU build of this environment."""
    with pytest.raises(SystemExit, match=r"cannot use the GPU .*driver 580.1"):
        checker.use_gpu("580.1")
