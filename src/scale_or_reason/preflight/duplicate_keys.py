"""Keys that a config file gives twice: YAML keeps the last value and drops the others without a word."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from scale_or_reason.common.errors import StudyError
from scale_or_reason.preflight.yaml_files import composed


def check_duplicate_keys(config_files: Sequence[str | Path]) -> None:
    """Raise :class:`StudyError` for the first key that one map of a file holds twice, with both lines."""
    for file in config_files:
        document = composed(file)
        for key, first, second in _duplicates(document, ()):
            raise StudyError(
                "a key is given twice in a config file",
                where=f"{os.path.relpath(file)}, line {second}",
                key=key,
                found=f"also in line {first}",
                expected="each key once: YAML drops all values but the last",
                remedy="merge the two entries into one",
            )


def _duplicates(node: Any, path: tuple[str, ...]) -> Iterator[tuple[str, int, int]]:
    """Key, first line and second line of every duplicate below a YAML node."""
    import yaml

    if isinstance(node, yaml.MappingNode):
        lines: dict[str, int] = {}
        for key, value in node.value:
            own, line = (*path, str(key.value)), key.start_mark.line + 1
            if isinstance(key.value, str):  # a list as a key is another error
                if key.value in lines:
                    yield ".".join(own), lines[key.value], line
                lines.setdefault(key.value, line)
            yield from _duplicates(value, own)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield from _duplicates(value, (*path, str(index)))
