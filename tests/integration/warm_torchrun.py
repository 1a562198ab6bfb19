"""``workflow/scripts/torchrun.py`` whose workers are forks of it, for a launcher that has imported their libraries.

    warm_torchrun.py --nproc-per-node 2 SCRIPT ARGUMENTS...

A worker has a process, a session, signal handlers and an environment of its own, and ends with its launcher, like any
other; only its imports are done. Tests of starts by themselves call torchrun.py.
"""

from __future__ import annotations

import logging
import os
import runpy
import signal
import subprocess
import sys
import traceback
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from torch.distributed.elastic.multiprocessing.subprocess_handler import subprocess_handler

sys.path.append(str(Path(__file__).parents[1]))  # the folder of this program is the first entry, not that of all tests
from warm_start import exit_status

LAUNCHER = Path(__file__).parents[2] / "workflow" / "scripts" / "torchrun.py"


class Fork(subprocess.Popen):
    """A child that runs ``python [-u] SCRIPT ARGUMENTS`` without an ``exec``."""

    def __init__(self, args: Sequence[str], env: Mapping[str, str], **options: Any) -> None:
        # a signal between the fork and the reset of the handlers would run the launcher's handler in the worker
        before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        try:
            super().__init__(args, env=env, preexec_fn=lambda: run_and_leave(args[2:], env, before), **options)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


def run_and_leave(words: Sequence[str], environment: Mapping[str, str], mask: Iterable[int]) -> None:
    """Run the program in this fork of the launcher, with the signals of ``mask`` blocked, and end with its status."""
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))  # among them the pipe at which the launcher waits for an exec
    for number in signal.valid_signals():
        if callable(signal.getsignal(number)):
            signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    logging.disable(logging.NOTSET)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv, sys.path[0] = list(words), str(Path(words[0]).resolve().parent)
    status = 1
    try:
        runpy.run_path(words[0], run_name="__main__")
        status = 0
    except SystemExit as end:
        status = exit_status(end)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    subprocess_handler.Popen = Fork
    sys.argv[0], sys.path[0] = str(LAUNCHER), str(LAUNCHER.parent)
    runpy.run_path(str(LAUNCHER), run_name="__main__")
