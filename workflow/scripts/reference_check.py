"""Compute every statement of the papers from the papers' own numbers, and fail if one differs from the printed value.

    python workflow/scripts/reference_check.py --reference FOLDER --output reference_check.csv

The folder holds v2_table1.csv, v2_teacher.csv and v2_inference_power_law.csv, with the columns that
docs/how-to/compare_with_the_papers.md lists.
Status 1: a statement differs. Statements that need other tables are listed with the missing ones.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from scale_or_reason.claims.paper_results import reference_findings
from scale_or_reason.claims.statements import STATEMENTS
from scale_or_reason.common.errors import run_script
from scale_or_reason.common.tables import write_rounded_csv
from scale_or_reason.common.wording import counted
from scale_or_reason.study import shared_options


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[shared_options.paper_tables()],
    )
    parser.add_argument("--output", type=Path, help="also write what is printed as CSV")
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    table = reference_findings(arguments.reference, STATEMENTS)
    for row in table.iter_rows(named=True):
        print(line(row))
    computed, differing = table["agrees"].count(), (~table["agrees"].drop_nulls()).sum()
    print(f"{computed} of {counted(table.height, 'statement')} computed from the papers' tables; {differing} differ")
    if arguments.output:
        write_rounded_csv(table, arguments.output)
    if differing or not computed:
        raise SystemExit(1)


def line(row: dict[str, Any]) -> str:
    """One statement with its computed and expected values and the papers' wording."""
    words = f"{row['name']} ({row['source']}): {row['statement']}"
    said = f"; the papers say {row['paper']}" if row["paper"] else ""
    if row["agrees"] is None:
        return f"  not in the tables  {words}{said}; {row['note']}"
    state = "agrees           " if row["agrees"] else "DIFFERS          "
    computed = "nothing" if row["value"] is None else f"{row['value']:.3g} {row['unit']}, {row['verdict']}"
    expected = "nothing" if row["expected"] is None else f"{row['expected']:g}, {row['expected_verdict']}"
    remark = f"; {row['remark']}" if row["remark"] else ""
    return f"  {state}  {words}: {computed} (expected {expected}){said}{remark}"


if __name__ == "__main__":
    run_script(main)
