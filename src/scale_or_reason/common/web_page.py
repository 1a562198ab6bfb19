"""HTML pages that need no network and run nothing: text goes in as it is and is escaped, whatever it holds."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape

STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; color: #222; max-width: 68rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin-bottom: .2rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
.facts { display: flex; flex-wrap: wrap; gap: 1rem 2.5rem; margin: 1.2rem 0; padding: 0; list-style: none; }
.facts b { display: block; font-size: 1.35rem; font-weight: 600; }
table { border-collapse: collapse; font-size: .87rem; font-variant-numeric: tabular-nums; }
th, td { padding: .22rem .7rem .22rem 0; text-align: right; vertical-align: top; }
th.text, td.text { text-align: left; }
thead th { border-bottom: 1px solid #888; font-weight: 600; }
tr.sum td { border-top: 1px solid #888; font-weight: 600; }
.no { color: #b00020; font-weight: 600; } .note { color: #555; } svg { max-width: 100%; height: auto; }
.wide { overflow-x: auto; }
"""
#: Nothing is loaded and nothing is run, even if something should get past the escaping.
_POLICY = "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
#: Signs that no font shows, or that turn the text around them about: controls, invisible ones, direction marks.
_UNSEEN = re.compile(
    "[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\uffff]"
)


class Html(str):
    """Text that is HTML already; every other text is escaped."""

    __slots__ = ()


def html(text: str) -> Html:
    """``text`` as HTML: escaped, with what cannot be seen spelled out (``U+202E``)."""
    if isinstance(text, Html):
        return text
    return Html(_UNSEEN.sub(lambda sign: f'<span class="note">[U+{ord(sign[0]):04X}]</span>', escape(text)))


def document(title: str, sections: Iterable[str], style: str = "") -> str:
    """A whole page. ``sections`` are HTML; ``style`` is added to :data:`STYLE`."""
    head = f'<meta charset="utf-8">{_POLICY}<title>{escape(title)}</title><style>{STYLE}{style}</style>'
    return f'<!DOCTYPE html>\n<html lang="en"><head>{head}</head><body>\n' + "\n".join(sections) + "\n</body></html>\n"


def facts(values: Sequence[tuple[str, str]]) -> str:
    """Large values in a row, each with its name below: pairs of name and value."""
    return (
        '<ul class="facts">' + "".join(f"<li><b>{html(value)}</b>{html(name)}</li>" for name, value in values) + "</ul>"
    )


def table(rows: Sequence[Sequence[str]], sums: int = 0, text_columns: int = 1) -> str:
    """A table whose first row is its heading and whose last ``sums`` rows are sums; the first columns hold text."""
    heading, *body = (_row(row, "th" if rank == 0 else "td", text_columns) for rank, row in enumerate(rows))
    marks = ["<tr>"] * (len(body) - sums) + ['<tr class="sum">'] * sums
    lines = "".join(f"{mark}{row}</tr>" for mark, row in zip(marks, body, strict=True))
    return f'<div class="wide"><table><thead><tr>{heading}</tr></thead><tbody>{lines}</tbody></table></div>'


def _row(cells: Sequence[str], tag: str, text_columns: int) -> str:
    parts = []
    for column, cell in enumerate(cells):
        kind = "no" if cell == "NO" else "text" if column < text_columns else ""
        parts.append(f'<{tag} class="{kind}">{html(cell)}</{tag}>' if kind else f"<{tag}>{html(cell)}</{tag}>")
    return "".join(parts)
