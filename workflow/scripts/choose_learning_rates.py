"""Choose a student's learning rates from its trials, one for each format.

    python workflow/scripts/choose_learning_rates.py \
        --trials results/v2/learning_rates/general/Qwen2.5-3B/*/lr-*.json \
        --output results/v2/learning_rates/Qwen2.5-3B.json --csv results/v2/learning_rates/Qwen2.5-3B.csv

Selects the rate with the lowest held-out loss; ties go to the lower rate. Diverged trials are never selected. The
CSV has one row per trial.
"""

from __future__ import annotations

import argparse
import sys
from itertools import groupby
from pathlib import Path

import polars as pl

from scale_or_reason.common.errors import run_script
from scale_or_reason.common.files import read_json, write_json
from scale_or_reason.common.tables import write_rounded_csv
from scale_or_reason.study.learning_rates import format_rate
from scale_or_reason.training.learning_rate_search import Trial, best_trial, remark

_SCHEMA = {
    "student": pl.String(),
    "format": pl.String(),
    "learning_rate": pl.Float64(),
    "held_out_loss": pl.Float64(),
    "diverged": pl.String(),
    "chosen": pl.Boolean(),
    "remark": pl.String(),
}


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=Path, nargs="+", required=True, help="files of try_learning_rate.py")
    parser.add_argument("--output", type=Path, required=True, help="JSON: the rate of each format")
    parser.add_argument("--csv", type=Path, required=True, help="table of the trials")
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    trials = sorted(map(read_trial, arguments.trials), key=lambda trial: (trial.format, -trial.learning_rate))
    rates, rows = {}, []
    for answer_format, group in groupby(trials, key=lambda trial: trial.format):
        tried = list(group)
        chosen = best_trial(tried)
        rates[answer_format] = chosen.learning_rate
        for trial in tried:
            note = remark(chosen, tried) if trial is chosen else None
            rows.append({**vars(trial), "chosen": trial is chosen, "remark": note})
            print(line_of(trial, chosen, note), file=sys.stderr)
    write_rounded_csv(pl.DataFrame(rows, schema=_SCHEMA), arguments.csv)
    write_json(rates, arguments.output)


def read_trial(path: Path) -> Trial:
    """The trial in a file of try_learning_rate.py."""
    content = read_json(path)
    return Trial(**{name: content[name] for name in Trial.__dataclass_fields__})


def line_of(trial: Trial, chosen: Trial, note: str | None) -> str:
    """The result of a trial, with a mark if it is the chosen one."""
    result = trial.diverged or f"held-out loss {trial.held_out_loss:.4f}"
    mark = f" <- chosen{f' ({note})' if note else ''}" if trial is chosen else ""
    return f"{trial.student} {trial.format} {format_rate(trial.learning_rate)}: {result}{mark}"


if __name__ == "__main__":
    run_script(main)
