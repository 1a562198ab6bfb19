"""Requests to generation engines and their completions, independent of the engine."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from typing import Any

from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.think_tags import THINK_CLOSE


@dataclass(frozen=True)
class Completion:
    """One generated text.

    ``text`` includes special tokens such as ``<think>``, but not the end token. ``tokens`` counts every generated
    token, including the end token. ``finish_reason``: ``stop`` (end token or stop string), ``length``, or ``refused``
    (endpoints only). A prompt that fills the context gets no answer: text "", 0 tokens, ``length``. If a server does
    not count tokens, ``tokens`` is 0 although there is a text.
    """

    prompt_tokens: int
    text: str
    tokens: int
    finish_reason: str

    @property
    def is_empty(self) -> bool:
        """Whether it ended by itself without text, or without text after its reasoning."""
        return self.finish_reason == "stop" and not self.text.rpartition(THINK_CLOSE)[2].strip()

    @property
    def prompt_filled_context(self) -> bool:
        """Whether the prompt filled the context."""
        return self.finish_reason == "length" and not self.text and not self.tokens


#: Takes the number of a request, from 0, and its completion, as soon as it is finished.
OnCompletion = Callable[[int, Completion], None]


@dataclass(frozen=True)
class ThinkingMode:
    """The settings that switch a chat model's reasoning on or off.

    ``system`` is a system prompt, ``template`` are options of the chat template, ``suffix`` is a text behind the user's
    message.
    """

    system: str | None = None
    template: Mapping[str, Any] = field(default_factory=dict)
    suffix: str | None = None

    @classmethod
    def from_values(cls, values: Any, where: object) -> ThinkingMode:
        """From the config's mapping; :class:`StudyError` if it is invalid."""
        known = {"system": (str, type(None)), "template": (dict,), "suffix": (str, type(None))}
        if not isinstance(values, dict) or not all(isinstance(values[key], known.get(key, ())) for key in values):
            expected = 'an object like {"system": "/no_think", "template": {"enable_thinking": false}}'
            raise StudyError("invalid thinking mode", where=where, found=repr(values), expected=expected)
        return cls(**values)

    def messages(self, prompt: str) -> list[dict[str, str]]:
        """The conversation with ``prompt`` as user message."""
        system = [] if self.system is None else [{"role": "system", "content": self.system}]
        return [*system, {"role": "user", "content": prompt + (self.suffix or "")}]

    def settings(self) -> dict[str, Any]:
        """The mode in manifests and in what replies depend on.

        Without a suffix it is omitted, so that replies from before it existed are found.
        """
        own: dict[str, Any] = {"system": self.system, "template": dict(self.template)}
        return own if self.suffix is None else {**own, "suffix": self.suffix}


@dataclass(frozen=True)
class SamplingParameters:
    """Decoding parameters: temperature tau (0 is greedy), nucleus p, at most ``max_tokens`` new tokens.

    ``top_k`` 0 and ``min_p`` 0 disable these filters, as in the papers.
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
    "Mapping[str, Any] | None": (dict, type(None)),
}


def checked_fields(kind: type, values: Mapping[str, Any], where: object) -> dict[str, Any]:
    """``values``, if they match the fields of the dataclass ``kind`` in name and type and no required field is missing.

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
    """Raise :class:`StudyError` for a setting out of range; ``limits`` maps names to (in range, valid range)."""
    for name, (holds, expected) in limits.items():
        if not holds:
            found = getattr(settings, name)
            raise StudyError("a setting is out of range", where=where, key=name, found=found, expected=expected)


def json_object(text: str, where: object) -> dict[str, Any]:
    """The JSON object in ``text``; :class:`StudyError` if it is none. ``where`` is the option with this value."""
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise StudyError(
            "the value is not JSON", where=where, found=text, expected='an object like {"name": 1}'
        ) from error
    if not isinstance(value, dict):
        raise StudyError(
            "the value is not a JSON object", where=where, found=text, expected='an object like {"name": 1}'
        )
    return value
