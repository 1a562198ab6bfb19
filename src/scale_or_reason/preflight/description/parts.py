"""What every section of the description is made of: keys with their advice, and types with bounds."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.fields import FieldInfo

from scale_or_reason.study.cells import NAME

_REQUIRED: Any = ...


class Section(BaseModel):
    """A map of the config. Its keys are the fields; the schema refuses all others."""

    model_config = ConfigDict(extra="forbid")


def key(
    description: str | None = None,
    *,
    when: str | None = None,
    unit: str | None = None,
    default: Any = _REQUIRED,
    unique: bool = False,
    named: bool = False,
    **settings: Any,
) -> Any:
    """One key: what it holds, and when to change it. A block that only one key has is described by its class.

    ``default`` belongs to keys that may be left out; ``None`` says that leaving the key out has a meaning of its own.
    All other defaults are the values of ``config/config.yaml``. ``unique``: no entry of the list may stand twice.
    ``named``: the keys of this map are names that become parts of paths. ``settings`` go to :func:`pydantic.Field`.
    """
    names = _NAME if named else None
    extra: dict[str, Any] = {"x-when": when, "x-unit": unit, "uniqueItems": unique or None, "propertyNames": names}
    extra = {name: value for name, value in extra.items() if value is not None}
    return Field(default, description=description, json_schema_extra=extra, **settings)


def one_of(values: Iterable[str]) -> FieldInfo:
    """The values that a text may have, as the code that uses them lists them."""
    return Field(json_schema_extra={"enum": list(values)})


def matching(pattern: str, meaning: str) -> FieldInfo:
    """Text of a form that ``meaning`` describes; editors and our own errors quote it."""
    return Field(json_schema_extra={"pattern": pattern, "patternErrorMessage": meaning})


_NAME: dict[str, Any] = {
    "pattern": f"^{NAME}$",
    "patternErrorMessage": "a name: letters, digits and . _ -, with a letter or a digit first; at most 100 characters",
}

Name = Annotated[str, matching(_NAME["pattern"], _NAME["patternErrorMessage"])]
#: A text that becomes a command-line option: not empty, and no option itself.
Text = Annotated[str, matching(r"^[^\s-](.*\S)?$", "text that begins with neither a space nor a dash")]
#: A branch, tag or commit, as git and the hub spell it.
Revision = Annotated[
    str,
    matching(r"^(?!.*\.\.)[A-Za-z0-9][A-Za-z0-9._/-]{0,199}$", "a commit, tag or branch of the hub"),
]
#: A value of a library's own list, such as ``fp8``.
Word = Annotated[str, matching(r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$", "one word: letters, digits and . _ -")]
#: A whole number from 0.
Count = Annotated[int, Field(ge=0)]
#: A whole number from 1.
Size = Annotated[int, Field(ge=1)]
#: A whole number of percent, without the shortest and the longest.
Percentile = Annotated[int, Field(ge=1, le=99)]
Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]
PositiveShare = Annotated[float, Field(gt=0, le=1)]
