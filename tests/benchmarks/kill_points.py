"""Trainings that are killed again and again, and started again each time, without importing torch for every start.

    kill_points.py --starts FILE -- workflow/scripts/train_student.py ARGUMENTS...

FILE is a JSON list of starts, each ``{"processes": 2, "output": FOLDER, "kill": null | {"moment": ..., "after": 3,
"rank": 1}}``. Every start forks its processes from one that has imported everything; a kill ends the process of that
rank at that moment, ``after`` says which time it comes by, and then the other ranks as torchrun would. Prints one JSON
list with the exit codes of all ranks of every start, negative ones for signals.
"""

from __future__ import annotations

import io
import json
import os
import runpy
import shutil
import signal
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

#: SIGKILL at: a forward pass; between a step and its checkpoint; before the optimizer's state is written; in the middle
#: of a file of it; when all is written but the mark; when the mark is there; when an older checkpoint is half deleted;
#: while the finished model is written. SIGTERM at a forward pass.
MOMENTS = (
    "forward",
    "step end",
    "weights written",
    "half a file",
    "unmarked",
    "marked",
    "half deleted",
    "saving the model",
    "sigterm",
)


def main() -> None:
    starts = json.loads(Path(sys.argv[2]).read_text())
    os.environ |= {"DS_ACCELERATOR": "cpu", "OMP_NUM_THREADS": "1"}
    import deepspeed  # noqa: F401
    import trl.trainer.sft_trainer  # noqa: F401

    import scale_or_reason.training.trainer.sft  # noqa: F401

    print(json.dumps([run(start, sys.argv[4:]) for start in starts]))


def run(start: dict[str, Any], arguments: list[str]) -> list[int]:
    """Exit codes of all ranks."""
    port = free_port() if start["processes"] > 1 else "0"
    pids = {fork(rank, start, arguments, port): rank for rank in range(start["processes"])}
    codes = {}
    while pids:
        pid, status = os.wait()
        rank = pids.pop(pid)
        codes[rank] = os.waitstatus_to_exitcode(status)
        if codes[rank] < 0:
            for other in pids:
                os.kill(other, signal.SIGKILL)
    return [codes[rank] for rank in range(start["processes"])]


def fork(rank: int, start: dict[str, Any], arguments: list[str], port: str) -> int:
    sys.stdout.flush()
    if pid := os.fork():
        return pid
    status = 1
    try:
        os.dup2(2, 1)
        world = str(start["processes"])
        os.environ |= {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": world}
        os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
        if start["kill"] and start["kill"]["rank"] == rank:
            plan_kill(start["kill"]["moment"], start["kill"]["after"])
        sys.argv = [*arguments, "--output", start["output"]]
        runpy.run_path(arguments[0], run_name="__main__")
        status = 0
    except SystemExit as end:
        status = int(end.code or 0)
    finally:
        sys.stderr.flush()
        os._exit(status)


def plan_kill(moment: str, after: int) -> None:
    """Have this process killed at ``moment`` when it comes by for the ``after``-th time (from 1)."""
    import torch
    import transformers.trainer

    from scale_or_reason.training.trainer import callbacks, checkpoints, students

    trainer = transformers.trainer.Trainer
    place: dict[str, tuple[Any, str, Callable[..., Any]]] = {
        "forward": (trainer, "training_step", die),
        "sigterm": (trainer, "training_step", lambda *_, **__: os.kill(os.getpid(), signal.SIGTERM)),
        "step end": (callbacks.StopOnSigterm, "on_step_end", die),
        "weights written": (trainer, "_save_optimizer_and_scheduler", die),
        "half a file": (torch, "save", half_a_file),
        "unmarked": (checkpoints.WholeCheckpoints, "on_save", die),
        "marked": (checkpoints.WholeCheckpoints, "on_save", die),
        "half deleted": (shutil, "rmtree", half_deleted),
        "saving the model": (students, "save_student", half_a_model),
    }
    owner, name, blow = place[moment]
    original, times = getattr(owner, name), [0]

    def counted(*arguments: Any, **options: Any) -> Any:
        times[0] += 1
        if times[0] == after and moment != "marked":
            blow(*arguments, **options)
        result = original(*arguments, **options)
        if times[0] == after and moment == "marked":
            blow()
        return result

    setattr(owner, name, counted)


def die(*_: Any, **__: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(60)


def half_a_file(value: Any, file: Any, *rest: Any, **options: Any) -> None:
    import torch

    whole = io.BytesIO()
    torch.serialization.save(value, whole)
    data = whole.getvalue()[: len(whole.getvalue()) // 2]
    if isinstance(file, str | os.PathLike):
        Path(file).write_bytes(data)
    else:
        file.write(data)
        file.flush()
    die()


def half_deleted(folder: Any, *_: Any, **__: Any) -> None:
    files = sorted(file for file in Path(folder).rglob("*") if file.is_file())
    for file in files[::2]:
        file.unlink()
    die()


def half_a_model(folder: Path, *_: Any) -> None:
    (folder / "config.json").write_text("{}")
    die()


def free_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


if __name__ == "__main__":
    main()
