"""Parse chat completion responses of OpenAI-compatible servers, including the differences between servers.

A response is a completion or one of three failures: a transient one, a refusal of this prompt, or one that every
request would meet. Parsing is lenient where servers differ in spelling, and strict where a wrong guess would grade a
truncated answer.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any

from scale_or_reason.common.think_tags import THINK_CLOSE, THINK_OPEN
from scale_or_reason.inference.requests import Completion

#: Upper bound, in seconds, for the pause that a server requests.
LONGEST_RETRY_AFTER = 600.0

_TRANSIENT_STATUS = frozenset({408, 409, 425, 429})
#: Wrong key or address, or no credit: every request fails. 403 is not included, since it can concern a single prompt.
_FATAL_STATUS = frozenset({401, 402, 404, 405, 407, 410})
#: Error codes with status 403 or 429 when the account has no credit left.
_NO_CREDIT = frozenset(
    {
        "insufficient_quota",
        "insufficient_balance",
        "insufficient_credits",
        "billing_hard_limit_reached",
        "billing_not_active",
    }
)
#: Spellings of finish reasons, in lower case. Any other reason with a text counts as ``stop``.
_LENGTH = frozenset({"length", "max_tokens", "max_length", "max_output_tokens", "model_length", "token_limit"})
_REFUSED = frozenset(
    {
        *("content_filter", "content_filtered", "refusal", "refused", "safety", "recitation", "blocklist", "blocked"),
        *("prohibited_content", "spii", "guardrail_intervened", "sensitive"),
    }
)
_FAILED = frozenset(
    {
        *("error", "model_error", "abort", "aborted", "cancel", "cancelled", "canceled", "timeout", "failed"),
        *("insufficient_system_resource", "network_error", "malformed_response"),
    }
)


class PassingFailure(Exception):
    """A transient failure; ``pause`` is the wait in seconds that the server requested, None if it requested none."""

    def __init__(self, reason: str, pause: float | None = None) -> None:
        super().__init__(reason)
        self.pause = pause


class RefusedPrompt(Exception):
    """The server refuses this request; sending it again is useless."""


class FatalFailure(Exception):
    """A failure of all requests: wrong key, wrong address, no credit."""


def read_response(status: int, body: str, retry_after: str | None, max_tokens: int) -> Completion:
    """The completion in a server's response to a request for at most ``max_tokens`` tokens.

    Raises :class:`PassingFailure`, :class:`RefusedPrompt` or :class:`FatalFailure`.
    """
    if not 200 <= status < 300:
        raise _failure(status, body, retry_after)
    try:
        value = json.loads(body)
        if value.get("error") and not value.get("choices"):
            # gateways respond with 200 and put the status of the upstream server into the body
            code = value["error"].get("code")
            raise _failure(code if isinstance(code, int) and code >= 300 else 500, body, retry_after)
        return _reply(value, max_tokens)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise PassingFailure(f"not a chat completion: {body[:80]!r} ({type(error).__name__})") from None


def seconds_to_wait(retry_after: str | None) -> float | None:
    """The pause in a Retry-After header, given in seconds or as a date; None if it has neither."""
    if retry_after is None:
        return None
    try:
        seconds = float(retry_after)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(retry_after).timestamp() - time.time()
        except (ValueError, TypeError, OverflowError):
            return None
    return min(max(seconds, 0.0), LONGEST_RETRY_AFTER) if seconds == seconds else None


def _failure(status: int, body: str, retry_after: str | None) -> Exception:
    reason = f"status {status}: {' '.join(body.split())[:200]}"
    if status < 400 or status in _FATAL_STATUS or _error_codes(body) & _NO_CREDIT:
        return FatalFailure(reason)
    if status in _TRANSIENT_STATUS or status >= 500:
        return PassingFailure(reason, seconds_to_wait(retry_after))
    return RefusedPrompt(reason)


def _error_codes(body: str) -> set[str]:
    try:
        error = json.loads(body)["error"]
        return {str(error.get(key)).lower() for key in ("code", "type")}
    except (ValueError, LookupError, TypeError, AttributeError):
        return set()


def _reply(value: Mapping[str, Any], max_tokens: int) -> Completion:
    """The completion in a chat completion object; it has 0 tokens if the server does not report their number."""
    choice, usage = value["choices"][0], value.get("usage") or {}
    message = choice["message"]
    prompt_tokens, tokens = int(usage.get("prompt_tokens") or 0), int(usage.get("completion_tokens") or 0)
    reason = str(choice.get("finish_reason") or "").lower()
    if reason in _FAILED or choice.get("error"):
        raise PassingFailure(f"finish reason {reason or None}: {choice.get('error') or 'no error message'}")
    if reason in _LENGTH or (not reason and tokens >= max_tokens):
        finish = "length"
    else:
        finish = "refused" if reason in _REFUSED else "stop"
    thought, text = _parts(message.get("content"))
    thought = message.get("reasoning_content") or message.get("reasoning") or thought
    if message.get("refusal") and not text.strip():
        finish = "refused"
    if thought:
        # truncated within the reasoning: no closing tag and no answer yet
        cut = finish == "length" and not text.strip()
        opened = f"{THINK_OPEN}\n{thought.strip()}"
        text = opened if cut else f"{opened}\n{THINK_CLOSE}\n\n{text.lstrip()}"
    return Completion(prompt_tokens, _well_formed(text), tokens, finish)


def _parts(content: Any) -> tuple[str, str]:
    """Reasoning and text of a message's content, which is a string, null, or a list of parts."""
    if content is None or isinstance(content, str):
        return "", content or ""
    if not isinstance(content, list):
        raise TypeError(f"content is of type {type(content).__name__}")
    thoughts, texts = [], []
    for part in content:
        if isinstance(part, str):
            texts.append(part)
        elif part.get("type") in ("thinking", "reasoning"):
            inner = part.get("thinking") or part.get("reasoning") or part.get("text")
            thoughts.append(_parts(inner)[1])
        else:
            texts.append(part.get("text") or "")
    return "".join(thoughts), "".join(texts)


def _well_formed(text: str) -> str:
    """``text`` with each lone surrogate replaced, since tables cannot store them."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
