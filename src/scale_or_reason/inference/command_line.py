"""Shared code of the scripts that generate text: their options, and a resumable run in chunks."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.journal import Journal, Row, work_in_chunks
from scale_or_reason.common.manifests import content_hash, manifest
from scale_or_reason.common.seeds import stable_id
from scale_or_reason.inference.endpoint import Endpoint, EndpointEngine
from scale_or_reason.inference.model_files import check_generator, identifying_files, model_fingerprint
from scale_or_reason.inference.progress import GenerationBar
from scale_or_reason.inference.quiet import quiet
from scale_or_reason.inference.requests import OnCompletion, SamplingParameters, ThinkingMode, json_object
from scale_or_reason.inference.vllm_engine import VllmEngine
from scale_or_reason.study.cells import FORMATS
from scale_or_reason.study.engine_settings import engine_settings_of_results

Engine = VllmEngine | EndpointEngine
#: Generates the rows of one chunk (indices into the list of requests).
ChunkWork = Callable[[Any, range, OnCompletion], list[Row]]


def add_engine_options(parser: argparse.ArgumentParser, several: bool = False) -> None:
    """Add the options of scripts that generate text with one model, or with ``several`` models one by one."""
    parser.add_argument("--model", required=True, nargs="+" if several else None, help="model folder or hub id")
    parser.add_argument("--revision", help="branch, tag or commit of a hub model")
    parser.add_argument("--sampling", required=True, help='JSON: {"temperature": 0.7, "top_p": 0.8, "max_tokens": 512}')
    parser.add_argument("--engine", default="{}", help="JSON: vLLM arguments such as dtype and max_model_len")
    parser.add_argument("--seed", type=int, required=True, help="the study's seed")
    parser.add_argument(
        "--chunk-size",
        type=int,
        default=4096,
        help="requests between two saves (default: %(default)s); larger chunks use a GPU better, smaller chunks lose "
        "less work when the job is killed; the answers are the same",
    )


def add_endpoint_option(parser: argparse.ArgumentParser) -> None:
    """Add the option for a server that replaces the local engine."""
    parser.add_argument(
        "--endpoint",
        help='JSON: use an OpenAI-compatible server instead of vLLM: {"url": "https://HOST/v1", "key": VARIABLE}, '
        "and concurrency, timeout (s), retries, prompt_price, completion_price (per million tokens)",
    )


def add_teacher_options(parser: argparse.ArgumentParser) -> None:
    """Add the options for the teacher's server and its thinking modes."""
    add_endpoint_option(parser)
    parser.add_argument(
        "--modes",
        default='{"ift": {"template": {"enable_thinking": false}}, '
        '"reasoning": {"template": {"enable_thinking": true}}}',
        help="JSON: for ift and reasoning, `system` (a system prompt) and `template` (options of the chat template); "
        "default: %(default)s",
    )


def modes_from_json(text: str, where: str = "--modes") -> dict[str, ThinkingMode]:
    """The thinking mode of each format; :class:`StudyError` if the keys are not exactly the formats."""
    values = json_object(text, where)
    if set(values) != set(FORMATS):
        expected = " and ".join(FORMATS)
        raise StudyError("--modes must have one mode per format", where=where, found=text, expected=expected)
    return {name: ThinkingMode.from_values(value, where) for name, value in values.items()}


@dataclass(frozen=True)
class Generation:
    """The checked options of :func:`add_engine_options`."""

    model: str
    revision: str | None
    sampling: SamplingParameters
    settings: dict[str, Any]
    seed: int
    chunk_size: int
    endpoint: Endpoint | None = None

    @classmethod
    def from_arguments(cls, arguments: argparse.Namespace, model: str | None = None) -> Generation:
        """The options with ``model``, by default ``--model``.

        Raises :class:`StudyError` for invalid JSON or parameters, a model that cannot be loaded, and an endpoint
        without its key.
        """
        model = arguments.model if model is None else model
        sampling = SamplingParameters.from_json(arguments.sampling)
        settings = json_object(arguments.engine, "--engine")
        if arguments.chunk_size < 1:
            raise StudyError("the chunk size is below 1", where="--chunk-size", found=arguments.chunk_size)
        endpoint = Endpoint.from_json(given) if (given := getattr(arguments, "endpoint", None)) else None
        if endpoint:
            endpoint.secret()
        else:
            check_generator(model)
        return cls(model, arguments.revision, sampling, settings, arguments.seed, arguments.chunk_size, endpoint)


@dataclass(frozen=True)
class Outcome:
    """Rows of all requests in order, the seconds of all runs, and the start-up seconds of this run."""

    rows: list[Row]
    seconds: float
    startup_seconds: float

    def speed(self, tokens: int) -> dict[str, float]:
        """The measured part of a manifest; ``tokens`` is the total number of generated tokens."""
        return {
            "seconds": round(self.seconds, 3),
            "startup_seconds": round(self.startup_seconds, 3),
            "tokens_per_second": round(tokens / self.seconds, 1) if self.seconds else 0.0,
        }


class SharedEngine:
    """A model that is loaded on first use and shared by several runs.

    As a context manager it writes the engine's own output to ``log``, see :func:`quiet`.
    """

    def __init__(self, generation: Generation, log: Path) -> None:
        self.generation, self._log = generation, log
        self._opened = ExitStack()
        self._engine: Engine | None = None
        self._replies: Journal | None = None

    def __enter__(self) -> SharedEngine:
        self._screen = self._opened.enter_context(quiet(self._log))
        return self

    def __exit__(self, *exception: Any) -> None:
        self._opened.__exit__(*exception)
        if self._replies and exception[0] is None:
            self._replies.remove()

    def run(self, requests: int, work: ChunkWork, *, label: str, journal: Journal) -> Outcome:
        """Process the requests in chunks; the model is not loaded if the journal is complete."""
        done, startup = len(journal.rows), 0.0
        if self.generation.endpoint and self._replies is None:
            self._replies = journal.companion("replies")
        if done == requests:
            return Outcome(journal.rows, journal.seconds, startup)
        self._screen.write(f"{label}: {requests} requests, {done} already done\n")
        self._screen.flush()
        if self._engine is None:
            self._engine = self._load()
            startup = self._engine.startup_seconds
        engine = self._engine
        bar = GenerationBar(label, requests, done, self._screen)
        rows = work_in_chunks(requests, self.generation.chunk_size, journal, lambda chunk: work(engine, chunk, bar.add))
        bar.close()
        if isinstance(engine, EndpointEngine):
            self._screen.write(engine.account() + "\n")
        return Outcome(rows, journal.seconds, startup)

    def _load(self) -> Engine:
        generation = self.generation
        if generation.endpoint and self._replies:
            return EndpointEngine(generation.endpoint, generation.model, self._replies)
        self._screen.write(f"loading {generation.model} (the engine's log: {self._log})\n")
        self._screen.flush()
        engine = self._opened.enter_context(
            VllmEngine(generation.model, generation.settings, generation.revision, self._log)
        )
        self._screen.write(f"ready after {engine.startup_seconds:.1f} s\n")
        return engine


def engine_log(output: Path) -> Path:
    """The log of the engine that makes ``output``, a file or a folder: beside it under a hidden name."""
    return output.with_name(f".{output.name}.engine.log")


def open_journal(output: Path, generation: Generation, inputs: Mapping[str, Path], **more: Any) -> Journal:
    """The journal beside ``output``; a journal of other inputs, settings or versions is discarded."""
    return Journal(Journal.beside(output), fingerprint(generation, inputs, **more))


def fingerprint(generation: Generation, inputs: Mapping[str, Path], **more: Any) -> str:
    """A hash of the model, inputs and settings that the output depends on; none of the path, times or speed."""
    identity = {
        "model": model_fingerprint(generation.model, generation.revision),
        "sampling": asdict(generation.sampling),
        "settings": engine_settings_of_results(generation.settings),
        "seed": generation.seed,
        "inputs": {name: content_hash(path) for name, path in inputs.items()},
        "engine": "endpoint" if generation.endpoint else "vllm",
        **more,
    }
    return stable_id(json.dumps(identity, sort_keys=True))


def generation_manifest(generation: Generation, inputs: Mapping[str, Path], **more: Any) -> dict[str, Any]:
    """The manifest of answers or verdicts: settings, hashes of the inputs, versions, hardware."""
    settings = {
        "model": generation.model,
        "revision": generation.revision,
        "sampling": asdict(generation.sampling),
        "engine": generation.settings,
        "endpoint": generation.endpoint.url if generation.endpoint else None,
        "seed": generation.seed,
        **more,
    }
    return manifest({**inputs, **identifying_files(generation.model)}, settings)


def named(kind: str, paths: list[Path]) -> dict[str, Path]:
    """Input files by their names in a manifest: ``items/gsm8k.parquet``."""
    return {f"{kind}/{path.name}": path for path in paths}
