"""The checks of a training's inputs."""

from __future__ import annotations

import argparse
import importlib.util
import json
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.tables import read_table
from scale_or_reason.inference.model_files import check_model
from scale_or_reason.training.deepspeed_settings import Fault, deepspeed_faults
from scale_or_reason.training.model_limits import limit_faults
from scale_or_reason.training.trainer import students

#: Destinations of a training's log; one of the packages must be installed.
REPORTS = {
    "wandb": ("wandb",),
    "mlflow": ("mlflow",),
    "trackio": ("trackio",),
    "tensorboard": ("tensorboard", "tensorboardX"),
}


def check_inputs(arguments: argparse.Namespace) -> None:
    """Raise :class:`StudyError` for missing or invalid inputs, before slow imports."""
    check_model(arguments.init_from or arguments.model)
    for option in ("chat_template", "deepspeed"):
        path = getattr(arguments, option)
        if not path.is_file():
            raise StudyError("a file is missing", where=path, key=f"--{option.replace('_', '-')}")
    if not (arguments.tokens / "manifest.json").is_file():
        remedy = "run the rule tokenise_pairs"
        raise StudyError("the tokenised pairs are missing", where=arguments.tokens, key="--tokens", remedy=remedy)
    check_deepspeed(arguments.deepspeed, arguments.dtype)
    check_reports(arguments.report_to)
    read_mixture(arguments.mixture)


def check_reports(wanted: Sequence[str]) -> None:
    """Raise :class:`StudyError` if the package of a log destination is missing."""
    for name in wanted:
        if not any(importlib.util.find_spec(package) for package in REPORTS[name]):
            packages = " or ".join(REPORTS[name])
            raise StudyError(
                "the package of a log destination is not installed",
                key="training.execution.report_to",
                found=name,
                expected=f"the package {packages} in the environment of the training",
                remedy=f"pip install {REPORTS[name][0]}, or remove {name}",
            )


def read_mixture(path: Path) -> pl.DataFrame:
    """A mixture; :class:`StudyError` if it is empty."""
    mixture = read_table(path, "mixture")
    if mixture.is_empty():
        raise StudyError("the mixture is empty", where=path, remedy="check the audit of its pairs")
    return mixture


def check_deepspeed(path: Path, dtype: str) -> None:
    """Raise :class:`StudyError` if the DeepSpeed configuration changes the recipe or does not serve ``dtype``."""
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise StudyError("the DeepSpeed configuration is not JSON", where=path, found=error) from None
    if not isinstance(config, dict):
        found = type(config).__name__
        raise StudyError("the DeepSpeed configuration is not a JSON object", where=path, found=found)
    for fault in deepspeed_faults(config, dtype):
        raise _error(fault, path)


def check_limits(source: str, revision: str | None, max_length: int, ids: dict[str, int]) -> None:
    """Raise :class:`StudyError` if samples or token ids exceed the limits of the model ``source``."""
    config = students.text_config(source, revision).to_dict()
    for fault in limit_faults(config, max_length, ids):
        raise _error(fault, source)


def _error(fault: Fault, where: object) -> StudyError:
    fields = {name: getattr(fault, name) for name in ("key", "found", "expected", "remedy")}
    return StudyError(fault.problem, where=where, **fields)
