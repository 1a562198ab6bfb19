"""The explorer as one HTML file: data, style and script are in it, and it may load nothing else."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from html import escape
from importlib.resources import files
from typing import Any

#: The parts of the page's script, in the order in which they need each other.
SCRIPTS = ("numbers", "frontier", "state", "cells", "controls", "details", "plot", "table", "main")
#: Browsers refuse everything that the page does not bring itself, and any script but this one.
_POLICY = (
    "default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
)


def page(data: Mapping[str, Any]) -> str:
    """The whole page; ``data`` is that of :func:`scale_or_reason.reporting.explorer.data.explorer_data`."""
    folder = files("scale_or_reason.reporting.explorer")
    parts = [folder.joinpath("script", f"{name}.js").read_text(encoding="utf-8") for name in SCRIPTS]
    script = "\n".join(['"use strict";', *parts])
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    content = {
        "title": escape(f"Explorer of the study {data['study']}"),
        "policy": escape(_POLICY.format(digest=digest)),
        "style": folder.joinpath("page.css").read_text(encoding="utf-8"),
        "data": embedded(data),
        "script": script,
    }
    template = folder.joinpath("page.html").read_text(encoding="utf-8")
    # all at once: what is put in is not looked at again
    return re.sub(r"\{\{(\w+)\}\}", lambda place: content[place[1]], template)


def embedded(value: Any) -> str:
    """``value`` as JSON that can stand in a ``script`` element whatever its texts are."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return re.sub("[<>&\u2028\u2029]", lambda unsafe: f"\\u{ord(unsafe[0]):04x}", text)
