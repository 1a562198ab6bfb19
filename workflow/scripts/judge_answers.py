r"""A judge model says of every answer whether it is right, by the prompts of v1 table 5.

    python workflow/scripts/judge_answers.py --judge Llama-3.3-70B-Instruct --model meta-llama/Llama-3.3-70B-Instruct \
        --items benchmarks/gsm8k.parquet --answers answers/base/micro-a/shots-3/gsm8k.parquet --protocol v1 \
        --answer-tail-tokens 1024 --sampling '{"temperature": 0.7, "top_p": 0.95, "max_tokens": 2048}' \
        --engine '{"tensor_parallel_size": 4}' --seed 0 --output-dir verdicts/Llama-3.3-70B-Instruct

Answers of several models are judged one model after the other on the same engine; each has a folder of its name.

The judge sees the last --answer-tail-tokens tokens of an answer, reasoning and all. A reply without \boxed{yes} or
\boxed{no} is asked for again, --retries times with new seeds; after that its verdict is "unparsable", never "no". The
table keeps the last reply and counts the tokens of all tries. Started again after a kill, the program goes on behind
the last finished chunk.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from scale_or_reason.engines.command_line import (
    Engine,
    Generation,
    Outcome,
    SharedEngine,
    add_engine_options,
    generation_manifest,
    named,
    open_journal,
)
from scale_or_reason.engines.vllm_engine import leave_at_once
from scale_or_reason.errors import StudyError, run_script
from scale_or_reason.files import write_json
from scale_or_reason.generation import OnReply, Reply
from scale_or_reason.journal import Row
from scale_or_reason.prompts import ground_truth, judge_message
from scale_or_reason.seeds import derive_seed
from scale_or_reason.tables import read_table, table_from_rows, write_table
from scale_or_reason.verdicts import parse_verdict

_KEY = ("model_id", "benchmark", "item_id", "sample")


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--judge", required=True, help="the judge's name, for the table")
    parser.add_argument("--items", type=Path, nargs="+", required=True, help="Parquet files, schema items")
    parser.add_argument("--answers", type=Path, nargs="+", required=True, help="Parquet files, schema answers")
    parser.add_argument("--protocol", choices=("v1",), required=True, help="which prompts the judge is given")
    parser.add_argument(
        "--answer-tail-tokens", type=int, required=True, help="tokens of an answer's end that are shown"
    )
    parser.add_argument(
        "--retries", type=int, default=2, help="more tries for an unparsable reply (default: %(default)s)"
    )
    add_engine_options(parser)
    parser.add_argument(
        "--output-dir", type=Path, required=True, help="its folder MODEL_ID gets the tables and a manifest"
    )
    return parser.parse_args()


@dataclass(frozen=True)
class Case:
    """One answer before the judge. ``truth`` is None where the judge gets none (ifeval)."""

    key: tuple[str, str, str, int]
    question: str
    answer: str
    truth: str | None


@dataclass
class Docket:
    """All answers of one model, and the files that they were read from."""

    model_id: str
    cases: list[Case] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)


def read_dockets(items_paths: list[Path], answers_paths: list[Path]) -> list[Docket]:
    """Every answer with its question, model by model.

    Raises :class:`StudyError` for an answer to an unknown item, for one given twice, and if there is none at all.
    """
    items = {
        (row["benchmark"], row["item_id"]): row
        for path in items_paths
        for row in read_table(path, "items").iter_rows(named=True)
    }
    dockets: dict[str, Docket] = {}
    for path in answers_paths:
        table = read_table(path, "answers")
        for model_id in table["model_id"].unique(maintain_order=True):
            dockets.setdefault(model_id, Docket(model_id)).files.append(path)
        for row in table.iter_rows(named=True):
            item = items.get((row["benchmark"], row["item_id"]))
            if item is None:
                raise StudyError(
                    "an answer belongs to no item",
                    where=path,
                    key=row["item_id"],
                    found=row["benchmark"],
                    expected="an item of the tables given with --items",
                    remedy="answer the benchmarks again, or give the tables that were answered",
                )
            truth = ground_truth(item["gold"], item["choices"], json.loads(item["extra"]))
            key = (row["model_id"], row["benchmark"], row["item_id"], row["sample"])
            dockets[row["model_id"]].cases.append(Case(key, item["question"], row["answer"], truth))
    if not dockets:
        raise StudyError("there are no answers to judge", where="--answers", found=", ".join(map(str, answers_paths)))
    keys = Counter(case.key for docket in dockets.values() for case in docket.cases)
    repeated = [key for key, count in keys.items() if count > 1]
    if repeated:
        raise StudyError("an answer is given twice", where="--answers", key="/".join(map(str, repeated[0])))
    return list(dockets.values())


@dataclass(frozen=True)
class Bench:
    """A judge at work: what its prompts and seeds depend on."""

    name: str
    generation: Generation
    protocol: str
    answer_tail_tokens: int
    retries: int

    def judge(self, engine: SharedEngine, docket: Docket, items_files: dict[str, Path], output: Path) -> None:
        """Judge all answers of one model; write the tables, and when all is on disk the manifest."""

        def work(engine: Engine, chunk: range, on_reply: OnReply) -> list[Row]:
            return self.judge_chunk(engine, docket.cases[chunk.start : chunk.stop], on_reply)

        folder = output / docket.model_id
        inputs = items_files | named("answers", docket.files)
        mode = {"judge": self.name, "protocol": self.protocol}
        mode |= {"answer_tail_tokens": self.answer_tail_tokens, "retries": self.retries}
        journal = open_journal(folder, self.generation, inputs, **mode)
        label = f"{self.name} on {docket.model_id}"
        outcome = engine.run(len(docket.cases), work, label=label, journal=journal)
        verdicts = write_verdicts(docket.cases, outcome, self.name, folder)
        tokens = sum(row["judge_tokens"] for row in outcome.rows)
        facts = generation_manifest(self.generation, inputs, **mode)
        write_json({**outcome.speed(tokens), "verdicts": verdicts, **facts}, folder / "manifest.json")
        journal.remove()

    def judge_chunk(self, engine: Engine, cases: list[Case], on_reply: OnReply) -> list[Row]:
        """One row per case: the last reply, and the tokens of all tries."""
        prompts = [
            judge_message(case.question, engine.last_tokens(case.answer, self.answer_tail_tokens), case.truth)
            for case in cases
        ]
        tries: list[list[Reply]] = [[] for _ in cases]
        open_cases = list(range(len(cases)))
        for attempt in range(self.retries + 1):
            replies = engine.chat(
                [prompts[i] for i in open_cases],
                [derive_seed(self.generation.seed, "judge", self.name, *cases[i].key, attempt) for i in open_cases],
                self.generation.sampling,
                on_reply=None if attempt else on_reply,
            )
            for i, reply in zip(open_cases, replies, strict=True):
                tries[i].append(reply)
            open_cases = [
                i for i in open_cases if parse_verdict(tries[i][-1].text) == "unparsable" and tries[i][-1].tokens
            ]
            if not open_cases:
                break
        return [verdict_row(replies) for replies in tries]


def verdict_row(replies: list[Reply]) -> Row:
    return {
        "verdict": parse_verdict(replies[-1].text),
        "reply": replies[-1].text,
        "judge_prompt_tokens": sum(reply.prompt_tokens for reply in replies),
        "judge_tokens": sum(reply.tokens for reply in replies),
        "tries": len(replies),
    }


def write_verdicts(cases: list[Case], outcome: Outcome, judge: str, folder: Path) -> dict[str, Any]:
    """Write one table per benchmark; return the manifest's account of each."""
    rows = [
        {**dict(zip(_KEY, case.key, strict=True)), "judge": judge, **row}
        for case, row in zip(cases, outcome.rows, strict=True)
    ]
    accounts = {}
    for name in dict.fromkeys(row["benchmark"] for row in rows):
        part = [row for row in rows if row["benchmark"] == name]
        counts = Counter(row["verdict"] for row in part)
        accounts[name] = {
            **{verdict: counts[verdict] for verdict in ("yes", "no", "unparsable")},
            "asked_again": sum(row["tries"] > 1 for row in part),
        }
        table = pl.DataFrame(part).drop("tries").to_dicts()
        write_table(table_from_rows(table, "verdicts"), folder / f"{name}.parquet", "verdicts")
    return accounts


def main() -> None:
    arguments = parse_arguments()
    generation = Generation.from_arguments(arguments)
    for option, least in (("answer_tail_tokens", 1), ("retries", 0)):
        if getattr(arguments, option) < least:
            raise StudyError(
                "a number is too small",
                where="--" + option.replace("_", "-"),
                found=getattr(arguments, option),
                expected=f"{least} or more",
            )
    dockets = read_dockets(arguments.items, arguments.answers)
    bench = Bench(arguments.judge, generation, arguments.protocol, arguments.answer_tail_tokens, arguments.retries)
    with SharedEngine(generation) as engine:
        for docket in dockets:
            bench.judge(engine, docket, named("items", arguments.items), arguments.output_dir)


if __name__ == "__main__":
    run_script(main)
    leave_at_once()
