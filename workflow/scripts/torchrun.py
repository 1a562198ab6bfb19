"""torchrun on one machine, for programs that need time to end after SIGTERM.

    python workflow/scripts/torchrun.py --nproc-per-node 2 workflow/scripts/train_student.py ...

It takes torchrun's options and differs in how it ends. torchrun kills its workers 30 seconds after SIGTERM, while a
large model's checkpoint takes minutes, and its status says neither that they have written one nor that they had just
finished. Here SIGTERM is passed on, the workers take the time they need, and the status is theirs: 0, 2 for bad input,
75 for "interrupted, run again".
"""

from __future__ import annotations

import logging
import signal
import sys
from typing import Any

import psutil

from scale_or_reason.errors import Interrupted

#: torchrun's own handling of these stays: who presses Ctrl-C does not want to wait.
HANDLED_BY_TORCHRUN = "SIGINT,SIGHUP,SIGQUIT"


def main() -> None:
    signal.signal(signal.SIGTERM, pass_on)
    from torch.distributed import run
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError

    logging.disable()  # the workers say what is wrong
    # standalone: it picks a free port, so that trainings can share a machine
    arguments = run.parse_args(["--standalone", "--signals-to-handle", HANDLED_BY_TORCHRUN, *sys.argv[1:]])
    try:
        run.run(arguments)
    except ChildFailedError as error:
        raise SystemExit(status(error.get_first_failure()[1].exitcode)) from None


def status(exit_code: int) -> int:
    """That of a shell for a worker that a signal has ended; SIGTERM ends one that has nothing to keep yet."""
    if exit_code == -signal.SIGTERM:
        return Interrupted.EXIT_CODE
    return exit_code if exit_code >= 0 else 128 - exit_code


def pass_on(number: int, frame: Any) -> None:
    """Send the workers the signal that came; without workers there is nothing to keep."""
    workers = psutil.Process().children()
    if not workers:
        raise SystemExit(Interrupted.EXIT_CODE)
    for worker in workers:
        worker.send_signal(number)


if __name__ == "__main__":
    main()
