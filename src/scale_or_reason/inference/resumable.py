"""A model whose replies are on disk as soon as they are finished: what is there is not generated again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import repeat
from pathlib import Path
from typing import Any

from scale_or_reason.common.wording import counted
from scale_or_reason.inference.command_line import Generation, identity
from scale_or_reason.inference.endpoint import EndpointEngine
from scale_or_reason.inference.progress import GenerationBar
from scale_or_reason.inference.quiet import quiet
from scale_or_reason.inference.reply_store import ReplyStore, request_key
from scale_or_reason.inference.requests import Completion, OnCompletion, SamplingParameters, ThinkingMode
from scale_or_reason.inference.stopping import idle, sigterm_handled
from scale_or_reason.inference.vllm_engine import VllmEngine

Engine = VllmEngine | EndpointEngine
#: The seed of every request whose reply does not depend on it.
_NO_SEED = 0
#: Generates the replies to the requests with these numbers.
_Generate = Callable[[Engine, list[int], OnCompletion], object]


def engine_log(output: Path) -> Path:
    """The log of the engine that makes ``output``, a file or a folder: beside it under a hidden name."""
    return output.with_name(f".{output.name}.engine.log")


def replies_folder(folder: Path) -> Path:
    """The replies from which the tables in ``folder`` are made: a hidden folder in it."""
    return folder / ".replies"


@dataclass(frozen=True)
class Request:
    """A request to a model. ``own`` are the options of :func:`request_key`."""

    prompt: str
    seed: int
    own: Mapping[str, Any]

    @property
    def key(self) -> str:
        """The key of its reply."""
        return request_key(self.prompt, self.seed, **self.own)


class SharedEngine:
    """A model that is loaded when a reply is missing, and shared by several runs.

    As a context manager it writes the engine's own output to ``log`` (see :func:`quiet`), closes the stores, and has
    SIGTERM raise :class:`Interrupted`.
    """

    def __init__(self, generation: Generation, log: Path) -> None:
        self.generation, self._log = generation, log
        self._opened = ExitStack()
        self._engine: Engine | None = None
        self._runs: list[RecordedEngine] = []
        #: Completions of greedy decoding in all runs, by what they depend on.
        self.greedy: dict[str, Completion] = {}

    def __enter__(self) -> SharedEngine:
        self.screen = self._opened.enter_context(quiet(self._log))
        self._opened.enter_context(sigterm_handled())
        return self

    def __exit__(self, *exception: Any) -> None:
        if isinstance(self._engine, EndpointEngine) and exception[0] is None:
            self.print(self._engine.account([reply for run in self._runs for reply in run.replies.values()]))
        self._opened.__exit__(*exception)

    def print(self, line: str) -> None:
        """Print a line for people."""
        self.screen.write(line + "\n")
        self.screen.flush()

    def with_replies(
        self, folder: Path, label: str, mode: ThinkingMode | None = None, sampling: SamplingParameters | None = None
    ) -> RecordedEngine:
        """The engine with its replies below ``folder``; ``label`` names the run on the screen.

        ``sampling`` replaces that of the generation in this run.
        """
        mode, sampling = mode or ThinkingMode(), sampling or self.generation.sampling
        whole = {**identity(replace(self.generation, sampling=sampling)), "mode": mode.settings()}
        store = self._opened.enter_context(ReplyStore(folder, whole, self.generation.settings_of_results))
        run = RecordedEngine(self, store, label, mode, sampling)
        self._runs.append(run)
        return run

    def engine(self) -> Engine:
        """The engine, loaded if it is not yet."""
        if self._engine is None:
            self._engine = self._load()
        return self._engine

    @property
    def is_loaded(self) -> bool:
        """Whether the engine is loaded."""
        return self._engine is not None

    def _load(self) -> Engine:
        generation = self.generation
        if generation.endpoint:
            accepted = any(reply.finish_reason != "refused" for run in self._runs for reply in run.replies.values())
            return EndpointEngine(generation.endpoint, generation.model, accepted)
        self.print(f"loading {generation.model} (the engine's log: {self._log})")
        with idle(self.screen):
            engine = self._opened.enter_context(
                VllmEngine(generation.model, generation.settings, generation.revision, self._log)
            )
        self.print(f"ready after {engine.startup_seconds:.1f} s")
        return engine


class RecordedEngine:
    """An engine that takes replies from a store, and stores those that it generates.

    ``replies`` has all replies of this run by key, ``seconds`` the time of generating them in all programs,
    ``startup_seconds`` the start-up in this run.
    """

    def __init__(
        self, shared: SharedEngine, store: ReplyStore, label: str, mode: ThinkingMode, sampling: SamplingParameters
    ) -> None:
        self._shared, self._store, self._label, self._mode = shared, store, label, mode
        self._sampling = sampling
        self.replies: dict[str, Completion] = {}
        self.seconds = self.startup_seconds = 0.0

    @property
    def tokenizer(self) -> Any:
        """The engine's tokenizer; None for a server."""
        return self._engine().tokenizer

    def chat(
        self, prompts: Sequence[str], seeds: Sequence[int], patterns: Sequence[str] | None = None
    ) -> list[Completion]:
        """One reply per user message, in order; with ``patterns``, each reply matches its regular expression."""
        each: Iterator[str | None] = iter(patterns) if patterns else repeat(None, len(prompts))
        requests = [
            Request(prompt, seed, {"chat": True, "pattern": pattern})
            for prompt, seed, pattern in zip(prompts, seeds, each, strict=True)
        ]

        def generate(engine: Engine, numbers: list[int], on_completion: OnCompletion) -> None:
            engine.chat(
                [prompts[i] for i in numbers],
                [seeds[i] for i in numbers],
                self._sampling,
                self._mode,
                on_completion,
                [patterns[i] for i in numbers] if patterns else None,
            )

        return self._replies_to(requests, generate)

    def complete(self, prompts: Sequence[str], seeds: Sequence[int], stop: Sequence[str] = ()) -> list[Completion]:
        """One continuation per prompt, in order, without a chat template."""
        own = {"chat": False, "stop": stop}
        requests = [Request(prompt, seed, own) for prompt, seed in zip(prompts, seeds, strict=True)]

        def generate(engine: Engine, numbers: list[int], on_completion: OnCompletion) -> None:
            chosen = [prompts[i] for i in numbers], [seeds[i] for i in numbers]
            assert not isinstance(engine, EndpointEngine)
            engine.complete(*chosen, self._sampling, stop, on_completion)

        return self._replies_to(requests, generate)

    def resume(self, prompts: Sequence[str], begun: Sequence[str], seeds: Sequence[int]) -> list[Completion]:
        """One continuation per answer that begins with the text in ``begun``; see :meth:`VllmEngine.resume`."""
        each = list(zip(prompts, begun, seeds, strict=True))
        requests = [Request(prompt, seed, {"chat": True, "begun": start}) for prompt, start, seed in each]

        def generate(engine: Engine, numbers: list[int], on_completion: OnCompletion) -> None:
            chosen = [prompts[i] for i in numbers], [begun[i] for i in numbers], [seeds[i] for i in numbers]
            assert not isinstance(engine, EndpointEngine)
            engine.resume(*chosen, self._sampling, on_completion)

        return self._replies_to(requests, generate)

    def _replies_to(self, requests: list[Request], generate: _Generate) -> list[Completion]:
        keys = [request.key for request in requests]
        self._take(keys)
        missing = {key: number for number, key in enumerate(keys) if key not in self.replies}
        if missing:
            self._shared.print(
                f"{self._label}: {counted(len(keys), 'request')}, {len(keys) - len(missing)} already done"
            )
            self._generate({key: requests[number] for key, number in missing.items()}, missing, len(keys), generate)
            self._take(keys)
        return [self.replies[key] for key in keys]

    def _take(self, keys: list[str]) -> None:
        """Take the replies to these requests from the store."""
        for key, reply in self._store.find(keys).items():
            self.seconds += reply.seconds if key not in self.replies else 0.0
            self.replies[key] = reply.completion
        for warning in self._store.new_warnings():
            self._shared.print(warning)

    def _generate(self, requests: dict[str, Request], numbers: dict[str, int], total: int, generate: _Generate) -> None:
        """Generate the missing replies and store them; equal requests under greedy decoding are sent once.

        A judge gets many: students give the same short answers.
        """
        engine = self._engine()
        bar = GenerationBar(self._label, total, total - len(requests), self._shared.screen)
        is_greedy = self._sampling.temperature == 0 and isinstance(engine, VllmEngine)
        equal: dict[str, list[str]] = {}
        for key, request in requests.items():
            equal.setdefault(self._without_seed(request) if is_greedy else key, []).append(key)

        def record(content: str, completion: Completion) -> None:
            for key in equal[content]:
                self._store.add(key, completion, engine.context_tokens)
                bar.add(completion)
            if is_greedy:
                self._shared.greedy[content] = completion

        self._store.start_clock()
        try:
            for content in [content for content in equal if content in self._shared.greedy]:
                record(content, self._shared.greedy[content])
                del equal[content]
            if sent := list(equal):
                first = [numbers[equal[content][0]] for content in sent]
                generate(engine, first, lambda place, completion: record(sent[place], completion))
        finally:
            bar.close()

    def _without_seed(self, request: Request) -> str:
        """What the reply to a greedy request depends on."""
        return f"{replace(request, seed=_NO_SEED).key} {self._mode} {self._sampling}"

    def _engine(self) -> Engine:
        was_loaded = self._shared.is_loaded
        engine = self._shared.engine()
        if not was_loaded:
            self.startup_seconds = engine.startup_seconds
        return engine

    def speed(self, tokens: int) -> dict[str, float]:
        """The measured part of a manifest; ``tokens`` is the total number of generated tokens."""
        return speed_of([self], tokens)


def speed_of(runs: Sequence[RecordedEngine], tokens: int) -> dict[str, float]:
    """The measured part of a manifest of several runs; ``tokens`` is the number of tokens that they generated."""
    seconds = sum((run.seconds for run in runs), 0.0)
    return {
        "seconds": round(seconds, 3),
        "startup_seconds": round(sum((run.startup_seconds for run in runs), 0.0), 3),
        "tokens_per_second": round(tokens / seconds, 1) if seconds else 0.0,
    }
