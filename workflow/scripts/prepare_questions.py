"""Choose the training questions of a corpus: read a prompt source, drop exact duplicates, take a seeded sample.

    python workflow/scripts/prepare_questions.py --corpus general --schema infinity_instruct --kind hub \\
        --path BAAI/Infinity-Instruct --config 7M_core --split train --size 1300000 --seed 0 --output general.parquet

    python workflow/scripts/prepare_questions.py --corpus math --schema llama_nemotron --kind jsonl \\
        --path math.jsonl --size 1000 --seed 0 --output math.parquet
"""

from __future__ import annotations

import argparse
from pathlib import Path

from scale_or_reason.errors import StudyError, run_script
from scale_or_reason.questions import QUESTION_SCHEMAS, collect_questions
from scale_or_reason.sources import read_hub, read_jsonl
from scale_or_reason.tables import write_table


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", required=True, help="the corpus's name")
    parser.add_argument("--schema", required=True, choices=QUESTION_SCHEMAS, help="how the source's rows look")
    parser.add_argument("--kind", required=True, choices=("hub", "jsonl"), help="where the rows are")
    parser.add_argument("--path", required=True, help="kind hub: the dataset's id; kind jsonl: the file")
    parser.add_argument("--config", help="kind hub: the dataset's config")
    parser.add_argument("--split", default="train", help="kind hub: the dataset's split (default: train)")
    parser.add_argument("--revision", default="main", help="kind hub: branch, tag or commit (default: main)")
    parser.add_argument("--size", type=int, help="at most this many questions (default: all)")
    parser.add_argument("--seed", type=int, required=True, help="the study's seed")
    parser.add_argument("--output", type=Path, required=True, help="Parquet file, schema questions")
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    if arguments.size is not None and arguments.size < 1:
        raise StudyError("a number of questions must be positive", where="--size", found=arguments.size)
    if arguments.kind == "jsonl":
        rows = read_jsonl(arguments.path, remedy=f"write it, one row of the schema {arguments.schema} a line")
    else:
        # Streamed: the math source has 20 million rows with long answers, of which only the questions are kept.
        rows = read_hub(
            arguments.path,
            arguments.split,
            config=arguments.config,
            revision=arguments.revision,
            streaming=True,
        )
    questions = collect_questions(
        rows,
        corpus=arguments.corpus,
        schema=arguments.schema,
        size=arguments.size,
        seed=arguments.seed,
        where=arguments.path,
    )
    write_table(questions.table, arguments.output, "questions")
    print(
        f"{arguments.corpus}: {questions.rows} rows, {questions.unusable} without a question, "
        f"{questions.distinct} distinct questions, {questions.table.height} kept in {arguments.output}"
    )


if __name__ == "__main__":
    run_script(main)
