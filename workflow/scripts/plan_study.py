"""Estimate the cost of a study before it runs: FLOPs, GPU-hours, memory, disk, jobs, wall time, price.

    snakemake plan --configfile config/studies/v1.yaml

calls it with the study's whole config as JSON. By hand:

    python workflow/scripts/plan_study.py --config "$(python -c 'import json, yaml; print(json.dumps(yaml.safe_load(
        open("config/config.yaml"))))')" --results results/v2 --output-dir results/v2/plan

Writes plan.csv (every cell of every stage), stages.csv, memory.csv, processes.csv, layouts.csv,
detection.csv, assumptions.csv and plan.html; prints a summary.
Cells with results in --results count as done. Uses no network and loads no model.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from scale_or_reason.common.errors import StudyError, run_script
from scale_or_reason.common.files import write_text
from scale_or_reason.common.tables import write_csv, write_rounded_csv
from scale_or_reason.planning.assumptions import Assumptions
from scale_or_reason.planning.calibration import NOTHING_MEASURED, Calibration, read_calibration
from scale_or_reason.planning.estimate import Estimator
from scale_or_reason.planning.page import page
from scale_or_reason.planning.plan import Plan, make_plan
from scale_or_reason.planning.report import summary
from scale_or_reason.planning.timings import job_timings
from scale_or_reason.reporting.figures import plan as picture
from scale_or_reason.reporting.figures.style import Style
from scale_or_reason.study import shared_options
from scale_or_reason.study.study import Study


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, parents=[shared_options.config()]
    )
    parser.add_argument(
        "--results", type=Path, required=True, help="results folder of the study, to find finished jobs"
    )
    parser.add_argument("--style", type=Path, default=Path("config/style.yaml"), help="how figures look")
    parser.add_argument("--output-dir", type=Path, required=True, help="folder of the plan")
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    config = arguments.config
    study = Study.from_config(config)
    assumed = Assumptions(config, study, calibration_of(config, study, arguments.results.parent))
    plan = make_plan(config, study, assumed, arguments.results, measured_seconds(arguments.results / "timings"))
    published = config["plan"]["published"]
    write_plan(plan, published, draw(plan, study, Style.from_file(arguments.style)), arguments.output_dir)
    text = summary(plan, published, str(arguments.output_dir))
    write_text(text + "\n", arguments.output_dir / "plan.txt")
    print(text)


def calibration_of(config: Mapping[str, Any], study: Study, all_results: Path) -> Calibration:
    """The measurements of the study that the config names; none if it names none."""
    name = config["plan"]["calibrate_from"]
    if name is None:
        return NOTHING_MEASURED
    estimator = Estimator(config, Assumptions(config, study))
    models: dict[str, Mapping[str, Any]] = {"student": study.students, "judge": study.judges}
    models["teacher"] = {study.teacher.name: study.teacher} if study.teacher else {}

    def gpus(role: str, model: str) -> int | None:
        entry = models[role].get(model)
        return None if entry is None else estimator.engine_gpus(entry)

    def shape(judge: str) -> Any:
        return estimator.shape(study.judges[judge]) if judge in study.judges else None

    processes = {student: entry.processes for student, entry in study.students.items()}
    return read_calibration(all_results / name, name, gpus, processes, shape)


def measured_seconds(timings: Path) -> dict[str, float]:
    """Seconds of all finished jobs by rule; empty before the first job."""
    try:
        return dict(job_timings(timings).select("rule", "seconds").iter_rows())
    except StudyError:
        return {}


def draw(plan: Plan, study: Study, style: Style) -> str:
    roles = dict.fromkeys(sorted(study.students, key=lambda name: study.students[name].size_b), "student")
    roles |= {study.teacher.name: "teacher"} if study.teacher else {}
    roles |= dict.fromkeys(study.judges, "judge")
    with style.applied():
        return picture.as_svg(picture.draw(plan.cells, plan.memory, roles, plan.gpu.memory_gb, style))


def write_plan(plan: Plan, published: Mapping[str, Any] | None, svg: str, folder: Path) -> None:
    for name in ("stages", "memory", "processes", "layouts", "detection"):
        write_rounded_csv(getattr(plan, name), folder / f"{name}.csv")
    write_rounded_csv(plan.cells, folder / "plan.csv")
    notes = [(note.assumption, str(note.value), note.unit, note.source) for note in plan.notes]
    columns = ["assumption", "value", "unit", "source"]
    write_csv(pl.DataFrame(notes, schema=dict.fromkeys(columns, pl.String()), orient="row"), folder / "assumptions.csv")
    write_text(page(plan, published, svg), folder / "plan.html")


if __name__ == "__main__":
    run_script(main)
