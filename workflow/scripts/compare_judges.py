"""Measure the agreement of judges with each other and with the rule graders, per benchmark and overall.

    python workflow/scripts/compare_judges.py --verdicts results/v2/verdicts --judges gpt-oss-120b rule_graders \\
        --model-ids general/Qwen2.5-3B/seq/rho-1/seed-0 --families '[{"name": "Math-OE", "benchmarks": ["gsm8k"]}]' \\
        --seed 0 --parquet results/v2/tables/judge_agreement.parquet --csv results/v2/tables/judge_agreement.csv
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import polars as pl

from scale_or_reason.common.columns import read_columns
from scale_or_reason.common.errors import run_script
from scale_or_reason.common.tables import write_rounded_csv, write_table
from scale_or_reason.judging.agreement import VERDICT_COLUMNS, judge_agreement
from scale_or_reason.judging.labels import Label, by_person, person_verdicts, read_labels
from scale_or_reason.study import shared_options
from scale_or_reason.study.catalogue import HUMAN
from scale_or_reason.study.families import family_of
from scale_or_reason.study.result_paths import verdict_files


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[
            shared_options.verdicts(),
            shared_options.judges("who is compared"),
            shared_options.model_ids("models whose answers they judged"),
            shared_options.families(),
            shared_options.seed("draws the intervals' replicates"),
            shared_options.parquet_and_csv(),
        ],
    )
    parser.add_argument("--labels", type=Path, help="file of people's labels: compares each person, too")
    return parser.parse_args()


def with_persons(
    verdicts: Iterator[pl.DataFrame], labels: Mapping[str, Sequence[Label]], judges: Sequence[str]
) -> Iterator[pl.DataFrame]:
    """Add the verdicts of each person that is no judge already; one person alone is the judge ``human``."""
    absent = [name for name in labels if name not in judges and len(labels) > 1]
    for given in verdicts:
        people = given.filter(judge=HUMAN)
        yield pl.concat([given, *(person_verdicts(people, labels[name], name) for name in absent)])


def main() -> None:
    arguments = parse_arguments()
    families = family_of(arguments.families)
    labels = by_person(read_labels(arguments.labels), arguments.labels) if arguments.labels else {}
    files = (verdict_files(arguments.verdicts, arguments.judges, arguments.model_ids, [name]) for name in families)
    verdicts = (read_columns(of_benchmark, "verdicts", VERDICT_COLUMNS) for of_benchmark in files)
    table = judge_agreement(with_persons(verdicts, labels, arguments.judges), families, arguments.seed)
    write_table(table, arguments.parquet, "judge_agreement")
    write_rounded_csv(table, arguments.csv)


if __name__ == "__main__":
    run_script(main)
