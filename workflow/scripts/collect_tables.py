"""Put the score or cost tables of all models into one table, as Parquet and CSV.

    python workflow/scripts/collect_tables.py --schema scores --inputs results/v2/scores/*/*/*/*/seed-0.parquet \
        --parquet results/v2/tables/scores.parquet --csv results/v2/tables/scores.csv
"""

from __future__ import annotations

import argparse
from pathlib import Path

from scale_or_reason.collecting import collect_tables
from scale_or_reason.errors import run_script
from scale_or_reason.tables import write_csv, write_table


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--schema", choices=("scores", "costs"), required=True, help="what the tables hold")
    parser.add_argument("--inputs", type=Path, nargs="+", required=True, help="tables of single models (Parquet)")
    parser.add_argument("--parquet", type=Path, required=True, help="table to write")
    parser.add_argument("--csv", type=Path, required=True, help="the same as CSV")
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    table = collect_tables(arguments.inputs, arguments.schema)
    write_table(table, arguments.parquet, arguments.schema)
    write_csv(table, arguments.csv)


if __name__ == "__main__":
    run_script(main)
