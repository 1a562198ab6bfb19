"""The papers' own numbers, from a folder of tables that is no part of this project.

``v2_table1.csv`` has corpus, domain, format, size_b, ift, reasoning (accuracies in per cent); ``v2_teacher.csv`` has
domain, format, teacher; ``v2_inference_power_law.csv`` has domain, format, supervision, alpha, beta (FLOPs of an answer
by a general student = alpha * billions of parameters ^ beta). Tables of another version have its name in front.
``learning_rates.csv`` (may be absent) has student, reasoning, ift: the peak rates that the papers' search chose.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from scale_or_reason.claims.findings import Statement, findings
from scale_or_reason.common.errors import StudyError
from scale_or_reason.scoring.evidence import CELL, CELLS_SCHEMA, MEASURES, Evidence
from scale_or_reason.study.cells import FORMATS, Cell, Teacher
from scale_or_reason.study.labels import size_label

TABLE1 = {"corpus", "domain", "format", "size_b", *FORMATS}
TEACHER = {"domain", "format", "teacher"}
POWER_LAW = {"domain", "format", "supervision", "alpha", "beta"}
#: The corpora of the papers, the general one first.
CORPORA = ("general", "math")
_TEACHER = "teacher"


def read_reference(folder: Path, version: str, table: str, columns: set[str], *, needed: bool = True) -> pl.DataFrame:
    """One table of the papers, with ``family`` in place of domain and format.

    A table that is not ``needed`` may be absent: no rows. Raises :class:`StudyError` if a table or a column is missing.
    """
    path = folder / f"{version}_{table}.csv"
    if not needed and not path.is_file():
        return pl.DataFrame()
    frame = read_columns(path, columns)
    family = pl.col("domain").str.to_titlecase() + "-" + pl.col("format")
    return frame.with_columns(family=family).drop("domain", "format")


def read_columns(path: Path, columns: set[str]) -> pl.DataFrame:
    """A table with at least ``columns``. Raises :class:`StudyError` if the file or a column is missing."""
    if not path.is_file():
        raise StudyError("a table of the papers is missing", where=path, expected=", ".join(sorted(columns)))
    frame = pl.read_csv(path)
    if not columns <= set(frame.columns):
        raise StudyError(
            "a table of the papers lacks columns",
            where=path,
            found=", ".join(frame.columns),
            expected=", ".join(sorted(columns)),
        )
    return frame


def reference_evidence(folder: Path, version: str = "v2") -> Evidence:
    """The papers' numbers as a study without single answers.

    Inference FLOPs are those of the power laws at each size, which the papers give for general students; of training
    FLOPs and lengths of answers their tables say nothing.
    """
    table = read_reference(folder, version, "table1", TABLE1)
    teacher = read_reference(folder, version, "teacher", TEACHER)
    laws = read_reference(folder, version, "inference_power_law", POWER_LAW)
    law = {(row["family"], row["supervision"]): (row["alpha"], row["beta"]) for row in laws.iter_rows(named=True)}
    families = sorted(table["family"].unique())
    rows: dict[tuple[Any, ...], dict[str, Any]] = {}
    values: list[tuple[tuple[Any, ...], str, float, float | None]] = []
    for row in table.iter_rows(named=True):
        student = size_label(row["size_b"])
        for ratio, name in enumerate(FORMATS):
            key = _cell(Cell(row["corpus"], student, "seq", float(ratio)), row["size_b"], rows)
            alpha, beta = law.get((row["family"], name), (None, None))
            flops = alpha * row["size_b"] ** beta if alpha and row["corpus"] == CORPORA[0] else None
            values.append((key, row["family"], row[name] / 100, flops))
    for row in teacher.iter_rows(named=True):
        values.append((_cell(Teacher(_TEACHER, FORMATS[1]), None, rows), row["family"], row["teacher"] / 100, None))
    order = {key: number for number, key in enumerate(rows)}
    grids = {name: np.full((1, len(rows), len(families)), np.nan) for name in MEASURES}
    for key, family, accuracy, flops in values:
        place = (0, order[key], families.index(family))
        grids["accuracy"][place] = accuracy
        grids["inference_flops"][place] = np.nan if flops is None else flops
    cells = pl.DataFrame(list(rows.values()), CELLS_SCHEMA)
    return Evidence(cells, tuple(families), dict.fromkeys(families, ()), grids)


def published_rates(folder: Path) -> dict[str, dict[str, float]]:
    """Peak learning rates by student and format (v1 table 1, v2 table 2); none if the folder lacks the table.

    Raises :class:`StudyError` if a column is missing or a rate is no positive number.
    """
    path = folder / "learning_rates.csv"
    if not path.is_file():
        return {}
    rates: dict[str, dict[str, float]] = {}
    for row in read_columns(path, {"student", *FORMATS}).iter_rows(named=True):
        for name in FORMATS:
            if not isinstance(row[name], float) or not row[name] > 0:
                raise StudyError(
                    f"the {name} rate of {row['student']} is no learning rate",
                    where=path,
                    found=row[name],
                    expected="a positive number, such as 1e-5",
                )
        rates[row["student"]] = {name: row[name] for name in FORMATS}
    return rates


def reference_findings(folder: Path, statements: Iterable[Statement]) -> pl.DataFrame:
    """A ``findings`` table of the papers' own numbers, with ``expected``, ``expected_verdict`` and ``agrees``.

    ``agrees`` is null where the tables do not have what a statement takes.
    """
    listed = list(statements)
    table = findings(reference_evidence(folder), listed, CORPORA, rates=published_rates(folder))
    agrees: list[bool | None] = []
    for statement, row in zip(listed, table.iter_rows(named=True), strict=True):
        if statement.reference is None:
            # what was not expected to be there and is there differs too
            agrees.append(None if row["value"] is None else False)
        else:
            near = row["value"] is not None and abs(row["value"] - statement.reference) <= statement.tolerance
            agrees.append(near and row["verdict"] == statement.reference_verdict)
    expected = [statement.reference for statement in listed]
    verdicts = [None if statement.reference is None else statement.reference_verdict for statement in listed]
    return table.with_columns(
        expected=pl.Series(expected, dtype=pl.Float64),
        expected_verdict=pl.Series(verdicts, dtype=pl.String),
        agrees=pl.Series(agrees, dtype=pl.Boolean),
    )


def _cell(model: Cell | Teacher, size_b: float | None, rows: dict[tuple[Any, ...], dict[str, Any]]) -> tuple[Any, ...]:
    """Its key; its row is added to ``rows`` the first time."""
    columns = model.columns()
    key = tuple(columns[name] for name in CELL)
    rows.setdefault(
        key, {name: columns[name] for name in CELL} | {"size_b": size_b, "seeds": 1, "training_flops": None}
    )
    return key
