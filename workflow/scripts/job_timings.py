"""Tabulate by rule how long the jobs of a study took.

python workflow/scripts/job_timings.py --timings results/micro/timings --output results/micro/tables/job_timings.csv
"""

from __future__ import annotations

import argparse
from pathlib import Path

from scale_or_reason.common.errors import run_script
from scale_or_reason.common.tables import write_csv
from scale_or_reason.planning.timings import job_timings


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--timings", type=Path, required=True, help="folder of Snakemake's benchmark files")
    parser.add_argument("--output", type=Path, required=True, help="CSV to write")
    arguments = parser.parse_args()
    write_csv(job_timings(arguments.timings), arguments.output)


if __name__ == "__main__":
    run_script(main)
