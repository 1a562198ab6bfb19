"""List the wrong answers of a model with their questions and accepted answers, as CSV.

    python workflow/scripts/list_wrong_answers.py --model-ids general/Qwen2.5-3B/seq/rho-1/seed-0 --benchmarks gsm8k \\
        --items results/v2/benchmarks --answers results/v2/answers --verdicts results/v2/verdicts \\
        --jurors gpt-oss-120b --jury '{"majority": "readable", "tie": "undecided"}' \\
        --output results/v2/wrong_answers/general/Qwen2.5-3B/seq/rho-1/seed-0.csv
"""

from __future__ import annotations

import argparse
from pathlib import Path

import polars as pl

from scale_or_reason.common.columns import read_columns
from scale_or_reason.common.errors import run_script
from scale_or_reason.common.tables import write_csv
from scale_or_reason.common.wording import counted
from scale_or_reason.inference.requests import json_object
from scale_or_reason.judging.jury import JuryRule
from scale_or_reason.scoring.outcomes import VERDICT_COLUMNS
from scale_or_reason.scoring.wrong_answers import ANSWER_COLUMNS, ITEM_COLUMNS, wrong_answers
from scale_or_reason.study import shared_options
from scale_or_reason.study.result_paths import verdict_files


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[
            shared_options.model_ids("models whose wrong answers are listed"),
            shared_options.benchmarks(),
            shared_options.answers(),
            shared_options.verdicts(),
            shared_options.jury(),
            shared_options.output("table of wrong answers to write (CSV)"),
        ],
    )
    parser.add_argument("--items", type=Path, required=True, help="the folder with BENCHMARK.parquet")
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    jury, benchmarks = JuryRule.from_settings(json_object(arguments.jury, "--jury")), arguments.benchmarks
    items = read_columns([arguments.items / f"{name}.parquet" for name in benchmarks], "items", ITEM_COLUMNS)
    tables = []
    for model_id in arguments.model_ids:
        answers = [arguments.answers / model_id / f"{name}.parquet" for name in benchmarks]
        verdicts = verdict_files(arguments.verdicts, arguments.jurors, [model_id], benchmarks)
        tables.append(
            wrong_answers(
                model_id,
                items,
                read_columns(answers, "answers", ANSWER_COLUMNS, model_id),
                read_columns(verdicts, "verdicts", VERDICT_COLUMNS, model_id),
                jury,
            )
        )
    table = pl.concat(tables)
    write_csv(table, arguments.output)
    for (benchmark,), rows in table.group_by("benchmark", maintain_order=True):
        print(f"{benchmark}: {counted(rows.height, 'wrong answer')}")


if __name__ == "__main__":
    run_script(main)
