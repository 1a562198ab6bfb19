"""The JSON schemas that follow from the description: of a whole study, and of an overlay."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from scale_or_reason.preflight.description.config import Config

Schema = dict[str, Any]


def described() -> Schema:
    """Pydantic's schema of the config, with our own keywords ``x-when`` and ``x-unit``, without its titles.

    A key whose block describes it has the block's description.
    """
    schema = _edited(Config.model_json_schema(by_alias=True), _plain)
    return _edited(schema, lambda node: {**node, **_description(node, schema)})


def study_schema(defaults: Mapping[str, Any]) -> Schema:
    """The schema of a whole study; ``defaults`` is the parsed ``config/config.yaml``."""
    schema = described()
    _add_defaults(schema, schema, defaults)
    schema = _edited(schema, _with_hover)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def overlay_schema(defaults: Mapping[str, Any]) -> Schema:
    """The same for files that are merged into ``config/config.yaml``: no key is required."""
    return _edited(study_schema(defaults), lambda node: {name: node[name] for name in node if name != "required"})


def resolved(node: Schema, schema: Schema) -> Schema:
    """``node`` with what its reference holds; its own keywords win."""
    if "$ref" not in node:
        return node
    target = schema["$defs"][node["$ref"].rsplit("/", 1)[-1]]
    return {**target, **{name: value for name, value in node.items() if name != "$ref"}}


def _edited(node: Any, edit: Callable[[Schema], Schema]) -> Any:
    """A copy with ``edit`` applied to every subschema, the innermost ones first."""
    children = ("properties", "$defs")
    copy = {
        name: {key: _edited(child, edit) for key, child in value.items()}
        if name in children
        else _edited(value, edit)
        if name in ("items", "additionalProperties") and isinstance(value, Mapping)
        else [_edited(child, edit) for child in value]
        if name == "anyOf"
        else value
        for name, value in node.items()
    }
    return edit(copy)


def _plain(node: Schema) -> Schema:
    """Without titles, which repeat the keys' names, and without defaults that stand for an absent key."""
    return {name: value for name, value in node.items() if name != "title" and (name, value) != ("default", None)}


def _description(node: Schema, schema: Schema) -> Schema:
    text = resolved(node, schema).get("description")
    return {"description": " ".join(text.split())} if text else {}


def _with_hover(node: Schema) -> Schema:
    """With the advice where editors show it, in place of our own keywords."""
    when = node.get("x-when")
    hover = {"markdownDescription": f"{node['description']} {when}"} if when else {}
    return {name: value for name, value in node.items() if not name.startswith("x-")} | hover


def _add_defaults(node: Schema, schema: Schema, defaults: Mapping[str, Any]) -> None:
    """Give each key of ``config.yaml`` its value; blocks that several keys share have no single one."""
    for name, child in node.get("properties", {}).items():
        if name not in defaults:
            continue
        target, value = resolved(child, schema), defaults[name]
        if "properties" not in target:
            child["default"] = value
        elif schema_uses(schema)[child["$ref"]] == 1:
            _add_defaults(schema["$defs"][child["$ref"].rsplit("/", 1)[-1]], schema, value)


def schema_uses(schema: Schema) -> dict[str, int]:
    """How many places refer to each definition."""
    uses: dict[str, int] = {}

    def count(node: Schema) -> Schema:
        if "$ref" in node:
            uses[node["$ref"]] = uses.get(node["$ref"], 0) + 1
        return node

    _edited(schema, count)
    return uses
