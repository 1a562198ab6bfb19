"""Draw v1 figure 2: accuracy of base students and of students trained on one corpus in one format, by size.

    python workflow/scripts/figure_v1_fig02.py --scores results/v1/tables/scores.parquet \
        --sizes '{"Qwen2.5-0.5B": 0.5, "Qwen2.5-14B": 14}' --corpora general math \
        --output-stem results/v1/figures/v1/fig02

Writes OUTPUT_STEM.pdf, .png and .csv; the CSV holds exactly what is drawn, intervals included.
"""

from __future__ import annotations

import argparse

from scale_or_reason.errors import run_script
from scale_or_reason.figures import v1_fig02
from scale_or_reason.figures.command_line import figure_parser
from scale_or_reason.figures.style import Style, save_figure
from scale_or_reason.tables import read_table


def parse_arguments() -> argparse.Namespace:
    parser = figure_parser(__doc__)
    parser.add_argument("--corpora", nargs="+", required=True, help="corpora whose students should be there")
    parser.add_argument("--shots", type=int, default=3, help="shots of the base students shown (the paper's: 3)")
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    style = Style.from_file(arguments.style)
    table = v1_fig02.table(
        read_table(arguments.scores, "scores"),
        sizes=arguments.sizes,
        corpora=arguments.corpora,
        shots=arguments.shots,
        families=arguments.families,
    )
    save_figure(arguments.output_stem, table, v1_fig02.draw, style)


if __name__ == "__main__":
    run_script(main)
