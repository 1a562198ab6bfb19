"""Whether students can be trained as the config says, as far as files on this machine show.

Of hub ids the hub's cache may have the files; without them, the training checks the same when it starts.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from scale_or_reason.common.errors import StudyError
from scale_or_reason.study.catalogue import DEFAULT_TEMPLATE
from scale_or_reason.study.hub_lock import MODEL, Repository
from scale_or_reason.study.local_files import deepspeed_file, is_local
from scale_or_reason.study.problems import Problem
from scale_or_reason.study.selection import models_of_jury
from scale_or_reason.training.chat_templates import STOP_TOKENS
from scale_or_reason.training.deepspeed_settings import deepspeed_faults
from scale_or_reason.training.model_limits import limit_faults

Config = Mapping[str, Any]


def deepspeed_settings(config: Config) -> Iterator[Problem]:
    """DeepSpeed configurations that change the recipe, or that do not serve its number format."""
    for name in config["study"]["students"]:
        file, path = deepspeed_file(config["students"][name]["deepspeed"]), ("students", name, "deepspeed")
        settings = json_object(file)
        if settings is None:
            yield Problem(path, "the DeepSpeed configuration is not JSON", file, "a JSON object", "correct the file")
            continue
        for fault in deepspeed_faults(settings, config["training"]["dtype"]):
            found = f"{fault.key} is {json.dumps(fault.found)} in {file}"
            yield Problem(path, fault.problem, found, fault.expected, fault.remedy)


def student_limits(config: Config) -> Iterator[Problem]:
    """Students whose context is shorter than a sample, or whose stop token is beyond their embedding."""
    for name in config["study"]["students"]:
        student = config["students"][name]
        folder = model_folder(student["model"], student.get("revision"))
        if not os.path.isfile(folder / "config.json"):  # not on this machine; also for names that no file can have
            continue
        stop = STOP_TOKENS[student.get("template", DEFAULT_TEMPLATE)]
        ids = {stop: token_id(folder, stop)}
        path, settings = ("students", name, "model"), json_object(folder / "config.json")
        if settings is None:
            found, remedy = folder / "config.json", "download or save the model again"
            yield Problem(path, "the model's config is not JSON", found, "a JSON object", remedy)
            continue
        for fault in limit_faults(settings, config["training"]["max_length"], ids):
            yield Problem(path, fault.problem, fault.found, fault.expected, fault.remedy)


def templates(config: Config) -> Iterator[Problem]:
    """Students whose tokenizer does not have the token that ends an answer in their chat template."""
    for name in config["study"]["students"]:
        student = config["students"][name]
        folder, template = model_folder(student["tokenizer"], None), student.get("template", DEFAULT_TEMPLATE)
        known = _tokens(folder / "tokenizer.json")
        fitting = [other for other, stop in STOP_TOKENS.items() if stop in known]
        if known and template not in fitting:
            found = f"{template}, whose answers end with {STOP_TOKENS[template]}: no token of {student['tokenizer']}"
            expected = " or ".join(fitting) or "a tokenizer with one of " + ", ".join(STOP_TOKENS.values())
            remedy = "choose another template, or a tokenizer that has the token"
            path = ("students", name, "template")
            yield Problem(path, "the chat template does not fit the tokenizer", found, expected, remedy)


#: Of vLLM's attention on CPUs, version 0.32.
_CPU_HEADS = (32, 64, 80, 96, 112, 128, 160, 192, 224, 256, 512)


def cpu_heads(config: Config) -> Iterator[Problem]:
    """Models whose attention heads have a size that vLLM refuses on a CPU."""
    study = config["study"]
    used = [("students", name) for name in study["students"]]
    used += [("teachers", study["teacher"])] if study["teacher"] is not None else []
    used += [("judges", name) for name in models_of_jury(study["judges"])]
    for catalogue, name in used if config["compute"]["device"] == "cpu" else ():
        entry = config[catalogue][name]
        file = model_folder(entry["model"], entry.get("revision")) / "config.json"
        if "endpoint" in entry or not os.path.isfile(file):
            continue
        settings = json.loads(file.read_text(encoding="utf-8"))
        text = settings.get("text_config", settings)
        hidden, heads = text.get("hidden_size"), text.get("num_attention_heads")
        size = text.get("head_dim") or (hidden // heads if hidden and heads else None)
        if size is not None and size not in _CPU_HEADS:
            expected = f"one of {', '.join(map(str, _CPU_HEADS))} (head_dim, or hidden_size / num_attention_heads)"
            remedy = "use a model with other heads, a server (`endpoint`), or a GPU"
            problem = "vLLM cannot run attention heads of this size on a CPU"
            yield Problem((catalogue, name, "model"), problem, f"{size} in {file}", expected, remedy)


def _tokens(file: Path) -> set[str]:
    """The tokens in a tokenizer.json; empty if there is no such file."""
    values = json.loads(file.read_text(encoding="utf-8")) if os.path.isfile(file) else {}
    vocabulary = values.get("model", {}).get("vocab", {})
    words = vocabulary if isinstance(vocabulary, dict) else [entry[0] for entry in vocabulary]
    return {*words, *(token["content"] for token in values.get("added_tokens", []))}


def model_folder(model: str, revision: str | None) -> Path:
    """The folder of a local model, or that of a hub id in the hub's cache, which need not exist."""
    if is_local(model):
        return Path(model)
    repository, commit = Repository(MODEL, model), revision or "main"
    reference = repository.snapshot(commit).parents[1] / "refs" / commit  # a branch or tag
    return repository.snapshot(reference.read_text().strip() if os.path.isfile(reference) else commit)


def token_id(folder: Path, token: str) -> int | None:
    """The id of an added token in the folder's tokenizer.json; None if the file does not have it."""
    added = (json_object(folder / "tokenizer.json") or {}).get("added_tokens", [])
    return next((entry["id"] for entry in added if entry["content"] == token), None)


def json_object(file: Path) -> dict[str, Any] | None:
    """The JSON object in a file; None if there is none."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) else None


#: Files of transformers.
_TOKENIZERS = ("tokenizer.json", "tokenizer.model", "vocab.json", "tekken.json", "spiece.model", "vocab.txt")
_TEMPLATES = ("chat_template.jinja", "chat_template.json", "additional_chat_templates")


def adopted_weights(config: Config) -> Iterator[Problem]:
    """Adopted models in folders whose weights are not those that ``config.json`` describes."""
    for name in config["study"]["adopted"]:
        model = config["adopted"][name]["model"]
        if not is_local(model):
            continue  # the evaluation looks at the files of the hub before it loads them
        from scale_or_reason.inference.published_weights import check_published  # NumPy

        try:
            check_published(model, None)
        except StudyError as error:
            found = f"{error.where}: {error.found}"
            yield Problem(("adopted", name, "model"), error.problem, found, error.expected, error.remedy)


def own_templates(config: Config) -> Iterator[Problem]:
    """Adopted models, teachers and judges in folders without a tokenizer or without a chat template of their own."""
    study = config["study"]
    used = [("adopted", name) for name in study["adopted"]]
    used += [("teachers", study["teacher"])] if study["teacher"] is not None else []
    used += [("judges", name) for name in models_of_jury(study["judges"])]
    for catalogue, name in used:
        entry = config[catalogue][name]
        folder, path = Path(entry["model"]), (catalogue, name, "model")
        if "endpoint" in entry or not is_local(entry["model"]) or not os.path.isdir(folder):
            continue
        if not any((folder / file).is_file() for file in _TOKENIZERS):
            remedy = "copy the tokenizer's files from the model's base into the folder"
            yield Problem(path, "the model has no tokenizer", folder, f"one of {', '.join(_TOKENIZERS)}", remedy)
        elif not _has_template(folder):
            expected = "chat_template.jinja, or a chat_template in tokenizer_config.json"
            remedy = "copy the chat template that the model was trained with into the folder"
            yield Problem(path, "the model has no chat template", folder, expected, remedy)


def _has_template(folder: Path) -> bool:
    settings = json_object(folder / "tokenizer_config.json") or {}
    return bool(settings.get("chat_template")) or any((folder / file).exists() for file in _TEMPLATES)
