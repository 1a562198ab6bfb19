"""Processor time of a program of the workflow by itself and as a fork of a warm start (`compute.warm_start`).

    python tests/benchmarks/warm_starts.py engine workflow/scripts/evaluate_model.py ... --output-dir OUT
    python tests/benchmarks/warm_starts.py trainer workflow/scripts/train_student.py ... --output OUT

The last word is the output, which must not exist; OUT.alone, OUT.0 and OUT.1 are written. User and system time of all
processes, with one thread.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from scale_or_reason.common.warm_start import FOLDER_VARIABLE

START = Path(__file__).parents[2] / "workflow" / "scripts" / "warm_start.py"
FORKS = 2


def seconds_of(process: int) -> tuple[float, float]:
    """User and system time of a process, and of its children that have ended."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    ticks = [int(field) / os.sysconf("SC_CLK_TCK") for field in fields[11:15]]
    return ticks[0] + ticks[1], ticks[2] + ticks[3]


def seconds_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    kind, *words = sys.argv[1:]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}

    def run(name: str, *start: str) -> None:
        command = [sys.executable, *start, *words[:-1], f"{words[-1]}.{name}"]
        subprocess.run(command, env=environment, stderr=subprocess.DEVNULL, check=True)

    run("alone")
    print(f"alone: {seconds_of_children():.1f} s", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sockets" / kind
        path.parent.mkdir()
        environment |= {FOLDER_VARIABLE: str(path.parent)}
        serve = [sys.executable, str(START), "--serve", kind, str(path)]
        with subprocess.Popen(serve, env=environment, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL) as server:
            while not path.exists():
                time.sleep(0.01)
            for number in range(FORKS):
                before = seconds_of(server.pid)
                run(str(number), str(START), kind)
                own, forks = (now - then for now, then in zip(seconds_of(server.pid), before, strict=True))
                print(f"as fork {number}: {forks:.1f} s, and {own:.1f} s of imports", flush=True)


if __name__ == "__main__":
    main()
