"""Intervals of accuracies and gaps, comparisons at equal compute, and who is on the Pareto frontiers, as CSV.

    python workflow/scripts/measure_uncertainty.py --outcomes results/v2/tables/outcomes.parquet \\
        --costs results/v2/tables/costs.parquet --families '[{"name": "Math-OE", "benchmarks": ["gsm8k"]}]' \\
        --sizes '{"Qwen2.5-3B": 3}' --seed 0 --uncertainty results/v2/tables/uncertainty.csv \\
        --contrasts results/v2/tables/contrasts.csv --frontiers results/v2/tables/frontier_membership.csv
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from scale_or_reason.analysis.bootstrap import REPLICATES, bootstrap
from scale_or_reason.analysis.contrasts import contrasts, frontier_table, uncertainty
from scale_or_reason.common.errors import run_script
from scale_or_reason.common.tables import read_table, write_csv
from scale_or_reason.study.families import family_of


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--outcomes", type=Path, required=True, help="what became of every answer (Parquet)")
    parser.add_argument("--costs", type=Path, required=True, help="costs of all models (Parquet)")
    parser.add_argument("--families", type=json.loads, required=True, help="JSON: the config's list study.families")
    parser.add_argument("--sizes", type=json.loads, required=True, help="JSON: student -> billions of parameters")
    parser.add_argument("--seed", type=int, required=True, help="the study's seed; draws the replicates")
    parser.add_argument("--replicates", type=int, default=REPLICATES, help="how many (default: %(default)s)")
    parser.add_argument("--uncertainty", type=Path, required=True, help="accuracies and gaps to write (CSV)")
    parser.add_argument("--contrasts", type=Path, required=True, help="comparisons at equal compute to write (CSV)")
    parser.add_argument("--frontiers", type=Path, required=True, help="memberships of frontiers to write (CSV)")
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    outcomes, costs = read_table(arguments.outcomes, "outcomes"), read_table(arguments.costs, "costs")
    families = family_of(arguments.families)
    evidence = bootstrap(outcomes, costs, families, arguments.sizes, arguments.seed, arguments.replicates)
    write_csv(uncertainty(evidence), arguments.uncertainty)
    write_csv(contrasts(evidence), arguments.contrasts)
    write_csv(frontier_table(evidence), arguments.frontiers)


if __name__ == "__main__":
    run_script(main)
