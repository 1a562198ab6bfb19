"""Build the explorer page of a study, one HTML file, from its tables and manifests.

    python workflow/scripts/build_explorer.py --study v2 --uncertainty results/v2/tables/uncertainty.parquet \\
        --scores results/v2/tables/scores.parquet --costs results/v2/tables/costs.parquet --models results/v2/models \\
        --answers results/v2/answers --families '[{"name": "Math-OE", "benchmarks": ["gsm8k"]}]' \\
        --sizes '{"Qwen2.5-3B": 3}' --shots 3 --output results/v2/explorer.html

The page is self-contained. Models without a manifest are shown without its summary. With --gpus and --timings costs are
also shown in measured hours, with --test-time votes and cut thoughts are points, too. Inspection pages that exist in
--pages are linked.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from scale_or_reason.common.errors import run_script
from scale_or_reason.common.files import write_text
from scale_or_reason.common.tables import read_table
from scale_or_reason.reporting.explorer.costs import Measured
from scale_or_reason.reporting.explorer.data import explorer_data, read_manifest_summaries
from scale_or_reason.reporting.explorer.inspected import inspection_pages
from scale_or_reason.reporting.explorer.page import page
from scale_or_reason.reporting.figures.style import Style
from scale_or_reason.study import shared_options
from scale_or_reason.study.families import family_of


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[
            shared_options.page(),
            shared_options.scores(),
            shared_options.costs(),
            shared_options.flops(),
            shared_options.families(),
            shared_options.sizes(),
            shared_options.style(),
            shared_options.note(),
        ],
    )
    parser.add_argument("--uncertainty", type=Path, required=True, help="accuracies and gaps with intervals (Parquet)")
    parser.add_argument("--models", type=Path, required=True, help="folder with a folder for each trained model")
    parser.add_argument("--answers", type=Path, required=True, help="folder with a folder for each model's answers")
    parser.add_argument("--shots", type=int, required=True, help="examples of the base students that are shown first")
    parser.add_argument("--test-time", type=Path, help="accuracy of votes and cut thoughts (Parquet)")
    parser.add_argument("--gpus", type=json.loads, help="JSON: GPUs of trainings and engines, and the unit of hours")
    parser.add_argument("--timings", type=Path, help="folder of Snakemake's benchmark files, for --gpus")
    parser.add_argument("--teacher-share", type=float, default=0.0, help="share of the teacher's answers shown first")
    parser.add_argument("--pages", type=Path, help="folder with the inspection pages of items")
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    scores = read_table(arguments.scores, "scores")
    data = explorer_data(
        arguments.study,
        read_table(arguments.uncertainty, "uncertainty"),
        scores,
        read_table(arguments.costs, "costs"),
        family_of(arguments.families),
        arguments.sizes,
        arguments.shots,
        Style.from_file(arguments.style),
        read_manifest_summaries(scores, arguments.models, arguments.answers),
        arguments.flops,
        test_time=read_table(arguments.test_time, "test_time") if arguments.test_time else None,
        measured=Measured.from_settings(arguments.gpus, arguments.timings) if arguments.gpus else None,
        teacher_share=arguments.teacher_share,
        pages=inspection_pages(arguments.pages, arguments.output) if arguments.pages else {},
    )
    write_text(page(data, arguments.note), arguments.output)


if __name__ == "__main__":
    run_script(main)
