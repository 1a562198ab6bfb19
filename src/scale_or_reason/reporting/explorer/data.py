"""The page's data: every cell on every task, as lists and maps for its script."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.table_schemas import CELL_COLUMNS
from scale_or_reason.reporting.explorer.encoding import Encoding
from scale_or_reason.reporting.explorer.manifest_summary import manifest_summary, read_manifest
from scale_or_reason.reporting.figures.style import Style
from scale_or_reason.scoring.evidence import CELL, Evidence, cells_of, evidence_from_tables, with_families
from scale_or_reason.scoring.model_points import of_whole_data
from scale_or_reason.study.cells import CURRICULA, HYBRID_KINDS, HybridMode, format_ratio, parse_model_id
from scale_or_reason.study.families import MAIN_FAMILIES

Floats = NDArray[np.float64]

#: Columns of ``uncertainty`` shown for each cell and task.
ESTIMATES = ("accuracy", "accuracy_low", "accuracy_high", "gap", "gap_low", "gap_high", "q", "finding")
#: Shares of truncated answers, and of answers without a readable verdict.
SHARES = ("truncated", "unparsable")
#: Kinds of models shown as points; the teacher is a line.
KINDS = {
    "distilled": "Distilled students",
    "hybrid-no-think": "Hybrid students, plain",
    "hybrid-think": "Hybrid students, thinking",
    "adapted": "Adapted students",
    "base": "Base students",
    "adopted": "Adopted models",
}
#: Parts of the manifests that many models share; the page stores each value once.
_SHARED = ("packages", "hardware", "settings", "inputs")


def explorer_data(
    study: str,
    uncertainty: pl.DataFrame,
    scores: pl.DataFrame,
    costs: pl.DataFrame,
    families: Mapping[str, str],
    sizes: Mapping[str, float],
    shots: int,
    style: Style,
    summaries: Iterable[Mapping[str, Any]] = (),
    count: str = "papers",
) -> dict[str, Any]:
    """All data of the page, ready for JSON; None for unknown values. Models trained on a part of a mixture have none.

    ``uncertainty``, ``scores`` and ``costs`` are tables of these schemas; ``families`` maps benchmarks to families,
    ``sizes`` students to billions of parameters, ``shots`` is the number of shots of the base students in the initial
    view, ``summaries`` is the result of :func:`read_manifest_summaries`. Training FLOPs are per cell, all other
    ``values`` per task and cell: ``values[measure][task][cell]``. Base students and the teacher have 0 training FLOPs.
    FLOPs are by the papers' formulas; keys with ``exact`` are those of the actual architectures. ``count`` is the
    one that the initial view shows.

    Raises :class:`StudyError` if ``uncertainty`` has a cell that ``scores`` does not have.
    """
    scores, costs, uncertainty = map(of_whole_data, (scores, costs, uncertainty))
    evidence = evidence_from_tables(scores, costs, families, sizes)
    models = cells_of(scores.select(list(CELL_COLUMNS)).unique(), costs, sizes)["models"].to_list()
    exact = evidence_from_tables(scores, costs.with_columns(flops="exact_flops"), families, sizes)
    rows = evidence.cells.to_dicts()
    encoding = Encoding(style, rows)
    pool = _Pool()
    by_model: dict[str, list[dict[str, Any]]] = {}
    for summary in summaries:
        by_model.setdefault(summary["model"], []).append(pool.shared(summary))
    cells = [
        {
            "name": re.sub(r"/seed-\d+(?=/|$)", "", own[0]),
            "label": encoding.label(row),
            **{name: row[name] for name in ("kind", "corpus", "student", "curriculum", "shots", "seeds", "size_b")},
            "ratio": None if row["ratio"] is None else format_ratio(row["ratio"]),
            "training": _trained(row),
            "exact_training": _trained(exact_row),
            "manifests": [summary for model in own for summary in by_model.get(model, [])],
            **encoding.of_cell(row),
        }
        for row, exact_row, own in zip(rows, exact.cells.to_dicts(), models, strict=True)
    ]
    return {
        "study": study,
        "count": count,
        "tasks": _tasks(evidence),
        "cells": cells,
        "values": {
            **_values(evidence, uncertainty, scores, models),
            "exact_inference": _lists(exact.values["inference_flops"][0]),
        },
        "choices": _choices(rows, evidence, shots, encoding),
        "encoding": encoding.of_page(),
        "pool": pool.values,
    }


def read_manifest_summaries(scores: pl.DataFrame, models: Path, answers: Path) -> list[dict[str, Any]]:
    """Summaries of the manifests of all models in ``scores``, in the folders of models and of answers.

    Missing manifests are skipped.
    """
    summaries = []
    for model_id in scores["model_id"].unique().sort():
        for stage, folder in (("training", models), ("answers", answers)):
            made = trained_as(model_id) if stage == "training" else model_id
            manifest = read_manifest(folder / made / "manifest.json")
            if manifest is not None:
                summaries.append(manifest_summary(manifest, stage, model_id))
    return summaries


def trained_as(model_id: str) -> str:
    """The id of the training whose result a model is: both modes of a hybrid student are one training."""
    model = parse_model_id(model_id)
    return model.cell.model_id if isinstance(model, HybridMode) else model_id


class _Pool:
    """Values that many cells share, stored once; cells have their index in ``values``."""

    def __init__(self) -> None:
        self.values: list[Any] = []
        self._places: dict[str, int] = {}

    def shared(self, summary: Mapping[str, Any]) -> dict[str, Any]:
        """``summary`` with indices in place of shared values."""
        return {**summary, **{name: None if summary[name] is None else self._place(summary[name]) for name in _SHARED}}

    def _place(self, value: Any) -> int:
        key = json.dumps(value, sort_keys=True)
        if key not in self._places:
            self._places[key] = len(self.values)
            self.values.append(value)
        return self._places[key]


def _trained(row: Mapping[str, Any]) -> float | None:
    return 0.0 if row["kind"] in ("base", "teacher") else row["training_flops"]


def _tasks(evidence: Evidence) -> list[dict[str, Any]]:
    """The tasks, families first, each with its benchmarks."""
    return [
        {"name": task, "family": evidence.family_of(task), "benchmarks": list(evidence.families.get(task, []))}
        for task in evidence.tasks
    ]


def _values(
    evidence: Evidence, uncertainty: pl.DataFrame, scores: pl.DataFrame, models: Sequence[Sequence[str]]
) -> dict[str, list[list[Any]]]:
    values = _estimates(evidence, uncertainty)
    for name, measure in (("inference", "inference_flops"), ("tokens", "answer_tokens")):
        values[name] = _lists(evidence.values[measure][0])
    for name in SHARES:
        values[name] = _lists(_share(evidence, scores, models, name))
    return values


def _estimates(evidence: Evidence, uncertainty: pl.DataFrame) -> dict[str, list[list[Any]]]:
    """``ESTIMATES`` by task and cell, None where the table has no row."""
    cells = {tuple(row): number for number, row in enumerate(evidence.cells.select(CELL).iter_rows())}
    tasks = {task: number for number, task in enumerate(evidence.tasks)}
    values: dict[str, list[list[Any]]] = {name: [[None] * len(cells) for _ in tasks] for name in ESTIMATES}
    for row in uncertainty.to_dicts():
        cell = cells.get(tuple(row[name] for name in CELL))
        task = tasks.get(row["family"] if row["benchmark"] is None else row["benchmark"])
        if cell is None or task is None:
            raise StudyError(
                "the tables uncertainty and scores disagree",
                where="--uncertainty",
                found=", ".join(
                    f"{name} {row[name]}" for name in (*CELL, "family", "benchmark") if row[name] is not None
                ),
                expected="only cells and tasks of the scores table",
                remedy="rebuild both: snakemake tables",
            )
        for name in ESTIMATES:
            values[name][task][cell] = _known(row[name])
    return values


def _share(evidence: Evidence, scores: pl.DataFrame, models: Sequence[Sequence[str]], column: str) -> Floats:
    """The share of answers in ``column``, mean over seeds, shape (cells, tasks); NaN if unknown."""
    benchmarks = [task for task in evidence.tasks if task not in evidence.families]
    cells = {model: number for number, own in enumerate(models) for model in own}
    own = scores.select("benchmark", cell=pl.col("model_id").replace_strict(cells), share=pl.col(column) / pl.col("n"))
    grid = np.full((len(models), len(benchmarks)), np.nan)
    means = own.group_by("cell", "benchmark").agg(pl.col("share").mean()).drop_nulls()
    for cell, benchmark, share in means.iter_rows():
        grid[cell, benchmarks.index(benchmark)] = share
    return with_families(grid, benchmarks, evidence.families)


def _lists(values: Floats) -> list[list[float | None]]:
    """(cells, tasks) as a list of tasks."""
    return [[_known(float(value)) for value in column] for column in values.T]


def _known(value: Any) -> Any:
    """The value, or None for NaN and infinity, which JSON lacks."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _choices(
    rows: Sequence[Mapping[str, Any]], evidence: Evidence, shots: int, encoding: Encoding
) -> dict[str, list[Any]]:
    """The options of each control and the initial selection: students of the first corpus, sequential curriculum."""
    families = list(evidence.families)
    main = [name for name in MAIN_FAMILIES if name in families] or families
    trained = [row for row in rows if row["kind"] in ("distilled", *HYBRID_KINDS)]
    kinds = {row["kind"] for row in rows}
    corpora = list(dict.fromkeys(row["corpus"] for row in trained))
    curricula = [name for name in CURRICULA if any(row["curriculum"] == name for row in trained)]
    ordered = sorted(
        (row for row in rows if row["kind"] != "teacher"), key=lambda row: (row["size_b"] is None, row["size_b"] or 0)
    )
    adaptations = sorted({row["curriculum"] for row in rows if row["kind"] == "adapted"})
    numbers = sorted({row["shots"] for row in rows if row["kind"] == "base"})
    first_kind = next((kind for kind in KINDS if kind in kinds), None)
    return {
        "tasks": [_choice(task, task, task in main) for task in evidence.tasks],
        "kinds": [_choice(kind, label, kind == first_kind) for kind, label in KINDS.items() if kind in kinds],
        "students": [_choice(name, name, True) for name in dict.fromkeys(row["student"] for row in ordered)],
        "corpora": [_choice(name, name, name == corpora[0]) for name in corpora],
        "ratios": [
            _choice(format_ratio(ratio), encoding.ratio(ratio), True)
            for ratio in sorted({row["ratio"] for row in trained})
        ],
        "curricula": [_choice(name, encoding.curriculum(name), name == curricula[0]) for name in curricula],
        "adaptations": [_choice(name, encoding.adaptation(name), True) for name in adaptations],
        "shots": [_choice(str(number), str(number), number == shots or len(numbers) == 1) for number in numbers],
    }


def _choice(value: str, label: str, chosen: bool) -> dict[str, Any]:
    return {"value": value, "label": label, "chosen": chosen}
