"""The training questions that the teacher answers: reading the two prompt sources, de-duplicating, sampling.

General corpus: Infinity-Instruct ``7M_core``. Math corpus: the math part of Llama-Nemotron-Post-Training-Dataset. Only
the questions are taken; the answers are the study's own. What the papers leave open: of a conversation of several turns
the first question is taken, and no language is filtered out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from scale_or_reason.errors import StudyError
from scale_or_reason.seeds import stable_id
from scale_or_reason.sources import NumberedRow
from scale_or_reason.tables import table_from_rows


@dataclass(frozen=True)
class QuestionSchema:
    """How the rows of a prompt source look: the column with the messages, and who asks under which keys."""

    column: str
    role_key: str
    text_key: str
    asker: str


#: By the names that the config uses.
QUESTION_SCHEMAS: dict[str, QuestionSchema] = {
    "infinity_instruct": QuestionSchema("conversations", role_key="from", text_key="value", asker="human"),
    "llama_nemotron": QuestionSchema("input", role_key="role", text_key="content", asker="user"),
}


@dataclass(frozen=True)
class Questions:
    """``table`` (schema questions) and what was counted on the way to it.

    ``rows`` were read; ``unusable`` of them have no question where it belongs; ``distinct`` questions are left without
    exact duplicates, of which ``table`` is the sample.
    """

    table: pl.DataFrame
    rows: int
    unusable: int
    distinct: int


def question_of(row: Mapping[str, Any], schema: QuestionSchema) -> str | None:
    """The question that opens the row's conversation, stripped; None if the conversation opens with something else.

    Raises :class:`StudyError` if the row has no list of messages: then it is of another schema.
    """
    messages = row.get(schema.column)
    if not isinstance(messages, list) or not all(isinstance(message, Mapping) for message in messages):
        raise StudyError(
            "a row has no list of messages",
            key=schema.column,
            found=", ".join(row) if messages is None else repr(messages)[:80],
            expected=f'"{schema.column}": [{{"{schema.role_key}": "{schema.asker}", "{schema.text_key}": TEXT}}, ...]',
            remedy="check the corpus's `schema` in the config",
        )
    if not messages or messages[0].get(schema.role_key) != schema.asker:
        return None
    text = messages[0].get(schema.text_key)
    return text.strip() or None if isinstance(text, str) else None


def collect_questions(
    rows: Iterable[NumberedRow], *, corpus: str, schema: str, size: int | None, seed: int, where: object
) -> Questions:
    """At most ``size`` distinct questions of a source (all if None), in a random but fixed order.

    The order is that of hashes of ``seed`` and question, so that it depends neither on the order of the source nor on
    ``size``: a larger sample starts with the smaller one. Memory: the distinct questions.
    """
    reader = get_question_schema(schema)
    prompts: dict[str, str] = {}
    number = unusable = 0
    for number, row in rows:
        prompt = _question(row, reader, where, number)
        if prompt is None:
            unusable += 1
        else:
            prompts.setdefault(stable_id(corpus, prompt), prompt)
    if not prompts:
        raise StudyError(
            f"there are no questions for the corpus {corpus}",
            where=where,
            found=f"{number} rows, {unusable} of them without a question",
            expected=f"rows of the schema {schema} that open with a message of the {reader.asker}",
        )
    order = sorted(prompts, key=lambda prompt_id: stable_id(seed, "questions", prompt_id))[:size]
    table = table_from_rows(
        [{"prompt_id": prompt_id, "corpus": corpus, "prompt": prompts[prompt_id]} for prompt_id in order], "questions"
    )
    return Questions(table, rows=number, unusable=unusable, distinct=len(prompts))


def get_question_schema(name: str) -> QuestionSchema:
    """The schema called ``name``; :class:`StudyError` if there is none."""
    if name not in QUESTION_SCHEMAS:
        raise StudyError("no such schema of questions", found=name, expected=", ".join(QUESTION_SCHEMAS))
    return QUESTION_SCHEMAS[name]


def _question(row: Mapping[str, Any], reader: QuestionSchema, where: object, number: int) -> str | None:
    try:
        return question_of(row, reader)
    except StudyError as error:
        raise StudyError(
            error.problem,
            where=where,
            key=f"row {number}: {error.key}",
            found=error.found,
            expected=error.expected,
            remedy=error.remedy,
        ) from None
