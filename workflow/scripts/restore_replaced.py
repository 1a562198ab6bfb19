"""Bring back the results that a run has replaced, as far as it has not finished their successors.

    snakemake restore --configfile config/studies/v1.yaml

By hand, in the folder that Snakemake runs in: python workflow/scripts/restore_replaced.py --results results/v2

Moves them from the study's folder `replaced` to their places, with Snakemake's records of what they were made with, so
that a later change of their settings is still noticed.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from scale_or_reason.common.errors import run_script
from scale_or_reason.common.wording import counted
from snakemake_study.replacing import Kept


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path, required=True, help="results folder of the study")
    results = parser.parse_args().results
    restored = Kept(results).restore()
    print(*restored, f"{results}: {counted(len(restored), 'result')} brought back", sep="\n")


if __name__ == "__main__":
    run_script(main)
