"""Check every file of a study: checksums, weights, the inputs and settings of manifests.

    snakemake verify --configfile config/studies/v1.yaml

calls it with the study's config as JSON. By hand, also for results that were copied or moved:

    python workflow/scripts/verify_study.py --results results/v2

Prints a table by folder, what is wrong, and notes on package versions. Exits with status 1 if something is wrong. Reads
every file once, in parallel; loads no model, needs no GPU.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from tqdm import tqdm

from scale_or_reason.common.errors import StudyError, run_script
from scale_or_reason.integrity.files import check_files
from scale_or_reason.integrity.manifests import check_manifests
from scale_or_reason.integrity.report import report


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path, required=True, help="results folder of the study")
    parser.add_argument(
        "--config", type=json.loads, help="JSON: the study's config; without it, settings are not compared"
    )
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    if not arguments.results.is_dir():
        raise StudyError(
            "there is nothing to verify",
            where=arguments.results,
            found="no such folder",
            expected="the results folder of a study",
            remedy="run the study first, with the same --configfile",
        )
    with tqdm(unit="B", unit_scale=True, mininterval=10, file=sys.stderr, disable=not sys.stderr.isatty()) as bar:
        checked, files = check_files(arguments.results, bar.update)
    check_manifests(arguments.results, files, checked, arguments.config)
    print(report(checked, arguments.results))
    if checked.findings:
        raise SystemExit(1)


if __name__ == "__main__":
    run_script(main)
