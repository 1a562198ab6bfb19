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
from collections.abc import Mapping, Sequence
from subprocess import Popen
from typing import Any, NoReturn

from scale_or_reason.common.errors import Interrupted, StudyError, run_script
from scale_or_reason.training.trainer.launch import LAUNCHER_VARIABLE

#: Signals with torchrun's own handling; Ctrl-C should not wait.
HANDLED_BY_TORCHRUN = "SIGINT,SIGHUP,SIGQUIT"
#: The rendezvous port, derived from the job's number, so that every node knows it; below Linux's range for outgoing
#: connections.
FIRST_PORT, PORTS = 15_000, 15_000


class Workers:
    """The processes that torchrun starts, and SIGTERM for them."""

    def __init__(self) -> None:
        self.processes: list[Popen[Any]] = []
        #: Whether torchrun has begun to start processes, and whether SIGTERM has come.
        self.are_started = self.are_stopped = False

    def stop(self, *_: object) -> None:
        """The handler of SIGTERM: forwards it. Before the first process is started there is nothing to save."""
        self.are_stopped = True
        if not self.are_started:
            os._exit(Interrupted.EXIT_CODE)  # an exception could end up in an `except` of what is being imported
        for process in self.processes:
            process.send_signal(signal.SIGTERM)

    def recorded(self, kind: type[Popen[Any]]) -> type[Popen[Any]]:
        """A kind of process that is recorded when it starts. If SIGTERM came meanwhile, the process gets it, too."""
        workers = self

        class Worker(kind):  # type: ignore[misc, valid-type]
            def __init__(self, *arguments: Any, **options: Any) -> None:
                workers.are_started = True
                super().__init__(*arguments, **options)
                workers.processes.append(self)
                if workers.are_stopped:
                    self.send_signal(signal.SIGTERM)

        return Worker


def main() -> None:
    workers = Workers()
    signal.signal(signal.SIGTERM, workers.stop)
    os.environ[LAUNCHER_VARIABLE] = str(os.getpid())
    os.environ.setdefault(
        "TORCH_CPP_LOG_LEVEL", "ERROR"
    )  # silences long messages of nodes that lose their peers at the end
    from torch.distributed import run
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.elastic.multiprocessing.subprocess_handler import subprocess_handler

    subprocess_handler.Popen = workers.recorded(subprocess_handler.Popen)
    logging.disable()  # the workers print the error
    # without a folder for logs that nobody writes, torchrun leaves an empty one in /tmp
    fixed = ["--signals-to-handle", HANDLED_BY_TORCHRUN, "--log-dir", os.devnull]
    arguments = run.parse_args([*fixed, *sys.argv[1:]])
    if run.parse_min_max_nnodes(arguments.nnodes) == (1, 1):
        arguments.standalone = True  # a free port, so that trainings can share a machine
    else:
        vars(arguments).update(meeting_point(os.environ))
    try:
        run.run(arguments)
    except ChildFailedError as error:
        first = error.get_first_failure()[1]
        end(status([first.exitcode, *(failure.exitcode for failure in error.failures.values())], workers.are_stopped))


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


def status(exit_codes: Sequence[int], are_stopped: bool) -> int:
    """The shell's status for these workers, the one that failed first in front.

    After SIGTERM it is that of :class:`Interrupted` as soon as one of them has ended by it: the others may fail because
    that one is gone. SIGTERM kills workers that have nothing to save yet.
    """
    by_signal = {-signal.SIGTERM, Interrupted.EXIT_CODE}
    first = exit_codes[0]
    if first in by_signal or (are_stopped and by_signal & set(exit_codes)):
        return Interrupted.EXIT_CODE
    return first if first >= 0 else 128 - first


if __name__ == "__main__":
    run_script(main)
