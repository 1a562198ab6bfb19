"""Move the damaged files of a study to its folder `damaged`, so that they are made again, and nothing else is.

    snakemake quarantine --configfile config/studies/v1.yaml

By hand: python workflow/scripts/quarantine_damaged.py --results results/v2

Finds what `snakemake verify` finds. A damaged file of a model or of tokens moves with its whole folder. Prints the
command that makes again what was moved. Results that come out with the same content keep their time, so that Snakemake
does not make again what was made from them.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from scale_or_reason.common.errors import run_script
from scale_or_reason.integrity.files import check_files
from scale_or_reason.integrity.quarantine import FOLDER, TARGETS, quarantine


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path, required=True, help="results folder of the study")
    results = parser.parse_args().results
    moved = quarantine(check_files(results)[0].findings, results)
    for path, target in moved:
        print(f"{path} -> {target}")
    if moved:
        command = f"xargs snakemake OPTIONS -- < {results / FOLDER / TARGETS}"
        print(f"{len(moved)} damaged; to make these alone again, with the options of the study: {command}")
    else:
        print("nothing is damaged")


if __name__ == "__main__":
    run_script(main)
