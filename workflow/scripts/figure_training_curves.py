"""Draw the curves of all trainings: loss, learning rate, gradient norm and tokens per second.

    python workflow/scripts/figure_training_curves.py --models results/v2/models \
        --model-ids general/Qwen2.5-3B/seq/rho-0/seed-0 general/Qwen2.5-3B/seq/rho-1/seed-0 \
        --sizes '{"Qwen2.5-3B": 3}' --output-stem results/v2/figures/training_curves

Writes OUTPUT_STEM.pdf, .png and .csv; the CSV has exactly the plotted values. Every model's training_log.csv has all
steps.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import polars as pl

from scale_or_reason.common.errors import StudyError, run_script
from scale_or_reason.reporting.figures import training_curves
from scale_or_reason.reporting.figures.style import Style, save_figure
from scale_or_reason.study import shared_options
from scale_or_reason.study.cells import Cell, parse_model_id


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[shared_options.sizes(), shared_options.figure_files()],
    )
    parser.add_argument("--models", type=Path, required=True, help="the study's folder of models")
    parser.add_argument("--model-ids", nargs="*", default=[], help="cells that were trained")
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    runs = [read_run(arguments.models, model_id) for model_id in arguments.model_ids]
    table = training_curves.table(runs, arguments.sizes)
    save_figure(arguments.output_stem, table, training_curves.draw, Style.from_file(arguments.style, arguments.note))


def read_run(models: Path, model_id: str) -> tuple[Cell, pl.DataFrame]:
    """The cell and the log of a training. Raises :class:`StudyError` for a model that is no cell of the grid."""
    cell, file = parse_model_id(model_id), models / model_id / "training_log.csv"
    if not isinstance(cell, Cell):
        raise StudyError(
            "only cells of the grid have curves", found=model_id, expected="CORPUS/STUDENT/CURRICULUM/rho-R/..."
        )
    log = pl.read_csv(file) if file.is_file() else pl.DataFrame()
    missing = [name for name in ("step", *training_curves.MEASURES) if name not in log.columns]
    if missing:
        remedy = "train the model again, or remove the figure from study.figures"
        raise StudyError(
            "the log of a training lacks columns",
            where=file,
            found=f"no {', '.join(missing)}",
            expected=f"step, {', '.join(training_curves.MEASURES)}",
            remedy=remedy,
        )
    return cell, log


if __name__ == "__main__":
    run_script(main)
