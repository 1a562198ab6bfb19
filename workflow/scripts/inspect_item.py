"""Build the inspection page of a benchmark item, one HTML file.

    python workflow/scripts/inspect_item.py --results results/v2 --study v2 \\
        --items results/v2/benchmarks/math_500.parquet --item test%2Falgebra%2F2584.json \\
        --model-ids general/Qwen2.5-3B/seq/rho-1/seed-0 teacher/Qwen3-235B-A22B/ift \\
        --judges gpt-oss-120b rule_graders --jurors gpt-oss-120b \\
        --jury '{"majority": "readable", "tie": "undecided"}' --templates '{"Qwen2.5-3B": "chatml"}' --seed 0 \\
        --complete scores --output item.html

The page has the question, the prompts, every answer, every judge's raw replies, and the verdicts of jury and rule
graders. It reads existing files only, and lists missing answers and verdicts.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import polars as pl

from scale_or_reason.benchmarks.fewshot import pool_beside
from scale_or_reason.common.errors import run_script
from scale_or_reason.common.files import write_text
from scale_or_reason.common.tables import read_column, scan_table
from scale_or_reason.inference.requests import json_object
from scale_or_reason.judging.jury import JuryRule
from scale_or_reason.reporting.inspect.item import Readers, model_view, prompts
from scale_or_reason.reporting.inspect.item_page import ItemPage
from scale_or_reason.reporting.inspect.names import id_of_name
from scale_or_reason.study import shared_options
from scale_or_reason.study.cells import parse_model_id


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[
            shared_options.page(),
            shared_options.model_ids("models to show, in this order"),
            shared_options.judges("judges to show"),
            shared_options.jury(),
            shared_options.seed("chooses the examples"),
            shared_options.chat_formats(),
        ],
    )
    parser.add_argument("--results", type=Path, required=True, help="the study's folder, with answers/ and verdicts/")
    parser.add_argument("--items", type=Path, required=True, help="the benchmark's table (Parquet, schema items)")
    parser.add_argument("--item", required=True, help="the item's id, encoded for paths")
    parser.add_argument("--complete", nargs="+", required=True, help="targets that create missing results")
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    item_id = id_of_name(arguments.item, read_column(arguments.items, "items", "item_id").to_list(), arguments.items)
    item = scan_table(arguments.items, "items").filter(pl.col("item_id") == item_id).collect().row(0, named=True)
    jury = JuryRule.from_settings(json_object(arguments.jury, "--jury"))
    readers = Readers(tuple(arguments.judges), tuple(arguments.jurors), jury)
    asked = prompts(
        item,
        [parse_model_id(model_id) for model_id in arguments.model_ids],
        templates=arguments.templates,
        modes=arguments.modes,
        pool=pool_beside(arguments.items, item["benchmark"]),
        seed=arguments.seed,
    )
    views = [model_view(arguments.results, model_id, item, readers) for model_id in arguments.model_ids]
    page = ItemPage(arguments.study, item, views, asked, readers, " ".join(arguments.complete))
    write_text(page.text(), arguments.output)


if __name__ == "__main__":
    run_script(main)
