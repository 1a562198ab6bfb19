"""How long texts are shown on a view: as they are, folded away where they are long."""

from __future__ import annotations

from scale_or_reason.common.web_page import Html, html

#: Characters of a text in a table; all of it stands elsewhere.
SHORT = 300
#: Characters from which a text is folded away.
LONG = 1500

STYLE = """
pre { white-space: pre-wrap; overflow-wrap: anywhere; unicode-bidi: isolate; background: #f6f6f6; padding: .5rem .7rem;
  margin: .3rem 0; max-height: 40rem; overflow-y: auto; font-size: .83rem; }
h3 { font-size: 1rem; margin: 1.6rem 0 .3rem; overflow-wrap: anywhere; } summary { cursor: pointer; }
td { overflow-wrap: anywhere; } details { margin: .2rem 0; }
.yes { color: #00652e; font-weight: 600; } .open { color: #7a5200; font-weight: 600; }
.missing { border-left: 4px solid #7a5200; padding-left: .8rem; margin: 1rem 0; }
"""


def text_block(title: str, text: str, is_open: bool = False) -> Html:
    """A text under its title, which says how long it is. ``is_open`` texts can be read at once if they are not long."""
    unfolded = " open" if is_open and len(text) <= LONG else ""
    size = f"{len(text):,} characters" if text else "empty"
    body = f'<pre dir="auto">\n{html(text)}</pre>' if text else ""
    return Html(f"<details{unfolded}><summary>{html(title)} ({size})</summary>{body}</details>")


def shortened(text: str) -> str:
    """The beginning of a text that is too long for a table."""
    return text if len(text) <= SHORT else f"{text[:SHORT]} …"
