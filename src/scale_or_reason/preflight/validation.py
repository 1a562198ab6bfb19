"""Checking a config before the first job: what the schema refuses, said so that a person can mend it.

:func:`check_config` raises :class:`StudyError` for the first problem that the JSON Schema or the cross-checks
(:mod:`preflight.crosschecks`) find. Only the process that a person started calls it; jobs trust its word.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from scale_or_reason.common.errors import StudyError
from scale_or_reason.preflight.crosschecks import cross_problems
from scale_or_reason.study.problems import KeyPath, Problem, did_you_mean, spell

COMMAND_LINE = "the command line (--config)"


def check_config(config: Mapping[str, Any], schema_file: Path, config_files: Sequence[Path]) -> None:
    """Raise :class:`StudyError` for the first problem in ``config``.

    ``config_files`` are the files it was merged from, the last one winning; the error names the one with the key.
    """
    schema = _read_yaml(schema_file)
    problem = next(schema_problems(config, schema), None) or next(cross_problems(config), None)
    if problem is None:
        return
    raise StudyError(
        problem.problem,
        where=locate(problem.path, config, config_files),
        key=spell(problem.path),
        found=problem.found,
        expected=problem.expected,
        remedy=problem.remedy,
    )


def schema_problems(config: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[Problem]:
    """What the JSON Schema refuses, unknown keys first: a misspelt key often is the cause of a missing one."""
    from jsonschema import Draft202012Validator

    errors = Draft202012Validator(schema).iter_errors(config)
    for error in sorted(errors, key=lambda error: (error.validator != "additionalProperties", spell(_path(error)))):
        yield _problem_of(error)


def _path(error: Any) -> KeyPath:
    return tuple(error.absolute_path)


def _problem_of(error: Any) -> Problem:
    path, found = _path(error), error.instance
    if error.validator == "additionalProperties":
        known = list(error.schema.get("properties", {}))
        unknown = next(key for key in found if key not in known)
        suggestion = did_you_mean(unknown, known) or "remove it; config/README.md explains every key"
        return Problem((*path, unknown), "unknown key in the config", unknown, ", ".join(known), suggestion)
    if error.validator == "required":
        missing = next(key for key in error.validator_value if key not in found)
        remedy = "add it; config/config.yaml has every key with a comment"
        return Problem((*path, missing), "a key is missing from the config", "nothing", _expected(error), remedy)
    return Problem(path, "a value in the config is not allowed", _show(found), _expected(error), _remedy(error))


def _expected(error: Any) -> str:
    """What the schema wants, in words."""
    words = {
        "required": lambda value: "the keys " + ", ".join(value),
        "type": lambda value: " or ".join(_TYPE_NAMES[name] for name in ([value] if isinstance(value, str) else value)),
        "enum": lambda value: "one of " + ", ".join(map(str, value)),
        "minimum": lambda value: f"at least {value}",
        "exclusiveMinimum": lambda value: f"more than {value}",
        "maximum": lambda value: f"at most {value}",
        "uniqueItems": lambda value: "no entry twice",
        "minItems": lambda value: f"at least {value} entry",
        "minLength": lambda value: "some text",
    }
    said = words.get(error.validator, lambda value: "")(error.validator_value)
    description = error.schema.get("description", "") if error.validator != "required" else ""
    return "; ".join(part for part in (said, description) if part)


_TYPE_NAMES = {
    "object": "a map",
    "array": "a list",
    "string": "text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "null": "null",
}


def _remedy(error: Any) -> str | None:
    if error.validator == "enum":
        return did_you_mean(error.instance, map(str, error.validator_value))
    if error.validator == "type" and isinstance(error.instance, str) and _looks_untyped(error.instance):
        return (
            "write it without quotes, and 1e-5 as 1.0e-5; inside a map on the command line all values are text for "
            "Snakemake, so give this one in a file: --configfile FILE"
        )
    return None


def _looks_untyped(text: str) -> bool:
    """Whether a person means a number, a truth value or nothing by this text."""
    try:
        float(text)
    except ValueError:
        return text.lower() in ("true", "false", "null")
    return True


def _show(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 120 else text[:117] + "..."


def locate(path: KeyPath, config: Mapping[str, Any], config_files: Sequence[Path]) -> str:
    """``FILE, line N`` of the key, or of the innermost map around it that a file holds.

    A key that stands in no file with its value of ``config`` was given on the command line.
    """
    import yaml

    for depth in range(len(path), 0, -1):
        value = _value_at(config, path[:depth])
        for file in reversed(config_files):
            if (
                value is not None
                and not isinstance(value, Mapping)
                and _value_at(_read_yaml(file), path[:depth]) != value
            ):
                continue
            with open(file, encoding="utf-8") as stream:
                line = _line_of(yaml.compose(stream), path[:depth])
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


def _line_of(node: Any, path: KeyPath) -> int | None:
    """The line (from 1) of a key in a YAML document; None if it is not there."""
    line = None
    for part in path:
        if isinstance(part, int):
            children = node.value if isinstance(node.value, list) else []
            if part >= len(children) or isinstance(children[part], tuple):
                return None
            node = children[part]
            line = node.start_mark.line + 1
            continue
        pairs = [pair for pair in node.value if isinstance(pair, tuple)] if isinstance(node.value, list) else []
        match = next((pair for pair in pairs if pair[0].value == part), None)
        if match is None:
            return None
        line, node = match[0].start_mark.line + 1, match[1]
    return line


def _read_yaml(file: str | Path) -> Any:
    """Parsed YAML (also JSON), by the fast loader where libyaml is there."""
    import yaml

    with open(file, encoding="utf-8") as stream:
        return yaml.load(stream, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
