"""What Slurm's answer about a job means for Snakemake."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum

#: After so many answers in a row without a job the job counts as forgotten: a single answer may be incomplete.
MISSED_ANSWERS = 3

#: Stands for the state of a forgotten job. It has ended; Snakemake sees from its files how.
FORGOTTEN = "FORGOTTEN"

_FAILED = frozenset(
    ("BOOT_FAIL", "CANCELLED", "DEADLINE", "FAILED", "NODE_FAIL", "OUT_OF_MEMORY", "PREEMPTED", "REVOKED", "TIMEOUT")
)


class Outcome(Enum):
    """The state of a job, as far as Snakemake distinguishes it."""

    ACTIVE, SUCCEEDED, FAILED = range(3)


def outcome(state: str, requeue: bool) -> Outcome:
    """The meaning of a state as squeue or sacct spells it.

    sacct appends the user to ``CANCELLED``. A preempted job that Slurm requeues reads ``PENDING``, so ``PREEMPTED``
    is final. A job whose node failed reads ``NODE_FAIL`` for a moment before Slurm requeues it (``requeue``).
    """
    word = state.split(" ")[0]
    if word in ("COMPLETED", FORGOTTEN):
        return Outcome.SUCCEEDED
    if word in _FAILED and not (word == "NODE_FAIL" and requeue):
        return Outcome.FAILED
    return Outcome.ACTIVE


class ForgottenJobs:
    """Finds jobs that the controller has dropped from its memory (``MinJobAge``)."""

    def __init__(self) -> None:
        self._missed: dict[str, int] = {}

    def update(self, active: Iterable[str], states: Mapping[str, str]) -> set[str]:
        """Those of the ``active`` jobs that this answer and the ones before it have missed often enough."""
        self._missed = {job: self._missed.get(job, 0) + 1 for job in active if job not in states}
        return {job for job, count in self._missed.items() if count >= MISSED_ANSWERS}
