"""Train a student on a mixture: one epoch of supervised fine-tuning, loss on the completions only.

    python workflow/scripts/torchrun.py --nproc-per-node 2 workflow/scripts/train_student.py \
        --model resources/micro/students/micro-1M --mixture results/micro/mixtures/general/seq/rho-0.5.parquet \
        --tokens results/micro/tokens/general/tokenizer \
        --chat-template src/scale_or_reason/training/templates/chatml.jinja --deepspeed config/deepspeed/cpu.json \
        --learning-rate 1e-3 --batch-unit items --batch-size 32 --max-length 512 --warmup-steps 5 --decay-steps 10 \
        --seed 0 --output results/micro/models/general/micro-1M/seq/rho-0.5/seed-0

Without torchrun it is a single process. After a kill, the same command resumes from the last complete checkpoint, which
is beside the output under a hidden name until the run is finished. On SIGTERM it writes a checkpoint after the current
step and exits with status 75; run it again.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import polars as pl

from scale_or_reason.common.errors import StudyError, run_script
from scale_or_reason.common.files import atomic_directory, read_json, write_json
from scale_or_reason.common.tables import write_csv, write_table
from scale_or_reason.study.learning_rates import MIXTURE_RULES, rate_at
from scale_or_reason.training.packing import BatchPlan
from scale_or_reason.training.sequences import Sequences
from scale_or_reason.training.trainer import command, launch, students
from scale_or_reason.training.trainer.run_identity import refuse_diverged_run
from scale_or_reason.training.wsd import Schedule

#: Steps whose mean is reported as the final loss; one step alone is noisy.
FINAL_STEPS = 10


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    inputs = parser.add_argument_group("inputs and output")
    command.add_inputs(inputs)
    inputs.add_argument("--output", type=Path, required=True, help="folder of the finished model")
    inputs.add_argument(
        "--branches",
        nargs="*",
        default=[],
        metavar="FRACTION=FOLDER",
        help="outputs of this training with --data-fraction: checkpoints for them are written beside these folders",
    )
    recipe = parser.add_argument_group("recipe")
    rate = recipe.add_mutually_exclusive_group(required=True)
    rate.add_argument("--learning-rate", type=float, help="at the peak")
    rate.add_argument(
        "--learning-rate-from",
        type=Path,
        metavar="FILE",
        help="file of choose_learning_rates.py, instead of --learning-rate",
    )
    recipe.add_argument("--ratio", type=float, help="share of reasoning in the mixture, for --learning-rate-from")
    recipe.add_argument(
        "--mixture-learning-rate",
        choices=MIXTURE_RULES,
        default="reasoning",
        help="rule for the rate of a mixture of both formats (%(default)s)",
    )
    recipe.add_argument(
        "--data-fraction",
        type=float,
        default=1.0,
        help="train on the first steps of each phase, so many of all (%(default)s)",
    )
    command.add_recipe(recipe)
    command.add_execution(
        parser.add_argument_group("execution (affects memory and speed, and the result only by rounding)")
    )
    return parser.parse_args()


def main() -> None:
    command.run_joined(parse_arguments(), train_and_save, check=complete_and_check)


def complete_and_check(arguments: argparse.Namespace) -> None:
    """Check the data fraction and its branches, set the learning rate, and refuse a run that has diverged before."""
    check_fraction(arguments.data_fraction, "--data-fraction")
    if arguments.branches and arguments.data_fraction != 1:
        raise StudyError(
            "a training on a part of the data has no branches",
            key="--branches",
            found=f"--data-fraction {arguments.data_fraction:g}",
            expected="branches of the training on all of the data",
            remedy="leave out one of the two options",
        )
    branches_of(arguments.branches)
    find_rate(arguments)
    refuse_diverged_run(arguments)


def check_fraction(fraction: float, key: str) -> float:
    """The fraction, if it is one; :class:`StudyError` otherwise."""
    if not 0 < fraction <= 1:
        raise StudyError("the data fraction is out of range", key=key, found=fraction, expected="above 0, at most 1")
    return fraction


def branches_of(texts: list[str]) -> dict[float, Path]:
    """The outputs of the branches by their fractions."""
    branches = {}
    for text in texts:
        fraction, equals, folder = text.partition("=")
        try:
            number = float(fraction)
        except ValueError:
            number = 0.0
        if not equals or not folder:
            raise StudyError("a branch has no folder", key="--branches", found=text, expected="FRACTION=FOLDER")
        branches[check_fraction(number, "--branches")] = Path(folder)
    return branches


def find_rate(arguments: argparse.Namespace) -> None:
    """Set the learning rate from the file of a search, if given."""
    file = arguments.learning_rate_from
    if file is None:
        return
    if arguments.ratio is None:
        raise StudyError(
            "--learning-rate-from requires --ratio",
            where="--ratio",
            found="no --ratio",
            expected="the share of reasoning in the mixture, 0 to 1",
        )
    rates = read_json(file) if file.is_file() else {}
    try:
        arguments.learning_rate = rate_at(rates, arguments.ratio, arguments.mixture_learning_rate)
    except KeyError as missing:
        raise StudyError(
            "the search has no learning rate for a format",
            where=file,
            key=missing.args[0],
            found=", ".join(rates) or "nothing",
            expected="a rate for each format that is trained",
            remedy="run the rule choose_learning_rates",
        ) from None


def train_and_save(arguments: argparse.Namespace) -> bool:
    """Train and write the model's folder; False if SIGTERM ended the training."""
    from scale_or_reason.training.trainer.checkpoints import remove_checkpoints

    ready = command.prepare(arguments, arguments.data_fraction, branches_of(arguments.branches))
    trained = command.run(arguments, ready)
    if trained.finished and launch.rank() == 0:
        made_from = ready.manifest | {"training": summary(ready.sequences, ready.plan, ready.schedule, trained)}
        with atomic_directory(arguments.output) as folder:
            students.save_student(folder, trained.model, trained.weights, ready.tokenizer, arguments.stop_token)
            write_lengths(ready.sequences, folder / "sequence_lengths.parquet")
            if arguments.data_fraction != 1:
                write_table(ready.mixture, folder / "mixture.parquet", "mixture")
            write_csv(training_log(trained.log, ready.sequences, ready.plan), folder / "training_log.csv")
            write_json(made_from, folder / "manifest.json")
        remove_checkpoints(ready.checkpoints)
    return trained.finished


def write_lengths(sequences: Sequences, path: Path) -> None:
    """Write the tokens of each sequence's prompt and completion, from which exact FLOPs are counted."""
    lengths = {"prompt_tokens": sequences.prompt_lengths, "completion_tokens": sequences.completion_lengths}
    pl.DataFrame(lengths).write_parquet(path)


def summary(sequences: Sequences, plan: BatchPlan, schedule: Schedule, trained: Any) -> dict[str, Any]:
    """What the manifest has of the training's data, batches, schedule and loss."""
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
        "checks": trained.checks,
        "gpu_memory_gb": trained.gpu_memory_gb,
        "utilisation": round(plan.utilisation, 4),
        "schedule": schedule.as_list(),
    }


def training_log(log: list[dict[str, float]], sequences: Sequences, plan: BatchPlan) -> pl.DataFrame:
    """One row per optimizer step."""
    tokens = [int(sequences.lengths[step].sum()) for step in plan.steps]
    columns = {
        "step": pl.Series([entry["step"] for entry in log], dtype=pl.Int64),
        "items": pl.Series([len(step) for step in plan.steps], dtype=pl.Int64),
        "tokens": pl.Series(tokens, dtype=pl.Int64),
    }
    for name in ("loss", "learning_rate", "grad_norm", "mean_token_accuracy", "seconds"):
        columns[name] = pl.Series([entry.get(name) for entry in log], dtype=pl.Float64)
    return pl.DataFrame(columns).with_columns(tokens_per_second=pl.col("tokens") / pl.col("seconds"))


if __name__ == "__main__":
    run_script(main)
