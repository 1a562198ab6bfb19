"""What a generation engine is asked and what it replies, without knowing the engine."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from typing import Any

from scale_or_reason.common.errors import StudyError


@dataclass(frozen=True)
class Completion:
    """One generated text.

    ``text`` holds special tokens such as ``<think>``, but not the token that ended it. ``tokens`` counts every
    generated token, the ending one too: that is what was paid for. ``finish_reason``: ``stop`` (end token or stop
    string), ``length``, or of an endpoint ``refused``. A prompt that leaves no room in the context gets no answer:
    text "", 0 tokens, ``length``. A server that does not count tokens has replies with a text and 0 tokens.
    """

    prompt_tokens: int
    text: str
    tokens: int
    finish_reason: str

    @property
    def is_empty(self) -> bool:
        """Whether it ended by itself with nothing to read, or with nothing behind its reasoning."""
        return self.finish_reason == "stop" and not self.text.rpartition("</think>")[2].strip()

    @property
    def had_no_room(self) -> bool:
        """Whether the prompt filled the context."""
        return self.finish_reason == "length" and not self.text and not self.tokens


OnCompletion = Callable[[Completion], None]


@dataclass(frozen=True)
class ThinkingMode:
    """How a chat model is told to think or not: by its system prompt, or by options of its chat template."""

    system: str | None = None
    template: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_values(cls, values: Any, where: object) -> ThinkingMode:
        """From the config's map; :class:`StudyError` if it is something else."""
        known = {"system": (str, type(None)), "template": (dict,)}
        if not isinstance(values, dict) or not all(isinstance(values[key], known.get(key, ())) for key in values):
            expected = 'an object like {"system": "/no_think", "template": {"enable_thinking": false}}'
            raise StudyError("this is no mode of a model", where=where, found=repr(values), expected=expected)
        return cls(**values)

    def messages(self, prompt: str) -> list[dict[str, str]]:
        """The conversation that asks ``prompt``."""
        system = [] if self.system is None else [{"role": "system", "content": self.system}]
        return [*system, {"role": "user", "content": prompt}]


@dataclass(frozen=True)
class SamplingParameters:
    """Decoding parameters: temperature tau (0 is greedy), nucleus p, at most ``max_tokens`` new tokens.

    ``top_k`` 0 and ``min_p`` 0 switch these filters off, as in the papers.
    """

    temperature: float
    top_p: float
    max_tokens: int
    top_k: int = 0
    min_p: float = 0.0

    @classmethod
    def from_json(cls, text: str, where: object = "--sampling") -> SamplingParameters:
        """From a JSON object such as ``{"temperature": 0.7, "top_p": 0.8, "max_tokens": 512}``."""
        values = checked_fields(cls, json_object(text, where), where)
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
        check_limits(self, limits, where)


_KINDS: dict[str, tuple[type, ...]] = {
    "int": (int,),
    "float": (int, float),
    "str": (str,),
    "str | None": (str, type(None)),
}


def checked_fields(kind: type, values: Mapping[str, Any], where: object) -> dict[str, Any]:
    """``values`` if they are fields of the dataclass ``kind``, of the right types, and none without default is missing.

    Raises :class:`StudyError` otherwise.
    """
    known = {field.name: field for field in fields(kind)}
    for name, value in values.items():
        if name not in known:
            raise StudyError("unknown setting", where=where, key=name, found=value, expected=", ".join(known))
        expected = str(known[name].type)
        if isinstance(value, bool) or not isinstance(value, _KINDS[expected]):
            raise StudyError(
                "a setting has the wrong type", where=where, key=name, found=repr(value), expected=expected
            )
    missing = [name for name, own in known.items() if own.default is MISSING and name not in values]
    if missing:
        raise StudyError("a setting is missing", where=where, key=", ".join(missing), found=dict(values))
    return dict(values)


def check_limits(settings: object, limits: Mapping[str, tuple[bool, str]], where: object) -> None:
    """Raise :class:`StudyError` for the first setting whose limit does not hold: whether it does, and what would."""
    for name, (holds, expected) in limits.items():
        if not holds:
            found = getattr(settings, name)
            raise StudyError("a setting is out of range", where=where, key=name, found=found, expected=expected)


def json_object(text: str, where: object) -> dict[str, Any]:
    """The JSON object in ``text``; :class:`StudyError` if it is anything else. ``where`` is the option it came by."""
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise StudyError("this is not JSON", where=where, found=text, expected='an object like {"name": 1}') from error
    if not isinstance(value, dict):
        raise StudyError("this is not a JSON object", where=where, found=text, expected='an object like {"name": 1}')
    return value
