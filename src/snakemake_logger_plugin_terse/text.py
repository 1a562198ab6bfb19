"""Short texts about jobs: their name, how long they took, the last thing that they logged."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

#: How much of a log's end is read: progress bars write no line ends for a long time.
TAIL_BYTES = 16_384
TERMINAL_CODES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def job_name(facts: Mapping[str, Any]) -> str:
    """What a job is called on the screen: the rule's ``message:``, else the rule and its wildcards' values."""
    if facts["rule_msg"]:
        return str(facts["rule_msg"])
    wildcards = facts["wildcards"] or {}
    return " ".join([str(facts["rule_name"]), *(str(value) for value in wildcards.values())])


def duration(seconds: float) -> str:
    """Seconds as a person would say them: ``0.4 s``, ``41 s``, ``3:07``, ``2:03:07``."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes == 0:
        return f"{rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def clock() -> str:
    """The time of day."""
    return time.strftime("%H:%M:%S")


def last_words(log: Path, count: int) -> list[str]:
    """The last ``count`` lines of a log that are not blank; of a line that was written over, its newest state."""
    return [line.strip() for line in last_lines(log)][-count:]


def last_lines(log: Path) -> list[str]:
    """The lines at the end of a log that are not blank, with their indentation."""
    try:
        with log.open("rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - TAIL_BYTES))
            text = file.read().decode(errors="replace")
    except OSError:
        return []
    lines = (line.rstrip("\r").rpartition("\r")[2] for line in TERMINAL_CODES.sub("", text).split("\n"))
    return [line for line in lines if line.strip()]
