"""Find the training prompts that share an n-gram of words with a benchmark item: one row each, with the words.

    python workflow/scripts/decontaminate_prompts.py --prompts general.parquet \\
        --items benchmarks/gsm8k.parquet benchmarks/squad.parquet --words 8 --output general.overlaps.parquet
"""

from __future__ import annotations

import argparse
from pathlib import Path

import polars as pl

from scale_or_reason.common.errors import run_script
from scale_or_reason.common.tables import read_parts, read_table, write_table
from scale_or_reason.data.decontamination import prompt_overlaps
from scale_or_reason.study import shared_options


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[shared_options.prompts(), shared_options.output("Parquet file, schema overlaps")],
    )
    parser.add_argument("--items", type=Path, nargs="+", required=True, help="evaluation items to keep out of training")
    parser.add_argument("--ngram", type=int, default=8, help="length of a run that counts (default: %(default)s)")
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    items = pl.concat(read_table(path, "items") for path in arguments.items)
    overlaps = prompt_overlaps(read_parts(arguments.prompts, "prompts"), items, arguments.ngram)
    write_table(overlaps, arguments.output, "overlaps")
    counts = overlaps["benchmark"].value_counts(sort=True).iter_rows()
    print(f"{overlaps.height} prompts overlap: " + (", ".join(f"{n} {name}" for name, n in counts) or "none"))


if __name__ == "__main__":
    run_script(main)
