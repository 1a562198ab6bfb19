"""What has to be checked before anything reads the values of a config: its files, and its size."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from scale_or_reason.common.errors import StudyError
from scale_or_reason.preflight.locate import locate

#: The shipped config has about a thousand.
MOST_VALUES = 100_000


def check_readable(file: str | Path) -> None:
    """Raise :class:`StudyError` for a config file that cannot be read as text in UTF-8."""
    try:
        with open(file, encoding="utf-8") as stream:
            stream.read()
    except OSError as error:
        raise _unreadable(file, error.strerror, "correct the path or the permission") from None
    except UnicodeDecodeError as error:
        raise _unreadable(file, error, "save the file as UTF-8") from None


def _unreadable(file: str | Path, found: object, remedy: str) -> StudyError:
    problem, expected = "the config file cannot be read", "a text file in UTF-8"
    return StudyError(problem, where=os.path.relpath(file), found=found, expected=expected, remedy=remedy)


def check_size(config: Mapping[str, Any], config_files: Sequence[str | Path]) -> None:
    """Raise :class:`StudyError` if ``config`` has too many values, each alias written out.

    A few lines of aliases of aliases can stand for billions of values, and an alias inside of its own anchor for
    endlessly many.
    """
    for key, value in config.items():
        if _has_more_values(value, MOST_VALUES):
            raise StudyError(
                "the config has too many values",
                where=locate((key,), {key: {}}, [Path(file) for file in config_files]),
                key=key,
                found=f"more than {MOST_VALUES:,}, with YAML aliases written out",
                expected="about a thousand",
                remedy="remove aliases (*name) of anchors (&name) that contain other aliases or themselves",
            )


def _has_more_values(value: Any, limit: int) -> bool:
    waiting, count = [value], 0
    while waiting and count <= limit:
        node = waiting.pop()
        count += 1
        waiting += node.values() if isinstance(node, Mapping) else node if isinstance(node, list) else ()
    return count > limit
