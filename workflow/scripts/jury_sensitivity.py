"""Compute the shift from IFT to reasoning under other juries: each judge, the rule graders, other rules for ties.

    python workflow/scripts/jury_sensitivity.py --verdicts results/v2/verdicts --judges gpt-oss-120b rule_graders \\
        --jury '{"majority": "readable", "tie": "undecided"}' \\
        --families '[{"name": "Math-OE", "benchmarks": ["gsm8k"]}]' \\
        --model-ids general/Qwen2.5-3B/seq/rho-0/seed-0 general/Qwen2.5-3B/seq/rho-1/seed-0 \\
        --sizes '{"Qwen2.5-3B": 3}' --corpora general --output results/v2/tables/jury_sensitivity.csv \\
        --statements results/v2/tables/jury_findings.csv
"""

from __future__ import annotations

import argparse
from pathlib import Path

from scale_or_reason.claims.jury_sensitivity import decided_scores, jury_findings, jury_sensitivity
from scale_or_reason.common.columns import read_columns
from scale_or_reason.common.errors import run_script
from scale_or_reason.common.tables import write_rounded_csv
from scale_or_reason.inference.requests import json_object
from scale_or_reason.judging.agreement import VERDICT_COLUMNS
from scale_or_reason.judging.jury import JuryRule
from scale_or_reason.study import shared_options
from scale_or_reason.study.families import family_of
from scale_or_reason.study.result_paths import verdict_files


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[
            shared_options.verdicts(),
            shared_options.judges("who speaks"),
            shared_options.jury(),
            shared_options.model_ids("students of one format, and perhaps the teacher"),
            shared_options.families(),
            shared_options.sizes(),
            shared_options.output("what reasoning adds in each cell, to write (CSV)"),
        ],
    )
    parser.add_argument("--corpora", nargs="+", required=True, help="corpora, in the table's order")
    parser.add_argument("--statements", type=Path, required=True, help="the papers' statements, to write (CSV)")
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    families = family_of(arguments.families)
    files = (verdict_files(arguments.verdicts, arguments.judges, arguments.model_ids, [name]) for name in families)
    verdicts = (read_columns(of_benchmark, "verdicts", VERDICT_COLUMNS) for of_benchmark in files)
    jury = JuryRule.from_settings(json_object(arguments.jury, "--jury"))
    scores = decided_scores(verdicts, jury, families, arguments.jurors)
    study = {"sizes": arguments.sizes, "corpora": arguments.corpora}
    table = jury_sensitivity(scores, families, **study)
    write_rounded_csv(table, arguments.output)
    print(f"findings that differ from the study's: {table['changed'].sum()} of {table.height}")
    statements = jury_findings(scores, families, **study)
    write_rounded_csv(statements, arguments.statements)
    print(f"statements that change: {statements['changed'].sum()} of {statements.height}")


if __name__ == "__main__":
    run_script(main)
