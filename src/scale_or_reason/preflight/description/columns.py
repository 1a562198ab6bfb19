"""The page of all tables and their columns, from the schemas and the comments beside them.

A column without a comment in :mod:`common.table_schemas` has its meaning in ``MEANINGS``.
"""

from __future__ import annotations

import ast
import functools
import inspect
import io
import tokenize

import polars as pl

from scale_or_reason.common import table_schemas
from scale_or_reason.common.table_schemas import SCHEMAS

#: Meanings of columns that have no comment, by column or by TABLE.COLUMN.
MEANINGS = {
    "model_id": "the model: its path below `answers/`",
    "corpus": "the corpus of the training prompts",
    "ratio": "the share of reasoning answers in training",
    "seed": "the replica",
    "pairs.seed": "of the teacher's answers",
    "shots": "few-shot examples; only base students have any",
    "size_b": "billions of parameters",
    "seeds": "replicas that are averaged",
    "family": "the family of the benchmark",
    "benchmark": "the benchmark; in rows of a whole family, null",
    "item_id": "the item of the benchmark",
    "sample": "the number of the answer among several to the same item, from 0",
    "prompt_id": "the training prompt",
    "prompt": "the text of the prompt",
    "shared_words": "the words that the prompt shares with the item",
    "prompt_tokens": "tokens of the prompt",
    "answer": "the text of the answer",
    "answer_tokens": "generated tokens, with the end token",
    "finish_reason": "`stop`, `length`, `refused` or `empty`",
    "ift": "the answer with thinking off",
    "reasoning": "the answer with thinking on",
    "ift_tokens": "tokens of the IFT answer",
    "reasoning_tokens": "tokens of the reasoning answer",
    "ift_finish": "the finish reason of the IFT answer",
    "reasoning_finish": "the finish reason of the reasoning answer",
    "pairs.teacher": "the teacher's name",
    "position": "the place in the order of training, from 0",
    "phase": "0 or 1",
    "reproduction.format": "`ift` or `reasoning`",
    "question": "the question without the instruction",
    "judge": "the judge's name, or `rule_graders`",
    "judge_prompt_tokens": "tokens of the judge's prompts",
    "judge_tokens": "tokens that the judge generated",
    "n": "answers",
    "accuracy": "the share of right answers",
    "ci_low": "lower end of the 95 % interval of the accuracy",
    "ci_high": "upper end of the 95 % interval of the accuracy",
    "answer_tokens_mean": "mean generated tokens of an answer",
    "truncated": "answers that reached the limit of length",
    "unparsable": "answers without a readable verdict or a majority",
    "right": "whether the jury calls the answers right",
    "contrasts.flops": "FLOPs of the cell",
    "frontier_membership.flops": "FLOPs of the cost in `cost`",
    "k": "answers that vote",
    "pass_at_k": "the probability that at least one of k answers is right",
    "inference_flops": "FLOPs per item",
    "early_stopping.percentile": "of the lengths of the model's answers",
    "runner_up_budget": "tokens at which its thoughts are cut",
    "max_tokens": "the limit on the length of an answer",
    "gap": "accuracy minus that of the reference",
    "answers": "answers that count",
    "difference": "accuracy minus that of IFT",
    "compute_ratio": "FLOPs over those of IFT of equal accuracy",
    "note": "what is missing, or what the reader should know",
    "competitors": "cells that are compared",
    "budget": "the budget, in `unit`",
    "queries": "the number of answers that the model will give",
    "best_accuracy": "its accuracy",
    "answer_hours": "GPU-hours of one answer",
    "runner_up": "the second most accurate affordable model",
    "runner_up_accuracy": "its accuracy",
    "runner_up_lifetime": "its cost of training and all answers",
    "runner_up_probability": "the probability that it is the most accurate affordable model",
    "offers": "models that are compared",
    "affordable": "models within the budget",
    "regions.best": "a model id without its seed",
    "student": "the student",
    "regions.reasoning_probability": "the probability that the best learnt from reasoning",
    "name": "the statement's short name",
    "source": "the place in the papers",
    "statement": "the statement",
    "unit": "the unit of the value",
    "value": "the number behind the statement",
    "low": "lower end of the 95 % interval",
    "high": "upper end of the 95 % interval",
    "p": "p-value",
    "cells": "the models that the value is computed from",
    "version": "of the papers: v1 or v2",
    "first_only": "answers that only the first calls right",
    "second_only": "answers that only the second calls right",
    "agreement": "the share of answers with the same verdict",
    "kappa": "Cohen's kappa",
    "alpha": "Krippendorff's alpha",
    "sequences": "answers or samples",
    "completion_tokens": "generated or trained tokens",
    "gain": "accuracy minus that of a single answer",
    "frontier_membership.on_frontier": "whether the cell is on the frontier",
    "lead": "accuracy of the best over the runner-up",
    "break_even_queries": "the largest number of answers at which reasoning is ahead",
    "most_expensive": "the largest cost of training and all answers",
    "parts_holding": "how many of these conditions hold",
    "ours": "the same number in this study",
    "training_hours": "GPU-hours of training the best model",
    "teacher_hours": "GPU-hours of its part of the teacher's answers",
    "search_hours": "GPU-hours of the learning-rate search",
    "judging_hours": "GPU-hours of the verdicts on its answers",
}
#: Endings that columns of estimates have.
_ENDINGS = {
    "_low": "lower end of the 95 % interval of `{}`",
    "_high": "upper end of the 95 % interval of `{}`",
    "_benchmarks_low": "lower end of the 95 % interval of `{}` for other benchmarks of the family's kind",
    "_benchmarks_high": "upper end of the 95 % interval of `{}` for other benchmarks of the family's kind",
    "_p": "p-value of `{}`",
    "_q": "p-value of `{}`, adjusted for the false discovery rate",
}
_TYPES = {pl.String(): "text", pl.Int64(): "integer", pl.Float64(): "number", pl.Boolean(): "boolean"}
_HEAD = """# Tables and columns

The columns of every table with a schema. A job checks them whenever it writes or reads such a table; `null` stands for
a value that does not apply or is unknown. [Results](results.md#tables) says which table answers what.

<!-- Generated from src/scale_or_reason/common/table_schemas.py: python -m scale_or_reason.preflight.description -->
"""


def columns_page() -> str:
    """The page as Markdown."""
    return "\n".join([_HEAD, *map(_section, SCHEMAS)])


def meaning(table: str, column: str) -> str | None:
    """What a column holds; None if that is written nowhere."""
    comments = _comments()
    own = comments.get((table, column)) or MEANINGS.get(f"{table}.{column}")
    shared = next((text for (scope, name), text in comments.items() if name == column and scope not in SCHEMAS), None)
    if found := own or shared or MEANINGS.get(column):
        return found
    for ending, text in _ENDINGS.items():
        base = column.removesuffix(ending)
        if base != column and base in SCHEMAS[table]:
            return text.format(base)
    return None


def _section(table: str) -> str:
    rows = [
        f"| `{name}` | {_TYPES.get(kind, 'list')} | {meaning(table, name)} |" for name, kind in SCHEMAS[table].items()
    ]
    about = _comments().get((table, ""))
    intro = [f"{about[0].upper()}{about[1:]}.", ""] if about else []
    return "\n".join([f"## {table}", "", *intro, "| column | type | contents |", "|---|---|---|", *rows, ""])


@functools.cache
def _comments() -> dict[tuple[str, str], str]:
    """The comment beside each column, by the table or the name of the shared columns, and the column; that above a
    table under the empty column."""
    source = inspect.getsource(table_schemas)
    lines: dict[int, str] = {}
    alone: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            lines[token.start[0]] = token.string.lstrip("#: ").replace(" | ", ", ")
            if not token.line[: token.start[1]].strip():
                alone.add(token.start[0])
    found: dict[tuple[str, str], str] = {}
    for node in ast.parse(source).body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and isinstance(node.value, ast.Dict):
            if node.target.id == "SCHEMAS":
                for key, value in zip(node.value.keys, node.value.values, strict=True):
                    assert isinstance(key, ast.Constant) and isinstance(value, ast.Dict)
                    above = key.lineno - 1
                    while above in alone:
                        above -= 1
                    text = " ".join(lines[number] for number in range(above + 1, key.lineno))
                    found |= {(str(key.value), ""): text} if text else {}
                    found |= _beside(str(key.value), value, lines, alone)
            else:
                found |= _beside(node.target.id, node.value, lines, alone)
    return found


def _beside(scope: str, node: ast.Dict, lines: dict[int, str], alone: set[int]) -> dict[tuple[str, str], str]:
    return {
        (scope, str(key.value)): lines[key.lineno]
        for key in node.keys
        if isinstance(key, ast.Constant) and key.lineno in lines and key.lineno not in alone
    }
