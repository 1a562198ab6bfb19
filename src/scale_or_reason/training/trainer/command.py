"""Shared code of the training scripts: their options, the checks of their inputs, and the run."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from scale_or_reason.common.errors import Interrupted, StudyError
from scale_or_reason.common.seeds import derive_seed
from scale_or_reason.common.wording import counted
from scale_or_reason.data.mixtures import replica_order
from scale_or_reason.data.token_store import TokenStore, check_template, check_tokens, open_tokens
from scale_or_reason.inference.tokenizers import load_tokenizer, tokens_identity
from scale_or_reason.training.branches import BranchStart, branch_steps, part_of_mixture, shared_steps
from scale_or_reason.training.packing import BATCH_UNITS, LAUNCH_SHARE, BatchPlan, plan_batches
from scale_or_reason.training.sequences import OVERLONG, Sequences, arrange
from scale_or_reason.training.trainer import launch, students
from scale_or_reason.training.trainer.attention import ATTENTION, choose_attention, kernel_summary
from scale_or_reason.training.trainer.compiled import COMPILE, why_not_compile
from scale_or_reason.training.trainer.input_checks import REPORTS, check_inputs, check_limits, read_mixture
from scale_or_reason.training.trainer.only_writer import only_writer
from scale_or_reason.training.trainer.run_identity import checkpoint_folder, identity_of, training_manifest
from scale_or_reason.training.wsd import Schedule, plan_schedule

#: The unit with one warm-up and one decay.
SCHEDULE_PER = ("training", "phase")


def add_inputs(group: Any) -> None:
    """Add the options for student, mixture, tokens and template."""
    group.add_argument("--model", required=True, help="base student: folder or hub id")
    group.add_argument("--revision", help="branch, tag or commit of the hub id")
    group.add_argument("--init-from", metavar="MODELDIR", help="start from this finished model instead (adaptation)")
    group.add_argument("--mixture", type=Path, required=True, help="training data (schema mixture)")
    group.add_argument("--tokens", type=Path, required=True, help="tokenised pairs, a folder of tokenise_pairs.py")
    group.add_argument("--chat-template", type=Path, required=True, help="Jinja file, saved with the student")
    group.add_argument(
        "--stop-token", default="<|im_end|>", help="end token of an answer in that template (%(default)s)"
    )


def add_recipe(group: Any) -> None:
    """Add the options that affect the result, except for the learning rate, which scripts get in different ways."""
    group.add_argument("--warmup-steps", type=int, default=150, help="linear warm-up (%(default)s)")
    group.add_argument("--decay-steps", type=int, default=300, help="linear decay (%(default)s)")
    group.add_argument(
        "--min-lr-ratio", type=float, default=0.1, help="final rate as a share of the peak (%(default)s)"
    )
    group.add_argument(
        "--schedule-per",
        choices=SCHEDULE_PER,
        default="training",
        help="unit with one warm-up and one decay (%(default)s)",
    )
    group.add_argument("--batch-unit", choices=BATCH_UNITS, required=True, help="items (v2) or tokens (v1)")
    group.add_argument("--batch-size", type=int, required=True, help="size of an optimizer step over all processes")
    group.add_argument("--max-length", type=int, required=True, help="limit on the tokens of prompt and completion")
    group.add_argument("--overlong", choices=OVERLONG, default="drop", help="treatment of longer samples (%(default)s)")
    group.add_argument("--weight-decay", type=float, default=0.0, help="(%(default)s)")
    group.add_argument("--gradient-clipping", type=float, default=1.0, help="norm; 0 for none (%(default)s)")
    group.add_argument("--adam-beta1", type=float, default=0.9, help="(%(default)s)")
    group.add_argument("--adam-beta2", type=float, default=0.999, help="(%(default)s)")
    group.add_argument("--adam-epsilon", type=float, default=1e-8, help="(%(default)s)")
    group.add_argument("--dtype", choices=("float32", "bfloat16"), default="float32", help="(%(default)s)")
    group.add_argument("--seed", type=int, required=True, help="the study's seed, or the replica's")
    group.add_argument(
        "--replica",
        type=int,
        default=0,
        help="0 keeps the mixture's order, other numbers shuffle within each phase (%(default)s)",
    )


def add_execution(group: Any) -> None:
    """Add the options that affect memory and speed."""
    group.add_argument("--deepspeed", type=Path, required=True, help="DeepSpeed configuration (JSON)")
    group.add_argument(
        "--micro-batch-tokens",
        type=int,
        default=16384,
        help="tokens per process and micro-batch (%(default)s)",
    )
    group.add_argument("--attention", choices=ATTENTION, default="auto", help="kernel (default: the fastest available)")
    group.add_argument("--gradient-checkpointing", choices=("on", "off"), default="off", help="(%(default)s)")
    group.add_argument(
        "--compile", choices=COMPILE, default="auto", help="the layers (where that is known to be faster)"
    )
    group.add_argument("--checkpoint-steps", type=int, default=0, help="steps between checkpoints; 0 for none")
    group.add_argument(
        "--report-to", nargs="*", default=[], choices=REPORTS, help="further destinations of the log (none)"
    )
    group.add_argument(
        "--timeout-minutes",
        type=float,
        default=launch.TIMEOUT_MINUTES,
        help="how long processes wait for each other before the training ends (%(default)s)",
    )
    group.add_argument("--threads", type=int, help="threads per process (default: the launcher's setting)")


def run_joined(
    arguments: argparse.Namespace,
    work: Callable[[argparse.Namespace], bool],
    check: Callable[[argparse.Namespace], None] | None = None,
) -> None:
    """Check the inputs, then run ``work`` in all processes of the launcher; only rank 0 reports errors.

    ``check`` runs a script's own checks after :func:`check_inputs` and may complete the arguments. ``work`` returns
    whether it has finished. Raises :class:`Interrupted` if it has not.
    """
    if launch.has_launcher():
        launch.end_with_launcher()
    else:
        launch.exit_on_sigterm()
    try:
        check_inputs(arguments)
        if check is not None:
            check(arguments)
        joined = launch.joined_processes(arguments.threads, arguments.timeout_minutes)
        with joined, only_writer(arguments.output):
            finished = work(arguments)
    except StudyError as error:
        if launch.rank() == 0:
            raise
        # all processes find the same error; rank 0 prints the full message
        print(f"rank {launch.rank()}: {error.problem}", file=sys.stderr)
        raise SystemExit(2) from None
    if not finished:
        if launch.rank() == 0:
            raise Interrupted("stopped by SIGTERM with a checkpoint; run the same command again to resume")
        raise SystemExit(Interrupted.EXIT_CODE)


@dataclass
class Preparation:
    """A training, prepared up to its first step."""

    source: str
    revision: str | None
    tokenizer: Any
    pad_token_id: int
    store: TokenStore
    sequences: Sequences
    plan: BatchPlan
    schedule: Schedule
    #: The manifest before the training.
    manifest: dict[str, Any]
    #: The folder of the checkpoints, beside the output.
    checkpoints: Path
    #: The rows of the mixture that the training takes, in its order (schema mixture).
    mixture: pl.DataFrame
    #: Where trainings on parts of the mixture leave this one.
    branches: tuple[BranchStart, ...] = ()


def prepare(
    arguments: argparse.Namespace, fraction: float = 1.0, branches: Mapping[float, Path] | None = None, **inputs: Path
) -> Preparation:
    """Prepare everything before the model is loaded; ``inputs`` are further files for the manifest.

    The training takes this ``fraction`` of the mixture. ``branches`` are the outputs of the same training on smaller
    fractions, which begin with its checkpoints.
    """
    arguments.attention = choose_attention(arguments.attention, arguments.dtype)
    why_not = why_not_compile(arguments.compile, arguments.attention, arguments.deepspeed)
    arguments.compile = "never" if why_not else "layers"
    source = arguments.init_from or arguments.model
    revision = None if arguments.init_from else arguments.revision
    tokenizer = load_tokenizer(source, revision, arguments.chat_template)
    check_template(tokenizer, arguments.stop_token, arguments.chat_template)
    made_from = launch.from_first(lambda: training_manifest(arguments, source, inputs))
    store = open_tokens(arguments.tokens, tokens_identity(tokenizer, arguments.stop_token))
    pad = students.pad_token_id(tokenizer, arguments.stop_token)
    highest = launch.from_first(lambda: check_tokens(arguments.tokens))
    check_limits(source, revision, arguments.max_length, {"a token of the pairs": highest, "the padding token": pad})
    mixture = replica_order(read_mixture(arguments.mixture), arguments.replica, arguments.seed)
    sequences = arrange(mixture, store, arguments.max_length, arguments.overlong)
    plan = plan_of(arguments, sequences, arguments.batch_unit, arguments.batch_size)
    phases = [int(sequences.phases[step[0]]) for step in plan.steps]
    identity = identity_of(made_from)
    starts = tuple(branch_starts(arguments, phases, identity, branches or {}))
    if fraction != 1:
        steps = branch_steps(phases, fraction)
        mixture, phases = part_of_mixture(mixture, sequences, plan, steps), [phases[step] for step in steps]
        sequences = arrange(mixture, store, arguments.max_length, arguments.overlong)
        plan = plan_of(arguments, sequences, arguments.batch_unit, arguments.batch_size, plan.accumulation)
    schedule = schedule_of(arguments, phases)
    if launch.rank() == 0:
        layers = f"layers: not compiled ({why_not})" if why_not else "layers: compiled"
        kernels = f"{layers}; {kernel_summary(arguments.attention, arguments.dtype)}"
        print(training_summary(sequences, plan, schedule, kernels), file=sys.stderr, flush=True)
    checkpoints = checkpoint_folder(arguments.output, identity)
    return Preparation(
        source, revision, tokenizer, pad, store, sequences, plan, schedule, made_from, checkpoints, mixture, starts
    )


def branch_starts(
    arguments: argparse.Namespace,
    phases: list[int],
    identity: dict[str, dict[str, Any]],
    branches: Mapping[float, Path],
) -> Iterator[BranchStart]:
    """Where the trainings on fractions of the data leave the full run, whose steps have these ``phases``.

    ``branches`` has the output of each by its fraction. Those that share no step with the full run are omitted.
    """
    full = schedule_of(arguments, phases).rates()
    for fraction, output in branches.items():
        steps = branch_steps(phases, fraction)
        shared = shared_steps(steps, schedule_of(arguments, [phases[step] for step in steps]).rates(), full)
        if shared:
            own = identity | {"settings": identity["settings"] | {"data_fraction": fraction}}
            yield BranchStart(shared, checkpoint_folder(output, own), own)


def schedule_of(arguments: argparse.Namespace, phases: list[int]) -> Schedule:
    """The schedule of a training whose steps have these phases."""
    shape = arguments.warmup_steps, arguments.decay_steps, arguments.min_lr_ratio
    return plan_schedule(phases, arguments.schedule_per == "phase", *shape)


def run(arguments: argparse.Namespace, ready: Preparation, held_out: tuple[Sequences, BatchPlan] | None = None) -> Any:
    """Run the training; see :func:`scale_or_reason.training.trainer.sft.train`."""
    from scale_or_reason.training.trainer.sft import train

    return train(
        ready.source,
        ready.revision,
        ready.tokenizer,
        ready.pad_token_id,
        ready.sequences,
        ready.plan,
        ready.schedule,
        recipe(arguments),
        execution(arguments, ready),
        held_out,
    )


def plan_of(
    arguments: argparse.Namespace, sequences: Sequences, unit: str, size: int, accumulation: int = 1
) -> BatchPlan:
    """The batch plan of these sequences for the launcher's processes, with at least ``accumulation`` micro-batches."""
    import torch

    return plan_batches(
        sequences.lengths,
        sequences.phases,
        unit=unit,
        size=size,
        processes=launch.processes(),
        micro_batch_tokens=arguments.micro_batch_tokens,
        launch_tokens=arguments.micro_batch_tokens // LAUNCH_SHARE if torch.cuda.is_available() else 0,
        accumulation=accumulation,
    )


def recipe(arguments: argparse.Namespace) -> Any:
    """The optimizer's settings, for :func:`scale_or_reason.training.trainer.sft.train`."""
    from scale_or_reason.training.trainer.sft import Recipe

    names = ("learning_rate", "weight_decay", "gradient_clipping", "adam_beta1", "adam_beta2", "adam_epsilon", "dtype")
    values = {name: getattr(arguments, name) for name in names}
    return Recipe(**values, seed=derive_seed(arguments.seed, "training"))


def execution(arguments: argparse.Namespace, ready: Preparation) -> Any:
    """Memory, speed and reports, for :func:`scale_or_reason.training.trainer.sft.train`."""
    from scale_or_reason.training.trainer.sft import Execution

    # the default folder is among the checkpoints, which are removed
    os.environ.setdefault("TENSORBOARD_LOGGING_DIR", f"{arguments.output}.tensorboard")

    return Execution(
        deepspeed=arguments.deepspeed,
        attention=arguments.attention,
        gradient_checkpointing=arguments.gradient_checkpointing == "on",
        checkpoint_steps=arguments.checkpoint_steps,
        checkpoints=ready.checkpoints,
        report_to=tuple(arguments.report_to),
        run_name=str(arguments.output),
        compiled=arguments.compile == "layers",
        identity=identity_of(ready.manifest),
        branches=ready.branches,
    )


def training_summary(sequences: Sequences, plan: BatchPlan, schedule: Schedule, kernels: str) -> str:
    """Sequences, schedule, batches and kernels of the training, for the log."""
    return (
        f"{counted(len(sequences), 'sequence')}, {counted(int(sequences.lengths.sum()), 'token')} "
        f"({sequences.dropped} dropped, {sequences.truncated} truncated); {schedule}\n"
        f"{counted(launch.processes(), 'process', 'processes')}, "
        f"{counted(plan.accumulation, 'micro-batch', 'micro-batches')} per step of at most "
        f"{counted(plan.largest, 'token')}, {plan.utilisation:.1%} utilised; {kernels}"
    )
