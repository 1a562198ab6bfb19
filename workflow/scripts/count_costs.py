"""Count what one model cost: FLOPs of its teacher, training, evaluation and judging, and measured seconds.

    python workflow/scripts/count_costs.py --model-id general/Qwen2.5-3B/seq/rho-1/seed-0 \
        --families '[{"name": "Math-OE", "benchmarks": ["gsm8k"]}]' \
        --architecture results/v2/models/general/Qwen2.5-3B/seq/rho-1/seed-0/config.json \
        --lengths results/v2/models/general/Qwen2.5-3B/seq/rho-1/seed-0/sequence_lengths.parquet \
        --training-manifests results/v2/models/general/Qwen2.5-3B/seq/rho-1/seed-0/manifest.json \
        --mixtures results/v2/mixtures/general/seq/rho-1.parquet --pairs results/v2/pairs/general.parquet \
        --teacher-architecture teacher=Qwen/Qwen3-235B-A22B \
        --answers results/v2/answers/general/Qwen2.5-3B/seq/rho-1/seed-0/gsm8k.parquet \
        --output results/v2/costs/general/Qwen2.5-3B/seq/rho-1/seed-0.parquet

A model that was trained in two stages gets the files of both; base students and the teacher get none.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from scale_or_reason.columns import read_columns
from scale_or_reason.costs import (
    ANSWER_COLUMNS,
    VERDICT_COLUMNS,
    cost_table,
    evaluation_rows,
    judging_rows,
    read_lengths,
    read_taught,
    teacher_rows,
    training_row,
)
from scale_or_reason.errors import run_script
from scale_or_reason.exact_flops import Decoder, named_decoder
from scale_or_reason.scores import family_of
from scale_or_reason.tables import write_table


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model-id", required=True, help="the part of the answers' path below answers/")
    parser.add_argument("--families", type=json.loads, required=True, help="JSON: the config's list study.families")
    parser.add_argument("--architecture", required=True, help="config.json, model folder or hub id of the model")
    parser.add_argument("--revision", help="revision on the hub, if --architecture is a hub id")
    parser.add_argument("--lengths", type=Path, nargs="*", default=[], help="sequence_lengths.parquet of each training")
    parser.add_argument("--training-manifests", type=Path, nargs="*", default=[], help="manifest.json of each training")
    parser.add_argument("--mixtures", type=Path, nargs="*", default=[], help="the mixture of each training")
    parser.add_argument("--pairs", type=Path, nargs="*", default=[], help="the pairs that each mixture was made from")
    parser.add_argument(
        "--teacher-architecture",
        default="teacher=",
        metavar="NAME=SOURCE",
        help="config.json, model folder or hub id (or id@revision) of the teacher; nothing if it is unknown",
    )
    parser.add_argument("--answers", type=Path, nargs="*", default=[], help="tables of answers, one per benchmark")
    parser.add_argument("--answers-manifest", type=Path, help="manifest.json beside the answers: measured seconds")
    parser.add_argument("--verdicts", type=Path, nargs="*", default=[], help="the judges' verdicts on them")
    parser.add_argument("--judging-manifests", type=Path, nargs="*", default=[], help="manifest.json of each judge")
    parser.add_argument(
        "--judge-architecture",
        nargs="*",
        default=[],
        metavar="NAME=SOURCE",
        help="config.json, model folder or hub id (or id@revision) of each judge; nothing if it is unknown",
    )
    parser.add_argument("--output", type=Path, required=True, help="cost table to write (Parquet)")
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    model = Decoder.from_source(arguments.architecture, arguments.revision)
    answers = read_columns(arguments.answers, "answers", ANSWER_COLUMNS, arguments.model_id)
    verdicts = read_columns(arguments.verdicts, "verdicts", VERDICT_COLUMNS, arguments.model_id)
    judges = dict(named_decoder(text, "--judge-architecture") for text in arguments.judge_architecture)
    rows: list[dict[str, Any]] = []
    if arguments.mixtures:
        _, teacher = named_decoder(arguments.teacher_architecture, "--teacher-architecture")
        rows += teacher_rows(teacher, read_taught(arguments.mixtures, arguments.pairs))
    if arguments.lengths:
        rows.append(
            training_row(
                model, read_lengths(arguments.lengths), measured_seconds(arguments.training_manifests, "training")
            )
        )
    rows += evaluation_rows(model, answers, measured_seconds([arguments.answers_manifest]))
    rows += judging_rows(judges, verdicts, measured_seconds(arguments.judging_manifests))
    write_table(cost_table(arguments.model_id, family_of(arguments.families), rows), arguments.output, "costs")


def measured_seconds(manifests: Sequence[Path | None], section: str | None = None) -> float | None:
    """The seconds of all ``manifests`` together (of their ``section``); none if one of them was not timed."""
    contents = [json.loads(path.read_text(encoding="utf-8")) for path in manifests if path is not None]
    seconds = [(content.get(section, {}) if section else content).get("seconds") for content in contents]
    return sum(seconds) if seconds and None not in seconds else None


if __name__ == "__main__":
    run_script(main)
