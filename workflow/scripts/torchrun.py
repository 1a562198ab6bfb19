"""torchrun for scripts that need time to exit after SIGTERM, on one machine or on several nodes of a Slurm job.

    python workflow/scripts/torchrun.py --nproc-per-node 2 workflow/scripts/train_student.py ...
    srun --nodes 2 --ntasks-per-node 1 python workflow/scripts/torchrun.py --nnodes 2 --nproc-per-node 8 ...

It takes torchrun's options but exits differently. torchrun kills its workers 30 seconds after SIGTERM, while a large
model's checkpoint takes minutes, and its exit status does not show whether they saved one or had finished. This script
forwards SIGTERM, waits for the workers, and exits with their status: 0, 2 for invalid input, 75 for "interrupted, run
again".

The rendezvous of the nodes is derived from Slurm's variables; call srun on the first node.
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

#: Signals with torchrun's own handling; Ctrl-C should not wait.
HANDLED_BY_TORCHRUN = "SIGINT,SIGHUP,SIGQUIT"
#: The rendezvous port, derived from the job's number, so that every node knows it; below Linux's range for outgoing
#: connections.
FIRST_PORT, PORTS = 15_000, 15_000


def main() -> None:
    signal.signal(signal.SIGTERM, pass_on)
    os.environ.setdefault(
        "TORCH_CPP_LOG_LEVEL", "ERROR"
    )  # silences long messages of nodes that lose their peers at the end
    from torch.distributed import run
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError

    logging.disable()  # the workers print the error
    arguments = run.parse_args(["--signals-to-handle", HANDLED_BY_TORCHRUN, *sys.argv[1:]])
    if run.parse_min_max_nnodes(arguments.nnodes) == (1, 1):
        arguments.standalone = True  # a free port, so that trainings can share a machine
    else:
        vars(arguments).update(meeting_point(os.environ))
    try:
        run.run(arguments)
    except ChildFailedError as error:
        end(status(error.get_first_failure()[1].exitcode))


def end(code: int) -> NoReturn:
    """Exit with this status, even if srun ends this process at the same time because another node exited first."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise SystemExit(code)


def meeting_point(slurm: Mapping[str, str]) -> dict[str, Any]:
    """Torchrun's options for this node of several, from the variables that srun sets.

    Raises :class:`StudyError` without them.
    """
    try:
        job, node = int(slurm["SLURM_JOB_ID"]), int(slurm["SLURM_NODEID"])
        # the address of srun's caller, known to the other nodes even without name resolution
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
    """The shell's status for a worker killed by a signal; SIGTERM kills workers that have nothing to save yet."""
    if exit_code == -signal.SIGTERM:
        return Interrupted.EXIT_CODE
    return exit_code if exit_code >= 0 else 128 - exit_code


def pass_on(number: int, frame: Any) -> None:
    """Forward the signal to the workers; without workers there is nothing to save."""
    workers = psutil.Process().children()
    if not workers:
        end(Interrupted.EXIT_CODE)
    for worker in workers:
        worker.send_signal(number)


if __name__ == "__main__":
    run_script(main)
