"""What the programs that train have in common: their options, the checks of their inputs, and the run itself."""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from scale_or_reason.common.errors import Interrupted, StudyError
from scale_or_reason.common.manifests import manifest
from scale_or_reason.common.seeds import derive_seed, stable_id
from scale_or_reason.common.tables import read_table
from scale_or_reason.data.mixtures import replica_order
from scale_or_reason.data.token_store import TokenStore, check_template, open_tokens
from scale_or_reason.inference.model_files import check_model
from scale_or_reason.inference.tokenizers import load_tokenizer, tokens_identity
from scale_or_reason.training.packing import BATCH_UNITS, BatchPlan, plan_batches
from scale_or_reason.training.sequences import OVERLONG, Sequences, arrange
from scale_or_reason.training.trainer import launch, students
from scale_or_reason.training.trainer.attention import ATTENTION, choose_attention, describe_kernels
from scale_or_reason.training.wsd import Schedule, plan_schedule

#: What goes through warm-up and decay once.
SCHEDULE_PER = ("training", "phase")
#: Arguments without influence on the result, not part of the manifest's settings.
NOT_SETTINGS = ("output", "threads", "checkpoint_steps", "report_to")
#: Where a training's log can go, and the packages of which one must be there.
REPORTS = {
    "wandb": ("wandb",),
    "mlflow": ("mlflow",),
    "trackio": ("trackio",),
    "tensorboard": ("tensorboard", "tensorboardX"),
}


def add_inputs(group: Any) -> None:
    """Student, mixture, tokens, template."""
    group.add_argument("--model", required=True, help="base student: folder or hub id")
    group.add_argument("--revision", help="of the hub id")
    group.add_argument("--init-from", metavar="MODELDIR", help="start from this finished model instead (adaptation)")
    group.add_argument("--mixture", type=Path, required=True, help="what to train on, in the schema of mixtures")
    group.add_argument("--tokens", type=Path, required=True, help="folder of tokenise_pairs.py, of the mixture's pairs")
    group.add_argument("--chat-template", type=Path, required=True, help="Jinja file, saved with the student")
    group.add_argument("--stop-token", default="<|im_end|>", help="ends an answer in that template (%(default)s)")


def add_recipe(group: Any) -> None:
    """What the result depends on, but for the learning rate, which programs get in different ways."""
    group.add_argument("--warmup-steps", type=int, default=150, help="linear (%(default)s)")
    group.add_argument("--decay-steps", type=int, default=300, help="linear (%(default)s)")
    group.add_argument("--min-lr-ratio", type=float, default=0.1, help="where the decay ends (%(default)s)")
    group.add_argument(
        "--schedule-per", choices=SCHEDULE_PER, default="training", help="what warms up and decays once (%(default)s)"
    )
    group.add_argument("--batch-unit", choices=BATCH_UNITS, required=True, help="items as v2, tokens as v1")
    group.add_argument("--batch-size", type=int, required=True, help="per optimizer step, over all processes")
    group.add_argument("--max-length", type=int, required=True, help="tokens of prompt and completion")
    group.add_argument("--overlong", choices=OVERLONG, default="drop", help="longer samples (%(default)s)")
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
        help="0 takes the samples in the mixture's order, any other shuffles them within each phase (%(default)s)",
    )


def add_execution(group: Any) -> None:
    """Memory and speed."""
    group.add_argument("--deepspeed", type=Path, required=True, help="DeepSpeed configuration (JSON)")
    group.add_argument(
        "--micro-batch-tokens",
        type=int,
        default=16384,
        help="most that a process takes at a time (%(default)s)",
    )
    group.add_argument("--attention", choices=ATTENTION, default="auto", help="kernel (the fastest that is here)")
    group.add_argument("--gradient-checkpointing", choices=("on", "off"), default="off", help="(%(default)s)")
    group.add_argument("--checkpoint-steps", type=int, default=0, help="steps between checkpoints; 0 for none")
    group.add_argument("--report-to", nargs="*", default=[], choices=REPORTS, help="the log goes there too (nowhere)")
    group.add_argument("--threads", type=int, help="of each process (what the launcher says)")


def run_joined(
    arguments: argparse.Namespace,
    work: Callable[[argparse.Namespace], bool],
    check: Callable[[argparse.Namespace], None] | None = None,
) -> None:
    """Check the inputs, then do ``work`` in the processes that a launcher has started; rank 0 speaks for all.

    ``check`` is for what a program asks of its arguments beyond :func:`check_inputs`, and may complete them.

    ``work`` returns whether it has come to its end. Raises :class:`Interrupted` if not.
    """
    try:
        check_inputs(arguments)
        if check is not None:
            check(arguments)
        with launch.joined_processes(arguments.threads):
            finished = work(arguments)
    except StudyError as error:
        if launch.rank() == 0:
            raise
        # all processes find the same mistake; rank 0 tells the whole of it
        print(f"rank {launch.rank()}: {error.problem}", file=sys.stderr)
        raise SystemExit(2) from None
    if not finished:
        if launch.rank() == 0:
            raise Interrupted("got SIGTERM: a checkpoint is written; run the same command again to go on")
        raise SystemExit(Interrupted.EXIT_CODE)


def check_inputs(arguments: argparse.Namespace) -> None:
    """Raise :class:`StudyError` unless all inputs are there and make sense; before anything slow is imported."""
    check_model(arguments.init_from or arguments.model)
    for option in ("chat_template", "deepspeed"):
        path = getattr(arguments, option)
        if not path.is_file():
            raise StudyError("a file is missing", where=path, key=f"--{option.replace('_', '-')}")
    if not (arguments.tokens / "manifest.json").is_file():
        remedy = "run the rule tokenise_pairs"
        raise StudyError("tokens of the pairs are missing", where=arguments.tokens, key="--tokens", remedy=remedy)
    check_deepspeed(arguments.deepspeed)
    check_reports(arguments.report_to)
    read_mixture(arguments.mixture)


def check_reports(wanted: Sequence[str]) -> None:
    """Raise :class:`StudyError` if the package of a place to report to is missing."""
    for name in wanted:
        if not any(importlib.util.find_spec(package) for package in REPORTS[name]):
            packages = " or ".join(REPORTS[name])
            raise StudyError(
                "the package to report a training with is not installed",
                key="training.execution.report_to",
                found=name,
                expected=f"the package {packages} in the environment of the training",
                remedy=f"pip install {REPORTS[name][0]}, or take {name} out",
            )


def read_mixture(path: Path) -> pl.DataFrame:
    """A mixture with something in it."""
    mixture = read_table(path, "mixture")
    if mixture.is_empty():
        raise StudyError("the mixture is empty", where=path, remedy="look at the audit of its pairs")
    return mixture


def check_deepspeed(path: Path) -> None:
    """Raise :class:`StudyError` if DeepSpeed would bring an optimizer or a schedule of its own."""
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise StudyError("the DeepSpeed configuration is no JSON", where=path, found=error) from None
    for key in ("optimizer", "scheduler"):
        if key in config:
            raise StudyError(
                "the DeepSpeed configuration sets what the recipe sets",
                where=path,
                key=key,
                expected=f"no {key}: it is fused AdamW with the warmup-stable-decay schedule",
                remedy=f"remove {key} from the file",
            )


@dataclass
class Preparation:
    """A training before its first step."""

    source: str
    revision: str | None
    tokenizer: Any
    pad_token_id: int
    store: TokenStore
    sequences: Sequences
    plan: BatchPlan
    schedule: Schedule
    #: The manifest, as far as it is known now.
    facts: dict[str, Any]
    #: Where checkpoints lie, beside the output.
    checkpoints: Path


def prepare(arguments: argparse.Namespace, **inputs: Path) -> Preparation:
    """Everything that is decided before the model is loaded; ``inputs`` are further files for the manifest."""
    arguments.attention = choose_attention(arguments.attention)
    source = arguments.init_from or arguments.model
    revision = None if arguments.init_from else arguments.revision
    tokenizer = load_tokenizer(source, revision, arguments.chat_template)
    check_template(tokenizer, arguments.stop_token, arguments.chat_template)
    facts = launch.from_first(lambda: describe(arguments, source, inputs))
    store = open_tokens(arguments.tokens, tokens_identity(tokenizer, arguments.stop_token))
    mixture = replica_order(read_mixture(arguments.mixture), arguments.replica, arguments.seed)
    sequences = arrange(mixture, store, arguments.max_length, arguments.overlong)
    plan = plan_of(arguments, sequences, arguments.batch_unit, arguments.batch_size)
    phases = [int(sequences.phases[step[0]]) for step in plan.steps]
    shape = arguments.warmup_steps, arguments.decay_steps, arguments.min_lr_ratio
    schedule = plan_schedule(phases, arguments.schedule_per == "phase", *shape)
    say(sequences, plan, schedule, arguments.attention)
    pad = students.pad_token_id(tokenizer, arguments.stop_token)
    checkpoints = work_folder(arguments.output, facts)
    return Preparation(source, revision, tokenizer, pad, store, sequences, plan, schedule, facts, checkpoints)


def run(arguments: argparse.Namespace, ready: Preparation, held_out: tuple[Sequences, BatchPlan] | None = None) -> Any:
    """The training itself; see :func:`scale_or_reason.training.trainer.sft.train`."""
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
        execution(arguments, ready.checkpoints),
        held_out,
    )


def plan_of(arguments: argparse.Namespace, sequences: Sequences, unit: str, size: int) -> BatchPlan:
    """How these sequences go through the processes."""
    return plan_batches(
        sequences.lengths,
        sequences.phases,
        unit=unit,
        size=size,
        processes=launch.processes(),
        micro_batch_tokens=arguments.micro_batch_tokens,
    )


def describe(arguments: argparse.Namespace, source: str, others: dict[str, Path]) -> dict[str, Any]:
    """The manifest, as far as it is known before the training."""
    inputs = {name: getattr(arguments, name) for name in ("mixture", "chat_template", "deepspeed")} | others
    inputs["tokens"] = arguments.tokens / "manifest.json"  # which has the hash of all tokens
    if Path(source).exists():
        inputs["init_from" if arguments.init_from else "model"] = Path(source)
    settings = {
        name: str(value) if isinstance(value, Path) else value
        for name, value in vars(arguments).items()
        if name not in NOT_SETTINGS
    }
    return manifest(inputs, settings | {"processes": launch.processes()})


def work_folder(output: Path, facts: dict[str, Any]) -> Path:
    """Beside the output, keyed by data, hyper-parameters and versions: only an equal run goes on from it."""
    hashes = {name: entry["sha256"] for name, entry in facts["inputs"].items()}
    key = stable_id(json.dumps([facts["settings"], hashes, facts["packages"]], sort_keys=True))
    return output.parent / f".{output.name}.checkpoints-{key}"


def recipe(arguments: argparse.Namespace) -> Any:
    """The optimizer's settings, for :func:`scale_or_reason.training.trainer.sft.train`."""
    from scale_or_reason.training.trainer.sft import Recipe

    names = ("learning_rate", "weight_decay", "gradient_clipping", "adam_beta1", "adam_beta2", "adam_epsilon", "dtype")
    values = {name: getattr(arguments, name) for name in names}
    return Recipe(**values, seed=derive_seed(arguments.seed, "training"))


def execution(arguments: argparse.Namespace, checkpoints: Path) -> Any:
    """Memory, speed and reports, for :func:`scale_or_reason.training.trainer.sft.train`."""
    from scale_or_reason.training.trainer.sft import Execution

    # else they would lie among the checkpoints, which are removed
    os.environ.setdefault("TENSORBOARD_LOGGING_DIR", f"{arguments.output}.tensorboard")

    return Execution(
        deepspeed=arguments.deepspeed,
        attention=arguments.attention,
        gradient_checkpointing=arguments.gradient_checkpointing == "on",
        checkpoint_steps=arguments.checkpoint_steps,
        checkpoints=checkpoints,
        report_to=tuple(arguments.report_to),
        run_name=str(arguments.output),
    )


def say(sequences: Sequences, plan: BatchPlan, schedule: Schedule, attention: str) -> None:
    """What is going to be trained, and how, for the log."""
    if launch.rank() != 0:
        return
    print(
        f"{len(sequences):,} sequences, {int(sequences.lengths.sum()):,} tokens "
        f"({sequences.dropped} dropped, {sequences.truncated} truncated); {schedule}\n"
        f"{launch.processes()} process(es), {plan.accumulation} micro-batch(es) a step of at most {plan.largest:,} "
        f"tokens, {plan.utilisation:.1%} utilised; {describe_kernels(attention)}",
        file=sys.stderr,
        flush=True,
    )
