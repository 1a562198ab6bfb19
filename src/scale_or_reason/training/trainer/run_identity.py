"""What a training run depends on: its manifest, and the checkpoints from which an equal run resumes."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from itertools import product
from pathlib import Path
from typing import Any

from scale_or_reason.common.manifests import manifest
from scale_or_reason.common.seeds import stable_id
from scale_or_reason.training.trainer import launch
from scale_or_reason.training.trainer.attention import ATTENTION
from scale_or_reason.training.trainer.diverged import diverged_runs, refuse_diverged

#: Arguments without effect on the result; they are omitted from the manifest's settings.
NOT_SETTINGS = ("output", "threads", "timeout_minutes", "checkpoint_steps", "report_to", "branches")


def training_manifest(arguments: argparse.Namespace, source: str, others: dict[str, Path]) -> dict[str, Any]:
    """The manifest before the training."""
    inputs = {name: getattr(arguments, name) for name in ("mixture", "chat_template", "deepspeed")} | others
    inputs["tokens"] = arguments.tokens / "manifest.json"  # it has the hash of all tokens
    if Path(source).exists():
        inputs["init_from" if arguments.init_from else "model"] = Path(source)
    settings = {
        name: str(value) if isinstance(value, Path) else value
        for name, value in vars(arguments).items()
        if name not in NOT_SETTINGS
    }
    return manifest(inputs, settings | {"processes": launch.processes()})


def identity_of(made_from: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Everything in a manifest that a run depends on: only an equal run resumes from its checkpoints."""
    # without these values, so that checkpoints from before these settings existed keep their key
    added = {"compile": "never", "data_fraction": 1.0}
    settings = {name: value for name, value in made_from["settings"].items() if added.get(name, ...) != value}
    inputs = {name: entry["sha256"] for name, entry in made_from["inputs"].items()}
    return {"settings": settings, "inputs": inputs, "packages": made_from["packages"]}


def checkpoint_folder(output: Path, identity: Mapping[str, Any]) -> Path:
    """A folder beside the output, keyed by :func:`identity_of`."""
    key = stable_id(json.dumps([identity[name] for name in ("settings", "inputs", "packages")], sort_keys=True))
    return output.parent / f".{output.name}.checkpoints-{key}"


def refuse_diverged_run(arguments: argparse.Namespace) -> None:
    """Raise the error with which the same run has ended before, without imports that take seconds."""
    diverged = diverged_runs(arguments.output)
    if not diverged:
        return
    made_from = training_manifest(arguments, arguments.init_from or arguments.model, {})
    # what `auto` means is decided later, with torch
    kernels = ATTENTION if arguments.attention == "auto" else (arguments.attention,)
    for attention, layers in product(kernels, ("never", "layers")):
        settings = made_from["settings"] | {"attention": attention, "compile": layers}
        folder = checkpoint_folder(arguments.output, identity_of(made_from | {"settings": settings}))
        if folder in diverged:
            refuse_diverged(folder)
