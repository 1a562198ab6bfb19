"""Draw a figure of the papers from tables of a study, as PDF, PNG and CSV.

    python workflow/scripts/draw_figure.py --type accuracy_by_flops --parameters '{"tasks": "main families"}' \\
        --study '{"sizes": {"Qwen2.5-3B": 3}, "corpora": ["general"], "ratios": [0, 1],
                  "families": [{"name": "Math-OE", "benchmarks": ["gsm8k"]}]}' \\
        --tables scores=results/v2/tables/scores.parquet costs=results/v2/tables/costs.parquet \\
        --output-stem results/v2/figures/v2/fig02

Writes OUTPUT_STEM.pdf, .png and .csv; the CSV has exactly the plotted values. Figure types are modules of
scale_or_reason.reporting.figures; its registry lists the type and parameters of each figure.
"""

from __future__ import annotations

import argparse
import importlib
import json

import polars as pl

from scale_or_reason.common.errors import StudyError, run_script
from scale_or_reason.common.tables import read_csv_table, read_table
from scale_or_reason.flops.counts import COUNT_NAMES, check_counted_by, counted_by
from scale_or_reason.reporting.figures.registry import FIGURE_TYPES
from scale_or_reason.reporting.figures.results import Results
from scale_or_reason.reporting.figures.style import Style, save_figure
from scale_or_reason.study import shared_options


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[shared_options.figure_files(), shared_options.flops()],
    )
    parser.add_argument("--type", choices=sorted(FIGURE_TYPES), required=True, help="which kind of figure")
    parser.add_argument("--parameters", type=json.loads, default={}, help="JSON: what the type lets one choose")
    parser.add_argument("--study", type=json.loads, required=True, help="JSON: what of the study should be there")
    parser.add_argument(
        "--tables", nargs="*", default=[], metavar="NAME=FILE", help="tables of the study (Parquet or CSV)"
    )
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    figure_type = importlib.import_module(f"scale_or_reason.reporting.figures.{arguments.type}")
    tables = dict(named_table(text, FIGURE_TYPES[arguments.type].tables, arguments.flops) for text in arguments.tables)
    note = arguments.note
    if arguments.flops != "papers":
        note = " ".join(filter(None, [note, f"FLOPs are counted {COUNT_NAMES[arguments.flops]}."]))
    if "costs" in tables:
        tables["costs"] = counted_by(tables["costs"], arguments.flops)
    table = figure_type.table(Results.from_settings(tables, arguments.study), **arguments.parameters)
    save_figure(arguments.output_stem, table, figure_type.draw, Style.from_file(arguments.style, note))


def named_table(text: str, names: tuple[str, ...], count: str) -> tuple[str, pl.DataFrame]:
    """A table of the figure type, by its name."""
    name, _, file = text.partition("=")
    if name not in names or not file:
        expected = ", ".join(f"{known}=FILE" for known in names)
        raise StudyError("unknown table of this figure type", where="--tables", found=text, expected=expected)
    table = (read_csv_table if file.endswith(".csv") else read_table)(file, name)
    if name == "early_stopping":
        check_counted_by(table, count, file)
    return name, table


if __name__ == "__main__":
    run_script(main)
