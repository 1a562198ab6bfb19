"""Measure the lengths of each model's right and wrong answers, as Parquet and CSV.

    python workflow/scripts/measure_answer_lengths.py --outcomes results/v2/tables/outcomes.parquet \\
        --families '[{"name": "Math-OE", "benchmarks": ["gsm8k"]}]' \\
        --parquet results/v2/tables/answer_lengths.parquet --csv results/v2/tables/answer_lengths.csv
"""

from __future__ import annotations

import argparse

from scale_or_reason.common.errors import run_script
from scale_or_reason.common.tables import scan_table, write_rounded_csv, write_table
from scale_or_reason.scoring.answer_lengths import answer_lengths
from scale_or_reason.study import shared_options
from scale_or_reason.study.families import family_of


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[shared_options.outcomes(), shared_options.families(), shared_options.parquet_and_csv()],
    )
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    table = answer_lengths(scan_table(arguments.outcomes, "outcomes"), family_of(arguments.families))
    write_table(table, arguments.parquet, "answer_lengths")
    write_rounded_csv(table, arguments.csv)


if __name__ == "__main__":
    run_script(main)
