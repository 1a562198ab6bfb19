"""Whether killed trainings end with the weights of undisturbed ones, bit for bit: ``make kills``.

    python tests/benchmarks/kills.py --kills 20

For DeepSpeed without ZeRO and with ZeRO-2, on one process and on two: one training from start to end, and one that is
killed so many times, at every kind of moment of kill_points.py, and started again. Prints a line for each; fails if a
kill missed, if a number in weights or log differs, or if anything is left beside the model.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from itertools import cycle, islice
from pathlib import Path
from random import Random
from typing import Any

import polars as pl
from kill_points import MOMENTS
from overhead import ROOT, SCRIPTS, TEMPLATE, write_inputs

STUDENT = ROOT / "resources" / "micro" / "students" / "micro-0.07M"
BATCH_SIZE, CHECKPOINT_STEPS = 2, 2
#: DeepSpeed's file and the number of processes.
SETTINGS = ("cpu:1", "cpu:2", "zero-2:1", "zero-2:2")
SIGKILL, INTERRUPTED = -9, 75


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20, help="of each setting (%(default)s)")
    parser.add_argument("--settings", nargs="+", choices=SETTINGS, default=SETTINGS, help="which (all)")
    parser.add_argument("--seed", type=int, default=0, help="of the moments (%(default)s)")
    parser.add_argument("--questions", type=int, default=160, help="a training's, two a step (%(default)s)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        write_inputs(work, arguments.questions)
        # other moments for each setting, so that a few kills of each are all kinds together
        kinds = cycle(moment for moment in MOMENTS if moment != "saving the model")
        for number, setting in enumerate(arguments.settings):
            deepspeed, processes = setting.split(":")[0], int(setting.split(":")[1])
            moments = [*islice(kinds, arguments.kills - 1), "saving the model"]
            kills = plan_kills(moments, processes, Random(arguments.seed + number))
            print(compare(work, deepspeed, processes, kills), flush=True)


def plan_kills(moments: list[str], processes: int, random: Random) -> list[dict[str, Any]]:
    """When each start is killed; the last time it is while the model is saved, which happens once."""
    return [
        {
            "moment": moment,
            # early enough that the training does not end before all kills have come: one or two checkpoints further
            "after": 1 if moment in ("half deleted", "saving the model") else random.randint(1, 3),
            # only the first rank deletes and saves
            "rank": 0 if moment in ("half deleted", "saving the model") else random.randrange(processes),
        }
        for moment in moments
    ]


def compare(work: Path, deepspeed: str, processes: int, kills: list[dict[str, Any]]) -> str:
    name = f"{deepspeed}-{processes}"
    whole, killed = work / name / "whole", work / name / "killed"
    starts = [{"processes": processes, "output": str(whole), "kill": None}]
    starts += [{"processes": processes, "output": str(killed), "kill": kill} for kill in [*kills, None]]
    began = time.monotonic()
    codes = run(work, name, deepspeed, starts)
    for start, code in zip(starts, codes, strict=True):
        kill = start["kill"]
        wanted = 0 if kill is None else INTERRUPTED if kill["moment"] == "sigterm" else SIGKILL
        ended = code[kill["rank"] if kill else 0]
        if ended != wanted:
            raise SystemExit(f"{name}: ended with {code} instead of {wanted}: {start}")
    equal = (whole / "model.safetensors").read_bytes() == (killed / "model.safetensors").read_bytes()
    numbers = ["step", "items", "tokens", "loss", "learning_rate", "grad_norm", "mean_token_accuracy"]
    logs = [pl.read_csv(folder / "training_log.csv").select(numbers) for folder in (whole, killed)]
    left = sorted(path.name for path in (work / name).iterdir())
    if not equal or not logs[0].equals(logs[1]) or left != ["killed", "whole"]:
        raise SystemExit(f"{name}: weights equal: {equal}, logs equal: {logs[0].equals(logs[1])}, left: {left}")
    counts = ", ".join(f"{moment} {count}" for moment, count in Counter(kill["moment"] for kill in kills).items())
    return (
        f"{deepspeed}.json, {processes} process(es): the same weights and log after {len(kills)} kills ({counts}); "
        f"{len(starts)} starts in {time.monotonic() - began:.0f} s"
    )


def run(work: Path, name: str, deepspeed: str, starts: list[dict[str, Any]]) -> list[list[int]]:
    options = {
        "model": STUDENT,
        "mixture": work / "mixture.parquet",
        "tokens": work / "tokens",
        "chat-template": TEMPLATE,
        "deepspeed": ROOT / "config" / "deepspeed" / f"{deepspeed}.json",
        "learning-rate": 1e-3,
        "batch-unit": "items",
        "batch-size": BATCH_SIZE,
        "max-length": 512,
        "warmup-steps": 5,
        "decay-steps": 10,
        "seed": 0,
        "threads": 1,
        "checkpoint-steps": CHECKPOINT_STEPS,
    }
    (work / f"{name}.json").write_text(json.dumps(starts))
    command = [sys.executable, str(Path(__file__).with_name("kill_points.py")), "--starts", str(work / f"{name}.json")]
    command += ["--", str(SCRIPTS / "train_student.py")]
    command += [text for key, value in options.items() for text in (f"--{key}", str(value))]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr)
    return json.loads(done.stdout)


if __name__ == "__main__":
    main()
