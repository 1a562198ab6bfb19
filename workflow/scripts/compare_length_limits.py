"""Tabulate the scores of models under several length limits, as Parquet and CSV.

    python workflow/scripts/compare_length_limits.py --max-tokens 16384 \
        --scores results/v2/tables/limited_scores.parquet \
        --parquet results/v2/tables/length_limits.parquet --csv results/v2/tables/length_limits.csv
"""

from __future__ import annotations

import argparse
from pathlib import Path

from scale_or_reason.common.errors import run_script
from scale_or_reason.common.tables import read_table, write_rounded_csv, write_table
from scale_or_reason.scoring.length_limits import compare_length_limits
from scale_or_reason.study import shared_options


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[shared_options.parquet_and_csv()],
    )
    parser.add_argument("--scores", type=Path, required=True, help="scores of models with a limit, and without")
    parser.add_argument("--max-tokens", type=int, required=True, help="the limit that the latter had")
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    table = compare_length_limits(read_table(arguments.scores, "scores"), arguments.max_tokens)
    write_table(table, arguments.parquet, "length_limits")
    write_rounded_csv(table, arguments.csv)


if __name__ == "__main__":
    run_script(main)
