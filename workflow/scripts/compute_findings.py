"""Compute every statement of the papers for this study: value, interval, verdict and cells used, as CSV.

    python workflow/scripts/compute_findings.py --outcomes results/v2/tables/outcomes.parquet \\
        --costs results/v2/tables/costs.parquet --families '[{"name": "Math-OE", "benchmarks": ["gsm8k"]}]' \\
        --sizes '{"Qwen2.5-3B": 3}' --corpora general math --seed 0 \\
        --stopped results/v2/tables/early_stopping.csv --limits results/v2/tables/length_limits.parquet \\
        --output results/v2/tables/findings.csv
"""

from __future__ import annotations

import argparse
from pathlib import Path

from scale_or_reason.analysis.bootstrap import REPLICATES, bootstrap
from scale_or_reason.claims.data_statements import data_statements
from scale_or_reason.claims.findings import findings
from scale_or_reason.claims.statements import STATEMENTS
from scale_or_reason.common.errors import run_script
from scale_or_reason.common.files import read_json
from scale_or_reason.common.tables import read_csv_table, read_table, write_rounded_csv
from scale_or_reason.flops.counts import check_counted_by
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
            shared_options.output("table of findings to write (CSV)"),
        ],
    )
    parser.add_argument("--corpora", nargs="*", default=[], help="the general corpus, then the narrow one")
    parser.add_argument("--stopped", type=Path, help="what stopping answers early would change (CSV)")
    parser.add_argument("--limits", type=Path, help="scores under several limits on the length of answers (Parquet)")
    parser.add_argument("--learning-rates", type=Path, nargs="*", default=[], help="STUDENT.json of each rate search")
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    outcomes, costs = read_table(arguments.outcomes, "outcomes"), read_table(arguments.costs, "costs")
    families = family_of(arguments.families)
    drawn = (arguments.seed, arguments.replicates)
    evidence = bootstrap(outcomes, costs, families, arguments.sizes, *drawn, arguments.flops)
    stopped = read_csv_table(arguments.stopped, "early_stopping") if arguments.stopped else None
    if stopped is not None:
        check_counted_by(stopped, arguments.flops, arguments.stopped)
    limits = read_table(arguments.limits, "length_limits") if arguments.limits else None
    rates = {path.stem: read_json(path) for path in arguments.learning_rates}
    table = findings(evidence, (*STATEMENTS, *data_statements(evidence)), arguments.corpora, stopped, limits, rates)
    write_rounded_csv(table, arguments.output)
    for (verdict,), rows in table.group_by("verdict", maintain_order=True):
        print(f"{verdict}: {', '.join(rows['name'])}")


if __name__ == "__main__":
    run_script(main)
