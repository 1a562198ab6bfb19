"""Whether a person's own files hold what the config says: the first rows of prompts, pairs and benchmarks, and graders.

Jobs check every row. A wrong column or schema shows in the first rows, before any job has run.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from itertools import islice
from os.path import getsize, isfile
from pathlib import Path
from typing import Any

from scale_or_reason.benchmarks.base import Benchmark
from scale_or_reason.benchmarks.own import read_own
from scale_or_reason.common.dataset_rows import read_jsonl, read_jsonl_leniently
from scale_or_reason.common.errors import StudyError
from scale_or_reason.data.prompt_schemas import get_prompt_schema, language_of, prompt_of
from scale_or_reason.study.cells import FORMATS
from scale_or_reason.study.local_files import made_by_study
from scale_or_reason.study.problems import KeyPath, Problem

Config = Mapping[str, Any]

#: Rows of a file that are looked at.
FIRST_ROWS = 100
#: Bytes up to which the lines of a file are counted: a fraction of a second.
_COUNTED = 64 * 2**20


def own_rows(config: Config) -> Iterator[Problem]:
    """Files whose first rows cannot be read as the config says, and graders that cannot work."""
    yield from _prompts(config)
    yield from _benchmarks(config)


def too_few_prompts(config: Config) -> list[str]:
    """A note for each file of prompts or pairs with fewer lines than its corpus has prompts."""
    lines = []
    for key, source in _files_of_prompts(config):
        path, wanted = source["path"], config["corpora"][key[1]]["num_prompts"]
        if isfile(path) and getsize(path) <= _COUNTED and (count := _lines(Path(path))) is not None and count < wanted:
            lines.append(f"note: corpora.{key[1]}.num_prompts is {wanted}, but {path} has {count} lines")
    return lines


def _files_of_prompts(config: Config) -> Iterator[tuple[KeyPath, Mapping[str, Any]]]:
    """The files of the study's corpora that no job writes, with their keys."""
    study = config["study"]
    names = [*study["corpora"], *([study["adaptation_corpora"]["to"]] if study["adaptations"] else [])]
    part = "released" if config["pairs"]["source"] == "released" else "source"
    for name in dict.fromkeys(names):
        source = config["corpora"][name][part]
        if source["kind"] == "jsonl" and not made_by_study(source["path"], study["name"]):
            yield ("corpora", name, part, "path"), source


def _prompts(config: Config) -> Iterator[Problem]:
    for key, source in _files_of_prompts(config):
        path, languages = source["path"], config["corpora"][key[1]].get("languages")
        if not isfile(path):
            continue
        faults: list[tuple[int | None, StudyError]] = []
        good = 0
        try:
            for number, row in islice(read_jsonl_leniently(path), FIRST_ROWS):
                try:
                    if isinstance(row, StudyError):
                        raise row
                    _check_prompt(row, source.get("schema"), bool(languages))
                    good += 1
                except StudyError as error:
                    faults.append((number, error))
        except StudyError as error:  # of the whole file
            faults, good = [(None, error)], 0
        if faults and not good:  # some faulty rows among others are left out and counted
            yield _problem(key, path, *faults[0])


def _check_prompt(row: Mapping[str, Any], schema: str | None, languages: bool) -> None:
    if schema is None:  # released pairs
        missing = [column for column in ("prompt", *FORMATS) if column not in row]
        if missing:
            expected, found = '"prompt": TEXT, "ift": TEXT, "reasoning": TEXT', f"the columns {', '.join(row)}"
            remedy = "rename the columns of the file"
            raise StudyError(
                "a row is no pair of answers", key=missing[0], found=found, expected=expected, remedy=remedy
            )
        return
    reader = get_prompt_schema(schema)
    prompt_of(row, reader)
    if languages:
        language_of(row, reader)


def _benchmarks(config: Config) -> Iterator[Problem]:
    selected = [name for family in config["study"]["families"] for name in family["benchmarks"]]
    own = config["benchmarks"]["own"]
    for name in (name for name in selected if name in own):
        benchmark, key = read_own(name, Path(own[name]["path"])), ("benchmarks", "own", name, "path")
        if isinstance(benchmark.own_rows, Path) and made_by_study(benchmark.own_rows, config["study"]["name"]):
            continue
        for rows in (benchmark.own_rows, benchmark.own_pool):
            yield from _unreadable_rows(benchmark, rows, key)
        if benchmark.grader is not None and benchmark.grader.endswith(".py"):
            yield from _grader_faults(Path(benchmark.grader), key)


def _unreadable_rows(benchmark: Benchmark, rows: Path | tuple[Any, ...] | None, key: KeyPath) -> Iterator[Problem]:
    """The first row that is no item of the benchmark."""
    where, number = rows if isinstance(rows, Path) else benchmark.declared_in, 0
    try:
        numbered = read_jsonl(rows) if isinstance(rows, Path) else enumerate(rows or (), start=1)
        for number, row in islice(numbered, FIRST_ROWS):  # noqa: B007, errors below name the row
            missing = [column for column in benchmark.columns if column not in row]
            if missing:
                found, expected = f"the columns {', '.join(row)}", ", ".join(benchmark.columns)
                remedy = f"correct the columns that {benchmark.declared_in} names, or those of the rows"
                problem = "a row of a benchmark lacks a column"
                raise StudyError(problem, key=", ".join(missing), found=found, expected=expected, remedy=remedy)
            benchmark.read(row)
        if rows is not None and not number:
            raise StudyError("a benchmark has no rows", found="an empty file", expected="one JSON object per line")
    except StudyError as error:
        yield _problem(key, where, number or None, error)


def _grader_faults(file: Path, key: KeyPath) -> Iterator[Problem]:
    """A grader that is no Python, or that has no function ``grade``; it is not run."""
    expected = "def grade(answer: str, gold: list[str]) -> bool"
    remedy = "correct the file (docs/how-to/bring_your_own_benchmark.md)"
    try:
        tree = ast.parse(file.read_bytes(), str(file))
    except (SyntaxError, ValueError) as error:
        line = f", line {error.lineno}" if isinstance(error, SyntaxError) else ""
        reason = error.msg if isinstance(error, SyntaxError) else str(error)
        yield Problem(key, "a grader is no valid Python", f"{file}{line}: {reason}", expected, remedy)
        return
    names = {name for statement in ast.walk(tree) for name in _bound(statement)}
    if not names & {"grade", "*"}:
        found = ", ".join(sorted(names)) or "no function"
        yield Problem(key, "a grader has no function grade", f"{file}: {found}", expected, remedy)


def _bound(node: ast.AST) -> Iterator[str]:
    """The names that a statement gives to functions or values."""
    if isinstance(node, ast.FunctionDef):
        yield node.name
    elif isinstance(node, ast.Assign | ast.AnnAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        yield from (target.id for target in targets if isinstance(target, ast.Name))
    elif isinstance(node, ast.ImportFrom | ast.Import):
        yield from (alias.asname or alias.name for alias in node.names)


def _problem(key: KeyPath, where: object, number: int | None, error: StudyError) -> Problem:
    place = f"{where}, row {number}" if number else str(where)
    found = f"{place}: {error.found}" if error.found is not None else place
    if error.key:
        found = f"{place}, {error.key}: {error.found}"
    expected = error.expected or "JSON lines: one object per line"
    return Problem(key, error.problem, found, expected, error.remedy or "correct the file")


def _lines(file: Path) -> int | None:
    """The number of lines with text; None for a compressed file."""
    with file.open("rb") as stream:
        if stream.peek(2).startswith(b"\x1f\x8b"):
            return None
        return sum(1 for line in stream if line.strip())
