"""The cost of the log of replies, and the gain of one batch over batches that drain: ``make bench-generation``.

    python tests/benchmarks/generation_speed.py --prompts 512

The small study's teacher answers prompts of its world on a CPU, on one engine, in turns and several times:

- without a log, and with the log of replies (both in one batch), and the share of the time that writing the log takes;
- in batches of 16 times the number of sequences, each of which drains before the next one starts (as 4,096 requests
  with 256 sequences), and the number of the engine's steps. A step takes a GPU about as long with few sequences as with
  many, a CPU not; so the ratio of steps is the gain on a GPU.

Times on a busy machine vary more than these differences; the share and the steps do not.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from overhead import ROOT
from ratios import record

from scale_or_reason.inference.command_line import Generation
from scale_or_reason.inference.reply_store import ReplyStore
from scale_or_reason.inference.requests import SamplingParameters, ThinkingMode
from scale_or_reason.inference.resumable import SharedEngine
from scale_or_reason.inference.vllm_engine import VllmEngine, run_and_leave
from scale_or_reason.small_world.corpora import corpus_rows

TEACHER = ROOT / "resources" / "micro" / "teacher"
SAMPLING = SamplingParameters(temperature=0.6, top_p=0.95, max_tokens=160)
THINKING = ThinkingMode(template={"enable_thinking": True})
SEQUENCES, BATCHES_OF = 8, 16


def made_up_prompts(count: int) -> list[str]:
    """Distinct prompts of the small world, in a fixed order."""
    rows = corpus_rows("general", 2 * count, seed=0)
    return list(dict.fromkeys(row["conversations"][0]["value"] for row in rows))[:count]


class TimeOf:
    """Adds up the seconds of calls of a method of ``owner``."""

    def __init__(self, owner: type, name: str) -> None:
        self.seconds = 0.0
        original = getattr(owner, name)

        def timed(*arguments: Any) -> Any:
            began = time.perf_counter()
            try:
                return original(*arguments)
            finally:
                self.seconds += time.perf_counter() - began

        setattr(owner, name, timed)


class Steps:
    """Counts the steps of an engine."""

    def __init__(self, engine: VllmEngine) -> None:
        self.count = 0
        original = engine._step

        def counted(inner: object) -> object:
            self.count += 1
            return original(inner)

        engine._step = counted  # type: ignore[method-assign, assignment]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prompts", type=int, default=512, help="number of prompts (default: %(default)s)")
    parser.add_argument("--repeats", type=int, default=5, help="runs of each kind (default: %(default)s)")
    arguments = parser.parse_args()
    prompts, seeds = made_up_prompts(arguments.prompts), list(range(arguments.prompts))
    settings = {"dtype": "float32", "max_model_len": 1024, "enforce_eager": True, "max_num_seqs": SEQUENCES}
    generation = Generation(str(TEACHER), None, SAMPLING, settings, seed=0)
    with tempfile.TemporaryDirectory() as folder, SharedEngine(generation, Path(folder) / "engine.log") as shared:
        engine = shared.engine()
        assert isinstance(engine, VllmEngine)
        steps, appending = Steps(engine), TimeOf(ReplyStore, "add")

        def bare() -> list[str]:
            return [reply.text for reply in engine.chat(prompts, seeds, SAMPLING, THINKING)]

        def logged() -> list[str]:
            fresh = Path(tempfile.mkdtemp(dir=folder))
            return [reply.text for reply in shared.with_replies(fresh, "logged", THINKING).chat(prompts, seeds)]

        def drained() -> list[str]:
            size = SEQUENCES * BATCHES_OF
            parts = [slice(first, first + size) for first in range(0, len(prompts), size)]
            return [
                reply.text for part in parts for reply in engine.chat(prompts[part], seeds[part], SAMPLING, THINKING)
            ]

        kinds: dict[str, Callable[[], list[str]]] = {"bare": bare, "logged": logged, "drained": drained}
        texts, walls, cpus, counts = {}, {}, {}, {}
        logged_seconds = 0.0
        for _ in range(arguments.repeats):
            for name, run in kinds.items():
                steps.count = 0
                wall, cpu = time.perf_counter(), time.process_time()
                texts[name] = run()
                walls[name] = min(walls.get(name, float("inf")), time.perf_counter() - wall)
                cpus[name] = min(cpus.get(name, float("inf")), time.process_time() - cpu)
                counts[name] = steps.count
                logged_seconds += time.perf_counter() - wall if name == "logged" else 0.0
                shared.print(
                    f"{name}: {time.perf_counter() - wall:.2f} s, {time.process_time() - cpu:.2f} s of processor time"
                )
        share, gain = appending.seconds / logged_seconds, counts["drained"] / counts["bare"]
        record("generation with the log of replies", "without a log", [1 - share])
        record("generation in one batch, by steps", "batches that drain", [gain])
        lines = [
            f"{arguments.prompts} prompts, best of {arguments.repeats}: "
            + ", ".join(
                f"{name} {walls[name]:.2f} s ({cpus[name]:.2f} s of processor time, {counts[name]} steps)"
                for name in kinds
            ),
            f"writing the log took {share:.2%} of the time of the runs with it",
            f"batches that drain take {gain:.3f} times the steps of one batch",
            f"answers are equal: {texts['bare'] == texts['logged'] == texts['drained']}",
        ]
        for line in lines:
            shared.print(line)


if __name__ == "__main__":
    run_and_leave(main)
