"""Render HTML pages from jinja2 templates, which lie beside the code that fills them in.

jinja2 escapes every text. Invisible characters are written out (``U+202E``), since model answers may contain anything.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

#: Characters that are invisible or change the direction of text: controls, zero-width characters, direction marks.
_INVISIBLE = re.compile(
    "[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\uffff]"
)


def rendered(template: str, **values: Any) -> str:
    """The rendered template, given by its path within this package; a missing value is an error."""
    return _environment().get_template(template).render(values)


@lru_cache(maxsize=1)
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("scale_or_reason", "."),
        autoescape=True,
        finalize=visible,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def visible(value: Any) -> Any:
    """A text as escaped HTML with invisible characters written out; HTML and other values are unchanged."""
    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    return Markup(
        _INVISIBLE.sub(lambda match: f'<span class="note">[U+{ord(match[0]):04X}]</span>', str(escape(value)))
    )
