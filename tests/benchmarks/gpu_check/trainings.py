"""One training of a few steps: by our rule's own function, or by TRL with its own packing, on the same samples."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any
from unittest import mock

import numpy as np
from cases import FORMATS, SHAPES, Case, LeftOut
from models import build, config_of

ROOT = Path(__file__).parents[3]
LONGEST_SHARE = 0.98
RATE = 1e-5


def measure_training(case: Case, facts: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Speed over the timed steps, the share of the peak, memory against the plan's, losses and gradient norms."""
    import torch

    on_gpu = torch.cuda.is_available()
    dtype = "bfloat16" if on_gpu else "float32"
    predicted, states = prediction(case, dtype, facts["memory_gb"] if on_gpu else None)
    deepspeed = deepspeed_file(folder, on_gpu, states)
    prompts, answers = draw(case)
    if on_gpu:
        torch.cuda.reset_peak_memory_stats()
    run = train_ours if case.way == "ours" else train_trl
    log, tokens_of_step, scored, attention, rows = run(case, prompts, answers, dtype, deepspeed, folder)
    numbers = {
        "allocated_gb": torch.cuda.max_memory_allocated() / 1e9 if on_gpu else None,
        "reserved_gb": torch.cuda.max_memory_reserved() / 1e9 if on_gpu else None,
    }
    # the median: recompiling a layer, for rows with another alignment, takes seconds and is rare
    speeds = [tokens / entry["seconds"] for tokens, entry in zip(tokens_of_step, log, strict=True)]
    speed = median(speeds[case.warm : case.warm + case.timed])
    lengths = prompts + answers
    arithmetic = [flops(case.shape, lengths, scored, causal) / lengths.sum() * speed for causal in (True, False)]
    peak = facts["peak_tflops"] * 1e12
    return numbers | {
        "tokens_per_second": speed,
        "step_tokens": tokens_of_step,
        "step_seconds": [round(entry["seconds"], 4) for entry in log],
        "mfu": arithmetic[0] / peak,
        "mfu_full": arithmetic[1] / peak,
        "predicted_gb": predicted,
        "losses": [entry["loss"] for entry in log],
        "norms": [float(entry.get("grad_norm") or 0.0) for entry in log],
        "attention": attention,
        "micro_batches": rows,
        "base": base_of(case),
        "note": "" if states == "float32" else f" ({states} states)",
    }


def base_of(case: Case) -> str:
    """The case of our rule that this one is set against."""
    checkpointing = ", checkpointing" if case.checkpointing and case.shape in ("3B", "7B") else ""
    return f"{case.shape} {case.format}: ours{checkpointing}"


def draw(case: Case) -> tuple[np.ndarray, np.ndarray]:
    """Tokens of the prompts and answers of all steps; no sample is longer than a row."""
    prompt, answer, spread = FORMATS[case.format]
    unit, size = case.scale.batch
    mean = (prompt + answer) / case.scale.shrink
    wanted = (case.warm + case.timed + 1) * (size if unit == "tokens" else size * mean)
    generator = np.random.default_rng(0)
    count = round(2 * wanted / mean) + 64
    longest = round(LONGEST_SHARE * case.scale.row)
    lengths = np.clip(generator.lognormal(np.log(mean) - spread**2 / 2, spread, count), 8, longest).astype(np.int64)
    lengths = lengths[: int(np.searchsorted(lengths.cumsum(), wanted)) + 1]
    prompts = np.minimum(prompt // case.scale.shrink, lengths // 2)
    return prompts, lengths - prompts


def flops(shape: str, lengths: np.ndarray, scored: int, causal: bool) -> float:
    """Three forward passes; the output head at the ``scored`` positions only, since TRL's head computes no others."""
    from scale_or_reason.flops.exact import Decoder, exact_prefill_flops

    decoder = Decoder.from_config(config_of(shape).to_dict())
    head = 2.0 * decoder.base.hidden * decoder.base.vocabulary
    return float(3 * (exact_prefill_flops(decoder, lengths, causal).sum() + head * (scored - len(lengths))))


def prediction(case: Case, dtype: str, memory_gb: float | None) -> tuple[float, str]:
    """The plan's peak in GB without its overhead, and the number format of the optimizer's part that fits the card.

    Raises :class:`LeftOut` if neither does: no offloading here, which would measure the bus.
    """
    from scale_or_reason.planning.memory import ZeRO, training_memory
    from scale_or_reason.planning.shapes import Shape

    shape = Shape.from_config(config_of(case.shape).to_dict())
    execution = {"micro_batch_tokens": case.scale.row, "gradient_checkpointing": case.checkpointing}
    memory = training_memory(shape, ZeRO(1), 1, execution, dtype, overhead=0.0)
    whole = memory.total / 1e9
    half = replace(memory, optimizer=memory.optimizer / 2, update=memory.update / 3).total / 1e9
    if memory_gb is None or whole < 0.97 * memory_gb:
        return whole, "float32"
    if half < 0.97 * memory_gb:
        return half, "bfloat16"
    raise LeftOut(
        f"does not fit: {whole:.0f} GB planned, {half:.0f} with bfloat16 optimizer states, of {memory_gb:.0f}; "
        "offloading is not measured"
    )


def deepspeed_file(folder: Path, on_gpu: bool, states: str) -> Path:
    """The project's ZeRO-1 (cpu.json on a CPU), or with weights' copy and moments of Adam in bfloat16."""
    file = ROOT / "config" / "deepspeed" / ("zero-1.json" if on_gpu else "cpu.json")
    if states == "float32":
        return file
    settings = json.loads(file.read_text(encoding="utf-8"))
    settings["bf16"] |= {"bf16_master_weights_and_grads": True, "bf16_optimizer_states": True}
    changed = folder / "bf16-states.json"
    changed.write_text(json.dumps(settings), encoding="utf-8")
    return changed


def tokenizer_of(folder: Path) -> Any:
    from transformers import AutoTokenizer

    sys.path.append(str(ROOT / "tests" / "integration"))
    from byte_tokenizer import save_byte_tokenizer

    if not (folder / "tokenizer").is_dir():
        save_byte_tokenizer(folder / "tokenizer", eos="<|endoftext|>")
        (folder / "tokenizer" / "config.json").write_text(json.dumps({"model_type": "qwen2"}), encoding="utf-8")
    return AutoTokenizer.from_pretrained(folder / "tokenizer")


def random_ids(case: Case, count: int) -> np.ndarray:
    return np.random.default_rng(1).integers(0, SHAPES[case.shape][5], count).astype(np.int32)


def train_ours(
    case: Case, prompts: np.ndarray, answers: np.ndarray, dtype: str, deepspeed: Path, folder: Path
) -> tuple[list[dict[str, float]], list[int], int, str, int]:
    """By the function that the rule calls, on its own packing; only the weights are not read from a folder.

    Returns the log, tokens of each step, positions that are scored, the kernel, and micro-batches a step.
    """
    from scale_or_reason.training.sequences import Sequences
    from scale_or_reason.training.trainer import command, sft
    from scale_or_reason.training.trainer.attention import choose_attention
    from scale_or_reason.training.trainer.compiled import why_not_compile
    from scale_or_reason.training.wsd import plan_schedule

    lengths = prompts + answers
    starts = lengths.cumsum() - lengths
    zeros = np.zeros(len(lengths), dtype=np.int64)
    ids = random_ids(case, lengths.sum())
    sequences = Sequences(ids, starts, prompts, starts + prompts, answers, zeros, np.arange(len(lengths)), 0, 0)
    unit, size = case.scale.batch
    wanted = argparse.Namespace(micro_batch_tokens=case.scale.row)
    plan = command.plan_of(wanted, sequences, unit, size)
    attention = choose_attention(case.kernel, dtype)
    recipe = sft.Recipe(RATE, 0.0, 1.0, 0.9, 0.999, 1e-8, dtype, seed=0)
    compiled = case.layers == "rule" and not why_not_compile("auto", attention, deepspeed)
    execution = sft.Execution(
        deepspeed, attention, case.checkpointing, 0, folder / "checkpoints", (), "gpu-check", compiled
    )
    undo: list[Callable[[], None]] = []

    def load(_: str, __: str | None, dtype: str, implementation: str) -> Any:
        model, after = build(case.shape, dtype, implementation, case.layers)
        undo.append(after)
        return model

    try:
        with mock.patch.object(sft, "load_model", load):
            trained = sft.train(
                "", None, tokenizer_of(folder), 0, sequences, plan, schedule_of(plan_schedule, plan), recipe, execution
            )
    finally:
        for after in undo:
            after()
    tokens = [int(lengths[step].sum()) for step in plan.steps]
    return trained.log, tokens, int(answers.sum()), attention + ", compiled" * compiled, plan.accumulation


def schedule_of(plan_schedule: Callable[..., Any], plan: Any) -> Any:
    return plan_schedule([0] * len(plan.steps), False, 1, 1, 0.1)


def train_trl(
    case: Case, prompts: np.ndarray, answers: np.ndarray, dtype: str, deepspeed: Path, folder: Path
) -> tuple[list[dict[str, float]], list[int], int, str, int]:
    """TRL with ``packing=True``, the same DeepSpeed, optimizer, row length and rows a step."""
    import torch
    from datasets import Dataset
    from transformers import PrinterCallback
    from trl import SFTConfig, SFTTrainer

    from scale_or_reason.training.trainer.attention import SDPA, choose_attention, implementation
    from scale_or_reason.training.trainer.callbacks import StepSeconds

    unit, size = case.scale.batch
    assert unit == "tokens"
    kernel = choose_attention(case.kernel, dtype) if case.way == "trl" else SDPA
    # TRL has no loop over documents: it uses transformers' mask over the whole row
    attention = implementation(kernel) if kernel != SDPA else "sdpa"
    on_gpu = torch.cuda.is_available()
    arguments = SFTConfig(
        output_dir=str(folder / "trl"),
        deepspeed=str(deepspeed),
        use_cpu=not on_gpu,
        bf16=dtype == "bfloat16",
        packing=True,
        max_length=case.scale.row,
        per_device_train_batch_size=1,
        gradient_accumulation_steps=max(1, size // case.scale.row),
        gradient_checkpointing=case.checkpointing,
        num_train_epochs=1,
        train_sampling_strategy="sequential",
        optim="adamw_torch_fused",
        learning_rate=RATE,
        weight_decay=0.0,
        max_grad_norm=1.0,
        logging_steps=1,
        log_level="error",
        report_to="none",
        save_strategy="no",
        disable_tqdm=True,
        dataloader_pin_memory=on_gpu,
    )
    model, undo = build(case.shape, dtype, attention, case.layers)
    if not on_gpu:
        from scale_or_reason.training.trainer.sft import _adapt_fused_head_to_cpu

        _adapt_fused_head_to_cpu(SHAPES[case.shape][5])
    try:
        rows = Dataset.from_list(samples(case, prompts, answers))
        trainer = SFTTrainer(
            model, arguments, train_dataset=rows, processing_class=tokenizer_of(folder), callbacks=[StepSeconds()]
        )
        trainer.remove_callback(PrinterCallback)
        trainer.train()
    finally:
        undo()
    packed = [len(ids) for ids in trainer.train_dataset["input_ids"]]
    each = arguments.gradient_accumulation_steps
    tokens = [sum(packed[start : start + each]) for start in range(0, len(packed), each)]
    log = [entry for entry in trainer.state.log_history if "loss" in entry]
    return log, tokens, int(answers.sum()), kernel if case.way == "trl" else "sdpa, masked", each


def samples(case: Case, prompts: np.ndarray, answers: np.ndarray) -> list[dict[str, list[int]]]:
    """Tokenised, with labels on the answers only."""
    ids = random_ids(case, int((prompts + answers).sum()))
    rows, start = [], 0
    for prompt, answer in zip(prompts.tolist(), answers.tolist(), strict=True):
        sample = ids[start : start + prompt + answer].tolist()
        rows.append({"input_ids": sample, "labels": [-100] * prompt + sample[prompt:]})
        start += prompt + answer
    return rows
