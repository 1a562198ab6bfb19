"""The first rows of the files of prompts and released pairs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from os.path import getsize, isfile
from pathlib import Path
from typing import Any

from scale_or_reason.common.dataset_rows import read_jsonl_leniently
from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.wording import counted
from scale_or_reason.data.prompt_schemas import get_prompt_schema, language_of, prompt_of
from scale_or_reason.preflight.own_files.rows import FIRST_ROWS, problem_of_row
from scale_or_reason.study.cells import FORMATS
from scale_or_reason.study.local_files import made_by_study
from scale_or_reason.study.problems import KeyPath, Problem

Config = Mapping[str, Any]

#: Bytes up to which the lines of a file are counted: a fraction of a second.
_COUNTED = 64 * 2**20


def prompt_files(config: Config) -> Iterator[Problem]:
    """Files with no usable prompt or pair among their first rows."""
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
            yield problem_of_row(key, path, *faults[0])


def too_few_prompts(config: Config) -> list[str]:
    """A note for each file of prompts or pairs with fewer lines than its corpus has prompts."""
    lines = []
    for key, source in _files_of_prompts(config):
        path, wanted = source["path"], config["corpora"][key[1]]["num_prompts"]
        if isfile(path) and getsize(path) <= _COUNTED and (count := _lines(Path(path))) is not None and count < wanted:
            lines.append(f"note: corpora.{key[1]}.num_prompts is {wanted}, but {path} has {counted(count, 'line')}")
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


def _lines(file: Path) -> int | None:
    """The number of lines with text; None for a compressed file."""
    with file.open("rb") as stream:
        if stream.peek(2).startswith(b"\x1f\x8b"):
            return None
        return sum(1 for line in stream if line.strip())
