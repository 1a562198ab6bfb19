"""Stands in for every program of the workflow: writes the files that its command line asks for, and nothing else."""

from __future__ import annotations

import json
import sys
from pathlib import Path

#: The options with which the programs of statistics.smk are told where to write.
ANALYSIS = ("--fits", "--laws", "--early-stopping", "--uncertainty", "--contrasts", "--frontiers", "--statements")


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


if unresolved := [word for word in sys.argv if word.startswith("<") and word != "<|im_end|>"]:
    sys.exit(f"no program knows where this is: {unresolved}")
for option in ("--output", "--audit", "--manifest", "--audit-csv", "--audit-json", "--parquet", "--csv", *ANALYSIS):
    for name in values(option):
        model = Path(name).suffix not in (".parquet", ".csv", ".json", ".jsonl", ".html")
        for file in ("config.json", "manifest.json") if model else ("",):
            write(Path(name, file))
for name in values("--state"):  # of exclusions; a test says which revision
    revision = Path("revision")
    state = {"test": "", "benchmarks": sorted(Path(items).stem for items in values("--items")), "excluded": ""}
    Path(name).write_text(json.dumps({**state, "revision": int(revision.read_text()) if revision.is_file() else 0}))
for output in values("--output-dir"):
    # answers and a judge's verdicts are filed under their models, the rules' verdicts lie in the folder itself
    judged = {str(Path(*Path(answers).parts[3:-1])) for answers in values("--answers") if values("--judge")}
    for model_id in values("--model-ids") or judged or [""]:
        folder = Path(output, model_id)
        for items in values("--items"):
            write(folder / Path(items).name)
        write(folder / "manifest.json")
for stem in values("--output-stem"):
    for suffix in ("pdf", "png", "csv"):
        write(Path(f"{stem}.{suffix}"))
