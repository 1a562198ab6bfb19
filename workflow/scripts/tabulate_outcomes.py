"""Tabulate the outcome of every answer of every model, and the effect of early stopping.

    python workflow/scripts/tabulate_outcomes.py --answers results/v2/answers --verdicts results/v2/verdicts \\
        --jurors gpt-oss-120b --jury '{"majority": "readable", "tie": "undecided"}' \\
        --model-ids general/Qwen2.5-3B/seq/rho-1/seed-0 --families '[{"name": "Math-OE", "benchmarks": ["gsm8k"]}]' \\
        --architectures Qwen2.5-3B=Qwen/Qwen2.5-3B@main \\
        --output results/v2/tables/outcomes.parquet --early-stopping results/v2/tables/early_stopping.csv

Benchmarks without answers of a model, or without verdicts of a juror, are omitted with a printed line.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import polars as pl

from scale_or_reason.common.columns import read_columns
from scale_or_reason.common.errors import StudyError, run_script
from scale_or_reason.common.tables import table_writer, write_csv
from scale_or_reason.common.wording import counted
from scale_or_reason.flops.counts import named_model
from scale_or_reason.inference.requests import json_object
from scale_or_reason.judging.jury import JuryRule
from scale_or_reason.scoring.outcomes import ANSWER_COLUMNS, VERDICT_COLUMNS, early_stopping, model_outcomes
from scale_or_reason.study import shared_options
from scale_or_reason.study.cells import parse_model_id
from scale_or_reason.study.families import family_of
from scale_or_reason.study.result_paths import verdict_files


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[
            shared_options.answers(),
            shared_options.verdicts(),
            shared_options.jury(),
            shared_options.model_ids("models to tabulate"),
            shared_options.families(),
            shared_options.architectures(),
            shared_options.flops(),
            shared_options.output("table of outcomes to write (Parquet)"),
        ],
    )
    parser.add_argument("--early-stopping", type=Path, required=True, help="table of stopped answers to write (CSV)")
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    families = family_of(arguments.families)
    jury = JuryRule.from_settings(json_object(arguments.jury, "--jury"))
    models = dict(named_model(text, "--architectures", arguments.flops) for text in arguments.architectures)
    stopped, missing = [], []
    with table_writer(arguments.output, "outcomes") as append:
        for model_id in arguments.model_ids:
            there = []
            for benchmark in families:
                files = verdict_files(arguments.verdicts, arguments.jurors, [model_id], [benchmark])
                files.append(arguments.answers / model_id / f"{benchmark}.parquet")
                absent = [file for file in files if not file.is_file()]
                there += [] if absent else [benchmark]
                missing += absent[:1]
            student = parse_model_id(model_id).student
            architecture = models.get(student)
            if student not in models:
                raise StudyError(
                    "a model has no architecture", where="--architectures", found=student, expected="NAME=SOURCE"
                )
            answers = [arguments.answers / model_id / f"{benchmark}.parquet" for benchmark in there]
            verdicts = verdict_files(arguments.verdicts, arguments.jurors, [model_id], there)
            outcomes = model_outcomes(
                model_id,
                read_columns(answers, "answers", ANSWER_COLUMNS, model_id),
                read_columns(verdicts, "verdicts", VERDICT_COLUMNS, model_id),
                jury,
                architecture,
            )
            append(outcomes)
            stopped.append(early_stopping(outcomes, families, architecture))
    write_csv(pl.concat(stopped), arguments.early_stopping)
    print(f"{counted(len(arguments.model_ids), 'model')}; omitted files: {len(missing)}")
    for file in missing:
        print(f"omitted, since it is missing: {file}")


if __name__ == "__main__":
    run_script(main)
