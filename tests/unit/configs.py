"""Configs of studies as Snakemake reads them, and their plans."""

from __future__ import annotations

import functools
from copy import deepcopy
from pathlib import Path
from typing import Any

import yaml

from scale_or_reason.planning.assumptions import Assumptions
from scale_or_reason.planning.calibration import NOTHING_MEASURED, Calibration
from scale_or_reason.planning.plan import Plan, make_plan
from scale_or_reason.study.local_files import find_files
from scale_or_reason.study.study import Study


def merge(base: Any, overlay: Any) -> Any:
    """As Snakemake merges config files: maps merge, all else replaces."""
    if not (isinstance(base, dict) and isinstance(overlay, dict)):
        return overlay
    return base | {key: merge(base.get(key), value) for key, value in overlay.items()}


@functools.cache
def _read(file: Path) -> Any:
    return yaml.safe_load(file.read_text(encoding="utf-8"))


@functools.cache
def _loaded(root: Path, *overlays: str) -> dict[str, Any]:
    config = deepcopy(_read(root / "config" / "config.yaml"))
    for name in overlays:
        config = merge(config, deepcopy(_read(root / "config" / "studies" / f"{name}.yaml")))
    return config


def load(root: Path, *overlays: str) -> dict[str, Any]:
    """The config of a shipped study. Each caller has its own; the files are read once."""
    config = deepcopy(_loaded(root, *overlays))
    find_files(config, root)  # paths depend on the folder in which a test runs
    return config


def plan_of(
    config: dict[str, Any], results: Path, calibration: Calibration = NOTHING_MEASURED, **measured: float
) -> Plan:
    study = Study.from_config(config)
    return make_plan(config, study, Assumptions(config, study, calibration), results, measured)
