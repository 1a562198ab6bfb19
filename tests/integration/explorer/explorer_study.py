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

from scale_or_reason.common.tables import table_from_rows, write_table
from scale_or_reason.study.cells import Adaptation, BaseStudent, Cell, Teacher

#: A student whose name would end the page's script or an attribute, if it were not escaped.
NASTY = "x</script><img src=x onerror=alert(1)>\"'&amp;"
SIZES = {"tiny": 0.001, NASTY: 0.002, "big": 0.008}
#: FLOPs per second of every job.
SPEED = 1e11
#: So far apart that the order of the students changes.
EXACTLY = {"tiny": (9.0, 12.0), NASTY: (0.8, 0.7), "big": (0.1, 0.05)}
FAMILIES = {"Math-OE": ("gsm8k", "aime"), "General-MC": ("mmlu_misc", "winogrande")}
CORPORA, RATIOS, CURRICULA = ("general", "math"), (0.0, 0.25, 0.5, 1.0), ("seq", "mix")
#: Without accuracy on these benchmarks, and so without one in the family.
UNANSWERED = {("general/big/seq/rho-1", "aime")}
#: Votes and cut thoughts of one cell on one family: accuracy and FLOPs over those of a single answer.
SERVED, SERVINGS = (
    "general/tiny/seq/rho-1",
    {"vote@4": (1.1, 3.5), "budget-16": (0.7, 0.4), "budget-16 vote@4": (0.9, 1.3)},
)
#: FLOPs of the teacher's answers to all prompts, by format; GPUs of a training and of an engine.
TAUGHT, GPUS = {0.0: 2e13, 1.0: 9e13}, (4, 2)
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
    #: FLOPs of the teacher's answers that it learnt from.
    taught: float = 0.0

    def cost(self, axis: str, queries: float, exact: bool = False, hours: bool = False, share: float = 0.0) -> float:
        """What the page draws it over: FLOPs with a share of the teacher's answers, or hours without them."""
        more = self.exactly if exact else (GPUS[0] / SPEED / 3600, GPUS[1] / SPEED / 3600) if hours else (1.0, 1.0)
        training, inference = self.training * more[0] + (share and share * self.taught), self.inference * more[1]
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
    others += [Cell("general", student, "seq", ratio, 0, 0.5) for student in ("tiny", "big") for ratio in (0.0, 1.0)]
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
    part = getattr(model, "data_fraction", 1.0)
    return math.nan if name == UNCOUNTED else part * SIZES[model.student] * 1e15 * (1 + 5 * ratio) + len(name)


def taught_flops(model: Any) -> float:
    """Of the teacher's answers in the two pure formats; nobody has counted the others."""
    if isinstance(model, BaseStudent | Teacher):
        return 0.0
    return TAUGHT.get(model.ratio, math.nan) * model.data_fraction if isinstance(model, Cell) else math.nan


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
            costs.append(cell | {"stage": "training", "sequences": 1, "seconds": training / SPEED} | flops)
        if (taught := taught_flops(model)) > 0:
            costs.append(cell | {"stage": "teacher", "sequences": 1, "flops": taught, "exact_flops": taught})
        for benchmark, family in family_of.items():
            accuracy, flops = values[name, benchmark]
            place = {"benchmark": benchmark, "family": family}
            scores.append(
                cell
                | place
                | {"n": 50, "accuracy": accuracy, "answer_tokens_mean": 70.0, "truncated": 5, "unparsable": 0}
            )
            counted = {"flops": 50 * flops, "exact_flops": 50 * flops * exactly[1]}
            timed = {"seconds": 50 * flops / SPEED}
            costs.append(cell | place | {"stage": "evaluation", "sequences": 50} | timed | counted)
        for task, names in [*FAMILIES.items(), *((benchmark, (benchmark,)) for benchmark in family_of)]:
            own = [values[name, benchmark] for benchmark in names]
            accuracy, flops = (sum(parts) / len(own) for parts in zip(*own, strict=True))
            if any((name, benchmark) in UNANSWERED for benchmark in names):
                accuracy = math.nan
            bounds = (accuracy - 0.031, accuracy + 0.042)
            entries[task][name] = Entry(name, accuracy, *bounds, training, flops, exactly, taught)
            estimates.append(_estimate(cell, task, entries[task][name]))
    served = _add_served(entries, by_name[SERVED].columns())
    page = folder / "inspect" / "items" / "gsm8k" / "test%2F1.html"
    page.parent.mkdir(parents=True)
    page.write_text(f'<!DOCTYPE html><p id="{SERVED}/seed-0">An answer.</p>')
    files = {"test_time": served, "scores": scores, "costs": costs, "uncertainty": [row for row in estimates if row]}
    for table, rows in files.items():
        write_table(table_from_rows(rows, table), folder / f"{table}.parquet", table)
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


def _add_served(entries: dict[str, dict[str, Entry]], cell: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows of ``test_time``; their entries are added."""
    rows = []
    for task in ("Math-OE", *FAMILIES["Math-OE"]):
        single = entries[task][SERVED]
        for serving, (more, dearer) in SERVINGS.items():
            accuracy, flops = single.accuracy * more, single.inference * dearer
            own = Entry(f"{SERVED} {serving}", accuracy, accuracy - 0.02, accuracy + 0.03, single.training, flops)
            entries[task][own.name] = own
            budget, k = (16 if "budget" in serving else None), (4 if "vote" in serving else 1)
            columns = _estimate(cell, task, own) | {"serving": serving, "budget": budget, "k": k}
            rows.append(columns | {"pass_at_k": 0.9, "gain": 0.05, "inference_flops": flops, "answer_tokens": 99.0})
    return rows


def _run(root: Path, folder: Path) -> None:
    families = [{"name": name, "benchmarks": list(names)} for name, names in FAMILIES.items()]
    each = dict.fromkeys(SIZES, GPUS[0])
    gpus = {"unit": "GPU-hours", "training": each, "answering": dict.fromkeys(SIZES, GPUS[1]), "teacher": 1}
    gpus["adaptation_corpora"] = {"from": "general", "to": "math"}
    options = {
        "--study": "made up",
        "--uncertainty": folder / "uncertainty.parquet",
        "--scores": folder / "scores.parquet",
        "--costs": folder / "costs.parquet",
        "--models": folder / "models",
        "--answers": folder / "answers",
        "--families": json.dumps(families),
        "--sizes": json.dumps(SIZES),
        "--shots": 3,
        "--style": root / "config" / "style.yaml",
        "--test-time": folder / "test_time.parquet",
        "--gpus": json.dumps(gpus),
        "--timings": folder / "timings",
        "--pages": folder / "inspect" / "items",
        "--output": folder / "explorer.html",
    }
    words = [str(word) for pair in options.items() for word in pair]
    script = root / "workflow" / "scripts" / "build_explorer.py"
    subprocess.run([sys.executable, script, *words], check=True)


def saved_rows(file: Path) -> pl.DataFrame:
    """The CSV that the page saves."""
    return pl.read_csv(file, infer_schema_length=None)
