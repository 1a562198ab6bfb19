"""A small made-up study for the explorer page: its tables as files, and what they say, worked out from these alone."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from scale_or_reason.common.tables import table_from_rows, write_csv, write_table
from scale_or_reason.study.cells import Adaptation, BaseStudent, Cell, Teacher

#: A student whose name would end the page's script or an attribute, if it were not escaped.
NASTY = "x</script><img src=x onerror=alert(1)>\"'&amp;"
SIZES = {"tiny": 0.001, NASTY: 0.002, "big": 0.008}
#: So far apart that the order of the students changes.
EXACTLY = {"tiny": (9.0, 12.0), NASTY: (0.8, 0.7), "big": (0.1, 0.05)}
FAMILIES = {"Math-OE": ("gsm8k", "aime"), "General-MC": ("mmlu_misc", "winogrande")}
CORPORA, RATIOS, CURRICULA = ("general", "math"), (0.0, 0.25, 0.5, 1.0), ("seq", "mix")
#: Without accuracy on these benchmarks, and so without one in the family.
UNANSWERED = {("general/big/seq/rho-1", "aime")}
#: Nobody has counted what its training cost.
UNCOUNTED = "general/tiny/seq/rho-0.25"
MANIFEST = {
    "created": "2026-01-02T03:04:05+00:00",
    "settings": {"learning_rate": 0.00125, "model": "/home/ann/models/tiny"},
    "inputs": {"mixture": {"path": "m.parquet", "sha256": "ab" * 32}},
    "packages": {"torch": "2.13.0+made.up"},
    "python": "3.12.1",
    "git": {"commit": "0123456789abcdef" * 2, "changed": False},
    "hardware": {"processor": "Abacus", "cores": 2, "memory_gib": 3.5, "gpus": []},
    "training": {"seconds": 73.5},
}


@dataclass(frozen=True)
class Entry:
    """A cell on a task; FLOPs are NaN where nobody knows them."""

    name: str
    accuracy: float
    low: float
    high: float
    training: float
    inference: float
    #: FLOPs as the models are built, over those by the papers' formulas: of training, of an answer.
    exactly: tuple[float, float] = (1.0, 1.0)

    def cost(self, axis: str, queries: float, exact: bool = False) -> float:
        """What the page draws it over."""
        more = self.exactly if exact else (1.0, 1.0)
        training, inference = self.training * more[0], self.inference * more[1]
        return {"training": training, "inference": inference, "lifetime": training + queries * inference}[axis]


@dataclass(frozen=True)
class MadeStudy:
    """The page, and every task's entries by the names of the cells."""

    page: Path
    entries: dict[str, dict[str, Entry]]


def models() -> dict[str, Any]:
    """Name of a cell -> its model; one seed each."""
    grid = product(CORPORA, SIZES, CURRICULA, RATIOS)
    cells = [Cell(*values) for values in grid if values[2] == "seq" or values[3] not in (0, 1)]
    others = [Adaptation(student, "ift", "reasoning") for student in SIZES]
    others += [BaseStudent(student, shots) for student in SIZES for shots in (0, 3)]
    others += [Teacher("teacher", name) for name in ("ift", "reasoning")]
    return {model.model_id.removesuffix("/seed-0"): model for model in [*cells, *others]}


def measured() -> dict[tuple[str, str], tuple[float, float]]:
    """(cell, benchmark) -> accuracy, FLOPs of an answer."""
    random, values = np.random.default_rng(5), {}
    benchmarks = [name for names in FAMILIES.values() for name in names]
    for name, model in models().items():
        size, ratio = SIZES.get(model.student, 0.1), getattr(model, "ratio", 0.0)
        for benchmark in benchmarks:
            accuracy = min(0.97, 0.3 + 0.06 * math.log(size / 0.001) + 0.1 * ratio + 0.05 * random.random())
            values[name, benchmark] = (accuracy, size * 1e9 * (200 + 2000 * ratio) * (1 + random.random()))
    return values


def training_flops(name: str, model: Any) -> float:
    """0 for what is not trained here."""
    if not isinstance(model, Cell | Adaptation):
        return 0.0
    ratio = model.ratio if isinstance(model, Cell) else 1.5
    return math.nan if name == UNCOUNTED else SIZES[model.student] * 1e15 * (1 + 5 * ratio) + len(name)


def make_study(root: Path, folder: Path) -> MadeStudy:
    """Write the tables, and have the program make the page of them."""
    values, by_name = measured(), models()
    family_of = {benchmark: family for family, names in FAMILIES.items() for benchmark in names}
    scores, costs, estimates = [], [], []
    entries: dict[str, dict[str, Entry]] = {task: {} for task in (*FAMILIES, *family_of)}
    for name, model in by_name.items():
        cell = model.columns()
        training, exactly = training_flops(name, model), EXACTLY.get(model.student, (1.0, 1.0))
        if training > 0:
            flops = {"flops": training, "exact_flops": training * exactly[0]}
            costs.append(cell | {"stage": "training", "sequences": 1} | flops)
        for benchmark, family in family_of.items():
            accuracy, flops = values[name, benchmark]
            place = {"benchmark": benchmark, "family": family}
            scores.append(
                cell
                | place
                | {"n": 50, "accuracy": accuracy, "answer_tokens_mean": 70.0, "truncated": 5, "unparsable": 0}
            )
            counted = {"flops": 50 * flops, "exact_flops": 50 * flops * exactly[1]}
            costs.append(cell | place | {"stage": "evaluation", "sequences": 50} | counted)
        for task, names in [*FAMILIES.items(), *((benchmark, (benchmark,)) for benchmark in family_of)]:
            own = [values[name, benchmark] for benchmark in names]
            accuracy, flops = (sum(parts) / len(own) for parts in zip(*own, strict=True))
            if any((name, benchmark) in UNANSWERED for benchmark in names):
                accuracy = math.nan
            entries[task][name] = Entry(name, accuracy, accuracy - 0.031, accuracy + 0.042, training, flops, exactly)
            estimates.append(_estimate(cell, task, entries[task][name]))
    files = {"scores": scores, "costs": costs, "uncertainty": [row for row in estimates if row]}
    for table, rows in files.items():
        made = table_from_rows(rows, table)
        if table == "uncertainty":
            write_csv(made, folder / "uncertainty.csv")
        else:
            write_table(made, folder / f"{table}.parquet", table)
    manifest = folder / "models" / "general/tiny/seq/rho-0/seed-0/manifest.json"
    manifest.parent.mkdir(parents=True)
    manifest.write_text(json.dumps(MANIFEST))
    _run(root, folder)
    return MadeStudy(folder / "explorer.html", entries)


def _estimate(cell: dict[str, Any], task: str, entry: Entry) -> dict[str, Any] | None:
    if math.isnan(entry.accuracy):
        return None
    family = next(family for family, names in FAMILIES.items() if task == family or task in names)
    columns = {name: value for name, value in cell.items() if name not in ("model_id", "seed")}
    place = {"seeds": 1, "family": family, "benchmark": None if task in FAMILIES else task}
    bounds = {"accuracy": entry.accuracy, "accuracy_low": entry.low, "accuracy_high": entry.high}
    return columns | place | bounds


def _run(root: Path, folder: Path) -> None:
    families = [{"name": name, "benchmarks": list(names)} for name, names in FAMILIES.items()]
    options = {
        "--study": "made up",
        "--uncertainty": folder / "uncertainty.csv",
        "--scores": folder / "scores.parquet",
        "--costs": folder / "costs.parquet",
        "--models": folder / "models",
        "--answers": folder / "answers",
        "--families": json.dumps(families),
        "--sizes": json.dumps(SIZES),
        "--shots": 3,
        "--style": root / "config" / "style.yaml",
        "--output": folder / "explorer.html",
    }
    words = [str(word) for pair in options.items() for word in pair]
    script = root / "workflow" / "scripts" / "build_explorer.py"
    subprocess.run([sys.executable, script, *words], check=True)


def saved_rows(file: Path) -> pl.DataFrame:
    """The CSV that the page saves."""
    return pl.read_csv(file, infer_schema_length=None)
