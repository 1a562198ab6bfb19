"""One model answers all benchmarks: one start of the engine, one Parquet file per benchmark, and a manifest.

    python workflow/scripts/answer_benchmarks.py --model models/general/micro-a/seq/rho-1/seed-0 \\
        --model-id general/micro-a/seq/rho-1/seed-0 --items benchmarks/gsm8k.parquet benchmarks/squad.parquet \\
        --sampling '{"temperature": 1.0, "top_p": 1.0, "max_tokens": 256}' --engine '{"dtype": "float32"}' \\
        --seed 0 --output-dir answers/general/micro-a/seq/rho-1/seed-0

A base student has no chat format: with --shots K it continues a text of K solved examples and the question. Examples
come from --pools; a benchmark whose rows have no answer to show (ifeval) is asked without. The teacher is asked with
--thinking on or off.

A prompt that leaves no room in the model's context is not asked: its answer is empty, its finish_reason "length".
The manifest counts these. Started again after a kill, the program goes on behind the last finished chunk.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import polars as pl

from scale_or_reason.benchmarks.registry import get_benchmark
from scale_or_reason.cells import parse_model_id
from scale_or_reason.engines.command_line import (
    Generation,
    Outcome,
    add_engine_options,
    generation_manifest,
    named,
    open_journal,
    run_generation,
)
from scale_or_reason.engines.vllm_engine import OnReply, VllmEngine, leave_at_once
from scale_or_reason.errors import StudyError, run_script
from scale_or_reason.files import write_json
from scale_or_reason.generation import json_object
from scale_or_reason.journal import Row
from scale_or_reason.seeds import derive_seed
from scale_or_reason.shots import STOP, Example, choose_examples, few_shot_prompt
from scale_or_reason.tables import read_table, table_from_rows, write_table

TEMPLATE_OPTIONS: dict[str, dict[str, Any]] = {
    "default": {},
    "on": {"enable_thinking": True},
    "off": {"enable_thinking": False},
}


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model-id", required=True, help="what the answers are filed under")
    parser.add_argument("--items", type=Path, nargs="+", required=True, help="Parquet files, schema items")
    parser.add_argument("--shots", type=int, help="a base student: number of solved examples, 0 or more")
    parser.add_argument("--pools", type=Path, nargs="*", default=[], help="with --shots: examples, schema items")
    parser.add_argument("--thinking", choices=tuple(TEMPLATE_OPTIONS), default="default", help="the template's switch")
    parser.add_argument("--samples", default="{}", help='JSON: answers per item where not one, such as {"aime": 8}')
    add_engine_options(parser)
    parser.add_argument("--output-dir", type=Path, required=True, help="folder for BENCHMARK.parquet and manifest.json")
    return parser.parse_args()


@dataclass(frozen=True)
class Question:
    """One request: an item, which sample of it, and the text to send."""

    benchmark: str
    item_id: str
    sample: int
    text: str


def read_items(paths: list[Path]) -> dict[str, pl.DataFrame]:
    """The items by benchmark. Raises :class:`StudyError` for an empty table and for a benchmark given twice."""
    tables: dict[str, pl.DataFrame] = {}
    for path in paths:
        table = read_table(path, "items")
        if table.is_empty():
            raise StudyError("the table has no items", where=path, remedy="prepare the benchmark again")
        for (name,), part in table.group_by("benchmark", maintain_order=True):
            if str(name) in tables:
                raise StudyError("a benchmark is given twice", where=path, key=str(name))
            tables[str(name)] = part
    return tables


def read_pools(paths: list[Path]) -> dict[str, list[Example]]:
    """The examples by benchmark; rows without a gold answer have nothing to show."""
    pools: dict[str, list[Example]] = {}
    for path in paths:
        for row in read_table(path, "items").filter(pl.col("gold").list.len() > 0).iter_rows(named=True):
            pools.setdefault(row["benchmark"], []).append(Example(row["question"], row["gold"][0]))
    return pools


def texts(
    name: str, items: pl.DataFrame, shots: int | None, pools: Mapping[str, list[Example]], seed: int
) -> list[str]:
    """What the model is sent for each item: the user message, or the text that a base student continues."""
    if shots is None:
        return items["prompt"].to_list()
    benchmark = get_benchmark(name)
    count = benchmark.examples_shown(shots)
    examples = choose_examples(pools.get(name, []), count, name, seed, where="--pools")
    return [few_shot_prompt(benchmark.instruction, question, examples) for question in items["question"]]


def samples_per_item(text: str, benchmarks: Mapping[str, Any]) -> dict[str, int]:
    """The checked value of --samples for every benchmark."""
    given = json_object(text, "--samples")
    for name, count in given.items():
        if not isinstance(count, int) or isinstance(count, bool) or count < 1:
            raise StudyError(
                "not a number of samples", where="--samples", key=name, found=repr(count), expected="1 or more"
            )
    return {name: given.get(name, 1) for name in benchmarks}


def write_answers(questions: list[Question], outcome: Outcome, model_id: str, folder: Path) -> dict[str, Any]:
    """Write one table per benchmark; return the manifest's account of each."""
    by_benchmark: dict[str, list[Row]] = {}
    for question, reply in zip(questions, outcome.rows, strict=True):
        by_benchmark.setdefault(question.benchmark, []).append(
            {
                "model_id": model_id,
                "benchmark": question.benchmark,
                "item_id": question.item_id,
                "sample": question.sample,
                "prompt_tokens": reply["prompt_tokens"],
                "answer": reply["text"],
                "answer_tokens": reply["tokens"],
                "finish_reason": reply["finish_reason"],
            }
        )
    for name, rows in by_benchmark.items():
        write_table(table_from_rows(rows, "answers"), folder / f"{name}.parquet", "answers")
    return {name: account(rows) for name, rows in by_benchmark.items()}


def account(rows: list[Row]) -> dict[str, int]:
    """Counts of one benchmark's answers."""
    finished = Counter(row["finish_reason"] for row in rows)
    return {
        "answers": len(rows),
        "prompt_tokens": sum(row["prompt_tokens"] for row in rows),
        "answer_tokens": sum(row["answer_tokens"] for row in rows),
        "truncated": finished["length"],
        "prompt_too_long": sum(row["answer_tokens"] == 0 for row in rows),
    }


def main() -> None:
    arguments = parse_arguments()
    generation = Generation.from_arguments(arguments)
    parse_model_id(arguments.model_id)
    if arguments.shots is not None and arguments.shots < 0:
        raise StudyError("not a number of shots", where="--shots", found=arguments.shots, expected="0 or more")
    tables = read_items(arguments.items)
    samples = samples_per_item(arguments.samples, tables)
    pools = read_pools(arguments.pools)
    questions = [
        Question(name, item_id, sample, text)
        for name, items in tables.items()
        for item_id, text in zip(
            items["item_id"], texts(name, items, arguments.shots, pools, arguments.seed), strict=True
        )
        for sample in range(samples[name])
    ]
    # The same for every model of a study, so that models differ in what they say and not in the dice they throw.
    seeds = [derive_seed(arguments.seed, "answers", q.benchmark, q.item_id, q.sample) for q in questions]

    def answer(engine: VllmEngine, chunk: range, on_reply: OnReply) -> list[Row]:
        part = slice(chunk.start, chunk.stop)
        prompts = [question.text for question in questions[part]]
        if arguments.shots is not None:
            replies = engine.complete(prompts, seeds[part], generation.sampling, STOP, on_reply)
        else:
            options = TEMPLATE_OPTIONS[arguments.thinking]
            replies = engine.chat(prompts, seeds[part], generation.sampling, options, on_reply)
        return [asdict(reply) for reply in replies]

    inputs = named("items", arguments.items) | named("pools", arguments.pools)
    mode = {
        "model_id": arguments.model_id,
        "shots": arguments.shots,
        "thinking": arguments.thinking,
        "samples": samples,
    }
    journal = open_journal(arguments.output_dir, generation, inputs, **mode)
    outcome = run_generation(generation, len(questions), answer, label=arguments.model_id, journal=journal)
    benchmarks = write_answers(questions, outcome, arguments.model_id, arguments.output_dir)
    tokens = sum(counts["answer_tokens"] for counts in benchmarks.values())
    record = {
        **outcome.speed(tokens),
        "benchmarks": benchmarks,
        **generation_manifest(generation, inputs, **mode),
    }
    write_json(record, arguments.output_dir / "manifest.json")
    journal.remove()


if __name__ == "__main__":
    run_script(main)
    leave_at_once()
