"""torchrun for programs that need time to end after SIGTERM, on one machine or on several nodes of a Slurm job.

    python workflow/scripts/torchrun.py --nproc-per-node 2 workflow/scripts/train_student.py ...
    srun --nodes 2 --ntasks-per-node 1 python workflow/scripts/torchrun.py --nnodes 2 --nproc-per-node 8 ...

It takes torchrun's options and differs in how it ends. torchrun kills its workers 30 seconds after SIGTERM, while a
large model's checkpoint takes minutes, and its status says neither that they have written one nor that they had just
finished. Here SIGTERM is passed on, the workers take the time they need, and the status is theirs: 0, 2 for bad input,
75 for "interrupted, run again".

Where the nodes of a job meet follows from Slurm's variables: srun is to be called on the first of them.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
from collections.abc import Mapping
from typing import Any, NoReturn

import psutil

from scale_or_reason.common.errors import Interrupted, StudyError, run_script

#: torchrun's own handling of these stays: who presses Ctrl-C does not want to wait.
HANDLED_BY_TORCHRUN = "SIGINT,SIGHUP,SIGQUIT"
#: Where the nodes of a job meet: a port that follows from the job's number, so that each knows it. Below those that
#: Linux gives to outgoing connections.
FIRST_PORT, PORTS = 15_000, 15_000


def main() -> None:
    signal.signal(signal.SIGTERM, pass_on)
    os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")  # at the end nodes miss each other, and say so at length
    from torch.distributed import run
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError

    logging.disable()  # the workers say what is wrong
    arguments = run.parse_args(["--signals-to-handle", HANDLED_BY_TORCHRUN, *sys.argv[1:]])
    if run.parse_min_max_nnodes(arguments.nnodes) == (1, 1):
        arguments.standalone = True  # it picks a free port, so that trainings can share a machine
    else:
        vars(arguments).update(meeting_point(os.environ))
    try:
        run.run(arguments)
    except ChildFailedError as error:
        end(status(error.get_first_failure()[1].exitcode))


def end(code: int) -> NoReturn:
    """Exit with this status, also if srun ends us just now, since another node's status has come first."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise SystemExit(code)


def meeting_point(slurm: Mapping[str, str]) -> dict[str, Any]:
    """Torchrun's options for this node of several, from the variables that srun sets.

    Raises :class:`StudyError` without them.
    """
    try:
        job, node = int(slurm["SLURM_JOB_ID"]), int(slurm["SLURM_NODEID"])
        # where srun was called: an address that the other nodes know, also where they can't look up names
        address = slurm["SLURM_LAUNCH_NODE_IPADDR"]
    except KeyError as missing:
        raise StudyError(
            "processes on several nodes need Slurm's srun to start them",
            where="--nnodes",
            found=f"no variable {missing.args[0]}",
            expected="a task of srun on each node",
            remedy="run the training through profiles/slurm, or set the student's `nodes` to 1",
        ) from None
    return {
        "rdzv_backend": "static",
        "node_rank": node,
        "master_addr": address,
        "master_port": FIRST_PORT + job % PORTS,
        "rdzv_id": f"{job}.{slurm.get('SLURM_STEP_ID', 0)}",
    }


def status(exit_code: int) -> int:
    """That of a shell for a worker that a signal has ended; SIGTERM ends one that has nothing to keep yet."""
    if exit_code == -signal.SIGTERM:
        return Interrupted.EXIT_CODE
    return exit_code if exit_code >= 0 else 128 - exit_code


def pass_on(number: int, frame: Any) -> None:
    """Send the workers the signal that came; without workers there is nothing to keep."""
    workers = psutil.Process().children()
    if not workers:
        end(Interrupted.EXIT_CODE)
    for worker in workers:
        worker.send_signal(number)


if __name__ == "__main__":
    run_script(main)
