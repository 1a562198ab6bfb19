"""Tabulate requested and used resources by rule, to tune `compute` in the config.

    python workflow/scripts/resource_usage.py --timings results/v2/timings --study v2 \\
        --output results/v2/tables/resource_usage.csv

With Slurm's accounting, cancelled and failed jobs and GPU hours are included.
"""

from __future__ import annotations

import argparse
import subprocess
import sys

import polars as pl

from scale_or_reason.common.errors import run_script
from scale_or_reason.common.tables import write_rounded_csv
from scale_or_reason.planning.resource_usage import SACCT_FIELDS, resource_usage, slurm_jobs
from scale_or_reason.study import shared_options


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[shared_options.timings(), shared_options.output("CSV to write")],
    )
    parser.add_argument("--study", required=True, help="its name, with which the names of its Slurm jobs begin")
    parser.add_argument("--since", default="now-365days", help="jobs in Slurm's accounts from then on (%(default)s)")
    arguments = parser.parse_args()
    write_rounded_csv(resource_usage(arguments.timings, accounts(arguments.study, arguments.since)), arguments.output)


def accounts(study: str, since: str) -> pl.DataFrame | None:
    """Slurm's accounting of the study; None without accounting."""
    command = ["sacct", "--parsable2", "--noheader", "--starttime", since, f"--format={','.join(SACCT_FIELDS)}"]
    try:
        said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=600).stdout
    except (OSError, subprocess.SubprocessError) as error:
        print(f"without Slurm's accounting: {error}", file=sys.stderr)
        return None
    return slurm_jobs(said.splitlines(), study)


if __name__ == "__main__":
    run_script(main)
