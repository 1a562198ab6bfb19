"""Build v2 table 1: family means by corpus and size for IFT and reasoning, and the shift between them.

    python workflow/scripts/table1.py --scores results/v2/tables/scores.parquet \
        --sizes '{"Qwen2.5-0.5B": 0.5, "Qwen2.5-14B": 14}' --corpora general math --output results/v2/tables/table1.csv
"""

from __future__ import annotations

import argparse

from scale_or_reason.analysis.table1 import table1
from scale_or_reason.common.errors import run_script
from scale_or_reason.common.tables import read_table, write_rounded_csv
from scale_or_reason.study import shared_options


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[shared_options.scores(), shared_options.sizes(), shared_options.output("table to write (CSV)")],
    )
    parser.add_argument("--corpora", nargs="+", required=True, help="corpora whose students should be there")
    parser.add_argument("--families", nargs="+", help="families (default: the paper's four where they are)")
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    scores = read_table(arguments.scores, "scores")
    table = table1(scores, sizes=arguments.sizes, corpora=arguments.corpora, families=arguments.families)
    write_rounded_csv(table, arguments.output)


if __name__ == "__main__":
    run_script(main)
