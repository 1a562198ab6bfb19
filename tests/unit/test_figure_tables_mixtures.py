"""Tables behind the figures of reasoning ratios, curricula and adaptations."""

from __future__ import annotations

from math import sqrt

import polars as pl
import pytest
from figure_grid import FAMILIES, MIXTURES, TOKENS, TWO, cell, notes, points, study, with_tokens
from paper_numbers import cost_table, score_table

from scale_or_reason.reporting.figures import (
    adaptation,
    ratio_gap,
    sequential,
)
from scale_or_reason.reporting.figures.style import Style
from scale_or_reason.study.cells import Adaptation


def test_gaps_by_size_are_to_the_students_own_ift_model():
    scores = score_table(MIXTURES)
    table = ratio_gap.table(study({"scores": scores}, **TWO), **FAMILIES, by="size")
    found = points(table, "student", "ratio", "gap")
    assert found == [
        ("s", 0.0, 0.0),
        ("s", 0.5, pytest.approx(0.06)),
        ("s", 1.0, pytest.approx(0.10)),
        ("m", 0.0, 0.0),
        ("m", 0.5, pytest.approx(0.12)),
        ("m", 1.0, pytest.approx(0.20)),
    ]
    # Newcombe: distances to the bounds of both accuracies, in squares
    ift, reasoning = (scores.filter(student="m", ratio=ratio).row(0, named=True) for ratio in (0.0, 1.0))
    below = sqrt((0.60 - reasoning["ci_low"]) ** 2 + (ift["ci_high"] - 0.40) ** 2)
    assert points(table, "ci_low", student="m", ratio=1.0) == [(pytest.approx(0.20 - below),)]
    assert notes(table) == []
    lacking = scores.filter(~((pl.col("student") == "m") & (pl.col("ratio") == 0)))
    table = ratio_gap.table(study({"scores": lacking}, **TWO), **FAMILIES, by="size")
    assert [student for (student,) in points(table, "student")] == ["s"] * 3
    assert notes(table) == ["missing: 1M IFT"]


def test_gaps_by_curriculum_are_means_over_students():
    scores = with_tokens(score_table(MIXTURES), TOKENS)
    table = ratio_gap.table(study({"scores": scores}, **TWO), **FAMILIES, by="curriculum")
    assert points(table, "curriculum", "ratio", "gap", "answer_tokens") == [
        ("seq", 0.0, 0.0, 15.0),
        ("seq", 0.5, pytest.approx(0.09), 40.0),
        ("seq", 1.0, pytest.approx(0.15), 60.0),
        ("mix", 0.0, 0.0, 15.0),
        ("mix", 0.5, pytest.approx(0.03), 40.0),
        ("mix", 1.0, pytest.approx(0.15), 60.0),
    ]


def test_reasoning_first_is_a_third_line_with_the_ends_of_the_others(root):
    reverse = [
        (cell(name, 0.5, curriculum="seq-reversed"), "Math-OE", value) for name, value in (("s", 0.2), ("m", 0.5))
    ]
    scores = with_tokens(score_table(MIXTURES + reverse), TOKENS)
    results = study({"scores": scores}, **TWO, curricula=("seq", "mix", "seq-reversed"))
    table = ratio_gap.table(results, **FAMILIES, by="curriculum")
    # the gaps are 0 and 0.1
    assert points(table, "ratio", "gap", curriculum="seq-reversed") == [
        (0.0, 0.0),
        (0.5, pytest.approx(0.05)),
        (1.0, pytest.approx(0.15)),
    ]
    style = Style.from_file(root / "config" / "style.yaml")
    with style.applied():
        _, lengths = ratio_gap.draw(table, style).axes
    entries = [handle.get_label() for handle in ratio_gap.legend(table, style)]
    assert entries[-2:] == ["Reasoning first, gap", "Reasoning first, length"]
    assert len(lengths.lines) == 3


def test_a_mean_over_students_needs_all_that_have_results():
    some = score_table([row for row in MIXTURES if row[0] != cell("m", 0.5, curriculum="mix")])
    table = ratio_gap.table(study({"scores": some}, **TWO), **FAMILIES, by="curriculum")
    assert (0.5,) not in points(table, "ratio", curriculum="mix")
    assert notes(table) == ["missing: 1M mix 50 %"]
    alone = score_table([row for row in MIXTURES if row[0].student == "s"])
    table = ratio_gap.table(study({"scores": alone}, **TWO), **FAMILIES, by="curriculum")
    assert points(table, "gap", curriculum="mix", ratio=0.5) == [(pytest.approx(0.02),)]
    assert notes(table) == ["means without 1M"]


def test_sequential_is_gaps_above_and_training_costs_below():
    tables = {"scores": score_table(MIXTURES), "costs": cost_table({row[0]: 1e9 for row in MIXTURES}, {})}
    table = sequential.table(study(tables, **TWO), **FAMILIES)
    assert len(points(table, "gap", block="gap")) == len(points(table, "flops", block="cost")) == 6
    assert table.filter(pl.col("element") == "point", block="cost")["gap"].null_count() == 6


def test_adaptations_are_compared_with_general_ift():
    rows = [
        (cell("s", 0), "Math-OE", 0.20),
        (cell("s", 1), "Math-OE", 0.30),
        (cell("s", 1, "math"), "Math-OE", 0.15),
        (Adaptation("s", "ift", "reasoning"), "Math-OE", 0.45),
    ]
    names = ("ift-then-ift", "ift-then-reasoning")
    from_to = {"from": "general", "to": "math"}
    settings = {
        "sizes": {"s": 1.0},
        "corpora": ("general", "math"),
        "adaptations": names,
        "adaptation_corpora": from_to,
    }
    table = adaptation.table(study({"scores": score_table(rows)}, **settings), **FAMILIES)
    assert points(table, "series", "gap") == [
        ("general reasoning", pytest.approx(0.10)),
        ("math reasoning", pytest.approx(-0.05)),
        ("ift-then-reasoning", pytest.approx(0.25)),
    ]
    assert notes(table) == ["missing: 1B ift-then-ift"]
