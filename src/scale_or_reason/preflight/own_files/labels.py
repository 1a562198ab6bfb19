"""The file of people's labels: whether it can be read, and whether it has labels of every person in the jury."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from os.path import isfile
from typing import Any

from scale_or_reason.common.errors import StudyError
from scale_or_reason.preflight.own_files.rows import problem_of_row
from scale_or_reason.study.catalogue import HUMAN
from scale_or_reason.study.problems import Problem
from scale_or_reason.study.selection import is_human


def label_file(config: Mapping[str, Any]) -> Iterator[Problem]:
    """A file of labels with rows that are no labels, and persons of the jury who have none in it.

    Whether its models, items and answers are those of the study is known only to the job that has the answers.
    """
    path, jurors = config["labels"]["path"], config["study"]["judges"]
    if path is None or not isfile(path):
        return
    from scale_or_reason.judging.labels import by_person, check_persons, read_labels  # polars

    try:
        labels_of = by_person(read_labels(path), path)
    except StudyError as error:
        yield problem_of_row(("labels", "path"), path, None, error)
        return
    persons = [name for name in jurors if is_human(name) and name != HUMAN]
    try:
        check_persons(persons, labels_of, path)
    except StudyError as error:
        missing = next(index for index, name in enumerate(jurors) if name in persons and name not in labels_of)
        yield Problem(("study", "judges", missing), error.problem, error.found, error.expected, error.remedy)
