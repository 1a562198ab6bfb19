"""Write the results of a study to one zip file, without weights, logs and training data.

    snakemake archive --configfile config/studies/v1.yaml

calls it with the study's config as JSON; `archive.include` of the config chooses further parts. It archives what is
there and starts no job. The archive has checksums and instructions: see README.txt in its folder `archive`.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from scale_or_reason.common.errors import run_script
from scale_or_reason.common.wording import counted
from scale_or_reason.integrity.archive import PARTS, write_archive
from scale_or_reason.integrity.report import size


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path, required=True, help="results folder of the study")
    parser.add_argument("--config", type=json.loads, required=True, help="JSON: the study's config")
    parser.add_argument("--include", nargs="*", choices=sorted(PARTS), default=[], help="further parts")
    parser.add_argument("--rules", nargs="*", default=[], help="rules that may run in the unpacked archive")
    parser.add_argument("--expected", type=Path, nargs="*", default=[], help="files that a finished study has")
    parser.add_argument("--output", type=Path, required=True, help="zip file to write")
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    missing = [str(file) for file in arguments.expected if not file.is_file()]
    if missing:
        others = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        print(f"note: the study is not finished: {missing[0]}{others} not there", file=sys.stderr)
    files, count = write_archive(
        arguments.results, arguments.output, arguments.include, arguments.config, arguments.rules
    )
    print(f"{arguments.output}: {counted(files, 'file')} of {size(count)} in {size(arguments.output.stat().st_size)}")


if __name__ == "__main__":
    run_script(main)
