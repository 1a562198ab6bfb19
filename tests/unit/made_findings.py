"""A study whose every number is a formula, and the finding of a statement on it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
import pytest

from scale_or_reason.claims.findings import findings
from scale_or_reason.claims.statements import STATEMENTS
from scale_or_reason.claims.study_view import MULTIPLE_CHOICE, OPEN_ENDED
from scale_or_reason.common.table_schemas import SCHEMAS
from scale_or_reason.common.tables import table_from_rows
from scale_or_reason.scoring.evidence import CELL, CELLS_SCHEMA, MEASURES, Evidence
from scale_or_reason.study.cells import Adaptation, AnyModel, BaseStudent, Cell, Teacher

SIZES = {"tiny": 0.5, "small": 1.5, "middle": 3.0, "big": 7.0, "huge": 14.0}


FAMILIES = [*OPEN_ENDED, *MULTIPLE_CHOICE]


TASKS = [
    *FAMILIES,
    "mmlu_pro_law",
    "consumer_qa",
    "mmlu_pro_code",
    "c_code_summarization",
    "mmlu_pro_physics",
    "scibench",
]


RATIOS = (0.0, 0.25, 0.5, 0.75, 1.0)


Formula = Callable[[AnyModel, str], float]


def all_models() -> list[AnyModel]:
    grid = [(corpus, student, ratio) for corpus in ("general", "math") for student in SIZES for ratio in RATIOS]
    models: list[AnyModel] = [Cell(corpus, student, "seq", ratio) for corpus, student, ratio in grid]
    models += [Cell(corpus, student, "mix", ratio) for corpus, student, ratio in grid if 0 < ratio < 1]
    formats = ("ift", "reasoning")
    models += [Adaptation(student, first, second) for student in SIZES for first in formats for second in formats]
    models += [BaseStudent(student, 3) for student in SIZES]
    return [*models, Teacher("teacher", "reasoning"), Teacher("teacher", "ift")]


def made(
    accuracy: Formula,
    *,
    inference: Formula = lambda *_: 1e9,
    training: Callable[[AnyModel], float] = lambda *_: 1e18,
    tokens: Formula = lambda *_: 10.0,
    wrong: Formula = lambda *_: 1.5,
    models: list[AnyModel] | None = None,
) -> Evidence:
    """A study without replicates; accuracies in per cent."""
    models = all_models() if models is None else models
    rows = [
        {name: model.columns()[name] for name in CELL}
        | {"size_b": SIZES.get(model.student), "seeds": 1, "training_flops": training(model)}
        for model in models
    ]
    formulas = dict(zip(MEASURES, (accuracy, inference, tokens, wrong), strict=True))
    values = {
        name: np.array([[[formula(model, task) for task in TASKS] for model in models]], float).reshape(
            1, -1, len(TASKS)
        )
        for name, formula in formulas.items()
    }
    values["accuracy"] = values["accuracy"] / 100
    cells = pl.DataFrame(rows, CELLS_SCHEMA)
    families = {"General-OE": [], "Math-OE": [], "General-MC": [], "Math-MC": [], "Domains": TASKS[4:]}
    return Evidence(cells, tuple(TASKS), families, values)


def size(model: AnyModel) -> float:
    return SIZES[model.student]


def place(model: AnyModel) -> int:
    return list(SIZES).index(model.student) if model.student in SIZES else 0


def row(evidence: Evidence, name: str, **tables: pl.DataFrame) -> dict:
    """The row of one statement."""
    chosen = [statement for statement in STATEMENTS if statement.name == name]
    return findings(evidence, chosen, ["general", "math"], **tables).row(0, named=True)


def ratio_of(model: AnyModel) -> float:
    return float(model.columns()["ratio"] or 0)


def plain(model: AnyModel, task: str) -> float:
    """40 + 2 per place; reasoning adds 10 in proportion to its ratio; the teacher has 80."""
    if isinstance(model, Teacher):
        return 80.0
    return 40 + 2 * place(model) + 10 * ratio_of(model)


def check(found: dict, value: float, verdict: str) -> None:
    assert found["value"] == pytest.approx(value), found
    assert found["verdict"] == verdict, found


def training(model: AnyModel) -> float:
    """Proportional to size, and to 1 for IFT up to 10 for reasoning."""
    return 1e18 * SIZES.get(model.student, 100) * (1 + 9 * ratio_of(model))


def inference(model: AnyModel, task: str) -> float:
    """IFT 1e9 x^0.9; reasoning 8 times x^0.8 as much."""
    base = SIZES.get(model.student, 100)
    return 8e9 * base**0.8 if ratio_of(model) == 1 else 1e9 * base**0.9


def stops(models: list[AnyModel], accuracy: Callable[[AnyModel, int], float]) -> pl.DataFrame:
    """Full answers cost 1e9 per place (ten times for reasoning); stopped ones in proportion to the percentile."""
    rows = []
    for model in models:
        if isinstance(model, Cell) and model.ratio in (0, 1) and model.corpus == "general":
            full = 1e9 * (place(model) + 1) * (10 if model.ratio else 1)
            for family in FAMILIES:
                for percentile in (0, 25, 50, 75, 100):
                    cost = full * max(percentile, 1) / 100
                    values = {"percentile": percentile, "max_tokens": 5, "accuracy": accuracy(model, percentile) / 100}
                    rows.append(
                        model.columns() | {"benchmark": f"{family}-1", "family": family, "flops": cost} | values
                    )
    return table_from_rows(rows, "early_stopping")


def limit_rows(gain: dict[str, float]) -> pl.DataFrame:
    rows = [
        Cell("general", student, "seq", ratio).columns()
        | {
            "benchmark": benchmark,
            "max_tokens": limit,
            "accuracy": 0.5 + (gain[benchmark] / 100 if limit == 200 else 0),
        }
        for student in SIZES
        for ratio in (0.0, 1.0)
        for benchmark in gain
        for limit in (100, 200)
    ]
    return pl.DataFrame(
        [{name: r.get(name) for name in SCHEMAS["length_limits"]} for r in rows], SCHEMAS["length_limits"]
    )
