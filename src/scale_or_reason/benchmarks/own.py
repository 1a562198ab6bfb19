r"""Benchmarks of one's own: each is one YAML file outside the package, which the config names (``benchmarks.own``).

    instruction: Answer the question. Make sure to put the answer (and only answer) inside \boxed{}.
    question: "{passage}\n\n{question}"     # columns of a row in braces
    answer: answer                          # the column with the accepted answer, or a list of them
    grader: span                            # a rule grader, or a Python file beside this one
    rows: {path: my_rows.jsonl}             # or {hub: OWNER/NAME, split: test}, or the rows themselves

Further keys: ``choices`` (the column with the options of multiple choice; ``answer`` is then a letter, an index from 0,
or an option's text), ``id`` (the column with the row's identifier), ``fewshot`` (rows for few-shot examples, in the
forms of ``rows``). Without ``grader``, only judges grade the benchmark.

Every program finds these files by an environment variable, which the Snakefile sets in every job.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from string import Formatter
from typing import Any

from scale_or_reason.benchmarks.base import (
    Benchmark,
    HubRows,
    Question,
    Row,
    as_text,
    distinct,
    letter_index,
    multiple_choice,
    option_index,
    text_of,
    texts_of,
)
from scale_or_reason.common.errors import StudyError

#: The environment variable with the files of these benchmarks, by name, as JSON.
VARIABLE = "SCALE_OR_REASON_BENCHMARKS"
_REQUIRED, _OPTIONAL = ("instruction", "question", "answer", "rows"), ("choices", "grader", "id", "fewshot")
_ROWS = "{path: FILE.jsonl}, {hub: OWNER/NAME, split: SPLIT}, or a list of rows"


def use_own_files(config: Mapping[str, Any]) -> None:
    """Make the benchmarks of a config known to this process and its children; the config may be unchecked."""
    section = config.get("benchmarks")
    entries = section.get("own") if isinstance(section, Mapping) else None
    files = {
        str(name): entry["path"]
        for name, entry in (entries.items() if isinstance(entries, Mapping) else ())
        if isinstance(entry, Mapping) and isinstance(entry.get("path"), str)
    }
    if files:
        os.environ[VARIABLE] = json.dumps(files, sort_keys=True)
    else:
        os.environ.pop(VARIABLE, None)


def own_files() -> dict[str, Path]:
    """The files of all benchmarks of one's own, by name."""
    return {name: Path(path) for name, path in json.loads(os.environ.get(VARIABLE, "{}")).items()}


def own_benchmark(name: str) -> Benchmark | None:
    """The benchmark called ``name``, None if no file is given for it; :class:`StudyError` for an invalid file."""
    file = own_files().get(name)
    if file is None:
        return None
    if not file.is_file():
        raise StudyError(
            "the file of a benchmark is missing",
            where=f"benchmarks.own.{name}.path",
            found=file,
            expected="a YAML file (docs/how-to/bring_your_own_benchmark.md)",
            remedy="correct the path; it is relative to the folder in which Snakemake runs",
        )
    state = file.stat()
    return _read_once(name, file, (state.st_mtime_ns, state.st_size))


def declaration_hash(benchmark: Benchmark) -> str:
    """A short hash of the file of a benchmark of one's own."""
    assert benchmark.declared_in is not None
    return hashlib.sha256(benchmark.declared_in.read_bytes()).hexdigest()[:16]


@lru_cache
def _read_once(name: str, file: Path, state: tuple[int, int]) -> Benchmark:
    return read_own(name, file)


def read_own(name: str, file: Path) -> Benchmark:
    """The benchmark in a YAML file; :class:`StudyError` if the file is invalid."""
    content = _content(file)
    template = _text(content, "question", file)
    columns = _columns_of(template, file)
    answer, choices, own_id = (_column(content, key, file) for key in ("answer", "choices", "id"))
    hub, rows = _rows(content, "rows", file)
    pool, pool_rows = _rows(content, "fewshot", file)
    assert answer is not None
    if "fewshot" in content and (hub is None) != (pool is None):
        expected = "both on the hub, or both in files"
        raise _fault("rows and few-shot rows are in different places", file, "fewshot", content["fewshot"], expected)
    return Benchmark(
        name=name,
        domain="General",
        style="MC" if choices else "OE",
        instruction=_text(content, "instruction", file),
        hub=hub,
        pool=pool,
        columns=tuple(dict.fromkeys([*columns, answer, *(column for column in (choices, own_id) if column)])),
        read=_Reader(template, columns, answer, choices, own_id).read,
        grader=_grader(content, file, choices),
        declared_in=file,
        own_rows=rows,
        own_pool=pool_rows,
        remedy=f"the columns that {file} names",
    )


class _Reader:
    """Converts rows to questions."""

    def __init__(
        self, template: str, columns: tuple[str, ...], answer: str, choices: str | None, own_id: str | None
    ) -> None:
        self.template, self.columns = template, columns
        self.answer, self.choices, self.own_id = answer, choices, own_id

    def read(self, row: Row) -> Question:
        """The question of a row; :class:`StudyError` whose key is the faulty column."""
        text = self.template.format(**{column: as_text(row[column], column) for column in self.columns}).strip()
        if not text:
            raise StudyError("a question is empty", key=", ".join(self.columns), expected="text")
        own_id = None if self.own_id is None else as_text(row[self.own_id], self.own_id)
        if self.choices is None:
            return Question(text, self._gold(row), own_id=own_id)
        options = texts_of(row, self.choices)
        return multiple_choice(text, options, self._right(row, options), own_id=own_id)

    def _gold(self, row: Row) -> list[str]:
        value = row[self.answer]
        gold = distinct([as_text(one, self.answer) for one in (value if isinstance(value, list) else [value])])
        if not gold:
            raise StudyError("the row has no gold answer", key=self.answer, found=repr(value), expected="a text")
        return gold

    def _right(self, row: Row, options: list[str]) -> int:
        value = row[self.answer]
        if not isinstance(value, str):
            return option_index(value, options, self.answer)
        text = text_of(row, self.answer)
        return options.index(text) if text in options else letter_index(text, options, self.answer)


def _content(file: Path) -> dict[str, Any]:
    import yaml

    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (yaml.YAMLError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise StudyError("the file of a benchmark is not YAML", where=file, found=reason) from None
    if not isinstance(content, dict):
        found = type(content).__name__
        raise _fault("the file of a benchmark holds no map", file, None, found, f"the keys {', '.join(_REQUIRED)}")
    for key in content:
        if key not in (*_REQUIRED, *_OPTIONAL):
            raise _fault("unknown key of a benchmark", file, str(key), key, ", ".join((*_REQUIRED, *_OPTIONAL)))
    for key in _REQUIRED:
        if content.get(key) is None:
            raise _fault("a key of a benchmark is missing", file, key, "nothing", f"the keys {', '.join(_REQUIRED)}")
    return content


def _text(content: Mapping[str, Any], key: str, file: Path) -> str:
    value = content[key]
    if not isinstance(value, str) or not value.strip():
        raise _fault("a key of a benchmark has the wrong type", file, key, repr(value), "text")
    return value.strip()


def _column(content: Mapping[str, Any], key: str, file: Path) -> str | None:
    return None if content.get(key) is None else _text(content, key, file)


def _columns_of(template: str, file: Path) -> tuple[str, ...]:
    """The columns in a template's braces; nothing but a column's name may stand there."""
    expected = "a text with columns in braces, such as {question}; {{ and }} for braces"
    try:
        parts = list(Formatter().parse(template))
    except ValueError as error:
        raise _fault("the template of a question is invalid", file, "question", str(error), expected) from None
    columns = [name for _, name, _, _ in parts if name is not None]
    plain = all(name and not set(name) & set(".[]") and not name.isdigit() for name in columns)
    if not columns or not plain or any(spec or conversion for _, _, spec, conversion in parts):
        raise _fault("the template of a question is invalid", file, "question", template[:80], expected)
    return tuple(dict.fromkeys(columns))


def _grader(content: Mapping[str, Any], file: Path, choices: str | None) -> str | None:
    name = content.get("grader", "choice" if choices else None)
    if isinstance(name, str) and name.endswith(".py"):
        grader = file.parent / name
        if not grader.is_file():
            raise _fault("the grader of a benchmark is missing", file, "grader", name, f"a file {grader}")
        return str(grader)
    known = ("math", "choice", "span", "yes_no", "number", "text")
    if name is not None and name not in known:
        expected = f"{', '.join(known)}, or a Python file beside this one"
        raise _fault("there is no such rule grader", file, "grader", repr(name), expected)
    if (name == "choice") != (choices is not None):
        expected = "grader: choice together with the key `choices`, and only then"
        raise _fault("the grader does not fit the answers", file, "grader", repr(name), expected)
    return name


def _rows(content: Mapping[str, Any], key: str, file: Path) -> tuple[HubRows | None, Path | tuple[Row, ...] | None]:
    """Rows of the hub, or those of a file or of the declaration itself; (None, None) without this key."""
    value = content.get(key)
    if value is None:
        return None, None
    if isinstance(value, list) and value and all(isinstance(row, dict) for row in value):
        return None, tuple(value)
    if isinstance(value, dict) and set(value) == {"path"} and isinstance(value["path"], str):
        rows = file.parent / value["path"]
        if not rows.is_file():
            raise _fault("the rows of a benchmark are missing", file, key, rows, "a JSONL file, relative to this one")
        return None, rows
    known = {"hub", "split", "config", "revision"}
    named = isinstance(value, dict) and {"hub", "split"} <= set(value) <= known
    if named and all(isinstance(text, str) for text in value.values()):
        configs = (value["config"],) if "config" in value else ()
        return HubRows(value["hub"], value["split"], configs, revision=value.get("revision", "main")), None
    raise _fault("the rows of a benchmark are in no known form", file, key, repr(value)[:80], _ROWS)


def _fault(problem: str, file: Path, key: str | None, found: object, expected: str) -> StudyError:
    remedy = "correct the file (docs/how-to/bring_your_own_benchmark.md)"
    return StudyError(problem, where=file, key=key, found=found, expected=expected, remedy=remedy)
