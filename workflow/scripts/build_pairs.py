"""Pair the teacher's two answers to each question; drop a pair whole if either answer or the prompt is unusable.

    python workflow/scripts/build_pairs.py --questions general.parquet --ift ift/shard-*.parquet \\
        --reasoning reasoning/shard-*.parquet --items benchmarks/gsm8k.parquet benchmarks/squad.parquet \\
        --teacher Qwen3-235B-A22B --sampling '{"ift": {"temperature": 0.7}, "reasoning": {"temperature": 0.6}}' \\
        --seed 0 --output pairs.parquet --audit-csv audit.csv --audit-json audit.json
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import polars as pl

from scale_or_reason.cells import FORMATS
from scale_or_reason.errors import StudyError, run_script
from scale_or_reason.files import write_json
from scale_or_reason.generation import json_object
from scale_or_reason.pairs import build_pairs
from scale_or_reason.tables import read_table, write_csv, write_table


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=Path, required=True, help="Parquet file, schema questions")
    parser.add_argument("--ift", type=Path, nargs="+", required=True, help="all shards answered with thinking off")
    parser.add_argument("--reasoning", type=Path, nargs="+", required=True, help="all shards answered with thinking on")
    parser.add_argument("--items", type=Path, nargs="+", required=True, help="evaluation items to keep out of training")
    parser.add_argument("--teacher", required=True, help="the teacher's name, for the table")
    parser.add_argument(
        "--sampling", required=True, help="JSON with the sampling of ift and of reasoning, for the table"
    )
    parser.add_argument("--seed", type=int, required=True, help="the study's seed, for the table")
    parser.add_argument(
        "--overlap-words", type=int, default=8, help="shared run of words that drops a prompt (default: %(default)s)"
    )
    parser.add_argument("--output", type=Path, required=True, help="Parquet file, schema pairs")
    parser.add_argument("--audit-csv", type=Path, required=True, help="dropped pairs by reason: reason,count")
    parser.add_argument("--audit-json", type=Path, required=True, help="kept, dropped, overlaps, length ratio")
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    sampling = json_object(arguments.sampling, "--sampling")
    if set(sampling) != set(FORMATS):
        raise StudyError(
            "the sampling of a format is missing or unknown",
            where="--sampling",
            found=", ".join(sampling),
            expected=" and ".join(FORMATS),
        )
    corpus = build_pairs(
        read_table(arguments.questions, "questions"),
        pl.concat(read_table(path, "generations") for path in arguments.ift),
        pl.concat(read_table(path, "generations") for path in arguments.reasoning),
        pl.concat(read_table(path, "items") for path in arguments.items),
        teacher=arguments.teacher,
        sampling=json.dumps(sampling, sort_keys=True),
        seed=arguments.seed,
        overlap_words=arguments.overlap_words,
    )
    if corpus.pairs.is_empty():
        counts = ", ".join(f"{reason} {count}" for reason, count in corpus.dropped.items() if count)
        raise StudyError(
            "no pair is left",
            where=arguments.questions,
            found=f"dropped: {counts}",
            expected="some questions with two usable answers",
            remedy="raise the teacher's max_tokens if most are unfinished; else look at the teacher's answers",
        )
    counts = pl.DataFrame(
        {"reason": list(corpus.dropped), "count": list(corpus.dropped.values())},
        schema={"reason": pl.String, "count": pl.Int64},
    )
    audit = corpus.audit()
    write_table(corpus.pairs, arguments.output, "pairs")
    write_csv(counts, arguments.audit_csv)
    write_json(audit, arguments.audit_json)
    ratio = audit["length_ratio"]["p50"]
    print(f"{audit['kept']} pairs kept, {audit['dropped']} dropped; median length ratio {ratio:.1f}")


if __name__ == "__main__":
    run_script(main)
