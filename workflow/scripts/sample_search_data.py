"""Sample the training and held-out data of a learning-rate search.

    python workflow/scripts/sample_search_data.py --pairs results/v2/pairs/general.parquet --format ift \
        --samples 20000 --held-out 1000 --seed 0 --output results/v2/learning_rates/general/samples/ift.parquet \
        --held-out-output results/v2/learning_rates/general/held-out/ift.parquet

Both tables have the schema mixture and no prompt in common.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from scale_or_reason.common.errors import run_script
from scale_or_reason.common.tables import read_column, write_table
from scale_or_reason.data.mixtures import search_samples
from scale_or_reason.study import shared_options
from scale_or_reason.study.cells import FORMATS


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[
            shared_options.pairs(),
            shared_options.seed(),
            shared_options.output("table of those to train on (Parquet)"),
        ],
    )
    parser.add_argument("--format", choices=FORMATS, required=True, help="which of the pairs' answers")
    parser.add_argument("--samples", type=int, required=True, help="prompts to train on")
    parser.add_argument("--held-out", type=int, required=True, help="prompts to measure the loss on")
    parser.add_argument("--held-out-output", type=Path, required=True, help="table of the others (Parquet)")
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    prompt_ids = read_column(arguments.pairs, "pairs", "prompt_id")
    counts = arguments.samples, arguments.held_out
    samples, held_out = search_samples(prompt_ids, arguments.format, *counts, arguments.seed)
    write_table(samples, arguments.output, "mixture")
    write_table(held_out, arguments.held_out_output, "mixture")


if __name__ == "__main__":
    run_script(main)
