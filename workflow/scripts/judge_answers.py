r"""Judge every answer as right or wrong, by the messages of a protocol (docs/explanation/judging.md).

    python workflow/scripts/judge_answers.py --judge Llama-3.3-70B-Instruct --model meta-llama/Llama-3.3-70B-Instruct \
        --items benchmarks/gsm8k.parquet --answers answers/base/micro-a/shots-3/gsm8k.parquet --protocol v2 \
        --answer-tail-tokens 1024 --sampling '{"temperature": 0.7, "top_p": 0.95, "max_tokens": 2048}' \
        --engine '{"tensor_parallel_size": 4}' --seed 0 --output-dir verdicts/Llama-3.3-70B-Instruct

Answers of several models are judged one model after another on one engine; each has a folder with its name. With
--endpoint a server judges instead of vLLM in this process; --tokenizer then measures the ends of answers.

The judge sees the last --answer-tail-tokens tokens of an answer. An unparsable reply is retried up to --retries
times with new seeds; after that the verdict is "unparsable", never "no". The table has the last reply of each step and
the tokens of all tries. Existing verdicts on the same answers with the same settings are kept. Every reply is on disk
as soon as it is finished, in a folder `.replies` beside the verdicts, and is taken from there as long as model,
settings, message and seed are the same, also after a kill. To judge again, delete that folder and the verdicts.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scale_or_reason.benchmarks.instructions import ground_truth
from scale_or_reason.common.checksums import check_content
from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.files import read_json, write_json
from scale_or_reason.common.tables import read_table, table_from_rows, write_table
from scale_or_reason.inference.command_line import (
    Generation,
    add_endpoint_option,
    add_engine_options,
    fingerprint,
    generation_manifest,
    named,
)
from scale_or_reason.inference.requests import Completion, ThinkingMode, json_object
from scale_or_reason.inference.resumable import RecordedEngine, SharedEngine, engine_log, replies_folder
from scale_or_reason.inference.token_counts import last_tokens, load_tokenizer
from scale_or_reason.inference.vllm_engine import run_and_leave
from scale_or_reason.judging.conversations import JudgeConversation, JudgeRequest, run_conversations
from scale_or_reason.judging.protocols import Protocol, get_protocol
from scale_or_reason.study import shared_options
from scale_or_reason.study.stage_versions import STAGE_VERSIONS

_KEY = ("model_id", "benchmark", "item_id", "sample")


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[shared_options.items(), shared_options.model_folders()],
    )
    parser.add_argument("--judge", required=True, help="the judge's name, for the table")
    parser.add_argument("--answers", type=Path, nargs="+", required=True, help="Parquet files, schema answers")
    parser.add_argument("--protocol", required=True, help="judging protocol: v1, v2, or your own")
    parser.add_argument(
        "--answer-tail-tokens", type=int, required=True, help="tokens of an answer's end shown to the judge"
    )
    parser.add_argument("--retries", type=int, default=2, help="retries of an unparsable reply (default: %(default)s)")
    parser.add_argument(
        "--mode", default="{}", help='JSON: {"system": "detailed thinking on", "template": {...}} tells it how to think'
    )
    parser.add_argument(
        "--structured",
        action="store_true",
        help="constrain replies to the protocol's format, if the engine supports it",
    )
    parser.add_argument(
        "--tokenizer", help="hub id or folder of a tokenizer to measure the ends of answers with --endpoint"
    )
    add_endpoint_option(parser)
    add_engine_options(parser)
    return parser.parse_args()


@dataclass
class ModelAnswers:
    """All answers of one model, and their files."""

    model_id: str
    requests: list[JudgeRequest] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)


def answers_by_model(items_paths: list[Path], answers_paths: list[Path]) -> list[ModelAnswers]:
    """Every answer with its question, model by model.

    Raises :class:`StudyError` for an answer to an unknown item, for duplicates, and if there are no answers.
    """
    items = {
        (row["benchmark"], row["item_id"]): row
        for path in items_paths
        for row in read_table(path, "items").iter_rows(named=True)
    }
    models: dict[str, ModelAnswers] = {}
    for path in answers_paths:
        table = read_table(path, "answers")
        for model_id in table["model_id"].unique(maintain_order=True):
            models.setdefault(model_id, ModelAnswers(model_id)).files.append(path)
        for row in table.iter_rows(named=True):
            item = items.get((row["benchmark"], row["item_id"]))
            if item is None:
                raise StudyError(
                    "an answer belongs to no item",
                    where=path,
                    key=row["item_id"],
                    found=row["benchmark"],
                    expected="an item of the tables given with --items",
                    remedy="rerun the evaluation, or pass the evaluated tables",
                )
            truth = ground_truth(item["gold"], item["choices"], json.loads(item["extra"]))
            key = (row["model_id"], row["benchmark"], row["item_id"], row["sample"])
            models[row["model_id"]].requests.append(JudgeRequest(key, item["question"], row["answer"], truth))
    if not models:
        raise StudyError("there are no answers to judge", where="--answers", found=", ".join(map(str, answers_paths)))
    keys = Counter(request.key for model in models.values() for request in model.requests)
    repeated = [key for key, count in keys.items() if count > 1]
    if repeated:
        raise StudyError("duplicate answer", where="--answers", key="/".join(map(str, repeated[0])))
    return list(models.values())


@dataclass(frozen=True)
class JudgeRun:
    """A judge and the settings that its messages and seeds depend on. ``tokenizer`` None: the engine's own."""

    name: str
    generation: Generation
    protocol: Protocol
    mode: ThinkingMode
    answer_tail_tokens: int
    retries: int
    structured: bool = False
    tokenizer: Any = None

    def judge(self, engine: SharedEngine, model: ModelAnswers, items_files: dict[str, Path], output: Path) -> None:
        """Judge all answers of one model; write the tables, and when all is on disk the manifest.

        Verdicts that are there and would come out the same are kept.
        """
        folder = output / model.model_id
        inputs = items_files | named("answers", model.files) | {"protocol": self.protocol.path}
        settings = {name: getattr(self, name) for name in ("answer_tail_tokens", "retries", "structured")}
        settings |= {"judge": self.name, "protocol": self.protocol.name, **self.mode.settings()}
        settings |= {"version": STAGE_VERSIONS["verdicts"]}
        made_from = fingerprint(self.generation, inputs, **settings)
        label = f"{self.name} on {model.model_id}"
        if is_judged(model, folder, made_from):
            print(f"{label}: verdicts exist", file=sys.stderr)
            return
        run = engine.with_replies(replies_folder(folder), label, self.mode)
        rows = self.judge_all(run, model.requests)
        verdicts = write_verdicts(model.requests, rows, self.name, folder)
        tokens = sum(row["judge_tokens"] for row in rows)
        generated = generation_manifest(self.generation, inputs, **settings)
        account = {**run.speed(tokens), "verdicts": verdicts, "fingerprint": made_from}
        write_json({**account, **generated}, folder / "manifest.json")

    def judge_all(self, engine: RecordedEngine, requests: list[JudgeRequest]) -> list[dict[str, Any]]:
        """One row per request."""
        tokenizer = self.tokenizer or engine.tokenizer
        conversations = [
            JudgeConversation(request, self.protocol, self.shown(request, tokenizer)) for request in requests
        ]

        def ask(chosen: list[JudgeConversation]) -> list[Completion]:
            return engine.chat(
                [conversation.message() for conversation in chosen],
                [conversation.seed(self.generation.seed, self.name) for conversation in chosen],
                [conversation.step.pattern for conversation in chosen] if self.structured else None,
            )

        run_conversations(conversations, ask, self.retries)
        return [verdict_row(conversation) for conversation in conversations]

    def shown(self, request: JudgeRequest, tokenizer: Any) -> str | None:
        """The end of the part of an answer that the protocol shows."""
        text = self.protocol.shown(request.answer)
        return None if text is None else last_tokens(tokenizer, text, self.answer_tail_tokens)


def is_judged(model: ModelAnswers, folder: Path, made_from: str) -> bool:
    """Whether a model's verdicts are there, whole and made from the same; then they get a new time.

    With another model in the batch, Snakemake starts the job again that wrote them. Without the new time it would do so
    in every run, since their answers may be younger.
    """
    manifest = folder / "manifest.json"
    benchmarks = dict.fromkeys(request.key[1] for request in model.requests)
    tables = [folder / f"{benchmark}.parquet" for benchmark in benchmarks]
    if not manifest.is_file() or not all(table.is_file() for table in tables):
        return False
    try:
        if read_json(manifest).get("fingerprint") != made_from:
            return False
        for table in tables:
            check_content(table)
    except StudyError:  # damaged: judge them again
        return False
    for file in (*tables, manifest):
        file.touch()
    return True


def verdict_row(conversation: JudgeConversation) -> dict[str, Any]:
    """The columns of the table of verdicts that follow from a conversation."""
    return {
        "verdict": conversation.verdict,
        "reply": conversation.last.get("verdict", ""),
        "extraction": conversation.last.get("answer"),
        "extracted": conversation.extracted,
        "judge_prompt_tokens": sum(reply.prompt_tokens for reply in conversation.replies),
        "judge_tokens": sum(reply.tokens for reply in conversation.replies),
        "asked_again": conversation.asked_again,
        "refused": any(reply.finish_reason == "refused" for reply in conversation.replies),
    }


def write_verdicts(
    requests: list[JudgeRequest], judged: list[dict[str, Any]], judge: str, folder: Path
) -> dict[str, Any]:
    """Write one table per benchmark; return the manifest's account of each."""
    rows = [
        {**dict(zip(_KEY, request.key, strict=True)), "judge": judge, **row}
        for request, row in zip(requests, judged, strict=True)
    ]
    accounts = {}
    for name in dict.fromkeys(row["benchmark"] for row in rows):
        part = [row for row in rows if row["benchmark"] == name]
        counts = Counter(row["verdict"] for row in part)
        accounts[name] = {
            **{verdict: counts[verdict] for verdict in ("yes", "no", "unparsable")},
            "asked_again": sum(row.pop("asked_again") for row in part),
            "refused": sum(row.pop("refused") for row in part),  # at least once, by the judge's server
        }
        write_table(table_from_rows(part, "verdicts"), folder / f"{name}.parquet", "verdicts")
    return accounts


def check_numbers(arguments: argparse.Namespace) -> None:
    """Raise :class:`StudyError` for a number below its minimum."""
    for option, least in (("answer_tail_tokens", 1), ("retries", 0)):
        if getattr(arguments, option) < least:
            raise StudyError(
                "a number is too small",
                where="--" + option.replace("_", "-"),
                found=getattr(arguments, option),
                expected=f"{least} or more",
            )


def main() -> None:
    arguments = parse_arguments()
    check_numbers(arguments)
    protocol = get_protocol(arguments.protocol)
    mode = ThinkingMode.from_values(json_object(arguments.mode, "--mode"), "--mode")
    if arguments.endpoint and not arguments.tokenizer:
        raise StudyError(
            "there is no tokenizer to measure the ends of answers",
            where="--tokenizer",
            found="none, with --endpoint",
            expected="a hub id or a folder with a tokenizer",
            remedy="pass the judge's tokenizer, or another one; it determines where an answer's end begins",
        )
    generation = Generation.from_arguments(arguments)
    models = answers_by_model(arguments.items, arguments.answers)
    run = JudgeRun(
        arguments.judge,
        generation,
        protocol,
        mode,
        arguments.answer_tail_tokens,
        arguments.retries,
        arguments.structured,
        load_tokenizer(arguments.tokenizer) if arguments.tokenizer else None,
    )
    items_files = named("items", arguments.items)
    with SharedEngine(generation, engine_log(arguments.output_dir / models[0].model_id)) as engine:
        for model in models:
            run.judge(engine, model, items_files, arguments.output_dir)


if __name__ == "__main__":
    run_and_leave(main)
