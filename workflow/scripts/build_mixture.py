"""Build one training mixture D_rho from the paired corpus.

    python workflow/scripts/build_mixture.py --pairs results/v2/pairs/math.parquet --curriculum seq --ratio 0.25 \\
        --seed 0 --output results/v2/mixtures/math/seq/rho-0.25.parquet
"""

from __future__ import annotations

import argparse
import sys

from scale_or_reason.common.errors import run_script
from scale_or_reason.common.tables import read_column, write_table
from scale_or_reason.common.wording import counted
from scale_or_reason.data.mixtures import SAMPLINGS, build_mixture
from scale_or_reason.study import shared_options
from scale_or_reason.study.cells import CURRICULA


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[
            shared_options.pairs(),
            shared_options.seed(),
            shared_options.output("mixture table to write (Parquet)"),
        ],
    )
    parser.add_argument(
        "--curriculum",
        choices=CURRICULA,
        required=True,
        help="IFT then reasoning, shuffled together, or reasoning then IFT",
    )
    parser.add_argument("--ratio", type=float, required=True, help="share of prompts with the reasoning answer, 0..1")
    parser.add_argument("--sampling", choices=SAMPLINGS, default="nested", help="how ratios share their prompts")
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    prompt_ids = read_column(arguments.pairs, "pairs", "prompt_id")
    mixture = build_mixture(prompt_ids, arguments.curriculum, arguments.ratio, arguments.seed, arguments.sampling)
    write_table(mixture, arguments.output, "mixture")
    reasoning = (mixture["format"] == "reasoning").sum()
    print(f"{counted(len(mixture), 'prompt')}, {reasoning} with reasoning: {arguments.output}", file=sys.stderr)


if __name__ == "__main__":
    run_script(main)
