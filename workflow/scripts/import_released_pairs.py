"""Import released pairs of answers to the chosen prompts of a corpus, and audit them like generated pairs.

    python workflow/scripts/import_released_pairs.py --prompts general.parquet --overlaps general.overlaps.parquet \\
        --corpus general --kind hub --path Scale-or-Reason/general-reasoning-ift-pairs --split reasoning_ift_pairs \\
        --tokenizer Qwen/Qwen3-235B-A22B --seed 0 \\
        --output general.pairs.parquet --audit-csv audit.csv --audit-json audit.json

Rows have the columns prompt, ift and reasoning. The tokenizer counts the tokens of prompts (in its chat template) and
answers; use that of the teacher which generated them.
"""

from __future__ import annotations

import argparse
import sys

from tqdm import tqdm

from scale_or_reason.common.errors import run_script
from scale_or_reason.common.tables import read_parts, read_table, table_writer
from scale_or_reason.data.faulty_rows import FaultyRows
from scale_or_reason.data.pairs import PairMaker, write_audit
from scale_or_reason.data.released_pairs import COLUMNS, paired_rows
from scale_or_reason.data.source_options import add_source_options, open_source
from scale_or_reason.inference.token_counts import TokenCounter
from scale_or_reason.study import shared_options


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[shared_options.prompts(), shared_options.kept_and_dropped_pairs(), shared_options.corpus()],
    )
    add_source_options(parser)
    parser.add_argument("--tokenizer", required=True, help="folder or hub id of the tokenizer that counts")
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    rows, commit = open_source(arguments, COLUMNS)
    counter = TokenCounter(arguments.tokenizer)
    maker = PairMaker(
        read_table(arguments.overlaps, "overlaps"), teacher="released", sampling="{}", seed=arguments.seed
    )
    faults = FaultyRows()
    with table_writer(arguments.output, "pairs") as append:
        for part in paired_rows(
            tqdm(rows, desc=arguments.corpus, unit="row", mininterval=10, file=sys.stderr),
            read_parts(arguments.prompts, "prompts"),
            maker,
            corpus=arguments.corpus,
            count_prompts=counter.count_prompts,
            count_answers=counter.count_texts,
            where=arguments.path,
            faults=faults,
        ):
            append(part)
        maker.audit.check_some_are_left(arguments.path)
    if note := faults.summary():
        print(note, file=sys.stderr)
    print(write_audit(maker.audit, arguments.audit_csv, arguments.audit_json, commit=commit))


if __name__ == "__main__":
    run_script(main)
