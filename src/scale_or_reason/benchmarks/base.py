"""The declaration of a benchmark: the source of its rows, and the conversion of a row to a question.

Nothing here reads data; see :mod:`~scale_or_reason.benchmarks.loading`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from scale_or_reason.common.errors import StudyError

Row = Mapping[str, Any]
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True)
class HubRows:
    """Rows of a dataset on the Hugging Face hub.

    Several ``configs`` are concatenated. ``data_files`` (paths inside the repository) replace the repository's own
    configs. ``rows`` is the expected number of rows that the benchmark keeps; None if unknown.
    """

    path: str
    split: str
    configs: tuple[str, ...] = ()
    data_files: tuple[str, ...] = ()
    revision: str = "main"
    rows: int | None = None

    def __str__(self) -> str:
        part = f" ({', '.join(self.configs or self.data_files)})" if self.configs or self.data_files else ""
        return f"{self.path}{part}, split {self.split}, revision {self.revision}"


@dataclass(frozen=True)
class Question:
    """A parsed row: the text of the question and its gold answers.

    ``gold``: the accepted answers; for multiple choice the letter, then the option's text, then other accepted
    spellings. ``own_id``: the dataset's identifier of the row, None if it has none.
    """

    text: str
    gold: list[str]
    choices: list[str] = field(default_factory=list)
    extra: dict[str, Any] = field(default_factory=dict)
    own_id: str | None = None


def _keep_all(row: Row) -> bool:
    return True


def _one_item(row: Row) -> Iterable[Row]:
    return (row,)


@dataclass(frozen=True)
class Benchmark:
    """A benchmark.

    - ``instruction`` precedes every question (v1 table 4, v2 table 5; ours where the papers give none).
    - ``columns``: the required columns of a row.
    - ``read`` converts a row to a :class:`Question`; it raises a :class:`StudyError` whose ``key`` is the faulty
      column.
    - ``keep`` selects the rows of the source that belong to the benchmark.
    - ``pool``: the source of few-shot examples, separate from ``hub``.
    - ``shots``: whether rows have an answer that a few-shot example can show.
    - ``hub`` is None for a benchmark that is not on the hub; ``remedy`` then explains how to get it.
    - ``file_names``: further names of its JSONL file.
    - ``version`` is raised whenever the same row gives a different item.
    - ``expand`` splits a row of the source that contains several items.
    - ``options``: choices that the papers leave open. Each maps its values, the default first, to changes of this
      declaration.
    - ``grader``: a rule grader, a Python file with one, or None without rules.
    - ``declared_in``, ``own_rows``, ``own_pool``: of a benchmark outside the package (:mod:`benchmarks.own`), its file,
      and its rows or the JSONL file with them.
    """

    name: str
    domain: Literal["General", "Math", "Law", "Code", "Physics"]
    style: Literal["MC", "OE"]
    instruction: str
    hub: HubRows | None
    pool: HubRows | None
    columns: tuple[str, ...]
    read: Callable[[Row], Question]
    grader: str | None
    keep: Callable[[Row], bool] = _keep_all
    expand: Callable[[Row], Iterable[Row]] = _one_item
    options: Mapping[str, Mapping[str, Mapping[str, Any]]] = field(default_factory=dict)
    shots: bool = True
    file_names: tuple[str, ...] = ()
    remedy: str = ""
    version: int = 1
    declared_in: Path | None = None
    own_rows: Path | tuple[Row, ...] | None = None
    own_pool: Path | tuple[Row, ...] | None = None

    def with_options(self, chosen: Mapping[str, str | int]) -> Benchmark:
        """The benchmark with the chosen options; :class:`StudyError` for an unknown option or value."""
        changes: dict[str, Any] = {}
        for name, value in chosen.items():
            if name not in self.options:
                known = ", ".join(self.options) or "no options"
                raise StudyError(f"unknown option of {self.name}", key=name, found=value, expected=known)
            if str(value) not in self.options[name]:
                known = ", ".join(self.options[name])
                raise StudyError(f"unknown value of an option of {self.name}", key=name, found=value, expected=known)
            changes |= self.options[name][str(value)]
        return replace(self, **changes)

    def examples_shown(self, shots: int) -> int:
        """The number of few-shot examples shown when ``shots`` are requested: none if rows have no answer to show
        (ifeval), and at most the size of the train split (consumer_qa: 4).
        """
        if not self.shots:
            return 0
        available = self.pool.rows if self.pool else None
        return shots if available is None else min(shots, available)


def text_of(row: Row, column: str) -> str:
    """The non-empty text in ``column``, stripped; :class:`StudyError` if it is something else."""
    value = row[column]
    if not isinstance(value, str) or not value.strip():
        raise StudyError("a text is missing", key=column, found=repr(value), expected="a non-empty text")
    return value.strip()


def texts_of(row: Row, column: str) -> list[str]:
    """The list of texts in ``column``, each stripped; :class:`StudyError` if it is something else or empty."""
    value = row[column]
    if not isinstance(value, list) or not value or not all(isinstance(text, str) for text in value):
        raise StudyError("a list of texts is missing", key=column, found=repr(value), expected="a list of texts")
    return [text.strip() for text in value]


def as_text(value: Any, column: str) -> str:
    """A text or a number of a row as stripped text; :class:`StudyError` for anything else, such as null or a list."""
    number = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    if not isinstance(value, str) and not number:
        raise StudyError("a text is missing", key=column, found=repr(value)[:80], expected="a text or a number")
    return str(value).strip()


def nested_list(row: Row, column: str, key: str) -> list[Any]:
    """The values of ``key`` in a column that is a dictionary of lists, or a list of dictionaries.

    Both layouts exist: the writer of a hub file determines how a sequence of structs is decoded.
    """
    value = row[column]
    if isinstance(value, list) and all(isinstance(entry, Mapping) and key in entry for entry in value):
        return [entry[key] for entry in value]
    if isinstance(value, Mapping) and isinstance(value.get(key), list):
        return list(value[key])
    raise StudyError(
        "a nested column has an unknown layout",
        key=column,
        found=repr(value)[:80],
        expected=f"a dictionary with a list under {key!r}, or a list of dictionaries with the key {key!r}",
    )


def distinct(texts: list[str]) -> list[str]:
    """The distinct non-blank texts, stripped, in order."""
    return list(dict.fromkeys(text.strip() for text in texts if text and text.strip()))


def lettered(options: list[str]) -> str:
    """``A. first option``, one option per line: our layout for multiple choice (the papers give none)."""
    return "\n".join(f"{letter}. {option}" for letter, option in zip(LETTERS, options, strict=False))


def letter_index(letter: Any, options: list[str], column: str) -> int:
    """The index of the option ``letter``; :class:`StudyError` if there is no such option."""
    text = letter.strip() if isinstance(letter, str) else ""
    index = LETTERS.find(text) if len(text) == 1 else -1
    return option_index(index if index >= 0 else letter, options, column)


def option_index(index: Any, options: list[str], column: str) -> int:
    """``index`` if it is the index of an option; :class:`StudyError` otherwise."""
    if not isinstance(index, int) or isinstance(index, bool) or not 0 <= index < len(options):
        last = len(options) - 1
        raise StudyError(
            "the right answer is not among the options",
            key=column,
            found=repr(index),
            expected=f"A to {LETTERS[last]}, or 0 to {last} if the column has indices",
        )
    return index


def multiple_choice(stem: str, options: list[str], right: int, *, also: tuple[str, ...] = (), **known: Any) -> Question:
    """A question with lettered options; ``right`` is the index of the answer.

    Accepted are its letter, its text and ``also``. The text is not accepted if it equals the letter of another option.
    Raises :class:`StudyError` for fewer than 2 or more than 26 options.
    """
    if not 2 <= len(options) <= len(LETTERS):
        raise StudyError(
            "a multiple-choice row has too few or too many options",
            found=len(options),
            expected="2 to 26",
        )
    letter, text = LETTERS[right], options[right]
    other_letters = set(LETTERS[: len(options)]) - {letter}
    gold = [letter, *([] if text.upper() in other_letters else [text]), *also]
    return Question(f"{stem}\n{lettered(options)}", distinct(gold), choices=list(options), **known)
