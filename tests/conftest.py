"""Fixtures shared by all tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

#: The same examples in every run, and no limit on the time of one, which says more of the machine than of the code.
settings.register_profile("project", max_examples=30, deadline=None, derandomize=True)
settings.load_profile("project")

ROOT = Path(__file__).resolve().parent.parent
#: Files whose tests start processes that wait for each other; two such tests at a time take three times as long.
SEVERAL_PROCESSES = {
    "test_injected_gradients.py",
    "test_learning_rate_search.py",
    "test_restart.py",
    "test_slurm_profile.py",
    "test_training.py",
    "test_two_nodes.py",
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Groups for ``--dist loadgroup``: the tests of a file, which share its fixtures; one for several processes."""
    for item in items:
        group = "several processes" if item.path.name in SEVERAL_PROCESSES else item.path.stem
        item.add_marker(pytest.mark.xdist_group(group))


@pytest.fixture(scope="session")
def root() -> Path:
    """The project's root folder."""
    return ROOT


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """Third-party test data that lies beside the project and is no part of it."""
    folder = ROOT.parent / "shared"
    if not folder.is_dir():
        pytest.skip("needs the third-party test data in ../shared, which is not part of the project")
    return folder
