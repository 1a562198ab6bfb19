"""Stands in for every program of the workflow: writes the files that its command line asks for, and nothing else."""

from __future__ import annotations

import sys
from pathlib import Path


def values(option: str) -> list[str]:
    """The words after an option, up to the next one."""
    if option not in sys.argv:
        return []
    words = sys.argv[sys.argv.index(option) + 1 :]
    end = next((index for index, word in enumerate(words) if word.startswith("--")), len(words))
    return words[:end]


def write(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(" ".join(sys.argv[1:]))


for option in ("--output", "--audit-csv", "--audit-json", "--parquet", "--csv"):
    for name in values(option):
        model = Path(name).suffix not in (".parquet", ".csv", ".json", ".jsonl")
        for file in ("config.json", "manifest.json") if model else ("",):
            write(Path(name, file))
for folder in values("--output-dir"):
    for items in values("--items"):
        write(Path(folder, Path(items).name))
    write(Path(folder, "manifest.json"))
for stem in values("--output-stem"):
    for suffix in ("pdf", "png", "csv"):
        write(Path(f"{stem}.{suffix}"))
