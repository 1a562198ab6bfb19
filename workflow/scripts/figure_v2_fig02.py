"""Draw v2 figure 2: accuracy against training FLOPs (top) and inference FLOPs (bottom), by family.

    python workflow/scripts/figure_v2_fig02.py --scores results/v2/tables/scores.parquet \
        --costs results/v2/tables/costs.parquet --sizes '{"Qwen2.5-0.5B": 0.5, "Qwen2.5-14B": 14}' \
        --output-stem results/v2/figures/v2/fig02

Writes OUTPUT_STEM.pdf, .png and .csv; the CSV holds exactly what is drawn, intervals and curves included.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from scale_or_reason.errors import run_script
from scale_or_reason.figures import v2_fig02
from scale_or_reason.figures.command_line import figure_parser
from scale_or_reason.figures.style import Style, save_figure
from scale_or_reason.tables import read_table


def parse_arguments() -> argparse.Namespace:
    parser = figure_parser(__doc__)
    parser.add_argument("--costs", type=Path, required=True, help="costs of all models (Parquet)")
    parser.add_argument("--corpus", default="general", help="the corpus whose students are shown")
    parser.add_argument("--seed", type=int, default=0, help="the study's seed, for the search of the fits")
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    style = Style.from_file(arguments.style)
    table = v2_fig02.table(
        read_table(arguments.scores, "scores"),
        read_table(arguments.costs, "costs"),
        sizes=arguments.sizes,
        corpus=arguments.corpus,
        families=arguments.families,
        seed=arguments.seed,
    )
    save_figure(arguments.output_stem, table, v2_fig02.draw, style)


if __name__ == "__main__":
    run_script(main)
