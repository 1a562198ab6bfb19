"""What a generation engine is asked and what it replies, without knowing the engine."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from typing import Any

from scale_or_reason.errors import StudyError


@dataclass(frozen=True)
class Reply:
    """One generated text.

    ``text`` holds special tokens such as ``<think>``, but not the token that ended it. ``tokens`` counts every
    generated token, the ending one too: that is what was paid for. ``finish_reason``: ``stop`` (end token or stop
    string) or ``length``. A prompt that leaves no room in the context gets no answer: text "", 0 tokens, ``length``.
    """

    prompt_tokens: int
    text: str
    tokens: int
    finish_reason: str


@dataclass(frozen=True)
class Sampling:
    """Decoding parameters: temperature tau (0 is greedy), nucleus p, at most ``max_tokens`` new tokens.

    ``top_k`` 0 and ``min_p`` 0 switch these filters off, as in the papers.
    """

    temperature: float
    top_p: float
    max_tokens: int
    top_k: int = 0
    min_p: float = 0.0

    @classmethod
    def from_json(cls, text: str, where: object = "--sampling") -> Sampling:
        """From a JSON object such as ``{"temperature": 0.7, "top_p": 0.8, "max_tokens": 512}``."""
        values = json_object(text, where)
        known = {field.name: field.type for field in fields(cls)}
        for name, value in values.items():
            if name not in known:
                raise StudyError(
                    "unknown sampling parameter", where=where, key=name, found=value, expected=", ".join(known)
                )
            kinds = (int,) if known[name] == "int" else (int, float)
            if isinstance(value, bool) or not isinstance(value, kinds):
                raise StudyError(
                    "a sampling parameter is not a number",
                    where=where,
                    key=name,
                    found=repr(value),
                    expected=known[name],
                )
        missing = [name for name in ("temperature", "top_p", "max_tokens") if name not in values]
        if missing:
            raise StudyError("a sampling parameter is missing", where=where, key=", ".join(missing), found=text)
        sampling = cls(**values)
        sampling._check(where)
        return sampling

    def _check(self, where: object) -> None:
        limits = {
            "temperature": (0 <= self.temperature <= 2, "0 to 2"),
            "top_p": (0 < self.top_p <= 1, "above 0, at most 1"),
            "max_tokens": (self.max_tokens >= 1, "1 or more"),
            "top_k": (self.top_k >= 0, "0 or more"),
            "min_p": (0 <= self.min_p <= 1, "0 to 1"),
        }
        for name, (holds, expected) in limits.items():
            if not holds:
                raise StudyError(
                    "a sampling parameter is out of range",
                    where=where,
                    key=name,
                    found=getattr(self, name),
                    expected=expected,
                )


def json_object(text: str, where: object) -> dict[str, Any]:
    """The JSON object in ``text``; :class:`StudyError` if it is anything else. ``where`` is the option it came by."""
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise StudyError("this is not JSON", where=where, found=text, expected='an object like {"name": 1}') from error
    if not isinstance(value, dict):
        raise StudyError("this is not a JSON object", where=where, found=text, expected='an object like {"name": 1}')
    return value
