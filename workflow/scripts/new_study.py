"""Write a commented overlay for a new study.

    snakemake new_study --config new_study=my_study
    python workflow/scripts/new_study.py --name my_study --template config/new_study.yaml

The file is NAME.yaml in the working directory; an existing one is never overwritten.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from scale_or_reason.common.errors import StudyError, run_script


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--name", required=True, help="the study's name, also of the file")
    parser.add_argument("--template", type=Path, required=True, help="the overlay to copy; NAME stands for the name")
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    file = Path(f"{arguments.name}.yaml")
    text = arguments.template.read_text(encoding="utf-8").replace("NAME", arguments.name)
    try:
        with file.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except FileExistsError:
        raise StudyError(
            "this study has a file already",
            where=file,
            found="an existing file",
            expected="no such file",
            remedy="choose another name, or edit the file",
        ) from None
    print(f"{file}: edit it, then run: snakemake -n --configfile {file}")


if __name__ == "__main__":
    run_script(main)
