"""Pair the teacher's two answers to each prompt; drop pairs with an unusable answer or prompt.

    python workflow/scripts/build_pairs.py --prompts general.parquet --ift ift/shard-{0..9}-of-10.parquet \\
        --reasoning reasoning/shard-{0..9}-of-10.parquet --overlaps general.overlaps.parquet \\
        --teacher Qwen3-235B-A22B --sampling '{"ift": {"temperature": 0.7}, "reasoning": {"temperature": 0.6}}' \\
        --seed 0 --output pairs.parquet --audit-csv audit.csv --audit-json audit.json
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from scale_or_reason.common.errors import StudyError, run_script
from scale_or_reason.common.tables import read_table, table_writer
from scale_or_reason.data.pairs import PairMaker, write_audit
from scale_or_reason.data.shards import read_slice
from scale_or_reason.inference.requests import json_object
from scale_or_reason.study import shared_options
from scale_or_reason.study.cells import FORMATS


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[shared_options.prompts(), shared_options.kept_and_dropped_pairs()],
    )
    parser.add_argument("--ift", type=Path, nargs="+", required=True, help="all shards of format ift, in order")
    parser.add_argument(
        "--reasoning", type=Path, nargs="+", required=True, help="all shards with thinking on, in order"
    )
    parser.add_argument("--teacher", required=True, help="the teacher's name, for the table")
    parser.add_argument(
        "--sampling", required=True, help="JSON with the sampling of ift and of reasoning, for the table"
    )
    return parser.parse_args()


def shards_of(arguments: argparse.Namespace) -> Iterator[tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]]:
    """The prompts of each shard with their answers of both formats."""
    number = len(arguments.ift)
    for shard, (ift, reasoning) in enumerate(zip(arguments.ift, arguments.reasoning, strict=True)):
        prompts = read_slice(arguments.prompts, "prompts", shard, number)
        yield prompts, read_table(ift, "generations"), read_table(reasoning, "generations")


def main() -> None:
    arguments = parse_arguments()
    sampling = json_object(arguments.sampling, "--sampling")
    if set(sampling) != set(FORMATS):
        raise StudyError(
            "the sampling of a format is missing or unknown",
            where="--sampling",
            found=", ".join(sampling),
            expected=" and ".join(FORMATS),
        )
    if len(arguments.ift) != len(arguments.reasoning):
        raise StudyError(
            "the two formats have different numbers of shards",
            where="--ift, --reasoning",
            found=f"{len(arguments.ift)} and {len(arguments.reasoning)}",
            expected="equal numbers of shards",
            remedy="pass all shards of both formats, in order",
        )
    maker = PairMaker(
        read_table(arguments.overlaps, "overlaps"),
        teacher=arguments.teacher,
        sampling=json.dumps(sampling, sort_keys=True),
        seed=arguments.seed,
    )
    with table_writer(arguments.output, "pairs") as append:
        for prompts, ift, reasoning in shards_of(arguments):
            append(maker.pair(prompts, ift, reasoning))
        maker.audit.check_some_are_left(arguments.prompts)
    print(write_audit(maker.audit, arguments.audit_csv, arguments.audit_json))


if __name__ == "__main__":
    run_script(main)
