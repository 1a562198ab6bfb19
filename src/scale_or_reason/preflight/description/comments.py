"""The comments of ``config/config.yaml``: above each key on a line of its own, what it is and when to change it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping

import yaml

from scale_or_reason.preflight.description.page import advice_of
from scale_or_reason.preflight.description.schema import Schema, described, resolved

_WIDTH = 120


def with_comments(text: str) -> str:
    """``text`` of ``config/config.yaml`` with the description's comments in place of those directly above its keys.

    Comments stay where a blank line follows them, inside catalogue entries, and behind values.
    """
    schema, root = described(), yaml.compose(text)
    assert isinstance(root, yaml.MappingNode)
    comments = dict(_comments(root, schema, schema))
    lines: list[str] = []
    for number, line in enumerate(text.splitlines()):
        if number in comments:
            while lines and lines[-1].lstrip().startswith("#"):
                lines.pop()
            lines += _wrapped(comments[number], indent=len(line) - len(line.lstrip()))
        lines.append(line)
    return "\n".join(lines) + "\n"


def _comments(node: yaml.MappingNode, block: Schema, schema: Schema) -> Iterator[tuple[int, list[str]]]:
    """The number of each line that begins with a described key, and the paragraphs above it."""
    for key, value in node.value:
        child = resolved(block["properties"][key.value], schema)
        entry = child.get("additionalProperties")
        below = resolved(dict(entry), schema) if isinstance(entry, Mapping) else child
        inline = isinstance(value, yaml.MappingNode) and value.flow_style
        paragraphs = [advice_of(child)]
        if inline or below is not child:
            paragraphs += [
                f"- {name}: {advice_of(resolved(part, schema))}"
                for name, part in below.get("properties", {}).items()
                if _needs_advice(resolved(part, schema))
            ]
        yield key.start_mark.line, paragraphs
        if isinstance(value, yaml.MappingNode) and not inline and "properties" in child:
            yield from _comments(value, child, schema)


def _needs_advice(node: Schema) -> bool:
    """Whether there is advice for a key, or its values are words that need an explanation."""
    return "x-when" in node or "enum" in node


def _wrapped(paragraphs: list[str], indent: int) -> Iterator[str]:
    for paragraph in paragraphs:
        start = " " * indent + "# "
        hanging = start + "  " if paragraph.startswith("- ") else start
        yield from textwrap.wrap(
            paragraph,
            _WIDTH,
            initial_indent=start,
            subsequent_indent=hanging,
            break_long_words=False,
            break_on_hyphens=False,
        )
