"""How the rows of the prompt sources look, and where in a row the prompt is.

Standard library only: the config's checks read the schemas before anything else is loaded.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scale_or_reason.common.errors import StudyError


@dataclass(frozen=True)
class PromptSchema:
    """How the rows of a prompt source look.

    ``column`` holds the messages, with who asks under ``role_key`` and the text under ``text_key``; or, without these
    keys, the prompt itself. ``language`` is the column with the language's code, None if the source has none.
    """

    column: str
    role_key: str | None = None
    text_key: str | None = None
    user_role: str | None = None
    language: str | None = None


#: By the names that the config uses.
PROMPT_SCHEMAS: dict[str, PromptSchema] = {
    "infinity_instruct": PromptSchema("conversations", "from", "value", user_role="human", language="langdetect"),
    "llama_nemotron": PromptSchema("input", "role", "content", user_role="user"),
    "released_pairs": PromptSchema("prompt"),
}


def get_prompt_schema(name: str) -> PromptSchema:
    """The schema called ``name``; :class:`StudyError` if there is none."""
    if name not in PROMPT_SCHEMAS:
        raise StudyError("no such schema of prompts", found=name, expected=", ".join(PROMPT_SCHEMAS))
    return PROMPT_SCHEMAS[name]


def columns_of(schema: PromptSchema) -> tuple[str, ...]:
    """The columns that a prompt and its language are read from."""
    return (schema.column, schema.language) if schema.language else (schema.column,)


def prompt_of(row: Mapping[str, Any], schema: PromptSchema) -> str | None:
    """The prompt of a row, stripped: where it holds a conversation, its first message.

    None if there is none or if the conversation opens with something else. Raises :class:`StudyError` if the row has no
    messages or no text where they belong: then it is of another schema.
    """
    text = row.get(schema.column)
    if schema.role_key is not None:
        messages = text
        if not isinstance(messages, list) or not all(isinstance(message, Mapping) for message in messages):
            expected = (
                f'"{schema.column}": [{{"{schema.role_key}": "{schema.user_role}", "{schema.text_key}": TEXT}}, ...]'
            )
            raise _wrong_schema(row, schema, expected)
        if not messages or messages[0].get(schema.role_key) != schema.user_role:
            return None
        text = messages[0].get(schema.text_key)
    elif not isinstance(text, str):
        raise _wrong_schema(row, schema, f'"{schema.column}": TEXT')
    return text.strip() or None if isinstance(text, str) else None


def _wrong_schema(row: Mapping[str, Any], schema: PromptSchema, expected: str) -> StudyError:
    value = row.get(schema.column)
    return StudyError(
        "a row is not of the source's schema",
        key=schema.column,
        found=f"the columns {', '.join(row)}" if value is None else repr(value)[:80],
        expected=expected,
        remedy="check the corpus's `schema` in the config",
    )


def language_of(row: Mapping[str, Any], schema: PromptSchema) -> Any:
    """The code in the row's language column; :class:`StudyError` if the source has none."""
    if schema.language is None or schema.language not in row:
        raise StudyError(
            "the source does not say which language a prompt is in",
            key=schema.language or "languages",
            found=f"the columns {', '.join(row)}",
            remedy="set the corpus's `languages` to null",
        )
    return row[schema.language]
