"""Take published pairs of answers to the chosen prompts of a corpus, and audit them as those of our own teacher.

    python workflow/scripts/import_released_pairs.py --prompts general.parquet --overlaps general.overlaps.parquet \\
        --corpus general --kind hub --path Scale-or-Reason/general-reasoning-ift-pairs --split reasoning_ift_pairs \\
        --tokenizer Qwen/Qwen3-235B-A22B --seed 0 \\
        --output general.pairs.parquet --audit-csv audit.csv --audit-json audit.json

Rows have the columns prompt, ift and reasoning. The tokenizer counts the tokens of prompts (in its chat template) and
answers; take the one of the teacher that wrote them.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tqdm import tqdm

from scale_or_reason.common.errors import run_script
from scale_or_reason.common.tables import read_parts, read_table, table_writer
from scale_or_reason.data.faulty_rows import FaultyRows
from scale_or_reason.data.pairs import PairMaker, write_audit
from scale_or_reason.data.released_pairs import COLUMNS, paired_rows
from scale_or_reason.data.source_options import add_source_options, open_source
from scale_or_reason.inference.token_counts import TokenCounter


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prompts", type=Path, required=True, help="Parquet file, schema prompts: the chosen ones")
    parser.add_argument("--overlaps", type=Path, required=True, help="Parquet file, schema overlaps")
    parser.add_argument("--corpus", required=True, help="the corpus's name")
    add_source_options(parser)
    parser.add_argument("--tokenizer", required=True, help="folder or hub id of the tokenizer that counts")
    parser.add_argument("--seed", type=int, required=True, help="the study's seed, for the table")
    parser.add_argument("--output", type=Path, required=True, help="Parquet file, schema pairs")
    parser.add_argument("--audit-csv", type=Path, required=True, help="dropped pairs by reason: reason,count")
    parser.add_argument("--audit-json", type=Path, required=True, help="kept, dropped, overlaps, length ratio, commit")
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
