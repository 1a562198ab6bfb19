"""Train a student on a mixture: one epoch of supervised fine-tuning, loss on the completions only.

    torchrun --standalone --nproc_per_node 2 workflow/scripts/train_student.py \
        --model resources/micro/students/micro-1M --mixture results/micro/mixtures/general/seq/rho-0.5.parquet \
        --tokens results/micro/tokens/general/tokenizer \
        --chat-template src/scale_or_reason/templates/chatml.jinja --deepspeed config/deepspeed/cpu.json \
        --learning-rate 1e-3 --batch-unit items --batch-size 32 --max-length 512 --warmup-steps 5 --decay-steps 10 \
        --seed 0 --output results/micro/models/general/micro-1M/seq/rho-0.5/seed-0

Without torchrun it is one process. Killed and started again with the same arguments, it goes on from its last whole
checkpoint, which lies beside the output under a hidden name until the run is finished.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import polars as pl

from scale_or_reason.engines import launch, students
from scale_or_reason.errors import StudyError, run_script
from scale_or_reason.files import atomic_directory, write_json
from scale_or_reason.manifests import manifest
from scale_or_reason.mixtures import replica_order
from scale_or_reason.packing import BATCH_UNITS, LAYOUTS, BatchPlan, plan_batches
from scale_or_reason.seeds import derive_seed, stable_id
from scale_or_reason.sequences import OVERLONG, Sequences, arrange
from scale_or_reason.tables import read_table, write_csv
from scale_or_reason.token_store import check_template, open_tokens
from scale_or_reason.wsd import WsdPlan, plan_wsd

#: Steps whose mean is reported as the final loss; one step alone is noisy.
FINAL_STEPS = 10
#: Arguments without influence on the result, not part of the manifest's settings.
NOT_SETTINGS = ("output", "threads", "checkpoint_steps")


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_inputs(parser.add_argument_group("inputs and output"))
    add_recipe(parser.add_argument_group("recipe"))
    add_execution(parser.add_argument_group("execution (memory and speed; the result changes by rounding only)"))
    return parser.parse_args()


def add_inputs(group: Any) -> None:
    group.add_argument("--model", required=True, help="base student: folder or hub id")
    group.add_argument("--revision", help="of the hub id")
    group.add_argument("--init-from", metavar="MODELDIR", help="start from this finished model instead (adaptation)")
    group.add_argument("--mixture", type=Path, required=True, help="table of build_mixture.py")
    group.add_argument("--tokens", type=Path, required=True, help="folder of tokenise_pairs.py, of the mixture's pairs")
    group.add_argument("--chat-template", type=Path, required=True, help="Jinja file, saved with the student")
    group.add_argument("--stop-token", default="<|im_end|>", help="ends an answer in that template (%(default)s)")
    group.add_argument("--output", type=Path, required=True, help="folder of the finished model")


def add_recipe(group: Any) -> None:
    group.add_argument("--learning-rate", type=float, required=True, help="at the peak")
    group.add_argument("--warmup-steps", type=int, default=150, help="linear (%(default)s)")
    group.add_argument("--decay-steps", type=int, default=300, help="linear (%(default)s)")
    group.add_argument("--min-lr-ratio", type=float, default=0.1, help="where the decay ends (%(default)s)")
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
    group.add_argument("--deepspeed", type=Path, required=True, help="DeepSpeed configuration (JSON)")
    group.add_argument(
        "--micro-batch-tokens",
        type=int,
        default=16384,
        help="most that a process takes at a time, padding included (%(default)s)",
    )
    group.add_argument("--layout", choices=LAYOUTS, default="padded", help="of a micro-batch (%(default)s)")
    group.add_argument("--attention", default="sdpa", help="attention implementation of transformers (%(default)s)")
    group.add_argument("--gradient-checkpointing", choices=("on", "off"), default="off", help="(%(default)s)")
    group.add_argument("--checkpoint-steps", type=int, default=0, help="steps between checkpoints; 0 for none")
    group.add_argument("--threads", type=int, help="of each process (what the launcher says)")


def main() -> None:
    arguments = parse_arguments()
    try:
        mixture = check_inputs(arguments)
        with launch.joined_processes(arguments.threads):
            train_and_save(arguments, mixture)
    except StudyError as error:
        if launch.rank() == 0:
            raise
        # all processes find the same mistake; rank 0 tells the whole of it
        print(f"rank {launch.rank()}: {error.problem}", file=sys.stderr)
        raise SystemExit(2) from None


def check_inputs(arguments: argparse.Namespace) -> pl.DataFrame:
    """The mixture in the replica's order, if all inputs are there and make sense; before anything slow is imported."""
    students.check_model(arguments.init_from or arguments.model)
    for option in ("chat_template", "deepspeed"):
        path = getattr(arguments, option)
        if not path.is_file():
            raise StudyError("a file is missing", where=path, key=f"--{option.replace('_', '-')}")
    if not (arguments.tokens / "manifest.json").is_file():
        remedy = "run the rule tokenise_pairs"
        raise StudyError("tokens of the pairs are missing", where=arguments.tokens, key="--tokens", remedy=remedy)
    check_deepspeed(arguments.deepspeed)
    mixture = read_table(arguments.mixture, "mixture")
    if mixture.is_empty():
        raise StudyError("the mixture is empty", where=arguments.mixture, remedy="look at the audit of its pairs")
    return replica_order(mixture, arguments.replica, arguments.seed)


def check_deepspeed(path: Path) -> None:
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


def train_and_save(arguments: argparse.Namespace, mixture: pl.DataFrame) -> None:
    from scale_or_reason.engines import training
    from scale_or_reason.engines.training_callbacks import remove_checkpoints

    source = arguments.init_from or arguments.model
    revision = None if arguments.init_from else arguments.revision
    tokenizer = students.load_tokenizer(source, revision, arguments.chat_template)
    check_template(tokenizer, arguments.stop_token, arguments.chat_template)
    facts = launch.from_first(lambda: describe(arguments, source))
    work = work_folder(arguments.output, facts)
    store = open_tokens(arguments.tokens, students.tokens_identity(tokenizer, arguments.stop_token))
    sequences = arrange(mixture, store, arguments.max_length, arguments.overlong)
    plan = plan_batches(
        sequences.lengths,
        sequences.phases,
        unit=arguments.batch_unit,
        size=arguments.batch_size,
        processes=launch.processes(),
        micro_batch_tokens=arguments.micro_batch_tokens,
        layout=arguments.layout,
    )
    wsd = plan_wsd(len(plan.steps), arguments.warmup_steps, arguments.decay_steps, arguments.min_lr_ratio)
    say(sequences, plan, wsd)
    trained = training.train(
        source,
        revision,
        tokenizer,
        students.pad_token_id(tokenizer, arguments.stop_token),
        sequences,
        plan,
        wsd,
        recipe(arguments),
        execution(arguments, work),
    )
    if launch.rank() == 0:
        facts["training"] = summary(sequences, plan, wsd, trained)
        with atomic_directory(arguments.output) as folder:
            students.save_student(folder, trained.model, trained.weights, tokenizer, arguments.stop_token)
            lengths = {"prompt_tokens": sequences.prompt_lengths, "completion_tokens": sequences.completion_lengths}
            pl.DataFrame(lengths).write_parquet(folder / "sequence_lengths.parquet")
            write_csv(training_log(trained.log, sequences, plan), folder / "training_log.csv")
            write_json(facts, folder / "manifest.json")
        remove_checkpoints(work)


def describe(arguments: argparse.Namespace, source: str) -> dict[str, Any]:
    """The manifest, as far as it is known before the training."""
    inputs = {name: getattr(arguments, name) for name in ("mixture", "chat_template", "deepspeed")}
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
    from scale_or_reason.engines.training import Recipe

    names = ("learning_rate", "weight_decay", "gradient_clipping", "adam_beta1", "adam_beta2", "adam_epsilon", "dtype")
    values = {name: getattr(arguments, name) for name in names}
    return Recipe(**values, seed=derive_seed(arguments.seed, "training"))


def execution(arguments: argparse.Namespace, work: Path) -> Any:
    from scale_or_reason.engines.training import Execution

    return Execution(
        deepspeed=arguments.deepspeed,
        attention=arguments.attention,
        layout=arguments.layout,
        gradient_checkpointing=arguments.gradient_checkpointing == "on",
        checkpoint_steps=arguments.checkpoint_steps,
        checkpoints=work,
    )


def say(sequences: Sequences, plan: BatchPlan, wsd: WsdPlan) -> None:
    if launch.rank() != 0:
        return
    tokens = int(sequences.lengths.sum())
    print(
        f"{len(sequences):,} sequences, {tokens:,} tokens "
        f"({sequences.dropped} dropped, {sequences.truncated} truncated); {wsd}\n"
        f"{launch.processes()} process(es), {plan.accumulation} micro-batch(es) a step of at most {plan.largest:,} "
        f"tokens, {tokens / plan.slots:.0%} of them real",
        file=sys.stderr,
        flush=True,
    )


def summary(sequences: Sequences, plan: BatchPlan, wsd: WsdPlan, trained: Any) -> dict[str, Any]:
    prompt, completion = int(sequences.prompt_lengths.sum()), int(sequences.completion_lengths.sum())
    losses = [entry["loss"] for entry in trained.log][-FINAL_STEPS:]
    return {
        "sequences": len(sequences),
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "dropped": sequences.dropped,
        "truncated": sequences.truncated,
        "steps": len(plan.steps),
        "seconds": round(trained.seconds, 3),
        "tokens_per_second": round((prompt + completion) / trained.seconds, 1),
        "final_loss": sum(losses) / len(losses),
        "utilisation": (prompt + completion) / plan.slots,
        "wsd": wsd.as_dict(),
    }


def training_log(log: list[dict[str, float]], sequences: Sequences, plan: BatchPlan) -> pl.DataFrame:
    """One row per optimizer step."""
    tokens = [int(sequences.lengths[step].sum()) for step in plan.steps]
    columns = {
        "step": pl.Series([entry["step"] for entry in log], dtype=pl.Int64),
        "items": pl.Series([len(step) for step in plan.steps], dtype=pl.Int64),
        "tokens": pl.Series(tokens, dtype=pl.Int64),
    }
    for name in ("loss", "learning_rate", "grad_norm", "mean_token_accuracy"):
        columns[name] = pl.Series([entry.get(name) for entry in log], dtype=pl.Float64)
    return pl.DataFrame(columns)


if __name__ == "__main__":
    run_script(main)
