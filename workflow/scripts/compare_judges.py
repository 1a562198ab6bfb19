"""How far judges agree with each other and with the rule graders, as Parquet and CSV: by benchmark, and over all.

    python workflow/scripts/compare_judges.py --verdicts results/v2/verdicts --judges gpt-oss-120b rules \\
        --model-ids general/Qwen2.5-3B/seq/rho-1/seed-0 --families '[{"name": "Math-OE", "benchmarks": ["gsm8k"]}]' \\
        --seed 0 --parquet results/v2/tables/judge_agreement.parquet --csv results/v2/tables/judge_agreement.csv
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from scale_or_reason.common.columns import read_columns
from scale_or_reason.common.errors import run_script
from scale_or_reason.common.tables import write_csv, write_table
from scale_or_reason.judging.agreement import VERDICT_COLUMNS, judge_agreement
from scale_or_reason.study.families import family_of
from scale_or_reason.study.result_paths import verdict_files


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--verdicts", type=Path, required=True, help="the folder with JUDGE/MODEL_ID/BENCHMARK.parquet")
    parser.add_argument("--judges", nargs="+", required=True, help="who is compared; rule_graders for the rule graders")
    parser.add_argument("--model-ids", nargs="+", required=True, help="whose answers they spoke about")
    parser.add_argument("--families", type=json.loads, required=True, help="JSON: the config's list study.families")
    parser.add_argument("--seed", type=int, required=True, help="the study's seed; draws the intervals' replicates")
    parser.add_argument("--parquet", type=Path, required=True, help="table to write")
    parser.add_argument("--csv", type=Path, required=True, help="the same as CSV")
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    families = family_of(arguments.families)
    files = (verdict_files(arguments.verdicts, arguments.judges, arguments.model_ids, [name]) for name in families)
    verdicts = (read_columns(of_benchmark, "verdicts", VERDICT_COLUMNS) for of_benchmark in files)
    table = judge_agreement(verdicts, families, arguments.seed)
    write_table(table, arguments.parquet, "judge_agreement")
    write_csv(table, arguments.csv)


if __name__ == "__main__":
    run_script(main)
