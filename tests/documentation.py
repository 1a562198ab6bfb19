"""The pages of the project and what is in them, read with markdown-it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).resolve().parent.parent
#: Of blocks of commands. A diagram or the output of a command alone is `text`.
COMMAND_LANGUAGES = ("", "sh")
TOP = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "config/README.md")


def page_paths(root: Path = ROOT) -> list[Path]:
    """Every page that the site has."""
    return [*(root / name for name in TOP), *sorted((root / "docs").rglob("*.md"))]


def slug(heading: str) -> str:
    """The anchor that GitHub gives a heading: lower case, no punctuation, a hyphen for each space."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


@dataclass(frozen=True)
class Block:
    """A fenced block: where it is, its language, its text, and what a machine needs to run it (None: nothing)."""

    where: str
    language: str
    content: str
    needs: str | None

    @property
    def script(self) -> str:
        """The commands of the block; of a block with prompts (``$ ``), only those behind prompts."""
        lines = self.content.replace("\\\n", " ").splitlines()
        prompted = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
        return "\n".join(prompted or lines) + "\n"


@dataclass(frozen=True)
class Page:
    """A page in a file."""

    path: Path

    @cached_property
    def tokens(self) -> list[Token]:
        return MarkdownIt("commonmark").enable("table").parse(self.path.read_text(encoding="utf-8"))

    @property
    def links(self) -> Iterator[str]:
        """The targets of links and images."""
        for token in self.tokens:
            for child in token.children or ():
                target = child.attrGet("href") or child.attrGet("src")
                if target:
                    yield str(target)

    @property
    def anchors(self) -> list[str]:
        """The anchor of each heading."""
        after = zip(self.tokens, self.tokens[1:], strict=False)
        return [
            slug("".join(child.content for child in text.children or ()))
            for opening, text in after
            if opening.type == "heading_open"
        ]

    @property
    def files(self) -> dict[str, str]:
        """The files that a reader writes: a block and the last file that the paragraph before it names."""
        written, named = {}, []
        for token in self.tokens:
            if token.type == "inline":
                spans = [child.content for child in token.children or () if child.type == "code_inline"]
                named = [span for span in spans if re.fullmatch(r"\w+\.(yaml|jsonl|py)", span)]
            elif token.type == "fence":
                if named:
                    written[named[-1]] = token.content
                named = []
        return written

    def blocks(self, *languages: str) -> Iterator[str]:
        """The fenced blocks in these languages."""
        return (token.content for token in self.tokens if token.type == "fence" and token.info.strip() in languages)

    @property
    def marked_blocks(self) -> Iterator[Block]:
        """All fenced blocks, each with what the comment directly above it says that it needs."""
        previous = None
        for token in self.tokens:
            if token.type == "fence":
                comment = previous.content.strip() if previous is not None and previous.type == "html_block" else ""
                found = re.fullmatch(r"<!-- needs (.+) -->", comment)
                line = token.map[0] + 1 if token.map else 0
                yield Block(f"{self.path.name}:{line}", token.info.strip(), token.content, found and found[1])
            previous = token

    @property
    def code_spans(self) -> Iterator[str]:
        """The pieces of code within text."""
        for token in self.tokens:
            yield from (child.content for child in token.children or () if child.type == "code_inline")

    @property
    def commands(self) -> Iterator[list[str]]:
        """The command lines that stand in fenced blocks, split into words; output of commands is left out."""
        for block in self.marked_blocks:
            for line in block.script.splitlines() if block.language in COMMAND_LANGUAGES else ():
                words = shlex.split(line, comments=True)
                if words:
                    yield words[: words.index("|")] if "|" in words else words


def broken_links(page: Page, root: Path = ROOT) -> list[str]:
    """The relative links of a page that lead to no file, out of the project, or to no heading."""

    def leads_somewhere(link: str) -> bool:
        name, _, anchor = link.partition("#")
        target = (page.path.parent / name).resolve() if name else page.path
        if name.startswith("/") or not target.exists() or not target.is_relative_to(root):
            return False
        return not anchor or anchor in Page(target).anchors

    return [link for link in page.links if not re.match(r"[a-z]+:", link) and not leads_somewhere(link)]


def make_targets(root: Path = ROOT) -> set[str]:
    """The targets of the Makefile."""
    return set(re.findall(r"^([a-z][a-z-]*):", (root / "Makefile").read_text(encoding="utf-8"), re.M))
