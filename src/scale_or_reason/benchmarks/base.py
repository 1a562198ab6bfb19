"""What a benchmark declares: where its rows are, and how a row becomes a question.

Nothing here reads data; see :mod:`~scale_or_reason.benchmarks.loading`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from scale_or_reason.common.errors import StudyError

Row = Mapping[str, Any]
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True)
class HubRows:
    """Rows of a dataset on the Hugging Face hub.

    Several ``configs`` are read one after the other. ``data_files`` (paths inside the repository) select files where
    the repository's own configs are not what is wanted. ``rows`` is the expected number of rows that the benchmark
    keeps; None where nobody has counted.
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
    """One row, read: the text that is asked and what is known about its answer.

    ``gold``: the accepted answers; of multiple-choice questions first the letter, then the option's text, then other
    accepted spellings. ``own_id``: the dataset's identifier of the row, None where it has none.
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

    ``instruction`` stands before every question (v1 table 4, v2 table 5; what the papers do not give is ours).
    ``columns``: what a row must have. ``read``: row to :class:`Question`; it raises a :class:`StudyError` with ``key``
    set to the column at fault. ``keep``: which rows of the source belong to the benchmark. ``pool``: where the rows for
    few-shot examples come from, apart from ``hub``. ``shots``: whether a row has an answer that such an example can
    show. ``hub`` is None for a benchmark that is on no hub, and ``remedy`` then says how to get it. ``file_names``:
    further names of its JSONL file. ``version`` changes whenever the same row would make another item. ``expand``: the
    rows that a row of the source stands for, where it is more than one item.

    ``options``: what the papers leave open and a study may decide, each with its values, the default first; a value is
    what it changes in the declaration.
    """

    name: str
    domain: Literal["General", "Math", "Law", "Code", "Physics"]
    style: Literal["MC", "OE"]
    instruction: str
    hub: HubRows | None
    pool: HubRows | None
    columns: tuple[str, ...]
    read: Callable[[Row], Question]
    grader: Literal["math", "choice", "span", "yes_no", "number", "ifeval", "text"]
    keep: Callable[[Row], bool] = _keep_all
    expand: Callable[[Row], Iterable[Row]] = _one_item
    options: Mapping[str, Mapping[str, Mapping[str, Any]]] = field(default_factory=dict)
    shots: bool = True
    file_names: tuple[str, ...] = ()
    remedy: str = ""
    version: int = 1

    def with_options(self, chosen: Mapping[str, str | int]) -> Benchmark:
        """The benchmark as a study wants it; :class:`StudyError` for an option or a value that it does not have."""
        changes: dict[str, Any] = {}
        for name, value in chosen.items():
            if name not in self.options:
                known = ", ".join(self.options) or "none: it has no options"
                raise StudyError(f"{self.name} has no such option", key=name, found=value, expected=known)
            if str(value) not in self.options[name]:
                known = ", ".join(self.options[name])
                raise StudyError(f"an option of {self.name} has no such value", key=name, found=value, expected=known)
            changes |= self.options[name][str(value)]
        return replace(self, **changes)

    def examples_shown(self, shots: int) -> int:
        """How many examples a base student sees when asked for ``shots``: none where a row has no answer to show
        (ifeval), and no more than the train split has (consumer_qa: 4).
        """
        if not self.shots:
            return 0
        available = self.pool.rows if self.pool else None
        return shots if available is None else min(shots, available)


def text_of(row: Row, column: str) -> str:
    """The non-empty text in ``column``, stripped; :class:`StudyError` if it is something else."""
    value = row[column]
    if not isinstance(value, str) or not value.strip():
        raise StudyError("a text is missing", key=column, found=repr(value), expected="a text that is not empty")
    return value.strip()


def texts_of(row: Row, column: str) -> list[str]:
    """The list of texts in ``column``, each stripped; :class:`StudyError` if it is something else or empty."""
    value = row[column]
    if not isinstance(value, list) or not value or not all(isinstance(text, str) for text in value):
        raise StudyError("a list of texts is missing", key=column, found=repr(value), expected="a list of texts")
    return [text.strip() for text in value]


def nested_list(row: Row, column: str, key: str) -> list[Any]:
    """The values of ``key`` in a column that holds a dictionary of lists, or a list of dictionaries.

    Both forms exist: which one a sequence of structs decodes to depends on how the hub's file was written.
    """
    value = row[column]
    if isinstance(value, list) and all(isinstance(entry, Mapping) and key in entry for entry in value):
        return [entry[key] for entry in value]
    if isinstance(value, Mapping) and isinstance(value.get(key), list):
        return list(value[key])
    raise StudyError(
        "a nested column has an unknown form",
        key=column,
        found=repr(value)[:80],
        expected=f"a dictionary with a list under {key!r}, or a list of dictionaries with the key {key!r}",
    )


def distinct(texts: list[str]) -> list[str]:
    """The texts that are not blank, stripped, each once, in order."""
    return list(dict.fromkeys(text.strip() for text in texts if text and text.strip()))


def lettered(options: list[str]) -> str:
    """``A. first option``, one option a line: our form for all multiple-choice benchmarks (the papers give none)."""
    return "\n".join(f"{letter}. {option}" for letter, option in zip(LETTERS, options, strict=False))


def letter_index(letter: Any, options: list[str], column: str) -> int:
    """The position of the option called ``letter``; :class:`StudyError` if there is no such option."""
    text = letter.strip() if isinstance(letter, str) else ""
    index = LETTERS.find(text) if len(text) == 1 else -1
    return option_index(index if index >= 0 else letter, options, column)


def option_index(index: Any, options: list[str], column: str) -> int:
    """``index`` if it is the position of an option; :class:`StudyError` otherwise."""
    if not isinstance(index, int) or isinstance(index, bool) or not 0 <= index < len(options):
        last = len(options) - 1
        raise StudyError(
            "the right answer is none of the options",
            key=column,
            found=repr(index),
            expected=f"A to {LETTERS[last]}, or 0 to {last} where the column holds positions",
        )
    return index


def multiple_choice(stem: str, options: list[str], right: int, *, also: tuple[str, ...] = (), **known: Any) -> Question:
    """A question with lettered options, of which number ``right`` is the answer.

    Accepted are its letter, its text and ``also``. The text is not accepted where it reads like the letter of another
    option. Raises :class:`StudyError` for fewer than two options or more than there are letters.
    """
    if not 2 <= len(options) <= len(LETTERS):
        raise StudyError(
            "a multiple-choice row has too few or too many options", found=len(options), expected="2 to 26"
        )
    letter, text = LETTERS[right], options[right]
    other_letters = set(LETTERS[: len(options)]) - {letter}
    gold = [letter, *([] if text.upper() in other_letters else [text]), *also]
    return Question(f"{stem}\n{lettered(options)}", distinct(gold), choices=list(options), **known)
