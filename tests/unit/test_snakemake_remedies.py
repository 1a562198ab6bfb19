"""What Snakemake's scheduler does to itself, and that it does it no more."""

from __future__ import annotations

import threading
import time
from types import SimpleNamespace

import pytest
from snakemake.scheduling.job_scheduler import JobScheduler

import snakemake_remedies
from snakemake_remedies import one_at_a_time

DELAY = 1.0


def timers() -> int:
    return sum(isinstance(thread, threading.Timer) for thread in threading.enumerate())


def looks_after(ask, times: int) -> int:
    """How often a scheduler looks if it is asked to so many times at once."""
    scheduler = SimpleNamespace(_open_jobs=threading.Semaphore(0))
    for _ in range(times):
        ask(scheduler, DELAY)
    deadline = time.monotonic() + 20
    while timers() and time.monotonic() < deadline:
        time.sleep(0.01)
    looks = 0
    while scheduler._open_jobs.acquire(blocking=False):
        looks += 1
    return looks


def test_snakemake_alone_looks_as_often_as_it_was_asked_to() -> None:
    assert looks_after(JobScheduler._schedule_reevalutation, 20) == 20


def test_one_look_is_enough() -> None:
    assert looks_after(one_at_a_time(JobScheduler._schedule_reevalutation), 20) == 1


def test_it_is_applied_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(JobScheduler, "_schedule_reevalutation", JobScheduler._schedule_reevalutation)
    snakemake_remedies.apply()
    applied = JobScheduler._schedule_reevalutation
    snakemake_remedies.apply()
    assert JobScheduler._schedule_reevalutation is applied
    assert looks_after(applied, 3) == 1


def test_after_a_look_there_may_be_another_and_an_earlier_one_is_not_put_off(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, asked = SimpleNamespace(now=100.0), []
    monkeypatch.setattr(time, "monotonic", lambda: clock.now)
    ask = one_at_a_time(lambda scheduler, delay: asked.append((clock.now, delay)))
    scheduler = SimpleNamespace()
    for now, delay in ((100, 10), (101, 10), (102, 1), (102.5, 1), (103, 1), (103, 10), (104, 1)):
        clock.now = now
        ask(scheduler, delay)
    assert asked == [(100, 10), (102, 1), (103, 1), (104, 1)]
