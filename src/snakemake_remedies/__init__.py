"""What Snakemake lacks where many jobs are small, added to it from outside.

Tried with snakemake 9.27.1. Whenever a job ends, its scheduler looks at all jobs that could be next, and at the size of
each of their inputs. It also asks for one more look a second later, since by then more jobs may be allowed
(``--max-jobs-per-timespan``), and that look asks for another. So there are as many looks a second as jobs have ended,
and after some hundred small ones Snakemake itself takes a whole core. Here one look at a time is asked for.

tests/unit/test_snakemake_remedies.py fails once Snakemake needs this no more.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from typing import Any


def apply() -> None:
    """Change the scheduler of this process, once."""
    from snakemake.scheduling.job_scheduler import JobScheduler

    ask = JobScheduler._schedule_reevalutation
    if not hasattr(ask, "__wrapped__"):
        JobScheduler._schedule_reevalutation = one_at_a_time(ask)


def one_at_a_time(ask: Callable[[Any, float], None]) -> Callable[[Any, float], None]:
    """Ask a scheduler for a look in so many seconds, unless one is due by then."""

    @functools.wraps(ask)
    def asked(scheduler: Any, delay: float) -> None:
        now = time.monotonic()
        if not now < getattr(scheduler, "next_look", 0.0) <= now + delay:
            scheduler.next_look = now + delay
            ask(scheduler, delay)

    return asked
