"""What SIGKILL costs a generation: ``make generation-kills``.

    python tests/benchmarks/generation_kills.py --kills 50

The small study's teacher answers prompts of its world on a CPU: once undisturbed, and once with a SIGKILL at a random
moment of each start until the job ends. Starts are forks of a process that has loaded the model. The engine counts its
tokens and finished answers in shared memory, so that what the log lacks after a kill is known. Prints the tokens lost;
fails if a finished answer was lost or generated again, or if the table differs from the undisturbed one.
"""

from __future__ import annotations

import argparse
import json
import mmap
import os
import runpy
import signal
import struct
import sys
import tempfile
import time
from pathlib import Path
from random import Random
from typing import Any

from generation_speed import SAMPLING, TEACHER, made_up_prompts
from overhead import ROOT

from scale_or_reason.common.record_log import KEY_LENGTH
from scale_or_reason.common.tables import read_table, table_from_rows, write_table
from scale_or_reason.inference import resumable
from scale_or_reason.inference.quiet import quiet
from scale_or_reason.inference.vllm_engine import VllmEngine

SCRIPT = ROOT / "workflow" / "scripts" / "generate_teacher_answers.py"
SEQUENCES = 8
SETTINGS = {"dtype": "float32", "max_model_len": 1024, "enforce_eager": True, "max_num_seqs": SEQUENCES}


class Counts:
    """Tokens generated and answers finished by all starts, in memory that survives the end of a fork."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, 16)

    def add(self, tokens: int, answers: int) -> None:
        before = self.read()
        self._memory[:] = struct.pack("qq", before[0] + tokens, before[1] + answers)

    def read(self) -> tuple[int, int]:
        tokens, answers = struct.unpack("qq", self._memory[:])
        return tokens, answers


def start(output: Path, prompts: Path, counts: Counts, engine: VllmEngine) -> int:
    """Fork a start of the program, with ``engine`` in place of loading one; return its process id."""
    sys.stdout.flush()
    if pid := os.fork():
        return pid
    devnull = os.open(os.devnull, os.O_WRONLY)
    os.dup2(devnull, 1)
    os.dup2(devnull, 2)
    original = engine._step

    def counted(inner: Any) -> Any:
        outputs = original(inner)
        finished = [output for output in outputs if output.finished]
        # every sequence that runs has got a token, and so have those that have just ended
        counts.add(len(inner.engine_core.engine_core.scheduler.running) + len(finished), len(finished))
        return outputs

    engine._step = counted  # type: ignore[method-assign]
    # torch's process group lacks its threads in a fork, and its end would be a crash
    engine.close = lambda: None  # type: ignore[method-assign]
    resumable.VllmEngine = lambda *_: engine  # type: ignore[misc, assignment]
    options = {"prompts": prompts, "model": TEACHER, "format": "reasoning", "shard": 0, "shards": 1, "seed": 0}
    options |= {"sampling": f'{{"temperature": {SAMPLING.temperature}, "top_p": 0.95, "max_tokens": 160}}'}
    sys.argv = [str(SCRIPT)]
    for name, value in {**options, "engine": json.dumps(SETTINGS), "output": output}.items():
        sys.argv += [f"--{name}", str(value)]
    try:
        runpy.run_path(str(SCRIPT), run_name="__main__")
    finally:
        os._exit(1)
    return 0


def write_prompts(texts: list[str], path: Path) -> None:
    """In a fork: the threads of polars would not survive in the forks of a process that has used it."""
    if pid := os.fork():
        return wait_for(pid)
    rows = [{"prompt_id": f"q{i}", "corpus": "general", "prompt": text} for i, text in enumerate(texts)]
    write_table(table_from_rows(rows, "prompts"), path, "prompts")
    os._exit(0)


def logged(folder: Path) -> dict[str, int]:
    """How many whole records each key has in the logs below ``folder``."""
    found: dict[str, int] = {}
    for segment in folder.glob(".replies/*/*.log"):
        for line in segment.read_bytes().splitlines(keepends=True)[1:]:
            if line.endswith(b"\n"):
                key = line.split(b" ", 2)[1][:KEY_LENGTH].decode()
                found[key] = found.get(key, 0) + 1
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=50, help="default: %(default)s")
    parser.add_argument("--seed", type=int, default=0, help="of the moments (default: %(default)s)")
    arguments = parser.parse_args()
    draw = Random(arguments.seed)
    # no threads, which a fork would not have
    os.environ |= {"OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        texts, prompts = made_up_prompts(14 * arguments.kills), work / "prompts.parquet"
        write_prompts(texts, prompts)
        with quiet(work / "engine.log"):
            engine = VllmEngine(str(TEACHER), SETTINGS)
        whole, killed = work / "whole" / "shard-0.parquet", work / "killed" / "shard-0.parquet"
        undisturbed = Counts()
        wait_for(start(whole, prompts, undisturbed, engine))
        counts = Counts()
        began = time.monotonic()
        for number in range(arguments.kills):
            answers = counts.read()[1]
            pid = start(killed, prompts, counts, engine)
            goal, moment = answers + draw.randint(1, 16), draw.random() * 0.05
            while counts.read()[1] < goal:
                if os.waitpid(pid, os.WNOHANG) != (0, 0):
                    raise SystemExit(f"start {number + 1} ended before its kill")
                time.sleep(0.001)
            time.sleep(moment)
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            on_disk = len(logged(killed.parent))
            print(f"kill {number + 1}: {on_disk} of {len(texts)} answers on disk", file=sys.stderr, flush=True)
        finished_at_kills = counts.read()[1]
        on_disk = sum(logged(killed.parent).values())
        wait_for(start(killed, prompts, counts, engine))
        report(work, counts, undisturbed, arguments.kills, finished_at_kills - on_disk, time.monotonic() - began)


def report(work: Path, counts: Counts, undisturbed: Counts, kills: int, lost_answers: int, seconds: float) -> None:
    tables = [work / name / "shard-0.parquet" for name in ("whole", "killed")]
    tokens = int(read_table(tables[0], "generations")["answer_tokens"].sum())
    extra = counts.read()[0] - undisturbed.read()[0]
    again = [count for count in logged(work / "killed").values() if count > 1]
    equal = tables[0].read_bytes() == tables[1].read_bytes()
    print(
        f"{kills} SIGKILLs in {seconds:.0f} s: of {tokens} tokens {extra} were generated again, {extra / kills:.0f} "
        f"for each kill, of the {SEQUENCES} answers in progress; finished answers lost: {lost_answers}, "
        f"generated twice: {len(again)}; the table equals the undisturbed one: {equal}"
    )
    # the answer that was finished in the very step of a kill may be lost
    if lost_answers > kills or not equal:
        raise SystemExit("more was lost than what was in progress")


def wait_for(pid: int) -> None:
    _, status = os.waitpid(pid, 0)
    if status:
        raise SystemExit(f"a start ended with status {os.waitstatus_to_exitcode(status)}")


if __name__ == "__main__":
    main()
