"""Write a sheet of answers for people to label (CSV).

    python workflow/scripts/write_label_sheet.py --results results/v2 --judges gpt-oss-120b rule_graders \\
        --answered '[{"model_ids": ["base/Qwen2.5-3B/shots-3"], "benchmarks": ["gsm8k"]}]' \\
        --number 100 --disputed 0.5 --seed 0 --output results/v2/labels/sheet.csv

A sheet with labels in it is never overwritten.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import polars as pl

from scale_or_reason.common.checksums import record_of
from scale_or_reason.common.columns import read_columns
from scale_or_reason.common.errors import StudyError, run_script
from scale_or_reason.common.tables import scan_table, write_csv
from scale_or_reason.common.wording import counted
from scale_or_reason.judging.label_sheet import draw, sheet
from scale_or_reason.judging.labels import KEY
from scale_or_reason.study import shared_options
from scale_or_reason.study.result_paths import result_path, verdict_files


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[
            shared_options.judges("whose disagreement makes an answer disputed"),
            shared_options.seed("draws the answers"),
            shared_options.answered(),
            shared_options.output("sheet to write (CSV)"),
        ],
    )
    parser.add_argument("--results", type=Path, required=True, help="the study's folder, with answers/ and verdicts/")
    parser.add_argument("--number", type=int, required=True, help="answers on the sheet")
    parser.add_argument("--disputed", type=float, required=True, help="share of them that judges disagree on")
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    refuse_labelled(arguments.output)
    models, root = shared_options.benchmarks_of(arguments.answered), arguments.results
    benchmarks = list(dict.fromkeys(name for names in models.values() for name in names))

    def verdicts(name: str) -> pl.DataFrame:
        own = [model_id for model_id, names in models.items() if name in names]
        files = verdict_files(root / "verdicts", arguments.judges, own, [name])
        return read_columns(files, "verdicts", [*KEY, "verdict"])

    drawn = draw(map(verdicts, benchmarks), arguments.number, arguments.disputed, arguments.seed)
    answers = [
        scan_table(root / result_path("answers", model_id=model_id, benchmark=name), "answers")
        .filter(pl.col("item_id").is_in(rows["item_id"].to_list()))
        .select(*KEY, "answer")
        .collect()
        for (model_id, name), rows in drawn.group_by("model_id", "benchmark", maintain_order=True)
    ]
    items = [
        scan_table(root / result_path("items", benchmark=name), "items")
        .filter(pl.col("item_id").is_in(rows["item_id"].to_list()))
        .select("benchmark", "item_id", "question", "gold")
        .collect()
        for (name,), rows in drawn.group_by("benchmark", maintain_order=True)
    ]
    write_csv(sheet(drawn, pl.concat(answers), pl.concat(items)), arguments.output)
    record_of(arguments.output).unlink(missing_ok=True)  # people will change the file
    disputed = drawn["disputed"].sum()
    print(f"{arguments.output}: {counted(drawn.height, 'answer')}, {disputed} of them with different verdicts")


def refuse_labelled(path: Path) -> None:
    """Raise :class:`StudyError` if the sheet has labels."""
    if not path.is_file():
        return
    found = pl.read_csv(path, infer_schema=False, encoding="utf8-lossy")
    labelled = (
        found.filter(pl.col("label").str.strip_chars() != "").height if "label" in found.columns else found.height
    )
    if labelled:
        raise StudyError(
            "the sheet has labels, which a new one would overwrite",
            where=path,
            found=counted(labelled, "label"),
            expected="no file, or a sheet without labels",
            remedy="move the file, and set labels.path to its new place",
        )


if __name__ == "__main__":
    run_script(main)
