"""The teacher answers one shard of a corpus' prompts in one format, with thinking off (ift) or on (reasoning).

    python workflow/scripts/generate_teacher_answers.py --prompts general.parquet --model Qwen/Qwen3-235B-A22B \\
        --format reasoning --shard 0 --shards 128 \\
        --sampling '{"temperature": 0.6, "top_p": 0.95, "max_tokens": 16384}' \\
        --engine '{"tensor_parallel_size": 8}' --seed 0 --output reasoning/shard-0-of-128.parquet

With --endpoint an OpenAI-compatible server answers instead of vLLM in this process; the environment variable `key` has
the secret.

Every answer is on disk as soon as it is finished, in a folder `.replies` beside the output, which the shards of a
format share. An answer belongs to its prompt, not to a shard. Any later job with the same model, settings, thinking
mode, prompt and seed takes it from there: the same command after a kill, another number of shards, more prompts.
"""

from __future__ import annotations

import argparse

from scale_or_reason.common.seeds import derive_seed
from scale_or_reason.common.tables import table_from_rows, write_table
from scale_or_reason.data.shards import read_slice
from scale_or_reason.inference.command_line import (
    Generation,
    add_engine_options,
    add_teacher_options,
    modes_from_json,
)
from scale_or_reason.inference.resumable import SharedEngine, engine_log, replies_folder
from scale_or_reason.inference.vllm_engine import run_and_leave
from scale_or_reason.study import shared_options
from scale_or_reason.study.cells import FORMATS


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[shared_options.prompts(), shared_options.output("Parquet file, schema generations")],
    )
    parser.add_argument("--format", required=True, choices=FORMATS, help="ift: thinking off; reasoning: thinking on")
    parser.add_argument("--shard", type=int, required=True, help="number of the shard, from 0")
    parser.add_argument("--shards", type=int, required=True, help="number of slices")
    add_engine_options(parser)
    add_teacher_options(parser)
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    generation = Generation.from_arguments(arguments)
    shard = read_slice(arguments.prompts, "prompts", arguments.shard, arguments.shards)
    ids, prompts = shard["prompt_id"].to_list(), shard["prompt"].to_list()
    seeds = [derive_seed(arguments.seed, "teacher", arguments.format, prompt_id) for prompt_id in ids]
    mode = modes_from_json(arguments.modes)[arguments.format]
    label = f"teacher {arguments.format} {arguments.shard + 1}/{arguments.shards}"
    with SharedEngine(generation, engine_log(arguments.output)) as engine:
        replies = engine.with_replies(replies_folder(arguments.output.parent), label, mode).chat(prompts, seeds)
    rows = [
        {
            "prompt_id": prompt_id,
            "prompt": prompt,
            "prompt_tokens": reply.prompt_tokens,
            "answer": reply.text,
            "answer_tokens": reply.tokens,
            "finish_reason": reply.finish_reason,
        }
        for prompt_id, prompt, reply in zip(ids, prompts, replies, strict=True)
    ]
    write_table(table_from_rows(rows, "generations"), arguments.output, "generations")


if __name__ == "__main__":
    run_and_leave(main)
