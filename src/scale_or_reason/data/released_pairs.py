"""Pairs that somebody else's teacher made: rows with a prompt and both answers, as the papers' authors publish them.

They go the same way as answers of our own teacher: only chosen prompts, the same faults, the same audit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

import polars as pl

from scale_or_reason.common.dataset_rows import NumberedRow
from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.seeds import stable_id
from scale_or_reason.common.tables import table_from_rows
from scale_or_reason.data.pairs import PairMaker

#: The columns of a released row: the prompt, the answer with thinking off, the one with thinking on.
COLUMNS = ("prompt", "ift", "reasoning")
#: Rows in memory at a time: with the lists of ids that are counted, some hundred megabytes at the papers' lengths.
CHUNK = 1_000

#: Numbers of tokens of some texts.
CountTokens = Callable[[list[str]], list[int]]


def paired_rows(
    rows: Iterable[NumberedRow],
    prompts: Iterable[pl.DataFrame],
    maker: PairMaker,
    *,
    corpus: str,
    count_prompts: CountTokens,
    count_answers: CountTokens,
    where: object,
) -> Iterator[pl.DataFrame]:
    """The usable pairs (schema pairs) among ``rows``, chunk by chunk in the order of the rows.

    ``prompts`` (schema prompts) are the chosen ones; of several rows with one prompt the first counts. Nobody
    says whether a released answer was finished: all count as finished, and the audit finds those without an end of
    thinking. Raises :class:`StudyError` for a row without the columns, and if a chosen prompt is in no row.
    """
    wanted = {int(prompt_id, 16) for part in prompts for prompt_id in part["prompt_id"]}
    chosen = _chosen(rows, wanted, corpus, where)
    while chunk := list(islice(chosen, CHUNK)):
        prompt_tokens = count_prompts([row["prompt"] for row in chunk])
        answers = [_generations(chunk, column, prompt_tokens, count_answers) for column in ("ift", "reasoning")]
        yield maker.pair(table_from_rows([_prompt(row) for row in chunk], "prompts"), *answers)
    if wanted:
        raise StudyError(
            "chosen prompts are in no row",
            where=where,
            found=f"{len(wanted)} prompts without a row",
            expected="the rows that the prompts were chosen from",
            remedy="the source has changed since: delete the corpus's prompts and let them be chosen again",
        )


def _chosen(rows: Iterable[NumberedRow], wanted: set[int], corpus: str, where: object) -> Iterator[dict[str, str]]:
    """The rows of wanted prompts, with their ids; what is found is taken out of ``wanted``."""
    for number, row in rows:
        _check(row, where, number)
        prompt = row["prompt"].strip()
        prompt_id = stable_id(corpus, prompt)
        if int(prompt_id, 16) in wanted:
            wanted.remove(int(prompt_id, 16))
            yield {
                "prompt_id": prompt_id,
                "corpus": corpus,
                "prompt": prompt,
                "ift": row["ift"] or "",
                "reasoning": row["reasoning"] or "",
            }


def _check(row: Mapping[str, Any], where: object, number: int) -> None:
    for column in COLUMNS:
        value = row.get(column, 0)
        if not isinstance(value, str) and (column == "prompt" or value is not None):
            raise StudyError(
                "a row of released pairs lacks a text",
                where=where,
                key=f"row {number}: {column}",
                found=", ".join(row) if column not in row else repr(value)[:80],
                expected=", ".join(COLUMNS),
            )


def _prompt(row: Mapping[str, str]) -> dict[str, str]:
    return {name: row[name] for name in ("prompt_id", "corpus", "prompt")}


def _generations(
    chunk: list[dict[str, str]], column: str, prompt_tokens: list[int], count_answers: CountTokens
) -> pl.DataFrame:
    answers = [row[column] for row in chunk]
    return table_from_rows(
        [
            {
                "prompt_id": row["prompt_id"],
                "prompt": row["prompt"],
                "prompt_tokens": prompt,
                "answer": answer,
                "answer_tokens": tokens + 1,  # and the token that ended it
                "finish_reason": "stop",
            }
            for row, answer, prompt, tokens in zip(chunk, answers, prompt_tokens, count_answers(answers), strict=True)
        ],
        "generations",
    )
