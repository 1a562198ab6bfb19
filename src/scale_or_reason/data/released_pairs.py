"""Pairs that somebody else's teacher made: rows with a prompt and both answers, as the papers' authors publish them.

They are treated as answers of the study's own teacher: only chosen prompts, the same faults, the same audit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

import polars as pl

from scale_or_reason.common.dataset_rows import RowOrFault, is_valid
from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.seeds import stable_id
from scale_or_reason.common.tables import table_from_rows
from scale_or_reason.common.wording import counted
from scale_or_reason.data.faulty_rows import FaultyRows, row_fault
from scale_or_reason.data.pairs import INVALID_TEXT, PairMaker, first_fault
from scale_or_reason.data.prompt_schemas import PROMPT_SCHEMAS, prompt_of, text_of
from scale_or_reason.study.cells import FORMATS

#: The columns of a released row: the prompt, the answer with thinking off, the one with thinking on.
COLUMNS = ("prompt", "ift", "reasoning")
#: Rows in memory at a time: with the lists of ids that are counted, some hundred megabytes at the papers' lengths.
CHUNK = 1_000

#: Numbers of tokens of some texts.
CountTokens = Callable[[list[str]], list[int]]


def paired_rows(
    rows: Iterable[RowOrFault],
    prompts: Iterable[pl.DataFrame],
    maker: PairMaker,
    *,
    corpus: str,
    count_prompts: CountTokens,
    count_answers: CountTokens,
    where: object,
    faults: FaultyRows,
) -> Iterator[pl.DataFrame]:
    """The usable pairs (schema pairs) among ``rows``, chunk by chunk in the order of the rows.

    ``prompts`` (schema prompts) are the chosen ones. Of several rows with one prompt the first sound one counts. The
    source does not say whether an answer was finished: all count as finished, and the audit finds those without an end
    of thinking. ``faults`` counts rows that cannot be read. Raises :class:`StudyError` if most rows are faulty, and if
    a chosen prompt is in no row.
    """
    wanted = {int(prompt_id, 16) for part in prompts for prompt_id in part["prompt_id"]}
    candidates = _candidates(rows, wanted, corpus, where, faults)
    dropped: dict[int, str] = {}
    while chunk := list(islice(candidates, CHUNK)):
        if sound := _sound(chunk, wanted, dropped):
            prompt_tokens = count_prompts([row["prompt"] for row in sound])
            answers = [_generations(sound, column, prompt_tokens, count_answers) for column in ("ift", "reasoning")]
            yield maker.pair(table_from_rows([_prompt(row) for row in sound], "prompts"), *answers)
    faults.check()
    lost = wanted & dropped.keys()
    for key in lost:
        maker.audit.dropped[dropped[key]] += 1
    if missing := len(wanted - lost):
        raise StudyError(
            "chosen prompts are in no row",
            where=where,
            found=f"{counted(missing, 'prompt')} without a row",
            expected="the rows that the prompts were chosen from",
            remedy="the source has changed since: delete the corpus's prompts and let them be chosen again",
        )


def _candidates(
    rows: Iterable[RowOrFault], wanted: set[int], corpus: str, where: object, faults: FaultyRows
) -> Iterator[dict[str, str]]:
    """The rows of wanted prompts, with their ids."""
    for number, row in rows:
        try:
            prompt, answers = _texts(row)
        except StudyError as error:
            faults.add(error if error is row else row_fault(error, where, number))
            continue
        faults.add_good()
        prompt_id = stable_id(corpus, prompt) if prompt else ""
        if prompt and int(prompt_id, 16) in wanted:
            yield {"prompt_id": prompt_id, "corpus": corpus, "prompt": prompt, **answers}


def _texts(row: Mapping[str, Any] | StudyError) -> tuple[str | None, dict[str, str]]:
    """The prompt (None if there is none) and both answers; "" for null and for what is no valid text."""
    if isinstance(row, StudyError):
        raise row
    if missing := [column for column in COLUMNS if column not in row]:
        raise StudyError(
            "a row of released pairs lacks a column",
            key=missing[0],
            found=f"the columns {', '.join(row)}",
            expected=", ".join(COLUMNS),
        )
    answers: dict[str, str] = {}
    for column in FORMATS:
        text = "" if row[column] is None else text_of(row[column])
        valid = text is not None and is_valid(text)
        answers[column] = text or "" if valid else ""
        answers[f"{column}_finish"] = "stop" if valid else INVALID_TEXT
    return prompt_of(row, PROMPT_SCHEMAS["released_pairs"]), answers


def _sound(chunk: list[dict[str, str]], wanted: set[int], dropped: dict[int, str]) -> list[dict[str, str]]:
    """The first row without a fault of each prompt, which is taken out of ``wanted``; faults go into ``dropped``."""
    frame = pl.DataFrame(chunk).with_columns(benchmark=pl.lit(None, pl.String))
    sound = []
    for row, reason in zip(chunk, frame.select(first_fault()).to_series(), strict=True):
        key = int(row["prompt_id"], 16)
        if reason is not None:
            dropped.setdefault(key, reason)
        elif key in wanted:
            wanted.remove(key)
            sound.append(row)
    return sound


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
