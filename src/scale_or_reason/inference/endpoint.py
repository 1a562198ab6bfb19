"""Text generation by an OpenAI-compatible server with concurrent requests.

A request with a transient failure is sent again after a pause that grows or that the server requests. An empty reply is
requested again with another seed, and counted if it stays empty. A prompt that the server refuses gets a reply with the
finish reason ``refused`` if the server answers a greeting under the same settings; otherwise the job stops.

Our own, since the ``openai`` client retries only failed requests, pauses at most 8 seconds, and gives up if a server
requests more than two minutes. Replies that are truncated, empty or end in ``error`` would need a second loop around
it.
"""

from __future__ import annotations

import asyncio
import json
import math
import os
import random
from collections.abc import Coroutine, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Any

from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.seeds import derive_seed
from scale_or_reason.common.wording import counted
from scale_or_reason.data.text_tokens import CONTROL_NAME
from scale_or_reason.inference.chat_completions import FatalFailure, PassingFailure, RefusedPrompt, read_response
from scale_or_reason.inference.request_fields import RESERVED_FIELDS
from scale_or_reason.inference.requests import (
    Completion,
    OnCompletion,
    SamplingParameters,
    ThinkingMode,
    check_limits,
    checked_fields,
    json_object,
)
from scale_or_reason.inference.stopping import stop_if_requested, stop_requested

_LONGEST_PAUSE = 60.0
#: Number of further requests after an empty reply.
_MORE_TRIES_IF_EMPTY = 2
#: After this many consecutive refusals, a greeting is sent to test the server.
_REFUSALS_IN_A_ROW = 10
_GREETING = "Hello"
#: How often workers are interrupted to look for SIGTERM, and how long running requests are then awaited.
_SIGNAL_INTERVAL, _SECONDS_AFTER_SIGTERM = 0.5, 60.0


@dataclass(frozen=True)
class Endpoint:
    """The server's address and its usage.

    ``key``: the environment variable with the secret; None for a server without keys. ``concurrency``: number of
    concurrent requests. ``timeout``: seconds per request. ``retries``: retries per request. Prices are per million
    tokens, in any currency. ``body``: further fields of every request, which replace fields of the same name; None
    removes a field.
    """

    url: str
    key: str | None = None
    concurrency: int = 64
    timeout: float = 1800.0
    retries: int = 10
    prompt_price: float = 0.0
    completion_price: float = 0.0
    body: Mapping[str, Any] | None = None

    @classmethod
    def from_json(cls, text: str, where: object = "--endpoint") -> Endpoint:
        """From a JSON object; :class:`StudyError` for unknown or missing keys and invalid values."""
        endpoint = cls(**checked_fields(cls, json_object(text, where), where))
        limits = {
            "url": (endpoint.url.startswith(("http://", "https://")), "http://... or https://..., up to /v1"),
            "concurrency": (endpoint.concurrency >= 1, "1 or more"),
            "timeout": (endpoint.timeout > 0, "above 0"),
            "retries": (endpoint.retries >= 0, "0 or more"),
            "prompt_price": (endpoint.prompt_price >= 0, "0 or more"),
            "completion_price": (endpoint.completion_price >= 0, "0 or more"),
            "body": (
                not set(RESERVED_FIELDS) & set(endpoint.body or {}),
                f"fields other than {', '.join(RESERVED_FIELDS)}",
            ),
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
                "the environment variable with the endpoint's key is not set",
                where=self.url,
                key=self.key,
                found="not set",
                remedy=f"export {self.key}=... in the shell that starts the workflow",
            )
        return value

    def cost(self, replies: Sequence[Completion]) -> float:
        """The price of the replies, in the currency of the prices."""
        prompt, completion = sum(r.prompt_tokens for r in replies), sum(r.tokens for r in replies)
        return (prompt * self.prompt_price + completion * self.completion_price) / 1e6


class EndpointEngine:
    """A model on a server, with the interface of :class:`VllmEngine`.

    ``accepted``: whether the server has accepted requests before, so that a refusal concerns its prompt.
    ``startup_seconds`` is 0, since no model is loaded.
    """

    startup_seconds = 0.0
    #: Servers do not report their context length.
    context_tokens: int | None = None
    #: Servers do not provide their tokenizer.
    tokenizer: Any = None

    def __init__(self, endpoint: Endpoint, model: str, accepted: bool = False) -> None:
        self._endpoint, self._model, self._accepted = endpoint, model, accepted
        self._secret = endpoint.secret()
        self._refusals = 0  # since the last accepted request
        self._discarded: list[Completion] = []  # paid but not used: empty replies, greetings
        self._with_control_names = 0  # prompts of this run

    def account(self, replies: Sequence[Completion]) -> str:
        """A line with tokens and cost of these replies and of unused ones, and the refused and empty ones."""
        paid = [*replies, *self._discarded]
        prompt, completion = sum(r.prompt_tokens for r in paid), sum(r.tokens for r in paid)
        cost = self._endpoint.cost(paid)
        refused = sum(reply.finish_reason == "refused" for reply in replies)
        without_counts = sum(bool(reply.text) and not reply.tokens for reply in replies)
        account = f"endpoint: {counted(len(replies), 'reply', 'replies')}, {counted(prompt, 'prompt token')}, "
        account += counted(completion, "generated token")
        account += f", cost {cost:.2f}" if cost else ""
        account += f"; {refused} refused" if refused else ""
        empty = sum(reply.is_empty for reply in replies)
        account += f"; {empty} empty" if empty else ""
        if self._with_control_names:
            prompts = counted(self._with_control_names, "prompt")
            account += f"; control tokens are named in {prompts}: a server can take them for its own"
        return account + (
            f"; no token counts for {counted(without_counts, 'reply', 'replies')}" if without_counts else ""
        )

    def chat(
        self,
        prompts: Sequence[str],
        seeds: Sequence[int],
        sampling: SamplingParameters,
        mode: ThinkingMode | None = None,
        on_completion: OnCompletion | None = None,
        patterns: Sequence[str] | None = None,
    ) -> list[Completion]:
        """One reply per user message, in order; ``patterns`` are sent in the format of vLLM's servers.

        Raises :class:`StudyError` if a request fails more than ``retries`` times, the key or address is wrong, there is
        no credit, or the server refuses every request, and :class:`Interrupted` after SIGTERM.
        """
        bodies = [
            self._body(prompt, seed, sampling, mode or ThinkingMode(), pattern)
            for prompt, seed, pattern in zip(prompts, seeds, patterns or repeat(None, len(prompts)), strict=True)
        ]
        self._with_control_names += sum(CONTROL_NAME.search(prompt) is not None for prompt in prompts)
        replies: dict[int, Completion] = {}

        def keep(number: int, reply: Completion) -> None:
            replies[number] = reply
            if on_completion:
                on_completion(number, reply)

        asyncio.run(self._complete_all(iter(enumerate(bodies)), keep))
        return [replies[number] for number in range(len(bodies))]

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
        # extensions of the protocol that vLLM and others support
        extra = {"top_k": sampling.top_k, "min_p": sampling.min_p, "chat_template_kwargs": dict(mode.template)}
        extra |= {"structured_outputs": {"regex": pattern} if pattern else None}
        return body | {name: value for name, value in extra.items() if value}

    async def _complete_all(self, requests: Iterator[tuple[int, dict[str, Any]]], keep: OnCompletion) -> None:
        import httpx

        limits = httpx.Limits(max_connections=self._endpoint.concurrency)
        headers = {"Authorization": f"Bearer {self._secret}"}
        async with httpx.AsyncClient(limits=limits, timeout=self._endpoint.timeout, headers=headers) as client:
            failures: list[StudyError] = []

            async def work(most: float = math.inf) -> None:
                # All workers share the iterator of requests. After a failure or SIGTERM no new request starts, but
                # running ones are awaited, since they are paid.
                count = 0
                while count < most and not (failures or stop_requested()) and (request := next(requests, None)):
                    count += 1
                    try:
                        keep(request[0], await self._complete(client, request[1]))
                    except StudyError as error:
                        failures.append(error)

            if not self._accepted:
                await _until_stopped([work(most=1)])
            await _until_stopped([work() for _ in range(self._endpoint.concurrency)])
            if failures:
                raise failures[0]
            stop_if_requested()

    async def _complete(self, client: Any, body: Mapping[str, Any]) -> Completion:
        """The reply to a request; a refusal is a reply too."""
        try:
            return await self._send_with_retries(client, body)
        except RefusedPrompt as refusal:
            self._refusals += 1
            if not self._accepted or self._refusals % _REFUSALS_IN_A_ROW == 0:
                await self._check_greeting(client, body, refusal)
            return Completion(0, "", 0, "refused")

    async def _check_greeting(self, client: Any, body: Mapping[str, Any], refusal: RefusedPrompt) -> None:
        """Raise :class:`StudyError` if the server also refuses a greeting: the prompt is not the cause."""
        greeting = {**body, "messages": [*body["messages"][:-1], {"role": "user", "content": _GREETING}]}
        greeting.pop("structured_outputs", None)
        try:
            self._discarded.append(await self._send_with_retries(client, greeting))
        except RefusedPrompt:
            problem = (
                "the endpoint refuses every request" if self._accepted else "the endpoint refuses the first request"
            )
            raise self._error(problem, str(refusal)) from None

    async def _send_with_retries(self, client: Any, body: Mapping[str, Any]) -> Completion:
        """The reply to a request, after retries if necessary. Raises :class:`RefusedPrompt`."""
        failures = empty = 0
        while True:
            seed = derive_seed(body["seed"], "empty", empty) if empty else body["seed"]
            try:
                reply = await self._send(client, {**body, "seed": seed})
            except FatalFailure as failure:
                raise self._error("the endpoint denies access", str(failure)) from None
            except PassingFailure as failure:
                failures += 1
                if failures > self._endpoint.retries:
                    raise self._error(f"the endpoint failed {failures} times in a row", str(failure)) from None
                # jitter, so that requests which failed together are not retried together
                grown = min(_LONGEST_PAUSE, 2.0 ** (failures - 1)) * random.uniform(0.5, 1.0)
                await asyncio.sleep(grown if failure.pause is None else max(failure.pause, 0.5 * grown))
                continue
            self._accepted, self._refusals = True, 0
            if not reply.is_empty or empty == _MORE_TRIES_IF_EMPTY:
                return reply
            empty += 1
            self._discarded.append(reply)

    async def _send(self, client: Any, body: Mapping[str, Any]) -> Completion:
        import httpx

        # ASCII escapes, so that a prompt with a lone surrogate can be sent
        sent = {name: value for name, value in {**body, **(self._endpoint.body or {})}.items() if value is not None}
        content = json.dumps(sent).encode("ascii")
        url = f"{self._endpoint.url.rstrip('/')}/chat/completions"
        try:
            response = await client.post(url, content=content, headers={"Content-Type": "application/json"})
            text = response.text
        except httpx.RequestError as error:  # includes time-outs and garbled bodies
            raise PassingFailure(f"{type(error).__name__}: {error}") from None
        limit = sent.get("max_completion_tokens") or sent.get("max_tokens") or body["max_tokens"]
        return read_response(response.status_code, text, response.headers.get("retry-after"), limit)

    def _error(self, problem: str, found: str) -> StudyError:
        return StudyError(
            problem,
            where=self._endpoint.url,
            found=found,
            remedy="check address, model name, key and credit, then restart the job; the replies so far are saved",
        )


async def _until_stopped(work: Sequence[Coroutine[Any, Any, None]]) -> None:
    """Await all ``work``; after SIGTERM no longer than :data:`_SECONDS_AFTER_SIGTERM`."""
    pending = {asyncio.ensure_future(one) for one in work}
    while pending:
        limit = _SECONDS_AFTER_SIGTERM if stop_requested() else _SIGNAL_INTERVAL
        done, pending = await asyncio.wait(pending, timeout=limit)
        for finished in done:
            finished.result()
        if limit == _SECONDS_AFTER_SIGTERM:
            for running in pending:
                running.cancel()
            return
