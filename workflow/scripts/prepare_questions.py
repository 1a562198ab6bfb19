"""Choose the training questions of a corpus: read a prompt source, filter, drop duplicates, take a seeded sample.

    python workflow/scripts/prepare_questions.py --corpus general --schema infinity_instruct --kind hub \\
        --path BAAI/Infinity-Instruct --config 7M_core --split train --languages en --longest 20000 \\
        --near-duplicates 0.8 --size 1300000 --seed 0 --output general.parquet --audit general.audit.csv \\
        --manifest general.json

    python workflow/scripts/prepare_questions.py --corpus math --schema llama_nemotron --kind jsonl \\
        --path math.jsonl --size 1000 --seed 0 --output math.parquet --audit math.audit.csv \\
        --manifest math.json

The audit says of every row of the source what became of it: fate,rows. Memory stays bounded whatever the size of the
source; the questions wait on disk beside the output.
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
from scale_or_reason.data.prompt_schemas import QUESTION_SCHEMAS, columns_of
from scale_or_reason.data.prompts import QuestionRules, choose_questions
from scale_or_reason.data.source_options import add_source_options, open_source


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", required=True, help="the corpus's name")
    parser.add_argument("--schema", required=True, choices=QUESTION_SCHEMAS, help="how the source's rows look")
    add_source_options(parser)
    parser.add_argument("--rows", type=int, help="read only so many rows, the source's first (default: all)")
    parser.add_argument("--languages", nargs="+", help="codes of the source's language column (default: all)")
    parser.add_argument("--shortest", type=int, default=1, help="characters of a question, at least (default: 1)")
    parser.add_argument("--longest", type=int, help="characters of a question, at most (default: any)")
    parser.add_argument(
        "--near-duplicates",
        type=float,
        help="Jaccard similarity of five-word runs from which two questions are one (default: all are told apart)",
    )
    parser.add_argument("--size", type=int, help="at most this many questions (default: all)")
    parser.add_argument("--seed", type=int, required=True, help="the study's seed")
    parser.add_argument("--output", type=Path, required=True, help="Parquet file, schema questions")
    parser.add_argument("--audit", type=Path, required=True, help="CSV file: fate,rows")
    parser.add_argument("--manifest", type=Path, required=True, help="JSON file: settings, and the source's commit")
    return parser.parse_args()


def rules_from(arguments: argparse.Namespace) -> QuestionRules:
    """What the options ask for; :class:`StudyError` for numbers that make no sense."""
    for name in ("rows", "size", "shortest", "longest"):
        value = getattr(arguments, name)
        if value is not None and value < 1:
            raise StudyError("this number must be positive", where=f"--{name}", found=value, expected="1 or more")
    if arguments.near_duplicates is not None and not 0 < arguments.near_duplicates <= 1:
        raise StudyError(
            "a similarity is out of range",
            where="--near-duplicates",
            found=arguments.near_duplicates,
            expected="more than 0, at most 1",
        )
    if arguments.longest is not None and arguments.longest < arguments.shortest:
        raise StudyError(
            "no length is allowed", where="--longest", found=arguments.longest, expected=f">= {arguments.shortest}"
        )
    return QuestionRules(
        languages=tuple(arguments.languages) if arguments.languages else None,
        shortest=arguments.shortest,
        longest=arguments.longest,
        near_duplicates=arguments.near_duplicates,
        size=arguments.size,
    )


def main() -> None:
    arguments = parse_arguments()
    rules = rules_from(arguments)
    # Streamed: the math source has 20 million rows with long answers, of which only the questions are kept.
    rows, commit = open_source(arguments, columns_of(QUESTION_SCHEMAS[arguments.schema]), streaming=True)
    shown = tqdm(islice(rows, arguments.rows), desc=arguments.corpus, unit="row", mininterval=10, file=sys.stderr)
    fates = choose_questions(
        shown,
        arguments.output,
        corpus=arguments.corpus,
        schema=arguments.schema,
        rules=rules,
        seed=arguments.seed,
        where=arguments.path,
    )
    write_csv(pl.DataFrame({"fate": list(fates), "rows": list(fates.values())}), arguments.audit)
    settings = {name: value for name, value in vars(arguments).items() if not isinstance(value, Path)}
    write_json({**manifest({}, settings), "commit": commit, "rows": fates}, arguments.manifest)
    listing = ", ".join(f"{count} {fate}" for fate, count in fates.items() if count)
    print(f"{arguments.corpus}: {sum(fates.values())} rows: {listing}")
    if arguments.size is not None and fates["kept"] < arguments.size:
        print(f"note: the source has only {fates['kept']} of the {arguments.size} questions asked for", file=sys.stderr)


if __name__ == "__main__":
    run_script(main)
