"""Text generation by an OpenAI-compatible server, many requests at a time.

A request that fails for a reason that may pass is sent again after a pause that grows, or that the server demands. An
empty reply is asked for again with another seed, and counted if it stays empty. A prompt that the server refuses
becomes a reply with the finish reason ``refused``, provided that the server answers a greeting under the same settings;
if it does not, the job stops. Every reply is on disk before it counts, so that a killed job pays for no reply twice.

Why not the ``openai`` client: it retries failed requests alone, pauses at most 8 seconds, and gives up where a server
demands more than two minutes. Replies that are cut short, empty or end in ``error`` would need a second loop around it.
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
from scale_or_reason.common.seeds import derive_seed, stable_id
from scale_or_reason.inference.chat_completions import FatalFailure, PassingFailure, RefusedPrompt, read_response
from scale_or_reason.inference.requests import (
    Completion,
    OnCompletion,
    SamplingParameters,
    ThinkingMode,
    check_limits,
    checked_fields,
    json_object,
)

_LONGEST_PAUSE = 60.0
#: How often an empty reply is asked for again.
_MORE_TRIES_IF_EMPTY = 2
#: After so many refusals in a row the server has to show that it still answers anything.
_REFUSALS_IN_A_ROW = 10
_GREETING = "Hello"


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
        # refusals cost nothing, and this start may have the credit or the rights that the last one lacked
        self._refused_before = {key for key, reply in self._known.items() if reply.finish_reason == "refused"}
        self._accepted = len(self._known) > len(self._refused_before)
        self._refusals = 0  # since a request was last accepted
        self._not_kept: list[Completion] = []  # what was paid beside: empty replies, greetings

    def account(self) -> str:
        """What all replies took, those of earlier starts included, and how many are refused or empty."""
        replies = list(self._known.values())
        paid = [*replies, *self._not_kept]
        prompt, completion = sum(r.prompt_tokens for r in paid), sum(r.tokens for r in paid)
        cost = self._endpoint.cost(paid)
        refused = sum(reply.finish_reason == "refused" for reply in replies)
        uncounted = sum(bool(reply.text) and not reply.tokens for reply in replies)
        account = f"endpoint: {len(replies)} replies, {prompt} prompt tokens, {completion} generated tokens"
        account += f", cost {cost:.2f}" if cost else ""
        account += f"; {refused} refused" if refused else ""
        empty = sum(reply.is_empty for reply in replies)
        account += f"; {empty} empty" if empty else ""
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

        Raises :class:`StudyError` if a request fails more than ``retries`` times, for a wrong key or address, without
        credit, and if the server refuses everything.
        """
        bodies = [
            self._body(prompt, seed, sampling, mode or ThinkingMode(), pattern)
            for prompt, seed, pattern in zip(prompts, seeds, patterns or repeat(None, len(prompts)), strict=True)
        ]
        keys = [stable_id(json.dumps(body, sort_keys=True)) for body in bodies]
        done = self._known.keys() - self._refused_before
        todo = {key: body for key, body in zip(keys, bodies, strict=True) if key not in done}
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
        self._refused_before.discard(key)
        if on_completion:
            on_completion(reply)

    async def _ask(self, client: Any, body: Mapping[str, Any]) -> Completion:
        """The reply to a request, a refusal included."""
        try:
            return await self._insist(client, body)
        except RefusedPrompt as refusal:
            self._refusals += 1
            if not self._accepted or self._refusals % _REFUSALS_IN_A_ROW == 0:
                await self._check_that_it_answers(client, body, refusal)
            return Completion(0, "", 0, "refused")

    async def _check_that_it_answers(self, client: Any, body: Mapping[str, Any], refusal: RefusedPrompt) -> None:
        """Raise :class:`StudyError` if a greeting is refused too: then it is not about the prompts."""
        greeting = {**body, "messages": [*body["messages"][:-1], {"role": "user", "content": _GREETING}]}
        greeting.pop("structured_outputs", None)
        try:
            self._not_kept.append(await self._insist(client, greeting))
        except RefusedPrompt:
            problem = (
                "the endpoint refuses every request" if self._accepted else "the endpoint refuses the first request"
            )
            raise self._error(problem, str(refusal)) from None

    async def _insist(self, client: Any, body: Mapping[str, Any]) -> Completion:
        """The reply to a request that is sent until it is answered. Raises :class:`RefusedPrompt`."""
        failures = empty = 0
        while True:
            seed = derive_seed(body["seed"], "empty", empty) if empty else body["seed"]
            try:
                reply = await self._ask_once(client, {**body, "seed": seed})
            except FatalFailure as failure:
                raise self._error("the endpoint does not let us in", str(failure)) from None
            except PassingFailure as failure:
                failures += 1
                if failures > self._endpoint.retries:
                    raise self._error(f"the endpoint failed {failures} times in a row", str(failure)) from None
                # jitter, so that the requests which failed together do not come back together
                grown = min(_LONGEST_PAUSE, 2.0 ** (failures - 1)) * random.uniform(0.5, 1.0)
                await asyncio.sleep(grown if failure.pause is None else max(failure.pause, 0.5 * grown))
                continue
            self._accepted, self._refusals = True, 0
            if not reply.is_empty or empty == _MORE_TRIES_IF_EMPTY:
                return reply
            empty += 1
            self._not_kept.append(reply)

    async def _ask_once(self, client: Any, body: Mapping[str, Any]) -> Completion:
        import httpx

        # escapes, so that a prompt with a lone surrogate can be sent
        content = json.dumps(body).encode("ascii")
        url = f"{self._endpoint.url.rstrip('/')}/chat/completions"
        try:
            response = await client.post(url, content=content, headers={"Content-Type": "application/json"})
            text = response.text
        except httpx.RequestError as error:  # time-outs and garbled bodies too
            raise PassingFailure(f"{type(error).__name__}: {error}") from None
        return read_response(response.status_code, text, response.headers.get("retry-after"), body["max_tokens"])

    def _error(self, problem: str, found: str) -> StudyError:
        return StudyError(
            problem,
            where=self._endpoint.url,
            found=found,
            remedy="replies so far are kept; check address, model name, key and credit, then start the job again",
        )
