"""The explorer as one HTML file with data, style and script; it loads nothing else.

The plots are drawn by the page's own script. Vega, Vega-Lite and Vega-Embed (0.83 MB) or Observable Plot and D3 (0.49
MB) would fit. But their marks cannot take the focus, so the code for keyboard and screen readers would remain, and Vega
evaluates text as code, which the page's policy forbids.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from markupsafe import Markup

from scale_or_reason.common.web_page import rendered

#: The parts of the page's script, in order of dependency.
SCRIPTS = ("numbers", "frontier", "state", "cells", "controls", "details", "tip", "plot", "table", "main")
#: Browsers block external resources and all scripts but this one.
_POLICY = (
    "default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
)


def page(data: Mapping[str, Any], note: str = "") -> str:
    """The whole page; ``data`` is that of :func:`scale_or_reason.reporting.explorer.data.explorer_data`.

    ``note`` is a sentence on what is missing.
    """
    folder = files("scale_or_reason.reporting.explorer")
    parts = [folder.joinpath("script", f"{name}.js").read_text(encoding="utf-8") for name in SCRIPTS]
    script = "\n".join(['"use strict";', *parts])
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return rendered(
        "reporting/explorer/page.html.jinja",
        title=f"Explorer of the study {data['study']}",
        note=note,
        policy=_POLICY.format(digest=digest),
        # these three are code and data, not text; `embedded` escapes the data
        style=Markup(folder.joinpath("page.css").read_text(encoding="utf-8")),
        data=Markup(embedded(data)),
        script=Markup(script),
    )


def embedded(value: Any) -> str:
    """``value`` as JSON, escaped for a ``script`` element."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return re.sub("[<>&\u2028\u2029]", lambda unsafe: f"\\u{ord(unsafe[0]):04x}", text)
