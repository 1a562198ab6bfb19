"""Fixtures shared by all tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from process_state import unchanged_process
from xdist.scheduler import LoadFileScheduling

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


def pytest_configure() -> None:
    """Raise an error for a name in ``SEVERAL_PROCESSES`` without a file."""
    stale = SEVERAL_PROCESSES - {file.name for file in Path(__file__).parent.rglob("test_*.py")}
    if stale:
        raise pytest.UsageError(f"tests/conftest.py: SEVERAL_PROCESSES has no such file: {', '.join(sorted(stale))}")


def pytest_sessionstart(session: pytest.Session) -> None:
    """Give polars in a worker one thread: other workers have the other cores, and small tables gain nothing from more.

    Programs that tests start keep polars' own choice.
    """
    if hasattr(session.config, "workerinput"):
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("POLARS_MAX_THREADS", "1")
            import polars

            assert polars.thread_pool_size() == 1  # starts the threads


class LoadFiles(LoadFileScheduling):
    """Files for ``--dist loadfile``, with those of several processes as one."""

    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        return "several processes" if Path(file).name in SEVERAL_PROCESSES else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadFiles | None:
    """How tests are distributed; None for pytest-xdist's own way."""
    return LoadFiles(config, log) if config.getoption("dist") == "loadfile" else None


@pytest.fixture(autouse=True)
def leaves_the_process_as_it_was() -> Iterator[None]:
    """Fail a test that changes what later tests of the same worker share."""
    with unchanged_process():
        yield


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
