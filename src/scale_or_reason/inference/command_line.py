"""Shared code of the scripts that generate text: their options, what replies depend on, and manifests."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.manifests import content_hash, manifest
from scale_or_reason.common.seeds import stable_id
from scale_or_reason.inference.endpoint import Endpoint
from scale_or_reason.inference.model_files import check_generator, identifying_files, model_fingerprint
from scale_or_reason.inference.requests import SamplingParameters, ThinkingMode, json_object
from scale_or_reason.study.cells import FORMATS
from scale_or_reason.study.engine_settings import engine_settings_of_results


def add_engine_options(parser: argparse.ArgumentParser, several: bool = False) -> None:
    """Add the options of scripts that generate text with one model, or with ``several`` models one by one."""
    parser.add_argument("--model", required=True, nargs="+" if several else None, help="model folder or hub id")
    parser.add_argument("--revision", help="branch, tag or commit of a hub model")
    parser.add_argument("--sampling", required=True, help='JSON: {"temperature": 0.7, "top_p": 0.8, "max_tokens": 512}')
    parser.add_argument("--engine", default="{}", help="JSON: vLLM arguments such as dtype and max_model_len")
    parser.add_argument("--seed", type=int, required=True, help="the study's seed")


def add_endpoint_option(parser: argparse.ArgumentParser) -> None:
    """Add the option for a server that replaces the local engine."""
    parser.add_argument(
        "--endpoint",
        help='JSON: use an OpenAI-compatible server instead of vLLM: {"url": "https://HOST/v1", "key": VARIABLE}, '
        "and concurrency, timeout (s), retries, prompt_price, completion_price (per million tokens), body (further "
        "fields of every request; null removes one)",
    )


def add_teacher_options(parser: argparse.ArgumentParser) -> None:
    """Add the options for the teacher's server and its thinking modes."""
    add_endpoint_option(parser)
    parser.add_argument(
        "--modes",
        default='{"ift": {"template": {"enable_thinking": false}}, '
        '"reasoning": {"template": {"enable_thinking": true}}}',
        help="JSON: for ift and reasoning, `system` (a system prompt), `template` (options of the chat template) and "
        "`suffix` (a text behind each prompt); "
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
        endpoint = Endpoint.from_json(given) if (given := getattr(arguments, "endpoint", None)) else None
        if endpoint:
            endpoint.secret()
        else:
            check_generator(model)
        return cls(model, arguments.revision, sampling, settings, arguments.seed, endpoint)

    @property
    def settings_of_results(self) -> dict[str, Any]:
        """The engine's settings that replies depend on."""
        return engine_settings_of_results(self.settings)


def identity(generation: Generation) -> dict[str, Any]:
    """What replies depend on apart from the request, the thinking mode and the engine's settings."""
    return {
        "model": model_fingerprint(generation.model, generation.revision),
        "sampling": asdict(generation.sampling),
        "engine": "endpoint" if generation.endpoint else "vllm",
        **body_of(generation),
    }


def body_of(generation: Generation) -> dict[str, Any]:
    """The further request fields of a server; empty without any, so that replies from before they existed are found."""
    return {"body": dict(generation.endpoint.body)} if generation.endpoint and generation.endpoint.body else {}


def fingerprint(generation: Generation, inputs: Mapping[str, Path], **more: Any) -> str:
    """A hash of the model, inputs and settings that the output depends on; none of the path, times or speed."""
    depends_on = {
        **identity(generation),
        "settings": generation.settings_of_results,
        "seed": generation.seed,
        "inputs": {name: content_hash(path) for name, path in inputs.items()},
        **more,
    }
    return stable_id(json.dumps(depends_on, sort_keys=True))


def generation_manifest(generation: Generation, inputs: Mapping[str, Path], **more: Any) -> dict[str, Any]:
    """The manifest of answers or verdicts: settings, hashes of the inputs, versions, hardware."""
    settings = {
        "model": generation.model,
        "revision": generation.revision,
        "sampling": asdict(generation.sampling),
        "engine": generation.settings,
        "endpoint": generation.endpoint.url if generation.endpoint else None,
        **body_of(generation),
        "seed": generation.seed,
        **more,
    }
    return manifest({**inputs, **identifying_files(generation.model)}, settings)


def named(kind: str, paths: list[Path]) -> dict[str, Path]:
    """Input files by their names in a manifest: ``items/gsm8k.parquet``."""
    return {f"{kind}/{path.name}": path for path in paths}
