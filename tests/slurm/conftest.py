"""A throw-away Slurm for the tests of this folder."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from throwaway_slurm import ThrowawaySlurm, why_not


@pytest.fixture(scope="session")
def slurm() -> Iterator[ThrowawaySlurm]:
    """A running Slurm with the partitions ``cpu`` and ``gpu`` of profiles/slurm/partitions.yaml."""
    reason = why_not()
    if reason is not None:
        pytest.skip(reason)
    # not pytest's own folder: munge refuses a socket below a folder that others may write to, and long socket paths
    with tempfile.TemporaryDirectory(prefix="slurm-") as folder, ThrowawaySlurm(Path(folder)) as running:
        yield running
