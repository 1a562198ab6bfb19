"""Compare this study's numbers with the papers', cell by cell, as CSV.

    python workflow/scripts/compare_with_papers.py --reference FOLDER \\
        --uncertainty results/v2/tables/uncertainty.parquet \\
        --frontiers results/v2/tables/frontier_membership.parquet \\
        --points 3 --factor 1.5 --output results/v2/tables/reproduction.csv

The folder holds the papers' tables, as docs/how-to/compare_with_the_papers.md describes them.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from scale_or_reason.claims.reproduction import Tolerance, reproduction
from scale_or_reason.common.errors import run_script
from scale_or_reason.common.tables import read_table, write_rounded_csv
from scale_or_reason.common.wording import counted
from scale_or_reason.study import shared_options


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[shared_options.paper_tables(), shared_options.output("table to write (CSV)")],
    )
    parser.add_argument("--uncertainty", type=Path, required=True, help="this study's accuracies and gaps (Parquet)")
    parser.add_argument("--frontiers", type=Path, required=True, help="its memberships of frontiers (Parquet)")
    parser.add_argument("--points", type=float, required=True, help="how far apart accuracies that agree may be")
    parser.add_argument("--factor", type=float, required=True, help="by what factor FLOPs that agree may differ")
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    uncertainty = read_table(arguments.uncertainty, "uncertainty")
    frontiers = read_table(arguments.frontiers, "frontier_membership")
    tolerance = Tolerance(arguments.points, arguments.factor)
    table = reproduction(arguments.reference, uncertainty, frontiers, tolerance)
    write_rounded_csv(table, arguments.output)
    counts = table["agrees"].drop_nulls().value_counts(sort=True)
    print(
        f"{counted(table.height, 'number')} of the papers; ours agree: {dict(counts.rows()) or 'none is in this study'}"
    )


if __name__ == "__main__":
    run_script(main)
