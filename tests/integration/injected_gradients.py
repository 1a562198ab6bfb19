"""Trainings of a tiny student whose gradients are replaced at chosen steps: ``injected_gradients.py FOLDER CASES``.

CASES is a JSON file: a list of objects with ``stage``, ``dtype`` and optionally ``bad`` (inf, nan or zero), ``steps``
(from 0; all if absent), ``rank`` (all if absent), ``phases`` (one number per step), ``rate`` and ``clipping``. Writes
FOLDER/results.json: of each case what the training returned or raised. Runs all cases in one process, since starting
takes far longer than training.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

ITEMS, LENGTH, PROMPT = 4, 12, 5


def deepspeed_file(folder: Path, stage: int) -> Path:
    name = "cpu" if stage == 0 else f"zero-{stage}"
    return Path(__file__).parents[2] / "config" / "deepspeed" / f"{name}.json"


def made_sequences(phases: list[int]) -> Any:
    from scale_or_reason.training.sequences import Sequences

    count = ITEMS * len(phases)
    ids = np.random.default_rng(0).integers(5, 200, count * LENGTH).astype(np.int32)
    starts = np.arange(count, dtype=np.int64) * LENGTH
    prompts, answers = np.full(count, PROMPT), np.full(count, LENGTH - PROMPT)
    return Sequences(ids, starts, prompts, starts + PROMPT, answers, np.repeat(phases, ITEMS), np.arange(count), 0, 0)


def spoil(model: Any, case: dict[str, Any], accumulation: int) -> None:
    """Replace the gradients of ``model`` as ``case`` says."""
    import torch

    from scale_or_reason.training.trainer.launch import rank

    factor = {"inf": float("inf"), "nan": float("nan"), "zero": 0.0}[case["bad"]]
    passes = [0]

    def count(*_: Any) -> None:
        passes[0] += 1

    def hook(gradient: torch.Tensor) -> torch.Tensor:
        step = (passes[0] - 1) // accumulation
        chosen = step in case.get("steps", [step]) and case.get("rank", rank()) == rank()
        return torch.full_like(gradient, factor) if chosen else gradient

    model.register_forward_pre_hook(count)
    for parameter in model.parameters():
        parameter.register_hook(hook)


def run_case(folder: Path, student: Path, case: dict[str, Any]) -> dict[str, Any]:
    from transformers import AutoTokenizer

    from scale_or_reason.common.errors import StudyError
    from scale_or_reason.training.packing import plan_batches
    from scale_or_reason.training.trainer import launch, sft
    from scale_or_reason.training.wsd import plan_schedule

    phases = case.get("phases", [0, 0, 0])
    sequences = made_sequences(phases)
    limits = {"unit": "items", "size": ITEMS, "micro_batch_tokens": 2 * LENGTH}
    plan = plan_batches(sequences.lengths, sequences.phases, processes=launch.processes(), **limits)
    recipe = sft.Recipe(case.get("rate", 1e-2), 0.0, case.get("clipping", 1.0), 0.9, 0.999, 1e-8, case["dtype"], seed=0)
    deepspeed = deepspeed_file(folder, case["stage"])
    execution = sft.Execution(deepspeed, "sdpa", False, 0, folder / "checkpoints", (), "injected")
    load = sft.load_model

    def loaded(*arguments: Any) -> Any:
        model = load(*arguments)
        if "bad" in case:
            spoil(model, case, plan.accumulation)
        return model

    try:
        with mock.patch.object(sft, "load_model", loaded):
            schedule = plan_schedule(phases, False, 0, 0, 1.0)
            tokenizer = AutoTokenizer.from_pretrained(student)
            trained = sft.train(str(student), None, tokenizer, 0, sequences, plan, schedule, recipe, execution)
    except StudyError as error:
        return {"error": str(error), "marked": (folder / "checkpoints" / "diverged.json").is_file()}
    accuracies = [entry["mean_token_accuracy"] for entry in trained.log]
    norms = [entry["grad_norm"] for entry in trained.log]
    return {"error": None, "checks": trained.checks, "norms": norms, "accuracies": accuracies}


def main() -> None:
    from scale_or_reason.training.trainer import launch

    folder, student, cases = Path(sys.argv[1]), Path(sys.argv[2]), json.loads(Path(sys.argv[3]).read_text())
    with launch.joined_processes(1):
        results = [run_case(folder / str(number), student, case) for number, case in enumerate(cases)]
    if launch.rank() == 0:
        (folder / "results.json").write_text(json.dumps(results))


if __name__ == "__main__":
    main()
