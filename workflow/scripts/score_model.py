"""Score one model: accuracy with its interval for each benchmark, from the verdicts of judges and rule graders.

    python workflow/scripts/score_model.py --model-id general/Qwen2.5-3B/seq/rho-1/seed-0 \
        --families '[{"name": "Math-OE", "benchmarks": ["gsm8k"]}]' --items results/v2/benchmarks/gsm8k.parquet \
        --answers results/v2/answers/general/Qwen2.5-3B/seq/rho-1/seed-0/gsm8k.parquet \
        --verdicts results/v2/verdicts/gpt-oss-120b/general/Qwen2.5-3B/seq/rho-1/seed-0/gsm8k.parquet \
        --output results/v2/scores/general/Qwen2.5-3B/seq/rho-1/seed-0.parquet
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from scale_or_reason.columns import read_columns
from scale_or_reason.errors import run_script
from scale_or_reason.generation import json_object
from scale_or_reason.jury import JuryRule
from scale_or_reason.scores import ANSWER_COLUMNS, GRADE_COLUMNS, ITEM_COLUMNS, VERDICT_COLUMNS, score_model
from scale_or_reason.tables import write_table


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model-id", required=True, help="the part of the answers' path below answers/")
    parser.add_argument("--families", type=json.loads, required=True, help="JSON: the config's list study.families")
    parser.add_argument("--items", type=Path, nargs="+", required=True, help="tables of items, one per benchmark")
    parser.add_argument("--answers", type=Path, nargs="+", required=True, help="tables of answers, one per benchmark")
    parser.add_argument("--verdicts", type=Path, nargs="*", default=[], help="the judges' verdicts on them")
    parser.add_argument(
        "--graders", type=Path, nargs="*", default=[], help="the rule graders' verdicts; alone they decide"
    )
    parser.add_argument("--jury", default="{}", help="JSON: how judges who differ decide (keys majority, tie)")
    parser.add_argument("--output", type=Path, required=True, help="score table to write (Parquet)")
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    model_id = arguments.model_id
    scores = score_model(
        model_id,
        arguments.families,
        items=read_columns(arguments.items, "items", ITEM_COLUMNS),
        answers=read_columns(arguments.answers, "answers", ANSWER_COLUMNS, model_id),
        verdicts=read_columns(arguments.verdicts, "verdicts", VERDICT_COLUMNS, model_id),
        graders=read_columns(arguments.graders, "verdicts", GRADE_COLUMNS, model_id),
        jury=JuryRule.from_settings(json_object(arguments.jury, "--jury")),
    )
    write_table(scores, arguments.output, "scores")


if __name__ == "__main__":
    run_script(main)
