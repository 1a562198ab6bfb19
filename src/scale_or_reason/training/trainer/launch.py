"""Start of a training process: settings that must precede the import of torch, transformers and DeepSpeed."""

from __future__ import annotations

import ctypes
import functools
import importlib.metadata
import logging
import os
import signal
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from scale_or_reason.common.errors import Interrupted, StudyError

#: Rank 0 alone hashes the inputs while the others wait: minutes for a large model and the tokens of a large corpus.
TIMEOUT_MINUTES = 30
#: Has the launcher's process id, where ``torchrun.py`` is the launcher.
LAUNCHER_VARIABLE = "SCALE_OR_REASON_LAUNCHER"


def rank() -> int:
    """The rank of this process; 0 without a launcher."""
    return int(os.environ.get("RANK", "0"))


def processes() -> int:
    """The number of processes of this training, on all nodes."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def has_launcher() -> bool:
    """Whether torchrun has started this process."""
    return "RANK" in os.environ


def exit_on_sigterm() -> None:
    """Have SIGTERM end this process with the status of :class:`Interrupted`, since there is nothing to save yet."""
    signal.signal(signal.SIGTERM, lambda *_: os._exit(Interrupted.EXIT_CODE))


@contextmanager
def joined_processes(threads: int | None, timeout_minutes: float = TIMEOUT_MINUTES) -> Iterator[None]:
    """Initialise the process group of torchrun; a process without a launcher forms a group of one.

    ``timeout_minutes``: a process that waits longer for the others ends, and with it the training.
    """
    quiet_libraries()
    # transformers and TRL each read the metadata of every installed package, most of a second each time
    importlib.metadata.packages_distributions = functools.cache(importlib.metadata.packages_distributions)
    if threads:
        os.environ["OMP_NUM_THREADS"] = os.environ["RAYON_NUM_THREADS"] = str(threads)
    if not has_launcher():  # without these variables DeepSpeed would look for MPI
        # port 0: the system chooses a free one when it is opened
        os.environ.update(RANK="0", LOCAL_RANK="0", WORLD_SIZE="1", MASTER_ADDR="127.0.0.1", MASTER_PORT="0")
    import torch

    on_gpu = torch.cuda.is_available()
    if not on_gpu:
        os.environ["DS_ACCELERATOR"] = "cpu"
    if threads:
        torch.set_num_threads(threads)
    import deepspeed

    deepspeed.utils.logger.setLevel(logging.ERROR)
    if not on_gpu:
        # DeepSpeed would compile a shared-memory all-reduce for half a minute; gloo does not need it.
        deepspeed.ops.__compatible_ops__["deepspeed_shm_comm"] = False
    # Before the model is built: ZeRO-3 shards it during construction and needs the number of processes.
    timeout = timedelta(minutes=timeout_minutes)
    deepspeed.init_distributed(dist_backend="nccl" if on_gpu else "gloo", timeout=timeout, verbose=False)
    try:
        yield
    finally:
        torch.distributed.destroy_process_group()


def wait_for_all() -> None:
    """Wait until every process has reached this call."""
    import torch.distributed

    torch.distributed.barrier()


def any_process(flag: bool) -> bool:
    """Whether ``flag`` is true in at least one process; a collective call with the same result everywhere."""
    if processes() == 1:
        return flag
    import torch

    flags = torch.tensor(int(flag), device="cuda" if torch.cuda.is_available() else "cpu")
    torch.distributed.all_reduce(flags, op=torch.distributed.ReduceOp.MAX)
    return bool(flags)


def from_first(make: Callable[[], Any]) -> Any:
    """The result of ``make`` on rank 0, broadcast to all ranks; only rank 0 calls it.

    A :class:`StudyError` of ``make`` is raised in all ranks; otherwise the others would wait for the broadcast.
    """
    import torch.distributed

    box: list[Any] = [None, None]
    if rank() == 0:
        try:
            box[0] = make()
        except StudyError as error:
            fields = {name: getattr(error, name) for name in ("where", "key", "found", "expected", "remedy")}
            box[1] = error.problem, {name: value and str(value) for name, value in fields.items()}
    torch.distributed.broadcast_object_list(box, src=0)
    if box[1] is not None:
        problem, fields = box[1]
        raise StudyError(problem, **fields)
    return box[0]


def end_with_launcher() -> None:
    """Have Linux kill this process when its launcher is killed.

    torchrun starts each process in a new session, so a kill of the launcher's session or process group, as by Slurm,
    does not reach it, and it would continue to train beside the job that replaces it.
    """
    launcher = int(os.environ.get(LAUNCHER_VARIABLE) or os.getppid())
    set_parent_death_signal = 1  # PR_SET_PDEATHSIG of prctl(2)
    ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGKILL)
    if os.getppid() != launcher:  # it was killed before prctl
        raise SystemExit(128 + signal.SIGKILL)


def quiet_libraries() -> None:
    """Set what the libraries read at their import, so that only their errors are printed."""
    warnings.filterwarnings("ignore")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")
    for name in ("DeepSpeed", "torch", "accelerate", "trl", "transformers.trainer_utils"):
        logging.getLogger(name).setLevel(logging.ERROR)
