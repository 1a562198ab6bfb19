"""Tabulate the durations of a study's jobs by rule.

python workflow/scripts/job_timings.py --timings results/micro/timings --output results/micro/tables/job_timings.csv
"""

from __future__ import annotations

import argparse

from scale_or_reason.common.errors import run_script
from scale_or_reason.common.tables import write_rounded_csv
from scale_or_reason.planning.timings import job_timings
from scale_or_reason.study import shared_options


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[shared_options.timings(), shared_options.output("CSV to write")],
    )
    arguments = parser.parse_args()
    write_rounded_csv(job_timings(arguments.timings), arguments.output)


if __name__ == "__main__":
    run_script(main)
