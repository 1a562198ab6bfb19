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
from scale_or_reason.reporting.explorer.choices import choices
from scale_or_reason.reporting.explorer.costs import HOURS, Measured, UnitCosts, costs_by_unit
from scale_or_reason.reporting.explorer.encoding import SINGLE, Encoding
from scale_or_reason.reporting.explorer.manifest_summary import manifest_summary, read_manifest
from scale_or_reason.reporting.explorer.served import Served, served_cells, servings_of
from scale_or_reason.reporting.figures.style import Style
from scale_or_reason.scoring.evidence import CELL, Evidence, cells_of, evidence_from_tables, with_families
from scale_or_reason.study.cells import HYBRID_MODES, BudgetedCell, HybridMode, format_ratio
from scale_or_reason.study.thinking_budgets import ThinkingBudget

Floats = NDArray[np.float64]

#: Columns of ``uncertainty`` shown for each cell and task.
ESTIMATES = ("accuracy", "accuracy_low", "accuracy_high", "gap", "gap_low", "gap_high", "q", "finding")
#: Shares of truncated answers, and of answers without a readable verdict.
SHARES = ("truncated", "unparsable")
#: What only votes and budgets have.
OF_SERVINGS = ("pass_at_k", "gain", "gain_low", "gain_high", "budget")
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
    *,
    test_time: pl.DataFrame | None = None,
    measured: Measured | None = None,
    teacher_share: float = 0.0,
    pages: Mapping[str, Sequence[Mapping[str, str]]] | None = None,
) -> dict[str, Any]:
    """All data of the page, ready for JSON; None for unknown values.

    ``uncertainty``, ``scores`` and ``costs`` are tables of these schemas; ``families`` maps benchmarks to families,
    ``sizes`` students to billions of parameters, ``shots`` is the number of shots of the base students in the initial
    view, ``summaries`` is the result of :func:`read_manifest_summaries`. ``test_time`` is a table with votes and cut
    thoughts, each of which is a further cell; its FLOPs are those of ``count``, which the initial view shows.
    ``measured`` adds hours as a unit, ``teacher_share`` is the share of the teacher's answers in the initial view,
    ``pages`` are those of :func:`~scale_or_reason.reporting.explorer.inspected.inspection_pages`.

    Training and the teacher's answers cost per cell and unit, all other ``values`` are per task and cell:
    ``values[measure][task][cell]``.

    Raises :class:`StudyError` if ``uncertainty`` has a cell that ``scores`` does not have.
    """
    evidence = evidence_from_tables(scores, costs, families, sizes)
    models = cells_of(scores.select(list(CELL_COLUMNS)).unique(), costs, sizes)["models"].to_list()
    units = costs_by_unit(evidence, scores, costs, families, sizes, measured)
    served = served_cells(test_time, evidence) if test_time is not None else []
    rows = evidence.cells.to_dicts()
    encoding = Encoding(style, rows, servings_of(served))
    pool = _Pool()
    by_model: dict[str, list[dict[str, Any]]] = {}
    for summary in summaries:
        by_model.setdefault(summary["model"], []).append(pool.shared(summary))
    cells = [
        _cell(row, own, encoding) | {"manifests": [summary for model in own for summary in by_model.get(model, [])]}
        for row, own in zip(rows, models, strict=True)
    ]
    for number, cell in enumerate(cells):
        cell["training"], cell["teacher"] = (
            {unit: _known(float(getattr(values, part)[number])) for unit, values in units.items()}
            for part in ("training", "teacher")
        )
    values = _values(evidence, uncertainty, scores, models, units)
    _add_served(served, cells, values, evidence, encoding, count)
    return {
        "study": study,
        "count": count,
        "units": dict.fromkeys(units, "FLOPs") | ({HOURS: measured.unit} if measured and HOURS in units else {}),
        "teacher_share": teacher_share,
        "tasks": _tasks(evidence),
        "cells": cells,
        "values": values,
        "choices": choices(rows, evidence, servings_of(served), shots, encoding),
        "encoding": encoding.of_page(),
        "pages": {name: list(listed) for name, listed in (pages or {}).items()},
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
    modes = (mode.from_model_id(model_id) for mode in HYBRID_MODES)
    return next((mode.cell.model_id for mode in modes if isinstance(mode, HybridMode)), model_id)


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


def _cell(row: Mapping[str, Any], models: Sequence[str], encoding: Encoding) -> dict[str, Any]:
    """A cell of the page without its costs and manifests; ``series`` is the same cell on all data."""
    name = re.sub(r"/seed-\d+(?=/|$)", "", models[0])
    return {
        "name": name,
        "series": re.sub(r"/data-[\d.]+(?=/|$)", "", name),
        "models": list(models),
        "label": encoding.label(row),
        **{key: row[key] for key in ("kind", "corpus", "student", "curriculum", "shots", "seeds", "size_b")},
        "ratio": None if row["ratio"] is None else format_ratio(row["ratio"]),
        "data": format_ratio(row["data_fraction"]),
        "serving": SINGLE,
        **encoding.of_cell(row),
    }


def _add_served(
    served: Sequence[Served],
    cells: list[dict[str, Any]],
    values: Mapping[str, list[list[Any]]],
    evidence: Evidence,
    encoding: Encoding,
    count: str,
) -> None:
    """Append the cells that vote or cut their thoughts; what their table does not have is unknown."""
    for each in served:
        cell = cells[each.cell]
        cells.append(
            {
                **cell,
                "name": f"{cell['name']} {each.serving}",
                "label": f"{cell['label']}, {encoding.serving(each.serving)}",
                "models": [_cut(model, each.budget) for model in cell["models"]],
                "serving": each.serving,
                **encoding.of_cell(evidence.cells.row(each.cell, named=True), each.serving),
            }
        )
        for number, task in enumerate(evidence.tasks):
            own = dict(each.values.get(task, {}))
            own[f"inference_{count}"] = own.pop("inference", None)
            for name, table in values.items():
                table[number].append(own.get(name))


def _cut(model_id: str, budget: ThinkingBudget | None) -> str:
    return model_id if budget is None else f"{model_id}/{BudgetedCell.suffix}-{budget}"


def _tasks(evidence: Evidence) -> list[dict[str, Any]]:
    """The tasks, families first, each with its benchmarks."""
    return [
        {"name": task, "family": evidence.family_of(task), "benchmarks": list(evidence.families.get(task, []))}
        for task in evidence.tasks
    ]


def _values(
    evidence: Evidence,
    uncertainty: pl.DataFrame,
    scores: pl.DataFrame,
    models: Sequence[Sequence[str]],
    units: Mapping[str, UnitCosts],
) -> dict[str, list[list[Any]]]:
    values = _estimates(evidence, uncertainty)
    for unit, costs in units.items():
        values[f"inference_{unit}"] = _lists(costs.inference)
    values["tokens"] = _lists(evidence.values["answer_tokens"][0])
    for name in SHARES:
        values[name] = _lists(_share(evidence, scores, models, name))
    return values | {name: [[None] * len(models) for _ in evidence.tasks] for name in OF_SERVINGS}


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
