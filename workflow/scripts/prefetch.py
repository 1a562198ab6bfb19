"""Download every model and data set that a study uses from the hub, and lock their commits.

    python workflow/scripts/prefetch.py --lock results/v2/hub.lock.json --table results/v2/hub/repositories.csv \\
        --needs '[{"kind": "model", "name": "Qwen/Qwen2.5-0.5B", "key": "students.Qwen2.5-0.5B.model",
                   "patterns": ["*.safetensors", "*.json"]}]'

Sizes and free disk are checked before anything is downloaded. A commit that is locked stays. Repeat the command after
an interruption: finished files are kept.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import polars as pl

from scale_or_reason.common.errors import run_script
from scale_or_reason.common.files import write_json
from scale_or_reason.common.tables import write_csv
from scale_or_reason.common.wording import counted
from scale_or_reason.hub.download import GB, check_disk, download, select_files
from scale_or_reason.hub.needs import Need
from scale_or_reason.study.hub_lock import cache_folder, read_lock

COLUMNS = {"kind": pl.String, "name": pl.String, "revision": pl.String, "commit": pl.String}


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--needs", type=json.loads, required=True, help="JSON: the repositories and their files")
    parser.add_argument("--lock", type=Path, required=True, help="lock file to read and to write (JSON)")
    parser.add_argument("--table", type=Path, required=True, help="CSV file: a row for each repository")
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    needs = [Need.from_values(values) for values in arguments.needs]
    selections = select_files(needs, read_lock(arguments.lock), print)
    check_disk(selections)
    for selection in selections:
        missing = sum(selection.missing.values())
        amount = f"{missing / GB:.2f} GB to download" if selection.missing else "in the cache"
        print(
            f"{selection.repository.name}@{selection.commit[:12]}: {counted(len(selection.files), 'file')}, {amount}",
            flush=True,
        )
        download(selection)
    rows: list[dict[str, Any]] = [selection.row for selection in selections]
    if rows:
        write_json({"repositories": rows}, arguments.lock)
    schema = {**COLUMNS, "files": pl.Int64, "bytes": pl.Int64}
    write_csv(pl.DataFrame(rows, schema=schema), arguments.table)
    if not rows:
        print("The study uses nothing from the hub: there is nothing to download.")
        return
    print(
        f"In {cache_folder()}, locked in {arguments.lock}: {counted(len(rows), 'repository', 'repositories')}. "
        "All jobs of this study now use these commits and leave the hub alone."
    )


if __name__ == "__main__":
    run_script(main)
