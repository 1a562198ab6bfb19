"""Score models: accuracy with its interval for each benchmark, from the verdicts of judges and rule graders.

    python workflow/scripts/score_models.py --model-ids general/Qwen2.5-3B/seq/rho-1/seed-0 base/Qwen2.5-3B/shots-3 \
        --benchmarks gsm8k --families '[{"name": "Math-OE", "benchmarks": ["gsm8k"]}]' \
        --items results/v2/benchmarks --answers results/v2/answers --verdicts results/v2/verdicts \
        --jurors gpt-oss-120b --parquet results/v2/tables/scores.parquet --csv results/v2/tables/scores.csv
"""

from __future__ import annotations

import argparse
from pathlib import Path

import polars as pl

from scale_or_reason.common.collecting import collect_tables
from scale_or_reason.common.columns import read_columns
from scale_or_reason.common.errors import run_script
from scale_or_reason.common.tables import write_rounded_csv, write_table
from scale_or_reason.inference.requests import json_object
from scale_or_reason.inference.unfinished import stop_warning
from scale_or_reason.judging.jury import JuryRule
from scale_or_reason.scoring.scores import ANSWER_COLUMNS, GRADE_COLUMNS, ITEM_COLUMNS, VERDICT_COLUMNS, score_model
from scale_or_reason.study import shared_options
from scale_or_reason.study.catalogue import RULE_GRADERS
from scale_or_reason.study.cells import TRAINED_KINDS
from scale_or_reason.study.result_paths import verdict_files


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[
            shared_options.model_ids("models to score"),
            shared_options.benchmarks(),
            shared_options.families(),
            shared_options.answers(),
            shared_options.verdicts(),
            shared_options.parquet_and_csv(),
        ],
    )
    parser.add_argument("--items", type=Path, required=True, help="the folder with BENCHMARK.parquet")
    parser.add_argument("--jurors", nargs="*", default=[], help="jurors; rule_graders for the rule graders as a juror")
    parser.add_argument(
        "--rule-graders", action="store_true", help="include the rule graders; without jurors they decide alone"
    )
    parser.add_argument("--jury", default="{}", help="JSON: the jury rule (keys majority, tie)")
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    jury = JuryRule.from_settings(json_object(arguments.jury, "--jury"))
    benchmarks = arguments.benchmarks
    items = read_columns([arguments.items / f"{name}.parquet" for name in benchmarks], "items", ITEM_COLUMNS)
    tables = []
    for model_id in arguments.model_ids:
        answers = [arguments.answers / model_id / f"{name}.parquet" for name in benchmarks]
        verdicts = verdict_files(arguments.verdicts, arguments.jurors, [model_id], benchmarks)
        graders = verdict_files(arguments.verdicts, [RULE_GRADERS] * arguments.rule_graders, [model_id], benchmarks)
        table = score_model(
            model_id,
            arguments.families,
            items=items,
            answers=read_columns(answers, "answers", ANSWER_COLUMNS, model_id),
            verdicts=read_columns(verdicts, "verdicts", VERDICT_COLUMNS, model_id),
            graders=read_columns(graders, "verdicts", GRADE_COLUMNS, model_id),
            jury=jury,
        )
        tables.append(table)
    scores = collect_tables(tables, "scores")
    write_table(scores, arguments.parquet, "scores")
    write_rounded_csv(scores, arguments.csv)
    trained = scores.filter(pl.col("kind").is_in(TRAINED_KINDS))
    counts = trained.group_by("model_id", maintain_order=True).agg(pl.sum("truncated", "n"))
    if warning := stop_warning({name: (at, n) for name, at, n in counts.iter_rows()}):
        print(warning)


if __name__ == "__main__":
    run_script(main)
