"""Compute intervals of accuracies and gaps, comparisons at equal compute, and frontier memberships.

    python workflow/scripts/measure_uncertainty.py --outcomes results/v2/tables/outcomes.parquet \\
        --costs results/v2/tables/costs.parquet --families '[{"name": "Math-OE", "benchmarks": ["gsm8k"]}]' \\
        --sizes '{"Qwen2.5-3B": 3}' --seed 0 \\
        --uncertainty results/v2/tables/uncertainty.parquet results/v2/tables/uncertainty.csv \\
        --frontiers results/v2/tables/frontier_membership.parquet results/v2/tables/frontier_membership.csv \\
        --contrasts results/v2/tables/contrasts.csv
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from scale_or_reason.analysis.benchmark_sampling import over_benchmarks
from scale_or_reason.analysis.bootstrap import REPLICATES, bootstrap
from scale_or_reason.analysis.contrasts import contrasts, frontier_table, uncertainty
from scale_or_reason.common.errors import run_script
from scale_or_reason.common.tables import read_table, write_rounded_csv, write_table
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
            shared_options.flops(),
            shared_options.sizes(),
            shared_options.replicates(REPLICATES),
        ],
    )
    exact_and_rounded: dict[str, Any] = {"type": Path, "nargs": 2, "metavar": ("PARQUET", "CSV")}
    parser.add_argument("--uncertainty", **exact_and_rounded, required=True, help="accuracies and gaps to write")
    parser.add_argument("--frontiers", **exact_and_rounded, required=True, help="memberships of frontiers to write")
    parser.add_argument("--contrasts", type=Path, required=True, help="comparisons at equal compute to write (CSV)")
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    outcomes, costs = read_table(arguments.outcomes, "outcomes"), read_table(arguments.costs, "costs")
    families = family_of(arguments.families)
    drawn = (arguments.seed, arguments.replicates)
    evidence = bootstrap(outcomes, costs, families, arguments.sizes, *drawn, arguments.flops)
    other_benchmarks = over_benchmarks(evidence, arguments.seed)
    tables = {"uncertainty": uncertainty(evidence, other_benchmarks), "frontier_membership": frontier_table(evidence)}
    for (name, table), (exact, csv) in zip(tables.items(), (arguments.uncertainty, arguments.frontiers), strict=True):
        write_table(table, exact, name)
        write_rounded_csv(table, csv)
    write_rounded_csv(contrasts(evidence, other_benchmarks), arguments.contrasts)


if __name__ == "__main__":
    run_script(main)
