"""Choose the training prompts of a corpus: read a prompt source, filter, drop duplicates, take a seeded sample.

    python workflow/scripts/prepare_prompts.py --corpus general --schema infinity_instruct --kind hub \\
        --path BAAI/Infinity-Instruct --config 7M_core --split train --languages en --max-chars 20000 \\
        --jaccard 0.8 --num-prompts 1300000 --seed 0 --output general.parquet --audit general.audit.csv \\
        --manifest general.json

    python workflow/scripts/prepare_prompts.py --corpus math --schema llama_nemotron --kind jsonl \\
        --path math.jsonl --num-prompts 1000 --seed 0 --output math.parquet --audit math.audit.csv \\
        --manifest math.json

The audit counts the outcomes of all rows: outcome,rows. Memory is bounded for any size of the source; prompts are
buffered on disk beside the output.
"""

from __future__ import annotations

import argparse
import sys
from itertools import islice
from pathlib import Path

import polars as pl
from tqdm import tqdm

from scale_or_reason.common.errors import StudyError, run_script
from scale_or_reason.common.files import write_json
from scale_or_reason.common.manifests import manifest
from scale_or_reason.common.tables import write_csv
from scale_or_reason.common.wording import counted
from scale_or_reason.data.faulty_rows import FaultyRows
from scale_or_reason.data.prompt_schemas import PROMPT_SCHEMAS, columns_of
from scale_or_reason.data.prompts import PromptRules, choose_prompts
from scale_or_reason.data.source_options import add_source_options, open_source
from scale_or_reason.study import shared_options


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[shared_options.corpus(), shared_options.seed(), shared_options.output("Parquet file, schema prompts")],
    )
    parser.add_argument("--schema", required=True, choices=PROMPT_SCHEMAS, help="how the source's rows look")
    add_source_options(parser)
    parser.add_argument("--rows", type=int, help="read only this many rows from the start of the source (default: all)")
    parser.add_argument("--languages", nargs="+", help="codes of the source's language column (default: all)")
    parser.add_argument("--min-chars", type=int, default=1, help="minimum characters of a prompt (default: 1)")
    parser.add_argument("--max-chars", type=int, help="maximum characters of a prompt (default: none)")
    parser.add_argument(
        "--jaccard",
        type=float,
        help="Jaccard similarity of five-word runs above which prompts are duplicates (default: none are)",
    )
    parser.add_argument("--num-prompts", type=int, help="at most this many prompts (default: all)")
    parser.add_argument("--audit", type=Path, required=True, help="CSV file: outcome,rows")
    parser.add_argument("--manifest", type=Path, required=True, help="JSON file: settings, and the source's commit")
    return parser.parse_args()


def rules_from(arguments: argparse.Namespace) -> PromptRules:
    """The options' values; :class:`StudyError` for invalid numbers."""
    for name in ("rows", "num_prompts", "min_chars", "max_chars"):
        value = getattr(arguments, name)
        if value is not None and value < 1:
            raise StudyError("the number is not positive", where=f"--{name}", found=value, expected="1 or more")
    if arguments.jaccard is not None and not 0 < arguments.jaccard <= 1:
        raise StudyError(
            "a similarity is out of range",
            where="--jaccard",
            found=arguments.jaccard,
            expected="more than 0, at most 1",
        )
    if arguments.max_chars is not None and arguments.max_chars < arguments.min_chars:
        raise StudyError(
            "--max-chars is below --min-chars",
            where="--max-chars",
            found=arguments.max_chars,
            expected=f">= {arguments.min_chars}",
        )
    return PromptRules(
        languages=tuple(arguments.languages) if arguments.languages else None,
        min_chars=arguments.min_chars,
        max_chars=arguments.max_chars,
        jaccard=arguments.jaccard,
        num_prompts=arguments.num_prompts,
    )


def main() -> None:
    arguments = parse_arguments()
    rules = rules_from(arguments)
    # Streamed: the math source has 20 million rows with long answers, of which only the prompts are kept.
    rows, commit = open_source(arguments, columns_of(PROMPT_SCHEMAS[arguments.schema]), streaming=True)
    faults = FaultyRows()
    shown = tqdm(islice(rows, arguments.rows), desc=arguments.corpus, unit="row", mininterval=10, file=sys.stderr)
    outcomes = choose_prompts(
        shown,
        arguments.output,
        corpus=arguments.corpus,
        schema=arguments.schema,
        rules=rules,
        seed=arguments.seed,
        where=arguments.path,
        faults=faults,
    )
    write_csv(pl.DataFrame({"outcome": list(outcomes), "rows": list(outcomes.values())}), arguments.audit)
    settings = {name: value for name, value in vars(arguments).items() if not isinstance(value, Path)}
    write_json({**manifest({}, settings), "commit": commit, "rows": outcomes}, arguments.manifest)
    listing = ", ".join(f"{count} {outcome}" for outcome, count in outcomes.items() if count)
    print(f"{arguments.corpus}: {counted(sum(outcomes.values()), 'row')}: {listing}")
    if note := faults.summary():
        print(note, file=sys.stderr)
    if arguments.num_prompts is not None and outcomes["kept"] < arguments.num_prompts:
        print(
            f"note: the source has only {outcomes['kept']} of the {counted(arguments.num_prompts, 'requested prompt')}",
            file=sys.stderr,
        )


if __name__ == "__main__":
    run_script(main)
