"""How the rows of the prompt sources look, and where in a row the prompt is.

Standard library only: the config's checks read the schemas before anything else is loaded.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scale_or_reason.common.dataset_rows import is_valid
from scale_or_reason.common.errors import StudyError


@dataclass(frozen=True)
class PromptSchema:
    """How the rows of a prompt source look.

    ``column`` holds the messages, each with a role under ``role_key`` and a text under ``text_key``; or, without these
    keys, the prompt itself. ``user_role`` is the role of the user in the source's documentation. ``language`` is the
    column with the language's code, None if the source has none.
    """

    column: str
    role_key: str | None = None
    text_key: str | None = None
    user_role: str | None = None
    language: str | None = None


#: What sources call the user, whatever the rest of their schema.
_USER_ROLES = ("human", "user")
_SYSTEM_ROLES = ("system", "developer")

#: By the names that the config uses.
PROMPT_SCHEMAS: dict[str, PromptSchema] = {
    "infinity_instruct": PromptSchema("conversations", "from", "value", user_role="human", language="langdetect"),
    "llama_nemotron": PromptSchema("input", "role", "content", user_role="user"),
    "prompt": PromptSchema("prompt"),
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
    """The prompt of a row, stripped: where it holds a conversation, the user's first message.

    System messages in front are skipped. None if there is no prompt: the column or the text is null, the conversation
    is empty or opens with an answer, the message holds more than text. Raises :class:`StudyError` if the row has no
    messages or no text where they belong, and for text that is no valid Unicode.
    """
    value = row.get(schema.column)
    if value is None and schema.column in row:
        return None
    if schema.role_key is None:
        if (text := text_of(value)) is None:
            raise _wrong_schema(row, schema, f'"{schema.column}": TEXT')
    else:
        text = _first_message(value, row, schema)
    if text is None:
        return None
    if not is_valid(text):
        raise StudyError(
            "a prompt is no valid Unicode text",
            key=schema.column,
            found=ascii(text[:80]),
            expected="text without lone surrogates and NUL",
        )
    return text.strip() or None


def text_of(value: Any) -> str | None:
    """A message's text: a string, or content parts that are all text (``[{"type": "text", "text": TEXT}, ...]``)."""
    if isinstance(value, str):
        return value
    if not isinstance(value, list) or not value:
        return None
    parts = [part if isinstance(part, Mapping) else {"text": part} for part in value]
    texts = [part.get("text") for part in parts if part.get("type", "text") == "text"]
    strings = [text for text in texts if isinstance(text, str)]
    return "".join(strings) if len(strings) == len(value) else None


def _first_message(messages: Any, row: Mapping[str, Any], schema: PromptSchema) -> str | None:
    if not isinstance(messages, list) or not all(isinstance(message, Mapping) for message in messages):
        expected = f'"{schema.column}": [{{"{schema.role_key}": "{schema.user_role}", "{schema.text_key}": TEXT}}, ...]'
        raise _wrong_schema(row, schema, expected)
    for message in messages:
        role = message.get(schema.role_key)
        if role in _USER_ROLES:
            return text_of(message.get(schema.text_key))
        if role not in _SYSTEM_ROLES:
            return None
    return None


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
