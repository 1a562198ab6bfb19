"""Text generation by an OpenAI-compatible server: the only place that knows that protocol.

Many requests are open at a time. One that fails for a reason that may pass (no connection, a dropped one, a time-out, a
status of 408, 409, 425, 429 or 5xx, a reply that is cut short) is sent again after a pause that grows; one that the
server refuses for good is an error if it is the first, since then the settings are wrong, and else a reply with the
finish reason ``refused``. Every reply is on disk before it counts, so that a killed job pays for no reply twice.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import repeat
from typing import Any

from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.journal import Journal
from scale_or_reason.common.seeds import stable_id
from scale_or_reason.inference.requests import (
    Completion,
    OnCompletion,
    SamplingParameters,
    ThinkingMode,
    check_limits,
    checked_fields,
    json_object,
)

_PASSING_STATUS = frozenset({408, 409, 425, 429})
#: Without the right key or address every request fails.
_FATAL_STATUS = frozenset({401, 403, 404})
_LONGEST_PAUSE = 60.0


@dataclass(frozen=True)
class Endpoint:
    """Where the server is and how it is used.

    ``key``: the environment variable with the secret; None for a server that asks for none. ``concurrency``: open
    requests. ``timeout``: seconds for one answer. ``retries``: of one request. Prices are per million tokens, in
    whatever currency.
    """

    url: str
    key: str | None = None
    concurrency: int = 64
    timeout: float = 1800.0
    retries: int = 10
    prompt_price: float = 0.0
    completion_price: float = 0.0

    @classmethod
    def from_json(cls, text: str, where: object = "--endpoint") -> Endpoint:
        """From a JSON object; :class:`StudyError` for unknown or missing keys and values that make no sense."""
        endpoint = cls(**checked_fields(cls, json_object(text, where), where))
        limits = {
            "url": (endpoint.url.startswith(("http://", "https://")), "http://... or https://..., up to /v1"),
            "concurrency": (endpoint.concurrency >= 1, "1 or more"),
            "timeout": (endpoint.timeout > 0, "above 0"),
            "retries": (endpoint.retries >= 0, "0 or more"),
            "prompt_price": (endpoint.prompt_price >= 0, "0 or more"),
            "completion_price": (endpoint.completion_price >= 0, "0 or more"),
        }
        check_limits(endpoint, limits, where)
        return endpoint

    def secret(self) -> str:
        """The key's value; :class:`StudyError` if its environment variable is not set."""
        if self.key is None:
            return "none"
        value = os.environ.get(self.key)
        if not value:
            raise StudyError(
                "the key of the endpoint is not in the environment",
                where=self.url,
                key=self.key,
                found="nothing",
                remedy=f"export {self.key}=... in the shell that starts the workflow",
            )
        return value

    def cost(self, replies: Sequence[Completion]) -> float:
        """What the replies cost."""
        prompt, completion = sum(r.prompt_tokens for r in replies), sum(r.tokens for r in replies)
        return (prompt * self.prompt_price + completion * self.completion_price) / 1e6


class _Passing(Exception):
    """A failure that may pass; ``pause`` is how long the server asks to wait."""

    def __init__(self, reason: str, pause: float | None = None) -> None:
        super().__init__(reason)
        self.pause = pause


class _Refused(Exception):
    """The server will not answer this request, however often it is asked."""


class EndpointEngine:
    """A model behind an endpoint, asked like a loaded one.

    ``replies`` remembers every reply. ``startup_seconds`` is there for what measures engines: nothing is loaded.
    """

    startup_seconds = 0.0
    #: A server keeps its tokenizer to itself.
    tokenizer: Any = None

    def __init__(self, endpoint: Endpoint, model: str, replies: Journal) -> None:
        self._endpoint, self._model, self._journal = endpoint, model, replies
        self._secret = endpoint.secret()
        self._known = {row["key"]: Completion(**row["reply"]) for row in replies.rows}
        self._accepted = bool(self._known)

    def account(self) -> str:
        """What all replies took, those of earlier starts included."""
        replies = list(self._known.values())
        prompt, completion = sum(r.prompt_tokens for r in replies), sum(r.tokens for r in replies)
        cost = self._endpoint.cost(replies)
        account = f"endpoint: {len(replies)} replies, {prompt} prompt tokens, {completion} generated tokens"
        account += f", cost {cost:.2f}" if cost else ""
        uncounted = sum(not reply.prompt_tokens and reply.finish_reason != "refused" for reply in replies)
        return account + (f"; the server counted no tokens of {uncounted} replies" if uncounted else "")

    def chat(
        self,
        prompts: Sequence[str],
        seeds: Sequence[int],
        sampling: SamplingParameters,
        mode: ThinkingMode | None = None,
        on_completion: OnCompletion | None = None,
        patterns: Sequence[str] | None = None,
    ) -> list[Completion]:
        """One reply per user message, in order; ``patterns`` are sent along as vLLM's servers understand them.

        Raises :class:`StudyError` if a request fails more than ``retries`` times, or the server refuses the first one.
        """
        bodies = [
            self._body(prompt, seed, sampling, mode or ThinkingMode(), pattern)
            for prompt, seed, pattern in zip(prompts, seeds, patterns or repeat(None, len(prompts)), strict=True)
        ]
        keys = [stable_id(json.dumps(body, sort_keys=True)) for body in bodies]
        todo = {key: body for key, body in zip(keys, bodies, strict=True) if key not in self._known}
        if todo:
            asyncio.run(self._ask_all(iter(todo.items()), on_completion))
        return [self._known[key] for key in keys]

    def _body(
        self, prompt: str, seed: int, sampling: SamplingParameters, mode: ThinkingMode, pattern: str | None
    ) -> dict[str, Any]:
        body: dict[str, Any] = {
            "model": self._model,
            "messages": mode.messages(prompt),
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "max_tokens": sampling.max_tokens,
            "seed": seed,
        }
        # not in the protocol, but understood by vLLM and others
        extra = {"top_k": sampling.top_k, "min_p": sampling.min_p, "chat_template_kwargs": dict(mode.template)}
        extra |= {"structured_outputs": {"regex": pattern} if pattern else None}
        return body | {name: value for name, value in extra.items() if value}

    async def _ask_all(
        self, requests: Iterator[tuple[str, dict[str, Any]]], on_completion: OnCompletion | None
    ) -> None:
        import httpx

        limits = httpx.Limits(max_connections=self._endpoint.concurrency)
        headers = {"Authorization": f"Bearer {self._secret}"}
        async with httpx.AsyncClient(limits=limits, timeout=self._endpoint.timeout, headers=headers) as client:
            failures: list[StudyError] = []

            async def work() -> None:
                # All workers draw from the same requests. After a failure none starts another one, but those that are
                # on their way are waited for: they are paid.
                while not failures and (request := next(requests, None)):
                    try:
                        self._keep(request[0], await self._ask(client, request[1]), on_completion)
                    except StudyError as error:
                        failures.append(error)

            if not self._accepted and (first := next(requests, None)):
                self._keep(first[0], await self._ask(client, first[1]), on_completion)
            await asyncio.gather(*(work() for _ in range(self._endpoint.concurrency)))
            if failures:
                raise failures[0]

    def _keep(self, key: str, reply: Completion, on_completion: OnCompletion | None) -> None:
        self._journal.append([{"key": key, "reply": asdict(reply)}], seconds=0.0)
        self._known[key] = reply
        self._accepted = True
        if on_completion:
            on_completion(reply)

    async def _ask(self, client: Any, body: Mapping[str, Any]) -> Completion:
        for attempt in range(self._endpoint.retries + 1):
            try:
                return await self._ask_once(client, body)
            except _Refused as refusal:
                if not self._accepted:
                    raise self._error("the endpoint refuses the first request", str(refusal)) from None
                return Completion(0, "", 0, "refused")
            except _Passing as failure:
                if attempt == self._endpoint.retries:
                    raise self._error(f"the endpoint failed {attempt + 1} times in a row", str(failure)) from None
                # jitter, so that the requests which failed together do not come back together
                grown = min(_LONGEST_PAUSE, 2.0**attempt) * random.uniform(0.5, 1.0)
                await asyncio.sleep(grown if failure.pause is None else max(failure.pause, 0.5 * grown))
        raise AssertionError("the loop returns or raises")

    async def _ask_once(self, client: Any, body: Mapping[str, Any]) -> Completion:
        import httpx

        try:
            response = await client.post(f"{self._endpoint.url.rstrip('/')}/chat/completions", json=body)
        except httpx.RequestError as error:  # time-outs and garbled bodies too
            raise _Passing(f"{type(error).__name__}: {error}") from None
        if response.status_code in _PASSING_STATUS or response.status_code >= 500:
            raise _Passing(_said(response), _pause(response))
        if response.status_code in _FATAL_STATUS:
            raise self._error("the endpoint does not let us in", _said(response))
        if response.status_code != 200:
            raise _Refused(_said(response))
        try:
            return _reply(response.json())
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            raise _Passing(f"not a reply: {response.text[:80]!r} ({type(error).__name__})") from None

    def _error(self, problem: str, found: str) -> StudyError:
        return StudyError(
            problem,
            where=self._endpoint.url,
            found=found,
            remedy="replies so far are kept; check address, model name and key, then start the job again",
        )


def _reply(value: Mapping[str, Any]) -> Completion:
    """The reply in a chat completion; reasoning that the server sends apart is put back in front of the answer.

    A server that counts no tokens has replies of 0 tokens.
    """
    choice, usage = value["choices"][0], value.get("usage") or {}
    message = choice["message"]
    text = message.get("content") or ""
    if thought := message.get("reasoning_content") or message.get("reasoning"):
        text = f"<think>\n{thought.strip()}\n</think>\n\n{text.lstrip()}"
    reason = choice["finish_reason"]
    finish = reason if reason in ("stop", "length") else "refused"
    return Completion(int(usage.get("prompt_tokens", 0)), text, int(usage.get("completion_tokens", 0)), finish)


def _said(response: Any) -> str:
    return f"status {response.status_code}: {' '.join(response.text.split())[:200]}"


def _pause(response: Any) -> float | None:
    """The seconds of a Retry-After header; its other form, a date, is not read."""
    try:
        return min(max(float(response.headers["retry-after"]), 0.0), 10 * _LONGEST_PAUSE)
    except (KeyError, ValueError):
        return None
