"""Read the scores that people edited in logs of inspect_ai, and write them as labels (CSV).

    .venv-inspect/bin/python workflow/scripts/read_inspect_labels.py --logs edited --output labels.csv

It needs the package inspect_ai, which has an environment of its own: docs/how-to/inspect_with_inspect_ai.md. It never
overwrites a file with other columns, such as a filled-in sheet.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import polars as pl

from scale_or_reason.common.errors import StudyError, run_script
from scale_or_reason.common.files import atomic_path
from scale_or_reason.common.wording import counted
from scale_or_reason.reporting.eval_logs.edits import EDIT_COLUMNS, read_edits


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--logs", type=Path, required=True, help="folder with edited copies of logs")
    parser.add_argument("--output", type=Path, required=True, help="file of labels to write (CSV)")
    parser.add_argument("--person", help="who made edits that name no author")
    parser.add_argument("--scorers", nargs="+", default=[], help="scores that are labels as a whole, by their names")
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    refuse_others(arguments.output)
    table = read_edits(arguments.logs, arguments.person, arguments.scorers)
    with atomic_path(arguments.output) as partial:
        table.write_csv(partial)
    counts = ", ".join(f"{count} by {person}" for person, count in table["person"].value_counts().sort("person").rows())
    print(f"{counted(table.height, 'label')}: {counts}. Use them: labels: {{path: {arguments.output}}}")


def refuse_others(path: Path) -> None:
    """Raise :class:`StudyError` for a file that this program has not written."""
    if path.exists() and pl.read_csv(path, infer_schema=False).columns != EDIT_COLUMNS:
        raise StudyError(
            "the output has labels of another source",
            where=path,
            key="--output",
            found="a file with other columns",
            expected="no file, or one that this program wrote",
            remedy="choose another name; put the files together, if you want both",
        )


if __name__ == "__main__":
    run_script(main)
