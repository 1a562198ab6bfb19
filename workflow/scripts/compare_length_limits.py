"""Put the scores of models under several limits on the length of their answers side by side, as Parquet and CSV.

    python workflow/scripts/compare_length_limits.py --max-tokens 16384 \
        --own results/v2/scores/general/Qwen2.5-3B/seq/rho-1/seed-0.parquet \
        --limited results/v2/scores/general/Qwen2.5-3B/seq/rho-1/seed-0/max-tokens-32768.parquet \
        --parquet results/v2/tables/length_limits.parquet --csv results/v2/tables/length_limits.csv
"""

from __future__ import annotations

import argparse
from pathlib import Path

import polars as pl

from scale_or_reason.errors import run_script
from scale_or_reason.length_limits import compare_length_limits
from scale_or_reason.tables import read_table, write_csv, write_table


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--limited", type=Path, nargs="+", required=True, help="score tables of models with a limit")
    parser.add_argument("--own", type=Path, nargs="+", required=True, help="score tables of the same models without")
    parser.add_argument("--max-tokens", type=int, required=True, help="the limit that the latter had")
    parser.add_argument("--parquet", type=Path, required=True, help="table to write")
    parser.add_argument("--csv", type=Path, required=True, help="the same as CSV")
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    limited = pl.concat([read_table(path, "scores") for path in arguments.limited])
    own = pl.concat([read_table(path, "scores") for path in arguments.own])
    table = compare_length_limits(limited, own, arguments.max_tokens)
    write_table(table, arguments.parquet, "length_limits")
    write_csv(table, arguments.csv)


if __name__ == "__main__":
    run_script(main)
