"""How the rows of the prompt sources look, and where in a row the question is.

Standard library only: the config's checks read the schemas before anything else is loaded.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scale_or_reason.common.errors import StudyError


@dataclass(frozen=True)
class QuestionSchema:
    """How the rows of a prompt source look.

    ``column`` holds the messages, with who asks under ``role_key`` and the text under ``text_key``; or, without these
    keys, the question itself. ``language`` is the column with the language's code, None if the source has none.
    """

    column: str
    role_key: str | None = None
    text_key: str | None = None
    asker: str | None = None
    language: str | None = None


#: By the names that the config uses.
QUESTION_SCHEMAS: dict[str, QuestionSchema] = {
    "infinity_instruct": QuestionSchema("conversations", "from", "value", asker="human", language="langdetect"),
    "llama_nemotron": QuestionSchema("input", "role", "content", asker="user"),
    "released_pairs": QuestionSchema("prompt"),
}


def get_question_schema(name: str) -> QuestionSchema:
    """The schema called ``name``; :class:`StudyError` if there is none."""
    if name not in QUESTION_SCHEMAS:
        raise StudyError("no such schema of questions", found=name, expected=", ".join(QUESTION_SCHEMAS))
    return QUESTION_SCHEMAS[name]


def columns_of(schema: QuestionSchema) -> tuple[str, ...]:
    """The columns that a question and its language are read from."""
    return (schema.column, schema.language) if schema.language else (schema.column,)


def question_of(row: Mapping[str, Any], schema: QuestionSchema) -> str | None:
    """The question of a row, stripped: where it holds a conversation, its first message.

    None if there is none or if the conversation opens with something else. Raises :class:`StudyError` if the row has no
    messages or no text where they belong: then it is of another schema.
    """
    text = row.get(schema.column)
    if schema.role_key is not None:
        messages = text
        if not isinstance(messages, list) or not all(isinstance(message, Mapping) for message in messages):
            expected = f'"{schema.column}": [{{"{schema.role_key}": "{schema.asker}", "{schema.text_key}": TEXT}}, ...]'
            raise _wrong_schema(row, schema, expected)
        if not messages or messages[0].get(schema.role_key) != schema.asker:
            return None
        text = messages[0].get(schema.text_key)
    elif not isinstance(text, str):
        raise _wrong_schema(row, schema, f'"{schema.column}": TEXT')
    return text.strip() or None if isinstance(text, str) else None


def _wrong_schema(row: Mapping[str, Any], schema: QuestionSchema, expected: str) -> StudyError:
    value = row.get(schema.column)
    return StudyError(
        "a row is not of the source's schema",
        key=schema.column,
        found=f"the columns {', '.join(row)}" if value is None else repr(value)[:80],
        expected=expected,
        remedy="check the corpus's `schema` in the config",
    )


def language_of(row: Mapping[str, Any], schema: QuestionSchema) -> Any:
    """The code in the row's language column; :class:`StudyError` if the source has none."""
    if schema.language is None or schema.language not in row:
        raise StudyError(
            "the source does not say which language a question is in",
            key=schema.language or "languages",
            found=f"the columns {', '.join(row)}",
            remedy="set the corpus's `languages` to null",
        )
    return row[schema.language]
