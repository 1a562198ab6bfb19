"""Evaluate models on all benchmarks: one Parquet file of answers per benchmark, and a manifest.

    python workflow/scripts/evaluate_model.py --model models/general/micro-a/seq/rho-1/seed-0 \\
        --model-ids general/micro-a/seq/rho-1/seed-0 --items benchmarks/gsm8k.parquet benchmarks/squad.parquet \\
        --sampling '{"temperature": 1.0, "top_p": 1.0, "max_tokens": 256}' --engine '{"dtype": "float32"}' \\
        --seed 0 --output-dir answers

The model id selects the prompt variant. A base student has no chat template: as base/STUDENT/shots-K it continues a
text of K solved examples and the question. Examples come from --pools; benchmarks whose rows have no answer to show
(ifeval) have none. As teacher/TEACHER/FORMAT a teacher answers with thinking (reasoning) or without (ift). As
CORPUS/STUDENT/CURRICULUM/rho-R/hybrid/seed-N/MODE a hybrid student answers in the mode that its prompts carry
(--modes). As CORPUS/STUDENT/CURRICULUM/rho-R/seed-N/samples-K a student gives the answers that it lacks of K, from
--first-samples on; their replies are kept beside the student's own. Several ids are either prompt variants of one
model, run one after another on one engine, or as many models, run one after another in one process; the answers of each
are in a folder with its name.

A prompt that fills the model's context gets the answer "" and the finish_reason "length". An answer that ends by itself
with no text after its reasoning has the finish_reason "empty", a prompt refused by a server "refused". The manifest and
the last line count all three. Every answer is on disk as soon as it is finished, in a folder `.replies` beside the
tables, and is taken from there as long as model, settings, prompt and seed are the same: after a kill, or with one more
benchmark, only the missing ones are generated.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from scale_or_reason.benchmarks.fewshot import STOP, Example, choose_examples, few_shot_prompt, read_pools
from scale_or_reason.benchmarks.registry import get_benchmark
from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.files import write_json
from scale_or_reason.common.seeds import derive_seed
from scale_or_reason.common.tables import read_table, table_from_rows, write_table
from scale_or_reason.common.wording import counted
from scale_or_reason.inference.command_line import (
    Generation,
    add_engine_options,
    add_teacher_options,
    generation_manifest,
    modes_from_json,
    named,
)
from scale_or_reason.inference.prompt_variants import (
    PromptVariant,
    check_endpoint,
    check_length_limits,
    check_samples,
    owner_of_replies,
    prompt_variants,
)
from scale_or_reason.inference.published_weights import check_published
from scale_or_reason.inference.requests import Completion, json_object
from scale_or_reason.inference.resumable import RecordedEngine, SharedEngine, engine_log, replies_folder
from scale_or_reason.inference.unfinished import stop_warning
from scale_or_reason.inference.vllm_engine import run_and_leave
from scale_or_reason.study import shared_options
from scale_or_reason.study.cells import Adopted, AnyModel, BaseStudent, Teacher, parse_model_id


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[
            shared_options.model_ids("how to ask, and what the answers are filed under"),
            shared_options.items(),
            shared_options.model_folders(),
        ],
    )
    parser.add_argument("--pools", type=Path, nargs="*", default=[], help="a base student's examples, schema items")
    parser.add_argument("--samples", default="{}", help='JSON: answers per item where not one, such as {"aime": 8}')
    parser.add_argument(
        "--first-samples", default="{}", help="JSON: the first answer to generate where not 0: others exist elsewhere"
    )
    parser.add_argument("--provenance", help="of an adopted model: where it comes from, for the manifest")
    add_engine_options(parser, several=True)
    add_teacher_options(parser)
    return parser.parse_args()


@dataclass(frozen=True)
class Question:
    """One request: an item, which sample of it, and the text to send."""

    benchmark: str
    item_id: str
    sample: int
    text: str


def read_items(paths: list[Path]) -> dict[str, pl.DataFrame]:
    """The items by benchmark. Raises :class:`StudyError` for an empty table and for duplicate benchmarks."""
    tables: dict[str, pl.DataFrame] = {}
    for path in paths:
        table = read_table(path, "items")
        if table.is_empty():
            raise StudyError("the table has no items", where=path, remedy="prepare the benchmark again")
        for (name,), part in table.group_by("benchmark", maintain_order=True):
            if str(name) in tables:
                raise StudyError("duplicate benchmark", where=path, key=str(name))
            tables[str(name)] = part
    return tables


def texts(
    name: str, items: pl.DataFrame, shots: int | None, pools: Mapping[str, list[Example]], seed: int
) -> list[str]:
    """The prompt of each item: the user message, or the text that a base student continues."""
    if shots is None:
        return items["prompt"].to_list()
    benchmark = get_benchmark(name)
    count = benchmark.examples_shown(shots)
    examples = choose_examples(pools.get(name, []), count, name, seed, where="--pools")
    return [few_shot_prompt(benchmark.instruction, question, examples) for question in items["question"]]


def samples_per_item(text: str, benchmarks: Mapping[str, Any]) -> dict[str, int]:
    """The validated value of --samples for every benchmark."""
    return _numbers(text, "--samples", 1, benchmarks)


def first_samples(text: str, samples: Mapping[str, int]) -> dict[str, int]:
    """The validated value of --first-samples for every benchmark, below the numbers of answers in ``samples``."""
    found = _numbers(text, "--first-samples", 0, samples)
    for name, first in found.items():
        if first >= samples[name]:
            raise StudyError(
                "no answer is left to generate",
                where="--first-samples",
                key=name,
                found=first,
                expected=f"less than {samples[name]}, the number in --samples",
                remedy="raise --samples, or leave out the benchmark",
            )
    return found


def _numbers(text: str, option: str, least: int, benchmarks: Mapping[str, Any]) -> dict[str, int]:
    given = json_object(text, option)
    for name, count in given.items():
        if not isinstance(count, int) or isinstance(count, bool) or count < least:
            raise StudyError(
                "invalid number of samples", where=option, key=name, found=repr(count), expected=f"{least} or more"
            )
    return {name: given.get(name, least) for name in benchmarks}


def write_answers(questions: list[Question], replies: list[Completion], model_id: str, folder: Path) -> dict[str, Any]:
    """Write one table per benchmark; return the manifest's account of each."""
    by_benchmark: dict[str, list[dict[str, Any]]] = {}
    for question, reply in zip(questions, replies, strict=True):
        by_benchmark.setdefault(question.benchmark, []).append(
            {
                "model_id": model_id,
                "benchmark": question.benchmark,
                "item_id": question.item_id,
                "sample": question.sample,
                "prompt_tokens": reply.prompt_tokens,
                "answer": reply.text,
                "answer_tokens": reply.tokens,
                "finish_reason": "empty" if reply.is_empty else reply.finish_reason,
            }
        )
    for name, rows in by_benchmark.items():
        write_table(table_from_rows(rows, "answers"), folder / f"{name}.parquet", "answers")
    return {name: account(rows) for name, rows in by_benchmark.items()}


def account(rows: list[dict[str, Any]]) -> dict[str, int]:
    """Counts of one benchmark's answers."""
    finished = Counter(row["finish_reason"] for row in rows)
    return {
        "answers": len(rows),
        "prompt_tokens": sum(row["prompt_tokens"] for row in rows),
        "answer_tokens": sum(row["answer_tokens"] for row in rows),
        "truncated": finished["length"],
        "prompt_too_long": sum(row["finish_reason"] == "length" and not row["answer"] for row in rows),
        "refused": finished["refused"],
        "empty": finished["empty"],
        # by a server that does not count tokens
        "uncounted": sum(bool(row["answer"]) and not row["answer_tokens"] for row in rows),
    }


def last_line(benchmarks: Iterable[Mapping[str, int]]) -> str:
    """The outcomes of all answers, from the manifests' counts per benchmark."""
    total = sum((Counter(counts) for counts in benchmarks), Counter[str]())
    parts = ("truncated", "prompt_too_long", "refused", "empty", "uncounted")
    return f"{counted(total['answers'], 'answer')}; " + ", ".join(
        f"{part.replace('_', ' ')} {total[part]}" for part in parts
    )


@dataclass(frozen=True)
class Evaluation:
    """The common inputs and settings of all models and prompt variants."""

    items: dict[str, pl.DataFrame]
    items_files: dict[str, Path]
    samples: dict[str, int]
    first_samples: dict[str, int]
    seed: int
    folder: Path
    #: Where an adopted model comes from.
    provenance: str | None = None

    def questions(self, shots: int | None, pools: Mapping[str, list[Example]]) -> list[Question]:
        return [
            Question(name, item_id, sample, text)
            for name, items in self.items.items()
            for item_id, text in zip(items["item_id"], texts(name, items, shots, pools, self.seed), strict=True)
            for sample in range(self.first_samples[name], self.samples[name])
        ]

    def run(
        self, engine: SharedEngine, variant: PromptVariant, questions: list[Question], pools: dict[str, Path]
    ) -> dict[str, Any]:
        """Have the questions answered; write the tables, and when all is on disk the manifest.

        Returns the manifest's account of each benchmark.
        """
        folder = self.folder / variant.model_id
        inputs = self.items_files | (pools if variant.shots else {})
        mode = {
            "model_id": variant.model_id,
            "shots": variant.shots,
            "samples": self.samples,
            **variant.mode.settings(),
        }
        mode |= {"first_samples": self.first_samples} if any(self.first_samples.values()) else {}
        mode |= {} if self.provenance is None else {"provenance": self.provenance}
        run = engine.with_replies(
            replies_folder(self.folder / owner_of_replies(variant.model)), variant.model_id, variant.mode
        )
        benchmarks = write_answers(questions, self._answers(run, variant, questions), variant.model_id, folder)
        tokens = sum(counts["answer_tokens"] for counts in benchmarks.values())
        made_from = generation_manifest(engine.generation, inputs, **mode)
        write_json({**run.speed(tokens), "benchmarks": benchmarks, **made_from}, folder / "manifest.json")
        return benchmarks

    def _answers(self, run: RecordedEngine, variant: PromptVariant, questions: list[Question]) -> list[Completion]:
        # The same seeds for every model of a study, so that models do not differ in their random numbers.
        seeds = [derive_seed(self.seed, "answers", q.benchmark, q.item_id, q.sample) for q in questions]
        prompts = [question.text for question in questions]
        return run.chat(prompts, seeds) if variant.shots is None else run.complete(prompts, seeds, STOP)


def answers_at_limit(accounts: Mapping[AnyModel, Mapping[str, Mapping[str, int]]]) -> dict[str, tuple[int, int]]:
    """The number of answers that reach the length limit, and of all, of each model that was trained here."""
    found = {}
    for model, benchmarks in accounts.items():
        if not isinstance(model, BaseStudent | Teacher | Adopted):
            at_limit = sum(counts["truncated"] - counts["prompt_too_long"] for counts in benchmarks.values())
            found[model.model_id] = (at_limit, sum(counts["answers"] for counts in benchmarks.values()))
    return found


def main() -> None:
    arguments = parse_arguments()
    models = [parse_model_id(model_id) for model_id in arguments.model_ids]
    check_endpoint(arguments.endpoint, models)
    generations = [Generation.from_arguments(arguments, folder) for folder in arguments.model]
    check_length_limits(models, generations[0].sampling)
    for model, generation in zip(models, generations, strict=False):
        if isinstance(model, Adopted):
            check_published(generation.model, generation.revision)
    variants = prompt_variants(models, arguments.model, modes_from_json(arguments.modes))
    items = read_items(arguments.items)
    samples = samples_per_item(arguments.samples, items)
    check_samples(models, samples)
    evaluation = Evaluation(
        items=items,
        items_files=named("items", arguments.items),
        samples=samples,
        first_samples=first_samples(arguments.first_samples, samples),
        seed=arguments.seed,
        folder=arguments.output_dir,
        provenance=arguments.provenance,
    )
    pools, pool_files = read_pools(arguments.pools), named("pools", arguments.pools)
    # before the first engine starts, so that an error of any variant costs nothing
    prepared = [(variant, evaluation.questions(variant.shots, pools)) for variant in variants]
    of_each_engine = [prepared] if len(generations) == 1 else [[one] for one in prepared]
    accounts: dict[AnyModel, Mapping[str, Mapping[str, int]]] = {}
    for generation, own in zip(generations, of_each_engine, strict=True):
        with SharedEngine(generation, engine_log(arguments.output_dir / own[0][0].model_id)) as engine:
            for variant, questions in own:
                accounts[variant.model] = evaluation.run(engine, variant, questions, pool_files)
    print(last_line(counts for benchmarks in accounts.values() for counts in benchmarks.values()), file=sys.stderr)
    if warning := stop_warning(answers_at_limit(accounts)):
        print(warning, file=sys.stderr)


if __name__ == "__main__":
    run_and_leave(main)
