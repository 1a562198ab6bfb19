"""Fit accuracy as a function of size and amount of data, for each corpus, family and format.

    python workflow/scripts/fit_data.py --outcomes results/compute_optimal/tables/outcomes.parquet \\
        --costs results/compute_optimal/tables/costs.parquet --sizes '{"Qwen2.5-3B": 3}' --seed 0 \\
        --families '[{"name": "Math-OE", "benchmarks": ["gsm8k"]}]' \\
        --output results/compute_optimal/tables/data_fits.csv
"""

from __future__ import annotations

import argparse

import polars as pl

from scale_or_reason.analysis.bootstrap import bootstrap
from scale_or_reason.analysis.data_scaling import MOST_REPLICATES, data_fits
from scale_or_reason.analysis.paid_once import by_cell
from scale_or_reason.common.errors import run_script
from scale_or_reason.common.tables import read_table, write_rounded_csv
from scale_or_reason.scoring.evidence import CELL
from scale_or_reason.study import shared_options
from scale_or_reason.study.families import family_of


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[
            shared_options.outcomes(),
            shared_options.costs(),
            shared_options.families(),
            shared_options.sizes(),
            shared_options.replicates(MOST_REPLICATES),
            shared_options.output("table of fits to write (CSV)"),
        ],
    )
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    outcomes, costs = read_table(arguments.outcomes, "outcomes"), read_table(arguments.costs, "costs")
    families = family_of(arguments.families)
    evidence = bootstrap(outcomes, costs, families, arguments.sizes, arguments.seed, arguments.replicates)
    trained = costs.filter(stage="training").group_by(CELL).agg(pl.col("sequences").mean())
    write_rounded_csv(
        data_fits(evidence, by_cell(evidence, {row[:-1]: row[-1] for row in trained.rows()})), arguments.output
    )


if __name__ == "__main__":
    run_script(main)
