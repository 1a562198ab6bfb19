"""Measure what several answers to an item are worth: majority votes and pass@k, with FLOPs and intervals.

    python workflow/scripts/measure_test_time.py --outcomes results/v2/tables/outcomes.parquet \\
        --costs results/v2/tables/costs.parquet --items results/v2/benchmarks/aime.parquet \\
        --verdicts results/v2/verdicts --rule-graders --families '[{"name": "Math-OE", "benchmarks": ["aime"]}]' \\
        --sizes '{"Qwen2.5-3B": 3}' --architectures Qwen2.5-3B=Qwen/Qwen2.5-3B@main --seed 0 \\
        --votes results/v2/tables/votes.parquet --parquet results/v2/tables/test_time.parquet \\
        --csv results/v2/tables/test_time.csv

Votes need the answers that the rule graders extracted; without --rule-graders only pass@k is computed.
"""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path

import polars as pl

from scale_or_reason.analysis.bootstrap import REPLICATES
from scale_or_reason.analysis.serving import evidence_of_votes, serving_table
from scale_or_reason.common.columns import read_columns
from scale_or_reason.common.errors import run_script
from scale_or_reason.common.tables import read_table, write_csv, write_table
from scale_or_reason.flops.counts import counted_by, named_model
from scale_or_reason.scoring.votes import EXTRACT_COLUMNS, ITEM_COLUMNS, Items, model_votes
from scale_or_reason.study import shared_options
from scale_or_reason.study.cells import parse_model_id
from scale_or_reason.study.families import family_of
from scale_or_reason.study.result_paths import verdict_files
from scale_or_reason.study.study import RULE_GRADERS


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[
            shared_options.outcomes(),
            shared_options.costs(),
            shared_options.items(),
            shared_options.verdicts(),
            shared_options.families(),
            shared_options.flops(),
            shared_options.sizes(),
            shared_options.architectures(),
            shared_options.replicates(REPLICATES),
            shared_options.parquet_and_csv(),
        ],
    )
    parser.add_argument("--rule-graders", action="store_true", help="count votes over the answers that they extracted")
    parser.add_argument("--votes", type=Path, required=True, help="table of votes by item to write (Parquet)")
    return parser.parse_args()


def count_votes(arguments: argparse.Namespace) -> pl.DataFrame:
    """The table of votes of all models on all benchmarks."""
    items: Items = {
        (row["benchmark"], row["item_id"]): row
        for row in read_columns(arguments.items, "items", ITEM_COLUMNS).iter_rows(named=True)
    }
    outcomes = read_table(arguments.outcomes, "outcomes")
    models = dict(named_model(text, "--architectures", arguments.flops) for text in arguments.architectures)
    tables = []
    for (model_id,), own in outcomes.group_by("model_id", maintain_order=True):
        several = own.filter(pl.len().over("benchmark", "item_id") > 1)["benchmark"].unique(maintain_order=True)
        files = verdict_files(arguments.verdicts, [RULE_GRADERS], [str(model_id)], several)
        extracts = None
        if arguments.rule_graders and files:
            extracts = read_columns(files, "verdicts", EXTRACT_COLUMNS, str(model_id))
        tables.append(model_votes(own, extracts, items, models[parse_model_id(str(model_id)).student]))
    return pl.concat(tables)


def main() -> None:
    arguments = parse_arguments()
    votes, costs = count_votes(arguments), counted_by(read_table(arguments.costs, "costs"), arguments.flops)
    families = family_of(arguments.families)
    measure = partial(
        evidence_of_votes,
        costs=costs,
        families=families,
        sizes=arguments.sizes,
        seed=arguments.seed,
        replicates=arguments.replicates,
    )
    voted = measure(votes)
    passed = measure(votes.filter(pl.col("k") > 1), measure="pass_at_k")
    table = serving_table(voted, {1: voted[1], **passed})  # pass@1 is the accuracy of a single answer
    write_table(votes, arguments.votes, "votes")
    write_table(table, arguments.parquet, "test_time")
    write_csv(table, arguments.csv)


if __name__ == "__main__":
    run_script(main)
