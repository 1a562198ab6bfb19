"""How much computing something takes: CPU time, in units that fast, slow and busy machines share."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Callable

import psutil

TEXT = "a word and a {brace} " * 1000
PATTERN = re.compile(r"[{}]|\w+")


def cpu_seconds(run: Callable[[], object]) -> float:
    """CPU time that this process gives to ``run``."""
    began = time.process_time()
    run()
    return time.process_time() - began


def in_passes(seconds: float) -> float:
    """CPU time as so many passes of a regular expression over a text of 21,000 characters, right now."""
    return seconds / min(cpu_seconds(lambda: PATTERN.findall(TEXT)) for _ in range(3))


def seconds_of_family(pid: int) -> float:
    """CPU time so far of a process and its children, with those that are gone."""
    parent = psutil.Process(pid)
    seconds = 0.0
    for process in (parent, *parent.children(recursive=True)):
        with contextlib.suppress(psutil.NoSuchProcess):
            seconds += sum(process.cpu_times()[:4])  # its own and its former children's, outside and inside the kernel
    return seconds
