"""Supervised fine-tuning with TRL's ``SFTTrainer`` and DeepSpeed.

Everything that the result depends on is decided before the trainer sees it: which sequences share an optimizer step,
in what order, and which process takes which (:mod:`scale_or_reason.packing`). The trainer's data set is the list of
these micro-batches, one at a time and in order, so that no sampler, packing or topping-up of its own has a say.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from scale_or_reason.engines.launch import from_first, processes, rank
from scale_or_reason.engines.students import load_model
from scale_or_reason.engines.training_callbacks import (
    GradientNorm,
    Progress,
    StepSeconds,
    StopOnBadLoss,
    StopOnSigterm,
    WholeCheckpoints,
    last_whole_checkpoint,
)
from scale_or_reason.packing import BatchPlan
from scale_or_reason.sequences import IGNORED, Sequences
from scale_or_reason.wsd import WsdPlan


@dataclass(frozen=True)
class Recipe:
    """The hyper-parameters of the optimizer."""

    learning_rate: float
    weight_decay: float
    gradient_clipping: float
    adam_beta1: float
    adam_beta2: float
    adam_epsilon: float
    dtype: str
    seed: int


@dataclass(frozen=True)
class Execution:
    """How the run is done: it changes memory and speed, and the result by rounding only."""

    deepspeed: Path
    attention: str
    layout: str
    gradient_checkpointing: bool
    checkpoint_steps: int
    checkpoints: Path
    #: Where else the log goes, and under what name: integrations of transformers.
    report_to: tuple[str, ...]
    run_name: str


@dataclass
class Trained:
    """What a run leaves behind; the weights are on rank 0 only, and on none if SIGTERM has ended the run.

    ``held_out_loss`` is in nats per completion token.
    """

    model: Any
    weights: dict[str, Any]
    log: list[dict[str, float]]
    seconds: float
    finished: bool
    held_out_loss: float | None = None


def train(
    model_folder: str,
    revision: str | None,
    tokenizer: Any,
    pad_token_id: int,
    sequences: Sequences,
    plan: BatchPlan,
    wsd: WsdPlan,
    recipe: Recipe,
    execution: Execution,
    held_out: tuple[Sequences, BatchPlan] | None = None,
) -> Trained:
    """One epoch over ``plan``, or the rest of it after the last whole checkpoint.

    With ``held_out`` it also measures the finished student's loss on these sequences.
    Call it inside :func:`scale_or_reason.engines.launch.joined_processes`. Raises
    :class:`scale_or_reason.errors.DivergedError` when the loss stops being a number or explodes.
    """
    from datasets import Dataset
    from transformers import PrinterCallback
    from trl import SFTTrainer

    arguments = _trainer_arguments(plan, wsd, recipe, execution)  # before the model: they tell it about ZeRO-3
    model = load_model(model_folder, revision, recipe.dtype, execution.attention)
    if arguments.use_cpu:
        _suit_fused_head_to_cpu(model.config.get_text_config().vocab_size)
    resume = from_first(lambda: last_whole_checkpoint(execution.checkpoints))
    checkpoints, interruption = WholeCheckpoints(resume), StopOnSigterm()
    trainer = SFTTrainer(
        model=model,
        args=arguments,
        train_dataset=Dataset.from_dict({"micro_batch": list(range(len(plan.micro_batches)))}),
        data_collator=Collator(sequences, plan, pad_token_id, execution.layout),
        processing_class=tokenizer,
        callbacks=[_stop_on_bad_loss(plan, sequences, recipe), interruption, checkpoints, StepSeconds()],
    )
    trainer.remove_callback(PrinterCallback)
    trainer.add_callback(GradientNorm(trainer))
    if rank() == 0:
        trainer.add_callback(Progress([int(sequences.lengths[step].sum()) for step in plan.steps]))
    trainer.train(resume_from_checkpoint=str(resume) if resume else None)
    seconds = checkpoints.seconds()
    log = [entry for entry in trainer.state.log_history if "loss" in entry]
    if interruption.stopped:
        return Trained(None, {}, log, seconds, finished=False)
    if trainer.state.global_step != len(plan.steps):
        raise AssertionError(f"planned {len(plan.steps)} steps, trained {trainer.state.global_step}")
    loss = _mean_loss(trainer, *held_out, pad_token_id, execution.layout) if held_out else None
    weights = trainer.accelerator.get_state_dict(trainer.model_wrapped)  # ZeRO-3 gathers the shards of all ranks
    return Trained(trainer.accelerator.unwrap_model(model), weights, log, seconds, True, loss)


def _mean_loss(trainer: Any, sequences: Sequences, plan: BatchPlan, pad_token_id: int, layout: str) -> float:
    """The loss of ``trainer``'s model, in nats per completion token, by the code that a training step runs."""
    import torch

    collate, model = Collator(sequences, plan, pad_token_id, layout), trainer.model_wrapped
    count, device = int(sequences.completion_lengths.sum()), trainer.args.device
    total = torch.zeros((), dtype=torch.float64, device=device)
    model.eval()
    with torch.no_grad():
        for number in range(rank(), len(plan.micro_batches), processes()):
            batch = {name: value.to(device) for name, value in collate([{"micro_batch": number}]).items()}
            with trainer.compute_loss_context_manager():
                # as in a step: times the number of processes, since DeepSpeed takes the mean over them
                total += trainer.compute_loss(model, batch, num_items_in_batch=count) / processes()
    torch.distributed.all_reduce(total)
    return float(total)


def _suit_fused_head_to_cpu(vocabulary: int) -> None:
    """Make TRL's fused language-model head a third faster on CPU; the loss stays the same.

    Outside of Triton it scores every position, also those without a label (that spares other accelerators a
    recompilation, which a CPU doesn't have), in buffers for 32,768 words, most of them untouched for small ones.
    """
    from trl.trainer import utils

    utils._use_triton = lambda device: True  # in this module it only chooses the positions, not the kernel
    utils._CHUNKED_LOGPROB_CHUNK_SIZE = min(vocabulary, utils._CHUNKED_LOGPROB_CHUNK_SIZE)


def _stop_on_bad_loss(plan: BatchPlan, sequences: Sequences, recipe: Recipe) -> StopOnBadLoss:
    positions = [sequences.positions[step].tolist() for step in plan.steps]
    phases = [int(sequences.phases[step[0]]) for step in plan.steps]
    return StopOnBadLoss(positions, phases, recipe.learning_rate)


def _trainer_arguments(plan: BatchPlan, wsd: WsdPlan, recipe: Recipe, execution: Execution) -> Any:
    import torch
    from trl import SFTConfig

    on_gpu = torch.cuda.is_available()
    return SFTConfig(
        output_dir=str(execution.checkpoints),
        deepspeed=str(execution.deepspeed),
        use_cpu=not on_gpu,
        bf16=recipe.dtype == "bfloat16",
        # one planned micro-batch at a time, in order
        per_device_train_batch_size=1,
        gradient_accumulation_steps=plan.accumulation,
        num_train_epochs=1,
        train_sampling_strategy="sequential",
        remove_unused_columns=False,
        dataset_kwargs={"skip_prepare_dataset": True},
        max_length=None,
        dataloader_pin_memory=on_gpu,
        # the recipe
        optim="adamw_torch_fused",
        learning_rate=recipe.learning_rate,
        weight_decay=recipe.weight_decay,
        adam_beta1=recipe.adam_beta1,
        adam_beta2=recipe.adam_beta2,
        adam_epsilon=recipe.adam_epsilon,
        max_grad_norm=recipe.gradient_clipping,
        lr_scheduler_type="warmup_stable_decay",
        warmup_steps=wsd.warmup_steps,
        lr_scheduler_kwargs={
            "num_decay_steps": wsd.decay_steps,
            "decay_type": "linear",
            "min_lr_ratio": wsd.min_lr_ratio,
        },
        seed=recipe.seed,
        gradient_checkpointing=execution.gradient_checkpointing,
        # logging and checkpoints
        logging_steps=1,
        logging_nan_inf_filter=False,  # a loss that is no number must be seen
        log_level="error",
        report_to=list(execution.report_to) or "none",
        run_name=execution.run_name,
        disable_tqdm=True,
        save_strategy="steps" if execution.checkpoint_steps else "no",
        save_steps=execution.checkpoint_steps or 1,
        save_total_limit=2,
    )


class Collator:
    """Builds the tensors of one planned micro-batch."""

    def __init__(self, sequences: Sequences, plan: BatchPlan, pad_token_id: int, layout: str) -> None:
        self.sequences, self.plan, self.pad_token_id = sequences, plan, pad_token_id
        self.build = self._pack if layout == "packed" else self._pad

    def __call__(self, rows: list[dict[str, int]]) -> dict[str, Any]:
        (row,) = rows
        part = self.plan.micro_batches[row["micro_batch"]]
        if not len(part):  # this step has fewer micro-batches than others: one that adds nothing to the loss
            return self.build([np.full(2, self.pad_token_id)], [np.full(2, IGNORED)])
        return self.build(list(map(self.sequences.input_ids, part)), list(map(self.sequences.labels, part)))

    def _pack(self, ids: list[np.ndarray], labels: list[np.ndarray]) -> dict[str, Any]:
        """One row, sequences end to end; positions and sequence borders keep attention inside each."""
        from trl.trainer.sft_trainer import DataCollatorForLanguageModeling

        flatten = DataCollatorForLanguageModeling(self.pad_token_id, padding_free=True)
        return flatten([{"input_ids": x, "labels": y} for x, y in zip(ids, labels, strict=True)])

    def _pad(self, ids: list[np.ndarray], labels: list[np.ndarray]) -> dict[str, Any]:
        """Right-padded, with positions in place of an attention mask.

        Under causal attention no token sees the padding to its right, and padding carries no label: a mask would
        change nothing and only cost the fast path of the attention kernel.
        """
        import torch

        shape = len(ids), max(map(len, ids))
        input_ids, targets = np.full(shape, self.pad_token_id), np.full(shape, IGNORED)
        for row, (x, y) in enumerate(zip(ids, labels, strict=True)):
            input_ids[row, : len(x)], targets[row, : len(y)] = x, y
        positions = np.broadcast_to(np.arange(shape[1]), shape).copy()
        arrays = {"input_ids": input_ids, "labels": targets, "position_ids": positions}
        return {name: torch.from_numpy(array) for name, array in arrays.items()}
