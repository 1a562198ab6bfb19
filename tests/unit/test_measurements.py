"""The page of measurements: every section with numbers in a table or a block names the command that makes them."""

from __future__ import annotations

import re

import pytest
from documentation import ROOT, make_targets

PAGE = ROOT / "docs" / "reference" / "measurements.md"
COMMAND = re.compile(
    r"(?:`|\$ )make ([a-z][\w-]*)|((?:tests/benchmarks|tests/unit|workflow/scripts)/\w+(?:\.py)?)|\b(snakemake [\w-]+)"
)


def sections() -> dict[str, str]:
    """The text of each section of the second level that shows numbers."""
    parts = re.split(r"^## (.+)$", PAGE.read_text(), flags=re.M)[1:]
    texts = dict(zip(parts[::2], parts[1::2], strict=True))
    return {title: text for title, text in texts.items() if re.search(r"^(\||```)", text, re.M)}


def unknown(text: str) -> set[str]:
    """Commands of ``text`` that do not exist."""
    targets, files = make_targets(), set()
    for target, file, _ in COMMAND.findall(text):
        files |= {target} if target and target not in targets else set()
        files |= {file} if file and not (ROOT / file).exists() else set()
    return files


def test_there_are_sections() -> None:
    assert len(sections()) > 10


@pytest.mark.parametrize("title", sections())
def test_a_section_names_its_command(title: str) -> None:
    text = sections()[title]
    assert COMMAND.search(text), f"say in {PAGE.name}, section {title}, which command makes its numbers"
    assert unknown(text) == set()


def test_commands_that_do_not_exist_are_found() -> None:
    assert unknown("`make demmo` and tests/benchmarks/gone.py") == {"demmo", "tests/benchmarks/gone.py"}
    assert unknown("`make demo`, `tests/benchmarks/kills.py`, `tests/benchmarks/gpu_check`") == set()
