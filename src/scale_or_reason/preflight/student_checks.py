"""Whether students can be trained as the config says, as far as files on this machine tell; hub ids are skipped."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from scale_or_reason.study.catalogue import DEFAULT_TEMPLATE
from scale_or_reason.study.local_files import deepspeed_file
from scale_or_reason.study.problems import Problem
from scale_or_reason.training.chat_templates import STOP_TOKENS
from scale_or_reason.training.deepspeed_settings import deepspeed_faults
from scale_or_reason.training.model_limits import limit_faults

Config = Mapping[str, Any]


def deepspeed_settings(config: Config) -> Iterator[Problem]:
    """DeepSpeed configurations that change the recipe, or that do not serve its number format."""
    for name in config["study"]["students"]:
        file, path = deepspeed_file(config["students"][name]["deepspeed"]), ("students", name, "deepspeed")
        try:
            settings = json.loads(file.read_text(encoding="utf-8"))
        except ValueError as error:
            yield Problem(path, "the DeepSpeed configuration is not JSON", f"{file}: {error}", "a JSON object")
            continue
        for fault in deepspeed_faults(settings, config["training"]["dtype"]):
            found = f"{fault.key} is {json.dumps(fault.found)} in {file}"
            yield Problem(path, fault.problem, found, fault.expected, fault.remedy)


def student_limits(config: Config) -> Iterator[Problem]:
    """Local students whose context is shorter than a sample, or whose stop token is beyond their embedding."""
    for name in config["study"]["students"]:
        student = config["students"][name]
        folder = Path(student["model"])
        if not os.path.isfile(folder / "config.json"):  # a hub id; also for names that no file can have
            continue
        stop = STOP_TOKENS[student.get("template", DEFAULT_TEMPLATE)]
        ids = {stop: token_id(folder, stop)}
        settings = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        for fault in limit_faults(settings, config["training"]["max_length"], ids):
            yield Problem(("students", name, "model"), fault.problem, fault.found, fault.expected, fault.remedy)


def token_id(folder: Path, token: str) -> int | None:
    """The id of an added token in the folder's tokenizer.json; None if the file does not have it."""
    file = folder / "tokenizer.json"
    added = json.loads(file.read_text(encoding="utf-8")).get("added_tokens", []) if file.is_file() else []
    return next((entry["id"] for entry in added if entry["content"] == token), None)
