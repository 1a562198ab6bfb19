"""Supervised fine-tuning with TRL's ``SFTTrainer`` and DeepSpeed.

Everything that affects the result is decided before the trainer starts: the sequences of each optimizer step, their
order, and their distribution over processes (:mod:`training.packing`). The trainer's dataset is the list of these
micro-batches in order, so that its own sampling, packing and padding have no effect.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from scale_or_reason.common.wording import counted
from scale_or_reason.training.branches import BranchStart
from scale_or_reason.training.disk import CHECKPOINTS_AT_ONCE, check_disk
from scale_or_reason.training.packing import BatchPlan
from scale_or_reason.training.sequences import IGNORED, Sequences
from scale_or_reason.training.trainer.attention import implementation
from scale_or_reason.training.trainer.bad_steps import GradientNorm, StopOnBadStep, step_counts
from scale_or_reason.training.trainer.branch_checkpoints import BranchCheckpoints
from scale_or_reason.training.trainer.callbacks import Progress, StepSeconds, StopOnSigterm
from scale_or_reason.training.trainer.checkpoints import Identity, WholeCheckpoints, last_whole_checkpoint
from scale_or_reason.training.trainer.compiled import compile_layers
from scale_or_reason.training.trainer.diverged import refuse_diverged
from scale_or_reason.training.trainer.launch import from_first, processes, rank
from scale_or_reason.training.trainer.planned import planned_trainer, scored_tokens, skip_gathering
from scale_or_reason.training.trainer.students import load_model
from scale_or_reason.training.trainer.weight_changes import count_changed, weight_hashes
from scale_or_reason.training.wsd import Schedule


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
    """Execution settings: they affect memory and speed, and the result only by rounding."""

    deepspeed: Path
    #: The result of :func:`scale_or_reason.training.trainer.attention.choose_attention`.
    attention: str
    gradient_checkpointing: bool
    checkpoint_steps: int
    checkpoints: Path
    #: Further destinations of the log (integrations of transformers), and the run's name there.
    report_to: tuple[str, ...]
    run_name: str
    #: Whether torch compiles the layers.
    compiled: bool = False
    #: What the run depends on, to explain why checkpoints of another run are not used.
    identity: Identity = field(default_factory=dict)
    #: Where trainings on parts of the data leave this one.
    branches: tuple[BranchStart, ...] = ()


@dataclass
class Trained:
    """The result of a run; the weights are on rank 0 only, and on none if SIGTERM ended the run.

    ``checks`` has the counts of steps and tensors without an update. ``held_out_loss`` is in nats per completion token.
    """

    model: Any
    weights: dict[str, Any]
    log: list[dict[str, float]]
    seconds: float
    finished: bool
    checks: dict[str, int]
    #: Peak memory of this process' GPU; None on a CPU.
    gpu_memory_gb: float | None = None
    held_out_loss: float | None = None


def train(
    model_folder: str,
    revision: str | None,
    tokenizer: Any,
    pad_token_id: int,
    sequences: Sequences,
    plan: BatchPlan,
    schedule: Schedule,
    recipe: Recipe,
    execution: Execution,
    held_out: tuple[Sequences, BatchPlan] | None = None,
) -> Trained:
    """Train one epoch over ``plan``, or its rest after the last complete checkpoint.

    With ``held_out``, also compute the trained student's loss on these sequences.
    Call it inside :func:`scale_or_reason.training.trainer.launch.joined_processes`. Raises
    :class:`scale_or_reason.common.errors.DivergedError` if loss or gradients are not finite, if the loss diverges, or
    if DeepSpeed skips an update, and :class:`scale_or_reason.common.errors.StudyError` if the finished weights are not
    finite or all as they were.
    """
    import torch
    from datasets import Dataset
    from transformers import PrinterCallback
    from trl import SFTTrainer

    refuse_diverged(execution.checkpoints)
    arguments = _trainer_arguments(plan, recipe, execution)  # before the model, whose loading depends on ZeRO-3
    model = load_model(model_folder, revision, recipe.dtype, implementation(execution.attention))
    from_first(lambda: _check_disk(model, execution))
    if execution.compiled:
        compile_layers(model)
    if arguments.use_cpu:
        _adapt_fused_head_to_cpu(model.config.get_text_config().vocab_size)
    before = weight_hashes(model)
    resume = from_first(lambda: last_whole_checkpoint(execution.checkpoints, execution.identity))
    checkpoints, interruption = WholeCheckpoints(resume, execution.identity), StopOnSigterm()
    bad_steps = _stop_on_bad_step(plan, sequences, recipe)
    trainer = planned_trainer(SFTTrainer, schedule, scored_tokens(plan, sequences, processes()))(
        model=model,
        args=arguments,
        train_dataset=Dataset.from_dict({"micro_batch": list(range(len(plan.micro_batches)))}),
        data_collator=Collator(sequences, plan, pad_token_id),
        processing_class=tokenizer,
        callbacks=[bad_steps, interruption, checkpoints, BranchCheckpoints(execution.branches, resume), StepSeconds()],
    )
    if processes() == 1:
        skip_gathering(trainer.accelerator)
    trainer.remove_callback(PrinterCallback)
    trainer.add_callback(GradientNorm(trainer, bad_steps))
    if rank() == 0:
        trainer.add_callback(Progress([int(sequences.lengths[step].sum()) for step in plan.steps]))
    with checkpoints.loading_errors():
        trainer.train(resume_from_checkpoint=str(resume) if resume else None)
    seconds = checkpoints.seconds()
    log = [entry for entry in trainer.state.log_history if "loss" in entry]
    checks = step_counts(log, trainer.model_wrapped)
    if interruption.stopped:
        return Trained(None, {}, log, seconds, finished=False, checks=checks)
    memory = torch.cuda.max_memory_allocated() / 2**30 if torch.cuda.is_available() else None
    if trainer.state.global_step != len(plan.steps):
        raise AssertionError(f"planned {counted(len(plan.steps), 'step')}, trained {trainer.state.global_step}")
    loss = _mean_loss(trainer, *held_out, pad_token_id) if held_out else None
    weights = trainer.accelerator.get_state_dict(trainer.model_wrapped)  # ZeRO-3 gathers the shards of all ranks
    checks |= from_first(lambda: count_changed(before, weights))
    return Trained(trainer.accelerator.unwrap_model(model), weights, log, seconds, True, checks, memory, loss)


def _check_disk(model: Any, execution: Execution) -> None:
    """Raise :class:`scale_or_reason.common.errors.StudyError` if the checkpoints do not fit on their disk."""
    # with ZeRO-3 a parameter has only this process' part, and the size of the whole beside it
    sizes = [(getattr(part, "ds_numel", part.numel()), part.element_size()) for part in model.parameters()]
    # in a disk's worst case: the files of a branch's checkpoint are also those of the run's, while that exists
    at_once = (CHECKPOINTS_AT_ONCE if execution.checkpoint_steps else 1) + len(execution.branches)
    check_disk(execution.checkpoints, sum(size for size, _ in sizes), sizes[0][1], at_once)


def _mean_loss(trainer: Any, sequences: Sequences, plan: BatchPlan, pad_token_id: int) -> float:
    """The loss of ``trainer``'s model, in nats per completion token, by the code of a training step."""
    import torch
    from accelerate.utils import send_to_device

    collate, model = Collator(sequences, plan, pad_token_id), trainer.model_wrapped
    count, device = int(sequences.completion_lengths.sum()), trainer.args.device
    total = torch.zeros((), dtype=torch.float64, device=device)
    model.eval()
    with torch.no_grad():
        for number in range(rank(), len(plan.micro_batches), processes()):
            batch = send_to_device(collate([{"micro_batch": number}]), device)
            with trainer.compute_loss_context_manager():
                # as in a step: multiplied by the number of processes, since DeepSpeed averages over them
                total += trainer.compute_loss(model, batch, num_items_in_batch=count) / processes()
    torch.distributed.all_reduce(total)
    return float(total)


def _adapt_fused_head_to_cpu(vocabulary: int) -> None:
    """Make TRL's fused language-model head a third faster on CPU; the loss is unchanged.

    Without Triton it scores every position, including those without a label (this avoids recompilation on other
    accelerators, which a CPU does not need), in buffers for 32,768 tokens, mostly unused for small vocabularies.
    """
    from trl.trainer import utils

    utils._use_triton = lambda device: True  # in this module it selects only the positions, not the kernel
    utils._CHUNKED_LOGPROB_CHUNK_SIZE = min(vocabulary, utils._CHUNKED_LOGPROB_CHUNK_SIZE)


def _stop_on_bad_step(plan: BatchPlan, sequences: Sequences, recipe: Recipe) -> StopOnBadStep:
    positions = [sequences.positions[step].tolist() for step in plan.steps]
    phases = [int(sequences.phases[step[0]]) for step in plan.steps]
    return StopOnBadStep(positions, phases, recipe.learning_rate)


def _trainer_arguments(plan: BatchPlan, recipe: Recipe, execution: Execution) -> Any:
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
        learning_rate=recipe.learning_rate,  # the peak; the schedule is in place before
        weight_decay=recipe.weight_decay,
        adam_beta1=recipe.adam_beta1,
        adam_beta2=recipe.adam_beta2,
        adam_epsilon=recipe.adam_epsilon,
        max_grad_norm=recipe.gradient_clipping,
        seed=recipe.seed,
        gradient_checkpointing=execution.gradient_checkpointing,
        # logging and checkpoints
        logging_steps=1,
        logging_nan_inf_filter=False,  # non-finite losses must be visible
        log_level="error",
        report_to=list(execution.report_to) or "none",
        run_name=execution.run_name,
        disable_tqdm=True,
        save_strategy="steps" if execution.checkpoint_steps else "no",
        save_steps=execution.checkpoint_steps or 1,
        save_total_limit=2,
    )


class Collator:
    """Builds one planned micro-batch: a row of concatenated sequences, and their lengths for attention."""

    def __init__(self, sequences: Sequences, plan: BatchPlan, pad_token_id: int) -> None:
        from trl.trainer.sft_trainer import DataCollatorForLanguageModeling

        self.sequences, self.plan, self.pad_token_id = sequences, plan, pad_token_id
        self.flatten = DataCollatorForLanguageModeling(pad_token_id, padding_free=True)

    def __call__(self, rows: list[dict[str, int]]) -> dict[str, Any]:
        (row,) = rows
        part = self.plan.micro_batches[row["micro_batch"]]
        if len(part):
            ids, labels = map(self.sequences.input_ids, part), map(self.sequences.labels, part)
            documents = [{"input_ids": x, "labels": y} for x, y in zip(ids, labels, strict=True)]
        else:  # padding for a step with fewer micro-batches; it adds nothing to the loss
            documents = [{"input_ids": np.full(2, self.pad_token_id), "labels": np.full(2, IGNORED)}]
        # the lengths also as plain numbers, since reading them from a GPU would stall every layer
        return self.flatten(documents) | {"document_lengths": [len(document["input_ids"]) for document in documents]}
