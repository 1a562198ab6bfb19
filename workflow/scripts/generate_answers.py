"""The teacher answers one shard of a corpus' questions in one format, with thinking off (ift) or on (reasoning).

    python workflow/scripts/generate_answers.py --questions general.parquet --model Qwen/Qwen3-235B-A22B \\
        --format reasoning --shard 0 --shards 128 \\
        --sampling '{"temperature": 0.6, "top_p": 0.95, "max_tokens": 16384}' \\
        --engine '{"tensor_parallel_size": 8}' --seed 0 --output reasoning/shard-0.parquet

Started again after a kill, it goes on behind the last finished chunk. Shards are slices of the question table; an
answer does not depend on the number of shards, since each question has its own seed.
"""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path

import polars as pl

from scale_or_reason.cells import FORMATS
from scale_or_reason.engines.command_line import Generation, SharedEngine, add_engine_options, open_journal
from scale_or_reason.engines.vllm_engine import OnReply, VllmEngine, leave_at_once
from scale_or_reason.errors import StudyError, run_script
from scale_or_reason.journal import Row
from scale_or_reason.seeds import derive_seed
from scale_or_reason.tables import read_table, table_from_rows, write_table


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=Path, required=True, help="Parquet file, schema questions")
    parser.add_argument("--format", required=True, choices=FORMATS, help="ift: thinking off; reasoning: thinking on")
    parser.add_argument("--shard", type=int, required=True, help="which slice, from 0")
    parser.add_argument("--shards", type=int, required=True, help="number of slices")
    add_engine_options(parser)
    parser.add_argument("--output", type=Path, required=True, help="Parquet file, schema generations")
    return parser.parse_args()


def slice_of(questions: pl.DataFrame, shard: int, shards: int) -> pl.DataFrame:
    """Slice ``shard`` of ``shards``; sizes differ by one at most."""
    if not 0 <= shard < shards:
        raise StudyError("there is no such shard", where="--shard", found=shard, expected=f"0 to {shards - 1}")
    start, end = (part * questions.height // shards for part in (shard, shard + 1))
    return questions.slice(start, end - start)


def main() -> None:
    arguments = parse_arguments()
    generation = Generation.from_arguments(arguments)
    questions = read_table(arguments.questions, "questions")
    if questions.is_empty():
        raise StudyError(
            "the question table is empty",
            where=arguments.questions,
            remedy="check the corpus and its size in the config",
        )
    shard = slice_of(questions, arguments.shard, arguments.shards)
    ids, prompts = shard["prompt_id"].to_list(), shard["prompt"].to_list()
    seeds = [derive_seed(arguments.seed, "teacher", arguments.format, prompt_id) for prompt_id in ids]
    template_options = {"enable_thinking": arguments.format == "reasoning"}

    def answer(engine: VllmEngine, chunk: range, on_reply: OnReply) -> list[Row]:
        part = slice(chunk.start, chunk.stop)
        replies = engine.chat(prompts[part], seeds[part], generation.sampling, template_options, on_reply)
        return [asdict(reply) for reply in replies]

    label = f"teacher {arguments.format} {arguments.shard + 1}/{arguments.shards}"
    place = {"format": arguments.format, "shard": arguments.shard, "shards": arguments.shards}
    journal = open_journal(arguments.output, generation, {"questions": arguments.questions}, **place)
    with SharedEngine(generation) as engine:
        outcome = engine.run(shard.height, answer, label=label, journal=journal)
    rows = [
        {
            "prompt_id": prompt_id,
            "prompt": prompt,
            "prompt_tokens": reply["prompt_tokens"],
            "answer": reply["text"],
            "answer_tokens": reply["tokens"],
            "finish_reason": reply["finish_reason"],
        }
        for prompt_id, prompt, reply in zip(ids, prompts, outcome.rows, strict=True)
    ]
    write_table(table_from_rows(rows, "generations"), arguments.output, "generations")
    journal.remove()


if __name__ == "__main__":
    run_script(main)
    leave_at_once()
