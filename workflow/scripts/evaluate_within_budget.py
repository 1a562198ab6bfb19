"""Cut the thoughts of existing answers at a budget and have the models continue from there.

    python workflow/scripts/evaluate_within_budget.py --model models/general/micro-a/seq/rho-1/seed-0 \\
        --model-ids general/micro-a/seq/rho-1/seed-0/think-tokens-64 --items benchmarks/gsm8k.parquet \\
        --answers answers --sampling '{"temperature": 1.0, "top_p": 1.0, "max_tokens": 256}' \\
        --engine '{"dtype": "float32"}' --seed 0 --output-dir answers

Reads the answers of the same model without a budget (answers/general/micro-a/seq/rho-1/seed-0/gsm8k.parquet). A thought
that is longer than the budget is cut, a closing think tag is put behind it, and the model writes its answer, within
what the budget leaves of max_tokens. All other answers stay as they are. The budget think-tokens-p50 is the median
length of the model's own thoughts on each benchmark; the manifest has its tokens. Several ids have as many models; each
model is loaded once.

Writes a table of answers per benchmark, a table of cuts (cuts.parquet) and a manifest. Continuations are on disk as
soon as they are finished, in a folder `.replies` beside the tables; a model without missing ones is not loaded.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl

from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.files import write_json
from scale_or_reason.common.seeds import derive_seed
from scale_or_reason.common.tables import read_table, table_from_rows, write_table
from scale_or_reason.common.wording import counted
from scale_or_reason.inference.command_line import Generation, add_engine_options, generation_manifest, named
from scale_or_reason.inference.requests import Completion
from scale_or_reason.inference.resumable import SharedEngine, engine_log, replies_folder, speed_of
from scale_or_reason.inference.thinking_budgets import Thought, budget_in_tokens, thought_within
from scale_or_reason.inference.token_counts import load_tokenizer
from scale_or_reason.inference.vllm_engine import run_and_leave
from scale_or_reason.study import shared_options
from scale_or_reason.study.cells import BudgetedCell, parse_model_id
from scale_or_reason.study.thinking_budgets import RESOLVED_TOKENS, ThinkingBudget

Row = dict[str, Any]


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[
            shared_options.model_ids("models with their budgets, as many as --model"),
            shared_options.items(),
            shared_options.answers(),
            shared_options.model_folders(),
        ],
    )
    add_engine_options(parser, several=True)
    return parser.parse_args()


def budgeted_models(model_ids: list[str], models: list[str], max_tokens: int) -> dict[str, list[BudgetedCell]]:
    """The models with budgets of each model folder, in order.

    Raises :class:`StudyError` for ids without a budget, for another number of ids than of models, and for a budget that
    leaves no tokens for an answer.
    """
    found: dict[str, list[BudgetedCell]] = {}
    if len(models) != len(model_ids):
        raise StudyError(
            "the number of model ids does not match --model",
            where="--model-ids",
            found=", ".join(model_ids),
            expected=counted(len(models), "id"),
        )
    for model, parsed in zip(models, map(parse_model_id, model_ids), strict=True):
        if not isinstance(parsed, BudgetedCell) or (parsed.budget.tokens or 0) >= max_tokens:
            raise StudyError(
                "the model id has no budget below the limit on answers",
                where="--model-ids",
                found=parsed.model_id,
                expected=f"CORPUS/STUDENT/CURRICULUM/rho-R/seed-N/think-tokens-N with N below {max_tokens}, or "
                "with think-tokens-pN for a percentile",
                remedy="lower the budget, or raise max_tokens in --sampling",
            )
        found.setdefault(model, []).append(parsed)
    return found


def read_prompts(paths: list[Path]) -> dict[str, dict[str, str]]:
    """The prompts by benchmark and item."""
    items = pl.concat([read_table(path, "items").select("benchmark", "item_id", "prompt") for path in paths])
    found: dict[str, dict[str, str]] = {}
    for benchmark, item_id, prompt in items.iter_rows():
        found.setdefault(benchmark, {})[item_id] = prompt
    return found


@dataclass(frozen=True)
class Evaluation:
    """The common inputs and settings of all models."""

    prompts: Mapping[str, Mapping[str, str]]
    items: dict[str, Path]
    answers: Path
    folder: Path

    def run(self, engine: SharedEngine, model: BudgetedCell, tokenizer: Any) -> Row:
        """Continue the answers of a model under its budget and write its files; return counts of all benchmarks."""
        tables = {name: self.answers / model.cell.model_id / f"{name}.parquet" for name in self.prompts}
        own = [row for path in tables.values() for row in read_table(path, "answers").iter_rows(named=True)]
        tokens = {
            name: budget_in_tokens(model.budget, (row["answer"] for row in own if row["benchmark"] == name), tokenizer)
            for name in tables
        }
        folder, generation = self.folder / model.model_id, engine.generation
        limits = {name: _limit(count, generation.sampling.max_tokens) for name, count in tokens.items()}
        thoughts = [thought_within(row["answer"], limits[row["benchmark"]], tokenizer) for row in own]
        replies, speed = self._continuations(engine, model, own, thoughts)
        rows = [
            (row | {"model_id": model.model_id}, thought, replies.get(number))
            for number, (row, thought) in enumerate(zip(own, thoughts, strict=True))
        ]
        write_table(table_from_rows([cut_row(*each) for each in rows], "cuts"), folder / "cuts.parquet", "cuts")
        answered = pl.DataFrame([continued(*each) for each in rows])
        for name in tables:
            table = answered.filter(benchmark=name)
            write_table(table_from_rows(table.to_dicts(), "answers"), folder / f"{name}.parquet", "answers")
        counts = {"answers": len(own), "cut": len(replies)}
        made_from = generation_manifest(
            generation,
            self.items | named("answers", list(tables.values())),
            model_id=model.model_id,
            **_settings_of(model.budget, tokens),
        )
        write_json({**speed, "thoughts": counts, **made_from}, folder / "manifest.json")
        return counts

    def _continuations(
        self, engine: SharedEngine, model: BudgetedCell, own: Sequence[Row], thoughts: Sequence[Thought | None]
    ) -> tuple[dict[int, Completion], dict[str, float]]:
        """What follows each cut thought, by the number of its answer, and the measured part of the manifest.

        Thoughts that were cut at the same number of tokens, which leave the same number for an answer, are continued
        together.
        """
        generation, folder = engine.generation, replies_folder(self.folder / model.model_id)
        by_tokens: dict[int, list[int]] = {}
        for number, thought in enumerate(thoughts):
            if thought is not None and thought.begun is not None:
                by_tokens.setdefault(thought.kept_tokens, []).append(number)
        replies: dict[int, Completion] = {}
        runs = []
        for tokens, cut in by_tokens.items():
            left = replace(generation.sampling, max_tokens=generation.sampling.max_tokens - tokens)
            run = engine.with_replies(folder, model.model_id, sampling=left)
            found = run.resume(
                [self._prompt(own[number]) for number in cut],
                [str(thoughts[number].begun) for number in cut],  # type: ignore[union-attr]
                [_seed(generation.seed, model.budget, own[number]) for number in cut],
            )
            replies |= dict(zip(cut, found, strict=True))
            runs.append(run)
        return replies, speed_of(runs, sum(reply.tokens for reply in replies.values()))

    def _prompt(self, row: Row) -> str:
        prompt = self.prompts[row["benchmark"]].get(row["item_id"])
        if prompt is None:
            raise StudyError(
                "an answer belongs to no item",
                where="--items",
                found=f"{row['benchmark']} / {row['item_id']}",
                expected="the items that the model has answered",
                remedy="let the model answer the benchmark again",
            )
        return prompt


def _limit(tokens: int | None, max_tokens: int) -> int | None:
    """The tokens at which thoughts are cut; None if there are none, or if they would leave no token for an answer."""
    return None if tokens is None or tokens >= max_tokens else tokens


def _settings_of(budget: ThinkingBudget, tokens: Mapping[str, int | None]) -> Row:
    """The budget in the manifest; of a percentile also its tokens on each benchmark, null without thoughts."""
    if budget.tokens is not None:
        return {"think_tokens": budget.tokens}
    return {"think_percentile": budget.percentile, RESOLVED_TOKENS: dict(tokens)}


def _seed(seed: int, budget: ThinkingBudget, row: Row) -> int:
    """Of a continuation; the same for every model and every budget of a kind."""
    kind = "percentiles of thoughts" if budget.is_percentile else "answers behind cut thoughts"
    return derive_seed(seed, kind, row["benchmark"], row["item_id"], row["sample"])


def continued(row: Row, thought: Thought | None, reply: Completion | None) -> Row:
    """The row of an answer: as it was, or its cut thought with the continuation."""
    if reply is None or thought is None:
        return row
    tokens = reply.prompt_tokens - row["prompt_tokens"] + reply.tokens
    whole = Completion(row["prompt_tokens"], f"{thought.begun}{reply.text}", tokens, reply.finish_reason)
    ended = "empty" if whole.is_empty else whole.finish_reason
    return row | {"answer": whole.text, "answer_tokens": whole.tokens, "finish_reason": ended}


def cut_row(row: Row, thought: Thought | None, reply: Completion | None) -> Row:
    """The row of the table of cuts."""
    key = {name: row[name] for name in ("model_id", "benchmark", "item_id", "sample", "prompt_tokens")}
    kept = thought.kept_tokens if thought else None
    closing = 0
    if reply is not None and kept is not None:
        closing = max(0, reply.prompt_tokens - row["prompt_tokens"] - kept)
    return key | {
        "cut": reply is not None,
        "thought_tokens": kept,
        "closing_tokens": closing,
        "continued_tokens": reply.tokens if reply else 0,
    }


def main() -> None:
    arguments = parse_arguments()
    generations = {model: Generation.from_arguments(arguments, model) for model in arguments.model}
    limit = next(iter(generations.values())).sampling.max_tokens
    models = budgeted_models(arguments.model_ids, arguments.model, limit)
    prompts, items = read_prompts(arguments.items), named("items", arguments.items)
    evaluation = Evaluation(prompts, items, arguments.answers, arguments.output_dir)
    for model, cells in models.items():
        tokenizer = load_tokenizer(model)
        with SharedEngine(generations[model], engine_log(arguments.output_dir / cells[0].model_id)) as engine:
            for cell in cells:
                counts = evaluation.run(engine, cell, tokenizer)
                print(
                    f"{cell.model_id}: {counts['cut']} of {counted(counts['answers'], 'thought')} cut", file=sys.stderr
                )


if __name__ == "__main__":
    run_and_leave(main)
