"""Pages hold texts as they are, whatever these are, and nothing that a browser would load or run."""

from __future__ import annotations

from collections import Counter
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import UndefinedError
from markupsafe import Markup

from scale_or_reason.common.web_page import rendered, visible

HOSTILE = (
    "</pre></script><script>alert(1)</script>",
    '"><img src=x onerror="alert(2)">',
    "' onmouseover='alert(3)",
    "&lt;b&gt; & <b>",
    "{{ 7 * 7 }}{% for %}{# a #}",
    "<!-- ]]> <![CDATA[",
    "\u202egnp.exe\0",
)


class Parsed(HTMLParser):
    """The elements with their attributes, and the text of everything but the style."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: Counter[tuple[str, tuple[tuple[str, str | None], ...]]] = Counter()
        self.comments: list[str] = []
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements[tag, tuple(attrs)] += 1

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)


def page_with(text: str) -> str:
    """A plan's page in which ``text`` stands wherever a text can."""
    rows = [["heading", text], [text, text], ["sum", text]]
    values: dict[str, Any] = dict.fromkeys(("title", "study"), text)
    values |= dict.fromkeys(("stages", "measured", "memory", "processes", "layouts", "detection", "assumptions"), rows)
    values |= {
        "totals": [("name", text), (text, "value")],
        "published": [text, text],
        "limits": [text],
        "detection_notes": [text],
        "stage_sums": 1,
    }
    return rendered("planning/page.html.jinja", picture=Markup("<svg></svg>"), **values)


texts = st.sampled_from(HOSTILE) | st.text(max_size=40).filter(lambda text: text != "NO")


@pytest.mark.slow
@given(texts)
def test_no_text_changes_the_elements_of_a_page(text: str) -> None:
    plain, hostile = Parsed(page_with("a text")), Parsed(page_with(text))
    # signs that cannot be seen are spelled out in a note of their own
    notes = ("span", (("class", "note"),))
    hostile.elements.pop(notes, None)
    assert hostile.elements == plain.elements and not hostile.comments


@pytest.mark.parametrize("text", [text for text in HOSTILE if text.isprintable()])
def test_texts_are_shown_as_they_are(text: str) -> None:
    title, heading, totals, lines, tables = 1, 1, 2, 4, 7 * 4
    assert Parsed(page_with(text)).text.count(text) == title + heading + totals + lines + tables


def test_what_cannot_be_seen_is_spelled_out() -> None:
    assert visible("a\u202eb\0<") == 'a<span class="note">[U+202E]</span>b<span class="note">[U+0000]</span>&lt;'
    assert visible("ünïcode ✓\t\n") == "ünïcode ✓\t\n"
    assert visible(Markup("<b>")) == "<b>" and visible(7) == 7


def test_pages_forbid_what_escaping_might_let_through() -> None:
    policies = [
        dict(attrs)["content"] for (tag, attrs) in Parsed(page_with("a")).elements if "http-equiv" in dict(attrs)
    ]
    assert policies == ["default-src 'none'; style-src 'unsafe-inline'"]


def test_a_value_that_is_missing_is_an_error() -> None:
    with pytest.raises(UndefinedError, match="study"):
        rendered("planning/page.html.jinja", title="a")
