"""All comparisons with bare engines and peers, and their ratios as a page of the docs: ``make bench``.

    python tests/benchmarks/bench.py --rounds 3 --output docs/reference/speed.md

Each benchmark runs both sides in turns, on the same work, so that the ratio holds on a slow or busy machine too. The
page is written after each benchmark, so that a run that is stopped keeps what it has. A benchmark that fails, or takes
longer than ``--minutes``, is named on the page with the rows that it has recorded before, and the status is 1.
"""

from __future__ import annotations

import argparse
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
from datetime import date
from importlib.metadata import version
from pathlib import Path

from ratios import VARIABLE, Ratio, recorded

from scale_or_reason.common.files import write_text

FOLDER = Path(__file__).parent
PACKAGES = ("torch", "transformers", "trl", "deepspeed", "scipy")


def commands(rounds: int) -> dict[str, list[str]]:
    """Each benchmark with a peer, and its arguments in a run of minutes."""
    return {
        "bootstrap_speed.py": ["--items", "300", "--replicates", "2000", "--peer"],
        "grading_peer.py": ["--answers", "1000", "--rounds", str(rounds)],
        "tokenising_speed.py": ["--pairs", "2000", "--rounds", str(rounds)],
        "generation_speed.py": ["--prompts", "512", "--repeats", str(rounds)],
        "overhead.py": ["--prompts", "300", "--rounds", str(rounds)],
        "training_speed.py": ["--shapes", "1.9M", "--tokens", "10000", "--rounds", "1"],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=2, help="of each comparison but training (default: %(default)s)")
    parser.add_argument("--only", nargs="+", choices=commands(1), help="run these benchmarks only")
    parser.add_argument("--minutes", type=float, default=6, help="limit of each benchmark (default: %(default)s)")
    parser.add_argument("--output", type=Path, required=True, help="page to write (Markdown)")
    arguments = parser.parse_args()
    chosen = {name: words for name, words in commands(arguments.rounds).items() if name in (arguments.only or [name])}
    began, failed = time.monotonic(), []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ratios.jsonl"
        for name, words in chosen.items():
            print(f"{name} {' '.join(words)}", flush=True)
            if fault := run([sys.executable, str(FOLDER / name), *words], path, 60 * arguments.minutes):
                failed.append(f"{name} ({fault})")
            found = recorded(path)
            write_text(page(found, failed, (time.monotonic() - began) / 60), arguments.output)
    print(f"written to {arguments.output}")
    if failed or not found:
        raise SystemExit(1)


def run(command: list[str], ratios: Path, seconds: float) -> str | None:
    """Run a benchmark that records its ratios in this file; returns why it has failed."""
    with subprocess.Popen(command, env=os.environ | {VARIABLE: str(ratios)}, start_new_session=True) as process:
        try:
            status = process.wait(seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)  # its own programs too
            return f"stopped after {seconds / 60:g} min"
    return f"status {status}" if status else None


def page(found: list[Ratio], failed: list[str], minutes: float) -> str:
    """The table with date, machine and versions."""
    versions = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    lines = [
        "# Speed beside peers",
        "",
        "`make bench` writes this page. A ratio is our speed over the peer's, on the same work in the same run: the",
        "median of the rounds, with the lowest and the highest. Above 1 we are faster.",
        "",
        f"{date.today()}, {cpu_model()}, {os.cpu_count()} cores, {minutes:.0f} min; {versions}.",
        "Other programs may have run beside; both sides of a row took turns.",
        "",
        "| work | peer | ratio |",
        "|---|---|---|",
        *(f"| {row.work} | {row.peer} | {row.ratio:.2f} ({row.low:.2f} to {row.high:.2f}) |" for row in found),
        "",
    ]
    if failed:
        lines += [f"Failed: {', '.join(failed)}.", ""]
    return "\n".join(lines)


def cpu_model() -> str:
    """The processor's name; its architecture where the system does not say."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return next(iter(names), platform.machine())


if __name__ == "__main__":
    main()
