"""SciBench: college problems in physics, chemistry and mathematics with a number and a unit as the answer.

The unit may include a power of ten: answer 2, unit ``$10^6$ m``. So the question states the unit, and ``extra`` passes
it to the grader. The solved rows (``*_sol.json``) are few-shot examples, not items.
"""

from __future__ import annotations

import re
from typing import Any

from scale_or_reason.benchmarks.base import Benchmark, HubRows, Question, Row, text_of
from scale_or_reason.benchmarks.instructions import MATH
from scale_or_reason.common.errors import StudyError

BOOKS = ("atkins", "calculus", "chemmc", "class", "diff", "fund", "matter", "quan", "stat", "thermo")
#: The tolerance of the official evaluation (math.isclose with rel_tol).
RELATIVE_TOLERANCE = 0.05

_POWER_OF_TEN = re.compile(r"^\$?\s*(?:\\times\s*)?10\s*\^\s*(?:\{\s*([+-]?\d+)\s*\}|(\d))")


def read(row: Row) -> Question:
    number = _number(row)
    unit = str(row["unit"] or "").strip()
    extra = {"unit": unit, "power_of_ten": power_of_ten(unit), "relative_tolerance": RELATIVE_TOLERANCE}
    stated = f"\nThe unit of the answer is {unit}." if unit else ""
    return Question(f"{text_of(row, 'problem_text')}{stated}", [number], extra=extra)


def power_of_ten(unit: str) -> int:
    """The exponent of the power of ten that ``unit`` starts with, 0 if there is none.

    >>> power_of_ten("$10^{-23} J$")
    -23
    """
    match = _POWER_OF_TEN.match(unit)
    return int(match.group(1) or match.group(2)) if match else 0


def _number(row: Row) -> str:
    text = str(row["answer_number"] or "").strip().strip("$").replace(",", "").replace("\N{MINUS SIGN}", "-").strip()
    try:
        float(text)
    except ValueError:
        raise StudyError(
            "the row has no gold number", key="answer_number", found=repr(row["answer_number"]), expected="a number"
        ) from None
    return text


def of_books(books: tuple[str, ...], rows: int, solved: int | None) -> dict[str, Any]:
    """The part of a declaration that selects books with ``rows`` problems and ``solved`` solved ones."""
    return {
        "hub": HubRows("xw27/scibench", "train", data_files=tuple(f"{book}.json" for book in books), rows=rows),
        "pool": HubRows("xw27/scibench", "train", data_files=tuple(f"{book}_sol.json" for book in books), rows=solved),
    }


_PHYSICS = ("class", "fund", "thermo")
_CHOICES: dict[str, dict[str, Any]] = {
    "all": of_books(BOOKS, rows=580, solved=112),
    # a JSONL file has the rows of all books
    "physics": {
        **of_books(_PHYSICS, rows=193, solved=None),
        "columns": ("problem_text", "answer_number", "unit", "source"),
        "keep": lambda row: str(row["source"]).strip() in _PHYSICS,
    },
}

BENCHMARK = Benchmark(
    name="scibench",
    domain="Physics",
    style="OE",
    instruction=MATH,
    columns=("problem_text", "answer_number", "unit"),
    read=read,
    grader="number",
    options={"books": _CHOICES},
    **_CHOICES["all"],
)
