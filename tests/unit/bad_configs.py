"""Configs with one fault each, made from the config's description: every key, every kind of fault.

Seeded, so that a config that falls through can be made again. A fault is a path and the value that stands there.
"""

from __future__ import annotations

import datetime
import json
import math
from collections.abc import Iterator, Mapping
from copy import copy
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from configs import load

from scale_or_reason.study.local_files import find_files
from scale_or_reason.study.overrides import type_overrides
from scale_or_reason.study.problems import KeyPath

ROOT = Path(__file__).resolve().parents[2]
Config = dict[str, Any]

#: No key can hold these, whatever its type; the free arguments of chat templates may hold some.
NEVER: list[Any] = [
    math.nan,
    math.inf,
    -math.inf,
    1e300,
    5e-324,
    10**40,
    -(10**5000),
    datetime.date(2024, 1, 1),
    b"bytes",
    {1, 2},
    "a\0b",
    "\x1b[31mred",
    "right\u202eleft",
    "lone \ud800",
    "zero\u200bwidth",
    "x" * 200_000,
    {1: 2},
    {None: 1},
    {True: {}},
    {"a\nb": 1},
    {"\u202e": 1},
]
#: Some keys may hold some of these.
ODD: list[Any] = [
    None,
    True,
    False,
    0,
    -1,
    1,
    2,
    0.5,
    -0.5,
    1.0,
    1e6,
    1e18,
    3.7,
    "",
    " ",
    "null",
    "None",
    "~",
    "0",
    "1e-5",
    "word",
    "two words",
    "../..",
    "/",
    "/etc/passwd",
    "-rf",
    "--help",
    "$(touch owned)",
    "`id`",
    "; exit 3",
    "{wildcards.student}",
    "{{",
    "%s %d",
    "'\"",
    "\\1 \\g<0>",
    "naïve",
    "模型",
    "<|im_end|>",
    "</think>",
    "{{ 7 * 7 }}",
    "<script>",
    "line\nbreak",
    "tab\t",
    "x" * 300,
    "a/" * 300,
    "http://[",
    "no/such/path",
    [],
    [None],
    [[]],
    [{}],
    ["a", "a"],
    [0, 0],
    [1, True],
    ["word"] * 3,
    [0.1234567891],
    {},
    {"a": {"b": {"c": 1}}},
    {"": 1},
    {"word": None},
    {"model": "x"},
]


@cache
def schema() -> dict[str, Any]:
    return json.loads((ROOT / "workflow/schemas/config.schema.json").read_text())


@cache
def shipped(*overlays: str) -> Config:
    """A config that passes."""
    return load(ROOT, *overlays)


def places(node: Mapping[str, Any], value: Any, path: KeyPath = ()) -> Iterator[KeyPath]:
    """The path of each key that the schema describes, whether the config has it or not.

    Of a map whose keys people choose, the first entry stands for all; so does the first entry of a list.
    """
    if "$ref" in node:
        node = schema()["$defs"][node["$ref"].rsplit("/", 1)[-1]]
    if path:
        yield path
    for branch in node.get("anyOf", ()):
        yield from (below for below in places(branch, value, path) if below != path)
    for name, child in node.get("properties", {}).items():
        yield from places(child, value.get(name) if isinstance(value, dict) else None, (*path, name))
    if isinstance(entries := node.get("additionalProperties"), dict):
        name = next(iter(value)) if isinstance(value, dict) and value else "some-name"
        yield from places(entries, value[name] if isinstance(value, dict) and value else None, (*path, name))
    if "items" in node:
        yield from places(node["items"], value[0] if isinstance(value, list) and value else None, (*path, 0))


def with_value(config: Config, path: KeyPath, value: Any) -> Config:
    """A copy of the config with another value at ``path``; the maps and lists on the way are made if need be."""
    root = copy(config)
    node: Any = root
    for part, following in zip(path, [*path[1:], None], strict=True):
        if following is None:
            child: Any = value
        else:
            fresh: Any = [] if isinstance(following, int) else {}
            present = node[part] if isinstance(node, dict) and part in node else None
            if isinstance(node, list) and isinstance(part, int) and part < len(node):
                present = node[part]
            child = copy(present) if type(present) is type(fresh) else fresh
        if isinstance(node, list):
            node[part : part + 1] = [child]
        else:
            node[part] = child
        node = child
    return root


def without(config: Config, path: KeyPath) -> Config:
    """A copy of the config without a key; the config itself if it does not have the key."""
    node: Any = config
    for part in path[:-1]:
        try:
            node = node[part]
        except (KeyError, IndexError, TypeError):
            return config
    if not isinstance(node, dict) or path[-1] not in node:
        return config
    rest = {key: value for key, value in node.items() if key != path[-1]}
    return with_value(config, path[:-1], rest) if len(path) > 1 else rest


def is_free(path: KeyPath) -> bool:
    """Whether the value goes to a model or its template as it is."""
    return any(part in ("mode", "modes") for part in path[2:3]) or path[:2] == ("plan", "architectures")


def faults(config: Config, rng: Random | None = None, count: int = 0) -> Iterator[tuple[KeyPath, Any]]:
    """Every fault, or a random choice of ``count``, that covers as many keys as it can."""
    paths = sorted(dict.fromkeys(places(schema(), config)), key=str)
    if rng is None:
        yield from ((path, value) for path in paths for value in [*NEVER, *ODD])
        return
    rng.shuffle(paths)
    for number in range(count):
        yield paths[number % len(paths)], rng.choice(NEVER if number % 2 else ODD)


def as_snakemake(config: Config, overrides: Mapping[str, Any] | None = None) -> Config:
    """The config as the Snakefile hands it to the checks: with values of the command line, paths resolved."""
    type_overrides(config, overrides or {})
    find_files(config, ROOT)
    return config


def section_schema(section: str) -> dict[str, Any]:
    """The schema of one section of the config: the whole one takes ten times as long."""
    whole = schema()
    return {**whole, "properties": {section: whole["properties"][section]}, "required": [section]}
