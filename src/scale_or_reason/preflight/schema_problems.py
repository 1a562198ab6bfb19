"""What the generated JSON Schema refuses, in words: key, found, expected, remedy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from scale_or_reason.preflight.renamed_keys import renamed
from scale_or_reason.study.problems import KeyPath, Problem, did_you_mean, spell

_TYPE_NAMES = {
    "object": "a map",
    "array": "a list",
    "string": "text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "null": "null",
}

#: Keys of endpoints into which people paste what belongs into the environment.
_SECRET = (("url",), ("key",))
_HIDDEN = "a value that is not shown here: it may hold a password or a key"


def schema_problems(config: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[Problem]:
    """The problems, with unknown keys first: a misspelt key often is the cause of a missing one."""
    from jsonschema import Draft202012Validator, validators

    # JSON takes 1.0 for a whole number, but a path or an option would then hold "1.0"
    types = Draft202012Validator.TYPE_CHECKER.redefine("integer", lambda _, value: type(value) is int)
    validator = validators.extend(Draft202012Validator, type_checker=types)(schema)
    errors = [_innermost(error) for error in validator.iter_errors(config)]
    for error in sorted(errors, key=lambda error: (error.validator != "additionalProperties", spell(_path(error)))):
        yield _problem_of(error)


def _innermost(error: Any) -> Any:
    """Of a value that has several allowed types, the error of the type that it has; else the error itself."""
    if error.validator != "anyOf":
        return error
    by_branch: dict[int, list[Any]] = {}
    for cause in error.context:
        by_branch.setdefault(cause.schema_path[0], []).append(cause)
    fitting = [causes for causes in by_branch.values() if not any(_wrong_type(cause, error) for cause in causes)]
    return _innermost(fitting[0][0]) if len(fitting) == 1 else error


def _wrong_type(cause: Any, error: Any) -> bool:
    return cause.validator == "type" and cause.absolute_path == error.absolute_path


def _path(error: Any) -> KeyPath:
    return tuple(error.absolute_path)


def _problem_of(error: Any) -> Problem:
    path, found = _path(error), error.instance
    if error.validator == "additionalProperties":
        known = list(error.schema["properties"])
        unknown = next(key for key in found if key not in known)
        return renamed((*path, unknown)) or _unknown_key((*path, unknown), known)
    if error.validator == "required":
        missing = next(key for key in error.validator_value if key not in found)
        description = _first_sentence(error.schema["properties"][missing])
        expected = ": ".join(part for part in (missing, description) if part)
        remedy = "add it; config/config.yaml has an example"
        return Problem((*path, missing), "a key is missing from the config", "nothing", expected, remedy)
    if "propertyNames" in error.schema_path:
        path = (*path, found)
    shown = _shown(found) if path[-1:] not in _SECRET else _HIDDEN
    return Problem(path, "a value in the config is not allowed", shown, _expected(error), _remedy(error))


def _unknown_key(path: KeyPath, known: list[str]) -> Problem:
    remedy = did_you_mean(path[-1], known) or "remove it; docs/reference/config.md describes every key"
    return Problem(path, "unknown key in the config", path[-1], ", ".join(known), remedy)


def _expected(error: Any) -> str:
    """What the schema allows, and what the key means."""
    wording = {
        "type": lambda value: _TYPE_NAMES[value],
        "anyOf": lambda value: " or ".join(dict.fromkeys(map(_allowed, value))),
        "enum": lambda value: "one of " + ", ".join(map(str, value)),
        "const": lambda value: str(value),
        "minimum": lambda value: f"at least {value}",
        "exclusiveMinimum": lambda value: f"more than {value}",
        "maximum": lambda value: f"at most {value}",
        "exclusiveMaximum": lambda value: f"less than {value}",
        "uniqueItems": lambda value: "no entry twice",
        "minItems": lambda value: f"at least {value} entry",
        "minLength": lambda value: "some text",
        "pattern": lambda value: error.schema["patternErrorMessage"],
    }
    allowed = wording[error.validator](error.validator_value)
    # a branch of several allowed types has no description of its own
    described = error.schema if "description" in error.schema or error.parent is None else error.parent.schema
    return ". ".join(part for part in (allowed, _first_sentence(described)) if part)


def _first_sentence(schema: Mapping[str, Any]) -> str:
    return schema.get("description", "").split(". ")[0].rstrip(".")


def _allowed(branch: Mapping[str, Any]) -> str:
    if "const" in branch:
        return str(branch["const"])
    return _TYPE_NAMES[branch.get("type", "object")]


def _remedy(error: Any) -> str | None:
    if error.validator == "enum":
        return did_you_mean(error.instance, map(str, error.validator_value))
    if error.validator == "const":
        return did_you_mean(error.instance, [str(error.validator_value)])
    return _type_remedy(error) if error.validator in ("type", "anyOf") else None


def _type_remedy(error: Any) -> str | None:
    """How to write a value of the wrong type, where that is likely to be all that is wrong."""
    value, branches = error.instance, error.schema.get("anyOf", [error.schema])
    allowed = {branch.get("type") for branch in branches}
    if isinstance(value, str) and _looks_untyped(value):
        return "write it without quotes, and 1e-5 as 1.0e-5, 1e20 as 1.0e+20: YAML reads the others as text"
    if "integer" in allowed and isinstance(value, float) and value.is_integer():
        return f"write {value:.0f}"
    if "array" in allowed and not isinstance(value, list):
        return "write a list, in brackets: [A, B]"
    if "string" in allowed and isinstance(value, (bool, int, float)):
        return "write it in quotes, if it is meant as text"
    return None


def _looks_untyped(text: str) -> bool:
    """Whether a person means a number, a truth value or nothing by this text."""
    try:
        float(text)
    except ValueError:
        return text.lower() in ("true", "false", "null")
    return True


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 120 else text[:117] + "..."
