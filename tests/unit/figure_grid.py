"""A grid of students with numbers that are easy to compute with, and how its figures' tables are read."""

from __future__ import annotations

import polars as pl
from paper_numbers import cost_table, score_table

from scale_or_reason.reporting.figures.results import Results
from scale_or_reason.study.cells import BaseStudent, Cell, Teacher

SIZES = {"s": 0.0002, "m": 0.001, "l": 0.003, "xl": 0.02}


#: IFT and reasoning accuracy by student, and FLOPs of training and of one answer.
ACCURACY = {"s": (0.10, 0.08), "m": (0.25, 0.30), "l": (0.35, 0.50), "xl": (0.40, 0.62)}


TRAINING = {"s": (1e9, 8e9), "m": (5e9, 4e10), "l": (2e10, 1.6e11), "xl": (9e10, 7e11)}


INFERENCE = {"s": (1e6, 7e6), "m": (4e6, 3e7), "l": (1.5e7, 1e8), "xl": (7e7, 5e8)}


BENCHMARKS = {"tasks": "main benchmarks"}


FAMILIES = {"tasks": "main families"}


def cell(student, ratio, corpus="general", curriculum="seq", seed=0):
    return Cell(corpus, student, curriculum, float(ratio), seed)


def study(tables, families=("Math-OE",), **changes):
    """A study whose families have one benchmark each, called as in ``score_table``."""
    settings = {"sizes": SIZES, "corpora": ("general",), "ratios": (0, 1), "curricula": ("seq", "mix")}
    benchmarks = {family: (f"{family}-1",) for family in families}
    return Results(tables, **{**settings, "families": benchmarks, **changes})


def grid(families=("Math-OE",), teacher=True):
    """Scores and costs of students of one format on the general corpus, of base students and a teacher."""
    rows, training, inference = [], {}, {}
    for family in families:
        for student in SIZES:
            rows.append((BaseStudent(student, 3), family, 0.05))
            for ratio in (0, 1):
                model = cell(student, ratio)
                rows.append((model, family, ACCURACY[student][ratio]))
                training[model] = TRAINING[student][ratio]
                inference[model, family] = INFERENCE[student][ratio]
        if teacher:
            rows += [(Teacher("t", "ift"), family, 0.6), (Teacher("t", "reasoning"), family, 0.8)]
    return {"scores": score_table(rows), "costs": cost_table(training, inference)}


def points(table, *columns, **where):
    return table.filter(pl.col("element") == "point", **where).select(columns).rows()


def notes(table, **where):
    return table.filter(pl.col("element") == "note", **where)["note"].to_list()


def with_tokens(scores, tokens):
    """``scores`` with the mean length of answers by (student, ratio)."""
    lookup = pl.DataFrame(
        [(student, float(ratio), count) for (student, ratio), count in tokens.items()],
        schema={"student": pl.String, "ratio": pl.Float64, "tokens": pl.Float64},
        orient="row",
    )
    joined = scores.join(lookup, on=["student", "ratio"], how="left", maintain_order="left")
    return joined.with_columns(answer_tokens_mean=pl.col("tokens")).drop("tokens")


MIXTURES = [
    (cell("s", 0), "Math-OE", 0.20),
    (cell("s", 0.5), "Math-OE", 0.26),
    (cell("s", 0.5, curriculum="mix"), "Math-OE", 0.22),
    (cell("s", 1), "Math-OE", 0.30),
    (cell("m", 0), "Math-OE", 0.40),
    (cell("m", 0.5), "Math-OE", 0.52),
    (cell("m", 0.5, curriculum="mix"), "Math-OE", 0.44),
    (cell("m", 1), "Math-OE", 0.60),
]


TOKENS = {("s", 0): 10, ("s", 0.5): 30, ("s", 1): 40, ("m", 0): 20, ("m", 0.5): 50, ("m", 1): 80}


TWO = {"sizes": {"s": 0.0002, "m": 0.001}, "ratios": (0, 0.5, 1)}
