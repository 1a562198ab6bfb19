"""Correctness, speed and memory of attention and training on this machine's GPU. ``make gpu-check``.

    python tests/benchmarks/gpu_check                       # at most eight minutes; a second run resumes
    python tests/benchmarks/gpu_check --only 7B             # cases whose name has 7B
    python tests/benchmarks/gpu_check --tiny --output /tmp/x.json   # every part on tiny models, without a GPU too

The result is a JSON file, written after every case, and a table in Markdown beside it. Both list what was not measured
and why (a missing package, a model that does not fit, no time left). Nothing is downloaded: models have random weights.
The exit status is 1 if a result is wrong, not if it is slow. It needs torch 2.11 and transformers 5.17, or newer.

MFU is the arithmetic that the model needs, as a share of the maker's peak (config: plan.gpu_types). A training step
counts as three forward passes, without recomputation; the output head counts where a token is trained on; attention
counts within documents, once with its causal half alone and once in full.
"""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parents[2] / "src")]

from cases import Case, all_cases  # noqa: E402
from record import Record, table  # noqa: E402

#: A case that takes this many times its estimate, and longer than these seconds, hangs.
PATIENCE, AT_LEAST = 4.0, 120.0
#: Seconds that a case may run beyond the time of the whole check.
GRACE = 5.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=Path("results/gpu_check.json"), help="(%(default)s)")
    parser.add_argument("--seconds", type=float, default=480, help="no case starts that would end later (%(default)s)")
    parser.add_argument("--only", nargs="+", metavar="TEXT", help="cases of this name, or with this in it")
    parser.add_argument("--tiny", action="store_true", help="tiny models: does it run?")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("SIGTERM"))
    cases = chosen(all_cases(arguments.tiny), arguments.only)
    record = Record(arguments.output)
    if arguments.worker:
        from worker import work_off

        work_off(cases, record, time.time() + arguments.seconds)
        return
    deadline = time.time() + arguments.seconds
    supervise(cases, record, deadline)
    record.leave_out([case.name for case in cases], "no time was left")
    page = table(record)
    record.path.with_suffix(".md").write_text(page, encoding="utf-8")
    print(page)
    wrong = [name for name, result in record.results.items() if result.get("right") is False]
    if wrong:
        raise SystemExit(f"wrong: {', '.join(wrong)}")


def chosen(cases: list[Case], only: list[str] | None) -> list[Case]:
    """In the order of ``only``: the case of that name, else those whose names contain it."""
    if not only:
        return cases
    found = {
        case.name: case
        for text in only
        for case in ([case for case in cases if case.name == text] or [case for case in cases if text in case.name])
    }
    return list(found.values())


def supervise(cases: list[Case], record: Record, deadline: float) -> None:
    """Start workers until every case has a result or the time is over; a worker that dies leaves its case out."""
    while record.open([case.name for case in cases]) and time.time() < deadline:
        command = [sys.executable, str(HERE), "--worker", "--output", str(record.path)]
        command += ["--seconds", str(deadline - time.time()), *(["--tiny"] if "--tiny" in sys.argv else [])]
        command += ["--only", *(case.name for case in cases)]
        before = len(record.results)
        estimates = {case.name: case.seconds for case in cases}
        worker = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        try:
            reason = wait(worker, record, estimates, deadline)
        finally:  # also if this process is terminated
            worker.kill()
        record.read()
        if running := record.running():
            record.write(running, {"status": "left out", "reason": reason})
        elif len(record.results) == before:  # died before it began anything, or had nothing to begin
            if worker.returncode:
                record.leave_out([case.name for case in cases], reason)
            return


def wait(worker: subprocess.Popen[str], record: Record, estimates: dict[str, float], deadline: float) -> str:
    """Wait until the worker ends, or kill it if its case hangs; the reason to record for that case."""
    while True:
        try:
            _, error = worker.communicate(timeout=2)
            lines = error.strip().splitlines() or ["no message"]
            return f"the process ended with status {worker.returncode}: {lines[-1][:300]}"
        except subprocess.TimeoutExpired:
            record.read()
        name = record.running()
        limit = max(AT_LEAST, PATIENCE * estimates.get(name or "", 0.0))
        if name and time.time() > record.results[name]["began"] + limit:
            worker.kill()
            worker.communicate()
            return f"it took more than {limit:.0f} s"
        if time.time() > deadline + GRACE:
            worker.kill()
            worker.communicate()
            return "the time was over"


if __name__ == "__main__":
    main()
