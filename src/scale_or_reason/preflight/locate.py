"""Which file and line a key of the merged config comes from."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from scale_or_reason.preflight.yaml_files import composed, parsed
from scale_or_reason.study.problems import KeyPath

COMMAND_LINE = "the command line (--config)"


def locate(path: KeyPath, config: Mapping[str, Any], config_files: Sequence[Path]) -> str:
    """``FILE, line N`` of the key, or of the innermost map around it that a file holds.

    ``config_files`` are the files that ``config`` was merged from, the last one winning. A key that no file holds with
    its value of ``config`` was given on the command line.
    """
    for depth in range(len(path), 0, -1):
        value = _value_at(config, path[:depth])
        for file in reversed(config_files):
            if value is not None and not isinstance(value, Mapping) and _value_at(parsed(file), path[:depth]) != value:
                continue
            line = _line_in(file, path[:depth])
            if line is not None:
                return f"{_shown(file)}, line {line}"
        if value is not None:
            return COMMAND_LINE
    return _shown(config_files[-1]) if config_files else COMMAND_LINE


def _shown(file: str | Path) -> str:
    """The file as seen from the folder that Snakemake runs in."""
    return os.path.relpath(file)


def _value_at(tree: Any, path: KeyPath) -> Any:
    for part in path:
        try:
            tree = tree[part]
        except (KeyError, IndexError, TypeError):
            return None
    return tree


def _line_in(file: str | Path, path: KeyPath) -> int | None:
    """The line (from 1) of a key in a YAML file; None if it is not there."""
    import yaml

    node = composed(file)
    line = None
    for part in path:
        children = node.value if isinstance(node, yaml.CollectionNode) else []
        if isinstance(part, int):
            if part >= len(children) or isinstance(children[part], tuple):
                return None
            node = children[part]
            line = node.start_mark.line + 1
            continue
        match = next((pair for pair in children if isinstance(pair, tuple) and pair[0].value == part), None)
        if match is None:
            return None
        line, node = match[0].start_mark.line + 1, match[1]
    return line
