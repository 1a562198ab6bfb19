"""Inspection pages as a browser sees them, and texts that could break one."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

ITEM = "test/algebra/2584.json"
HOSTILE = '</pre></script><script>alert(1)</script><img src=x onerror="alert(2)"> &lt; \u202egnp.exe\0 {item} ]]> <!--'
#: How a page shows :data:`HOSTILE`.
VISIBLE = HOSTILE.replace("\u202e", "[U+202E]").replace("\0", "[U+0000]")
VOID = {"meta", "br"}


class Page(HTMLParser):
    """A page as a browser sees it: what is open where, texts, links."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict]] = []
        self.open: list[str] = []
        self.texts: list[str] = []
        self.links: list[tuple[str, str]] = []
        self.comments: list[str] = []
        self.feed(text)
        assert self.open == [], "every element is closed"

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "a":
            self.links.append((dict(attrs)["href"], ""))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)
        if "a" in self.open:
            target, before = self.links.pop()
            self.links.append((target, before + data))

    def handle_comment(self, data):
        self.comments.append(data)

    @property
    def text(self) -> str:
        return "".join(self.texts)

    def identified(self) -> set[str]:
        return {attrs["id"] for _, attrs in self.tags if "id" in attrs}

    def row(self, *words: str) -> str:
        """The text from the first of ``words`` that is followed by the others to the last of them."""
        found = re.search(".*?".join(map(re.escape, words)), self.text, re.S)
        assert found, words
        return found[0]


def page_in(file: Path) -> Page:
    """The page in a file; fails if it could run a script or load anything."""
    page = Page(file.read_text(encoding="utf-8"))
    assert {tag for tag, _ in page.tags}.isdisjoint({"script", "img", "iframe", "link", "object"})
    assert not any(name.startswith("on") or name == "src" for _, attrs in page.tags for name in attrs)
    assert all(href.startswith("#") for tag, attrs in page.tags if tag == "a" for href in [attrs["href"]])
    assert not page.comments
    return page
