"""Find the training prompts that share an n-gram of words with a benchmark item: one row each, with the words.

    python workflow/scripts/decontaminate_prompts.py --prompts general.parquet \\
        --items benchmarks/gsm8k.parquet benchmarks/squad.parquet --ngram 8 --pairs pairs/general.parquet \\
        --state general.exclusions.json --output general.overlaps.parquet

The state has a revision, which is raised where existing pairs have to be made again. Without --may-replace-pairs that
is an error.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import polars as pl

from scale_or_reason.common.errors import run_script
from scale_or_reason.common.tables import read_column, read_parts, read_table, write_table
from scale_or_reason.common.wording import counted
from scale_or_reason.data.decontamination import prompt_overlaps
from scale_or_reason.data.exclusions import Exclusions, check_may_replace, next_exclusions
from scale_or_reason.study import shared_options
from scale_or_reason.study.stage_versions import STAGE_VERSIONS


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[shared_options.prompts(), shared_options.output("Parquet file, schema overlaps")],
    )
    parser.add_argument("--items", type=Path, nargs="+", required=True, help="evaluation items to keep out of training")
    parser.add_argument("--ngram", type=int, default=8, help="length of a run that counts (default: %(default)s)")
    parser.add_argument("--pairs", type=Path, help="Parquet file, schema pairs; it may not exist yet")
    parser.add_argument("--state", type=Path, help="JSON file: what was excluded, kept between runs")
    parser.add_argument("--may-replace-pairs", action="store_true", help="existing pairs may be made again")
    return parser.parse_args()


def in_pairs(pairs: Path | None, overlaps: pl.DataFrame) -> pl.DataFrame:
    """The overlaps of prompts that existing pairs contain."""
    if pairs is None or not pairs.is_file():
        return overlaps.clear()
    return overlaps.filter(pl.col("prompt_id").is_in(read_column(pairs, "pairs", "prompt_id").implode()))


def main() -> None:
    arguments = parse_arguments()
    items = pl.concat(read_table(path, "items") for path in arguments.items)
    overlaps = prompt_overlaps(read_parts(arguments.prompts, "prompts"), items, arguments.ngram)
    used = in_pairs(arguments.pairs, overlaps)
    if arguments.pairs and not arguments.may_replace_pairs:
        check_may_replace(arguments.pairs, used["prompt_id"].to_list(), used["benchmark"].unique().sort().to_list())
    write_table(overlaps, arguments.output, "overlaps")
    if arguments.state:
        next_exclusions(
            Exclusions.read(arguments.state),
            f"ngram {arguments.ngram}, version {STAGE_VERSIONS['overlaps']}",
            items["benchmark"].unique(),
            overlaps["prompt_id"],
            used["prompt_id"].to_list(),
        ).write(arguments.state)
    counts = overlaps["benchmark"].value_counts(sort=True).iter_rows()
    print(
        f"overlaps in {counted(overlaps.height, 'prompt')}: "
        + (", ".join(f"{n} {name}" for name, n in counts) or "none")
    )


if __name__ == "__main__":
    run_script(main)
