"""Fixtures of the workflow tests; see ``workflow_tree.py``."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from workflow_tree import Tree, make_small_study, plant


@pytest.fixture(scope="session")
def tree(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Tree:
    """The workflow, nothing made yet. Don't change it."""
    return Tree(plant(root, tmp_path_factory.mktemp("tree")).path, known={})


@pytest.fixture(scope="session")
def made_once(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Tree:
    """A finished study of one student. Don't change it."""
    return make_small_study(root, tmp_path_factory.mktemp("made"))


@pytest.fixture
def made(made_once: Tree, tmp_path: Path) -> Tree:
    """A copy of the finished study, to be changed."""
    folder = tmp_path / "copy"
    shutil.copytree(made_once.path, folder, symlinks=True)
    return Tree(folder)
