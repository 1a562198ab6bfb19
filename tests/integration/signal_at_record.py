"""A program that sends itself a signal once it has stored so many replies.

    signal_at_record.py NUMBER SIGNAL SCRIPT ARGUMENTS...

A test that watches its files and sends the signal may come too late on a busy machine.
"""

from __future__ import annotations

import os
import runpy
import sys
from itertools import count

from scale_or_reason.common.record_log import RecordLog

append, numbers = RecordLog.append, count(1)
last, signal_number = int(sys.argv[1]), int(sys.argv[2])


def append_and_signal(log: RecordLog, key: str, record: dict[str, object]) -> None:
    append(log, key, record)
    if next(numbers) == last:
        os.kill(os.getpid(), signal_number)


if __name__ == "__main__":
    RecordLog.append = append_and_signal  # type: ignore[method-assign]
    sys.argv = sys.argv[3:]
    runpy.run_path(sys.argv[0], run_name="__main__")
