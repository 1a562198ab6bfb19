"""Texts with a number and a noun use ``counted``, so that nobody reads "1 rows"."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

#: A plural after a value, with up to two words before it.
PLURAL = re.compile(r" ((?:[a-z-]+ ){0,2}?)([A-Za-z-]+s)\b(?![/-])")
#: Between a value and a noun, these words end the phrase.
FUNCTION_WORDS = {
    "a", "and", "at", "by", "for", "from", "in", "of", "on", "or", "plain", "table", "than", "that", "the", "to",
    "under", "which", "with",
}  # fmt: skip
#: Words that end with s but are no plurals, and units.
NO_PLURALS = {
    "across", "also", "as", "compares", "counts", "does", "FLOPs", "follows", "gathers", "has", "is", "lacks",
    "needs", "overlaps", "pays", "process", "runs", "says", "thus", "times", "uses", "was", "wins",
}  # fmt: skip
#: Values that are no numbers, by what stands in the braces.
TEXTS = {
    "model.first", "model.second", "rule.majority", "verdict", "file", "benchmark.declared_in", "_ranges(row)",
    "amount(totals(plan, '_left')['gpu_hours'])", "config['plan']['gpu']",
}  # fmt: skip
#: Percentages, decimals, and the data of the small world, whose texts must not change.
DECIMALS = re.compile(r"\.[1-9]|%|g$")
SKIPPED = {"small_world"}


def uncounted(source: str) -> Iterator[tuple[int, str]]:
    """Lines and phrases of f-strings that have a value and a plural noun without ``counted``."""
    for text in ast.walk(ast.parse(source)):
        if not isinstance(text, ast.JoinedStr):
            continue
        for value, rest in zip(text.values, text.values[1:], strict=False):
            if isinstance(value, ast.FormattedValue) and isinstance(rest, ast.Constant):
                phrase = PLURAL.match(str(rest.value))
                if phrase and not FUNCTION_WORDS & {*phrase[1].split()} and phrase[2] not in NO_PLURALS:
                    written = ast.unparse(value.value)
                    if not exempt(value) and written not in TEXTS:
                        yield value.lineno, f"{{{written}}}{phrase[0]}"


def exempt(value: ast.FormattedValue) -> bool:
    """Whether a value is counted already, is a constant of the module, or has decimals."""
    written = ast.unparse(value.value)
    decimals = value.format_spec is not None and DECIMALS.search(ast.unparse(value.format_spec)[2:-1])
    return bool(decimals) or written.startswith(("counted(", "count(")) or written.lstrip("_").isupper()


@pytest.mark.slow
def test_numbers_before_nouns_are_counted(root: Path) -> None:
    sources = [*(root / "src").rglob("*.py"), *(root / "workflow").rglob("*.py")]
    found = [
        f"{path.relative_to(root)}:{line}: {phrase}"
        for path in sorted(sources)
        if not SKIPPED & {*path.parts}
        for line, phrase in uncounted(path.read_text(encoding="utf-8"))
    ]
    assert found == [], "use scale_or_reason.common.wording.counted"


@pytest.mark.parametrize(
    ("source", "phrases"),
    [
        ('f"{n} rows"', ["{n} rows"]),
        ('f"{n:,} missing rows; {k:.0f} answers"', ["{n} missing rows", "{k} answers"]),
        ('f"on {gpus} GPUs"', ["{gpus} GPUs"]),
        ("f\"{counted(n, 'row')} rows\"", []),
        ('f"{share:.1f} points, {_LEAST} sizes, {name} is, {path} of rows"', []),
    ],
)
def test_the_search_finds_them(source: str, phrases: list[str]) -> None:
    assert [phrase for _, phrase in uncounted(source)] == phrases
