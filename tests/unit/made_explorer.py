"""A small study for the explorer, and its content."""

from __future__ import annotations

import re
from pathlib import Path

from scale_or_reason.common.tables import table_from_rows
from scale_or_reason.reporting.explorer.data import explorer_data
from scale_or_reason.reporting.figures.style import Style
from scale_or_reason.study.cells import Adaptation, BaseStudent, Cell, Teacher

STYLE = Style.from_file(Path(__file__).parents[2] / "config" / "style.yaml")
#: A family of two benchmarks, and one whose name must not end the page's script.
NASTY = '</script><script>alert("1")</script>&\''
FAMILIES = {"easy": "Math-OE", "hard": "Math-OE", "odd": NASTY}
SIZES = {"s": 0.001, "m": 0.004}
IFT, MIXED = Cell("general", "s", "seq", 0.0), Cell("math", "m", "mix", 0.25)
REASONING = [Cell("general", "s", "seq", 1.0, seed) for seed in (0, 1)]
ADAPTED, BASE, TEACHER = Adaptation("m", "ift", "reasoning"), BaseStudent("s", 3), Teacher("t", "reasoning")
MODELS = [IFT, *REASONING, MIXED, ADAPTED, BASE, BaseStudent("s", 0), TEACHER]
#: FLOPs of training; nobody has counted those of the mixture.
TRAINING = {IFT: 10.0, REASONING[0]: 60.0, REASONING[1]: 80.0, ADAPTED: 200.0}


def scores(left_out=()):
    rows = [
        model.columns()
        | {"benchmark": benchmark, "family": family, "n": 10, "accuracy": 0.5, "answer_tokens_mean": 20.0 + rank}
        | {"truncated": rank, "unparsable": 0}
        for rank, model in enumerate(MODELS)
        for benchmark, family in FAMILIES.items()
        if (model, benchmark) not in left_out
    ]
    return table_from_rows(rows, "scores")


def costs():
    """An answer of the n-th model costs n FLOPs on the easy benchmark, 3n on the hard one, 5n on the odd one."""
    rows = [
        model.columns() | {"stage": "training", "sequences": 1, "flops": flops, "exact_flops": 2 * flops}
        for model, flops in TRAINING.items()
    ]
    # the teacher's answers are no cost of the student here
    rows.append(IFT.columns() | {"stage": "teacher", "sequences": 1, "flops": 1000.0, "exact_flops": 1000.0})
    rows += [
        model.columns()
        | {"stage": "evaluation", "benchmark": benchmark, "family": FAMILIES[benchmark], "sequences": 4}
        | {"flops": 4.0 * rank * factor, "exact_flops": 40.0 * rank * factor}
        for rank, model in enumerate(MODELS)
        for benchmark, factor in (("easy", 1), ("hard", 3), ("odd", 5))
    ]
    return table_from_rows(rows, "costs")


def estimate(model, benchmark, **values):
    columns = {name: value for name, value in model.columns().items() if name not in ("model_id", "seed")}
    return columns | {"family": FAMILIES.get(benchmark, "Math-OE"), "benchmark": benchmark, **values}


def estimates(*rows):
    return table_from_rows(list(rows), "uncertainty")


def data(**changes):
    tables = {"uncertainty": estimates(), "scores": scores(), "costs": costs(), "summaries": []}
    fixed = {"study": "mine", "families": FAMILIES, "sizes": SIZES, "shots": 3, "style": STYLE}
    return explorer_data(**{**fixed, **tables, **changes})


def place(content, model):
    name = re.sub("/seed-.*", "", model.model_id)
    return next(number for number, cell in enumerate(content["cells"]) if cell["name"] == name)


def task(content, name):
    return next(number for number, one in enumerate(content["tasks"]) if one["name"] == name)


MANIFEST = {
    "created": "2026-01-02T03:04:05+00:00",
    "settings": {
        "model": "/home/ann/models/mine",
        "revision": None,
        "learning_rate": 1e-5,
        "sampling": {"temperature": 0.5, "stop": ["a", "/b/c"]},
        "endpoint": "http://node17.cluster:8000/v1",
    },
    "inputs": {"mixture": {"path": "/data/x.parquet", "sha256": "0123456789abcdef" * 4}},
    "packages": {"torch": "2.13.0"},
    "python": "3.12.1",
    "git": {"commit": "f" * 40, "changed": True},
    "hardware": {"processor": "A", "cores": 2, "memory_gib": 3.5, "gpus": ["H100", "H100"]},
    "training": {"seconds": 12.5},
    "seconds": 99.0,
}
