"""Config files as YAML: their nodes, which have line numbers, and their values.

Snakemake reads JSON as well, of which YAML's parsers do not take every spelling. A file that they cannot read has no
known lines; it is no error here, since Snakemake has read it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any


def composed(file: str | Path) -> Any:
    """The root node of a file; None if it is empty or no YAML."""
    import yaml

    return _read(file, yaml.compose)


def parsed(file: str | Path) -> Any:
    """The content of a file; None if it is empty or no YAML."""
    import yaml

    return _read(file, yaml.load)


def _read(file: str | Path, read: Callable[..., Any]) -> Any:
    import yaml

    # libyaml, where it is installed, is ten times as fast, but it refuses some escapes that the other parser takes
    for loader in (getattr(yaml, "CSafeLoader", yaml.SafeLoader), yaml.SafeLoader):
        try:
            with open(file, encoding="utf-8") as stream:
                return read(stream, Loader=loader)
        except (yaml.YAMLError, ValueError):  # ValueError: no UTF-8, or a date that does not exist
            continue
    return None
