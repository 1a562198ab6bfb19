"""Fit curves through the students: accuracy against FLOPs (saturating), inference FLOPs against size (power law).

    python workflow/scripts/fit_curves.py --scores results/v2/tables/scores.parquet \\
        --costs results/v2/tables/costs.parquet --sizes '{"Qwen2.5-0.5B": 0.5, "Qwen2.5-14B": 14}' --seed 0 \\
        --fits results/v2/tables/saturating_fits.csv --laws results/v2/tables/power_laws.csv
"""

from __future__ import annotations

import argparse
from pathlib import Path

import polars as pl

from scale_or_reason.analysis.curves import power_laws, saturating_fits
from scale_or_reason.common.errors import run_script
from scale_or_reason.common.tables import read_table, write_rounded_csv
from scale_or_reason.flops.counts import counted_by
from scale_or_reason.study import shared_options


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[
            shared_options.scores(),
            shared_options.costs(),
            shared_options.flops(),
            shared_options.sizes(),
            shared_options.seed("starts the search for the best fit"),
        ],
    )
    parser.add_argument("--fits", type=Path, required=True, help="table of saturating fits to write (CSV)")
    parser.add_argument("--laws", type=Path, required=True, help="table of power laws to write (CSV)")
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    scores = read_table(arguments.scores, "scores")
    costs = counted_by(read_table(arguments.costs, "costs"), arguments.flops)
    fits = saturating_fits(scores, costs, sizes=arguments.sizes, seed=arguments.seed)
    laws = power_laws(scores, costs, sizes=arguments.sizes)
    for table, path in ((fits, arguments.fits), (laws, arguments.laws)):
        write_rounded_csv(table.with_columns(flops_by=pl.lit(arguments.flops)), path)


if __name__ == "__main__":
    run_script(main)
