"""Try a learning rate: train briefly, and measure the loss on held-out samples.

    python workflow/scripts/torchrun.py --nproc-per-node 1 workflow/scripts/try_learning_rate.py \
        --model resources/micro/students/micro-1M --student micro-1M --format ift --learning-rate 1e-3 \
        --mixture results/micro/learning_rates/general/samples/ift.parquet \
        --held-out results/micro/learning_rates/general/held-out/ift.parquet \
        --tokens results/micro/tokens/general/tokenizer \
        --chat-template src/scale_or_reason/training/templates/chatml.jinja --deepspeed config/deepspeed/cpu.json \
        --batch-unit items --batch-size 8 --max-length 512 --warmup-steps 5 --decay-steps 10 --seed 0 \
        --output results/micro/learning_rates/general/micro-1M/ift/lr-0.001.json

Writes a JSON file and no model. A diverged training is also a result, with the loss null. After a kill it resumes like
train_student.py.
"""

from __future__ import annotations

import argparse
import math
from dataclasses import asdict
from pathlib import Path
from typing import Any

from scale_or_reason.common.errors import DivergedError, StudyError, run_script
from scale_or_reason.common.files import write_json
from scale_or_reason.study.cells import FORMATS
from scale_or_reason.training.learning_rate_search import Trial
from scale_or_reason.training.sequences import Sequences, arrange
from scale_or_reason.training.trainer import command, launch


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    inputs = parser.add_argument_group("inputs and output")
    command.add_inputs(inputs)
    inputs.add_argument("--held-out", type=Path, required=True, help="held-out data, in the format of --mixture")
    inputs.add_argument("--student", required=True, help="the student's name, for the table of trials")
    inputs.add_argument(
        "--format", choices=FORMATS, required=True, help="format of the answers, for the table of trials"
    )
    inputs.add_argument("--output", type=Path, required=True, help="JSON file")
    recipe = parser.add_argument_group("recipe")
    recipe.add_argument("--learning-rate", type=float, required=True, help="at the peak")
    command.add_recipe(recipe)
    command.add_execution(parser.add_argument_group("execution (memory and speed)"))
    return parser.parse_args()


def main() -> None:
    command.run_joined(parse_arguments(), try_rate)


def try_rate(arguments: argparse.Namespace) -> bool:
    """Train on the sample and write the trial; False if SIGTERM ended the training."""
    from scale_or_reason.training.trainer.checkpoints import remove_checkpoints

    ready = command.prepare(arguments, held_out=arguments.held_out)
    held_out = held_out_sequences(arguments, ready)
    plan = command.plan_of(arguments, held_out, "items", len(held_out))
    loss, diverged = None, None
    try:
        trained = command.run(arguments, ready, (held_out, plan))
    except DivergedError as error:
        diverged = error.problem
    else:
        if not trained.finished:
            return False
        loss = trained.held_out_loss
        if not math.isfinite(loss):
            loss, diverged = None, f"the held-out loss is {loss}"
    if launch.rank() == 0:
        trial = Trial(arguments.student, arguments.format, arguments.learning_rate, loss, diverged)
        tokens = int(held_out.completion_lengths.sum())
        measured = {"steps": len(ready.plan.steps), "held_out": len(held_out), "held_out_completion_tokens": tokens}
        write_json(asdict(trial) | measured | {"manifest": ready.manifest}, arguments.output)
        remove_checkpoints(ready.checkpoints)
    return True


def held_out_sequences(arguments: argparse.Namespace, ready: Any) -> Sequences:
    """Raises :class:`StudyError` if a held-out prompt is in the training data."""
    held_out = command.read_mixture(arguments.held_out)
    trained_on = command.read_mixture(arguments.mixture)["prompt_id"]
    common = held_out["prompt_id"].filter(held_out["prompt_id"].is_in(trained_on.implode()))
    if len(common):
        raise StudyError(
            "held-out prompts are in the training data",
            where=arguments.held_out,
            key="prompt_id",
            found=f"{len(common)} of {held_out.height}, such as {common[0]}",
            expected="none",
            remedy="run the rule sample_search_data again",
        )
    return arrange(held_out, ready.store, arguments.max_length, arguments.overlong)


if __name__ == "__main__":
    run_script(main)
