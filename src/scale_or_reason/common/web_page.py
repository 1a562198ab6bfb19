"""HTML pages from jinja2 templates, which lie beside the code that fills them in.

jinja2 escapes every text. What cannot be seen in a text is spelled out as well (``U+202E``), since answers of models
hold whatever they like.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

#: Signs that no font shows, or that turn the text around them about: controls, invisible ones, direction marks.
_UNSEEN = re.compile(
    "[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\uffff]"
)


def rendered(template: str, **values: Any) -> str:
    """The page of a template, named by its path within this package; a value that it lacks is an error."""
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
    """A text as HTML, escaped, with what cannot be seen spelled out; HTML and other values as they are."""
    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    return Markup(_UNSEEN.sub(lambda sign: f'<span class="note">[U+{ord(sign[0]):04X}]</span>', str(escape(value))))
