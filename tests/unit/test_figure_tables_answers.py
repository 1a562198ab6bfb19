"""Tables behind the figures of answers, power laws, shots and v2's table 1."""

from __future__ import annotations

import json
from dataclasses import replace

import polars as pl
import pytest
from figure_grid import (
    BENCHMARKS,
    FAMILIES,
    MIXTURES,
    SIZES,
    TOKENS,
    TWO,
    cell,
    grid,
    notes,
    points,
    study,
    with_tokens,
)
from paper_numbers import cost_table, score_table

from scale_or_reason.common.table_schemas import SCHEMAS
from scale_or_reason.common.tables import table_from_rows
from scale_or_reason.reporting.figures import (
    accuracy_by_serving,
    answer_length,
    early_stopping,
    family_table,
    inference_by_size,
    length_limit,
    overhead,
    shots,
)
from scale_or_reason.reporting.figures.results import Results
from scale_or_reason.study.cells import BaseStudent


def test_overhead_is_the_ratio_of_lengths_and_the_gain():
    scores = with_tokens(score_table(MIXTURES), TOKENS)
    table = overhead.table(study({"scores": scores}, **TWO), **BENCHMARKS, by_size=True)
    assert points(table, "student", "token_factor", "gap") == [
        ("s", 4.0, pytest.approx(0.10)),
        ("m", 4.0, pytest.approx(0.20)),
    ]
    longer = with_tokens(score_table(MIXTURES), TOKENS | {("m", 1): 180})
    table = overhead.table(study({"scores": longer}, **TWO), **BENCHMARKS, by_size=False)
    # the geometric mean of 4 and 9
    assert points(table, "task", "token_factor", "gap") == [("Math-OE-1", pytest.approx(6.0), pytest.approx(0.15))]
    without = longer.filter(~((pl.col("student") == "m") & (pl.col("ratio") == 1)))
    table = overhead.table(study({"scores": without}, **TWO), **BENCHMARKS, by_size=False)
    assert points(table, "task") == []
    assert notes(table) == ["missing: 1M reasoning", "no results"]


def test_answer_lengths_are_means_over_benchmarks_and_need_all():
    tokens = {("a", True): 100, ("a", False): 200, ("b", True): 300, ("b", False): 500}
    rows = [
        cell(student, 1).columns() | {"benchmark": name, "right": right, "answer_tokens_mean": float(count)}
        for student in ("s", "m")
        for (name, right), count in tokens.items()
        if (student, name, right) != ("s", "b", True)
    ]
    scores = score_table([(cell("m", 1), "a", 0.5), (cell("m", 1), "b", 0.3)])
    scores = scores.with_columns(benchmark=pl.col("benchmark").str.head(1))
    tables = {"answer_lengths": table_from_rows(rows, "answer_lengths"), "scores": scores}
    whole = Results(tables, sizes={"s": 1.0, "m": 2.0}, families={"Math-OE": ("a", "b")}, corpora=("general",))
    table = answer_length.table(whole, **FAMILIES)
    assert points(table, "student", "right_tokens", "wrong_tokens", "accuracy") == [
        ("s", None, 350.0, None),
        ("m", 200.0, 350.0, pytest.approx(0.4)),
    ]
    assert notes(table) == ["no length of right answers: 1B b", "missing: 1B"]
    # sizes of one benchmark are listed together, and a panel that is the benchmark does not repeat its name
    both = tables | {"answer_lengths": tables["answer_lengths"].filter(~pl.col("right"), pl.col("benchmark") == "b")}
    table = answer_length.table(replace(whole, tables=both), **FAMILIES)
    assert notes(table)[:2] == [
        "no length of right answers: 1B/2B a, 1B/2B b",
        "no length of wrong answers: 1B/2B a",
    ]
    table = answer_length.table(replace(whole, tables=both), tasks="benchmarks")
    assert notes(table)[0] == "no length of right answers: 1B/2B"


def test_stopped_answers_are_means_over_benchmarks():
    def stopped(benchmark, values, ratio=1):
        keys = ("percentile", "accuracy", "flops")
        own = cell("s", ratio).columns() | {"benchmark": benchmark}
        return [own | dict(zip(keys, value, strict=True)) for value in values]

    first = [(0, 0.0, 1e6), (25, 0.2, 2e6), (50, 0.4, 3e6), (75, 0.5, 5e6), (100, 0.6, 9e6)]
    second = [(0, 0.0, 3e6), (25, 0.0, 4e6), (50, 0.2, 5e6), (75, 0.3, 7e6), (100, 0.3, 9e6)]
    rows = stopped("a", first) + stopped("b", second) + stopped("a", first, ratio=0)
    tables = {"early_stopping": table_from_rows(rows, "early_stopping")}
    whole = Results(tables, sizes={"s": 1.0}, families={"Math-OE": ("a", "b")}, corpora=("general",))
    table = early_stopping.table(whole, **FAMILIES)
    assert points(table, "format", "percentile", "flops", "accuracy", "on_frontier") == [
        ("reasoning", 0, 2e6, 0.0, True),
        ("reasoning", 25, 3e6, pytest.approx(0.1), True),
        ("reasoning", 50, 4e6, pytest.approx(0.3), True),
        ("reasoning", 75, 6e6, pytest.approx(0.4), True),
        ("reasoning", 100, 9e6, pytest.approx(0.45), True),
    ]
    assert notes(table) == ["missing: 1B IFT"]  # one of two benchmarks is there


def test_length_limits_are_shown_by_format_and_limit():
    measured = ((0, 10, 0.1), (0, 20, 0.1), (1, 10, 0.3), (1, 20, 0.5))
    rows = [
        cell("s", ratio).columns() | {"benchmark": "aime", "max_tokens": limit, "accuracy": accuracy}
        for ratio, limit, accuracy in measured
    ]
    settings = {"sizes": {"s": 1.0}, "corpora": ("general",), "limits": (10, 20), "limited_benchmarks": ("aime",)}
    whole, fewer = (
        Results({"length_limits": table_from_rows(own, "length_limits")}, families={"Math-OE": ("aime",)}, **settings)
        for own in (rows, rows[:3])
    )
    assert points(length_limit.table(whole), "format", "max_tokens", "accuracy") == [
        ("ift", 10, 0.1),
        ("ift", 20, 0.1),
        ("reasoning", 10, 0.3),
        ("reasoning", 20, 0.5),
    ]
    assert notes(length_limit.table(fewer)) == ["missing: 1B reasoning with 20 tokens"]
    assert "study.length_limits" in notes(length_limit.table(Results({})))[0]


def test_ways_to_answer_stand_beside_single_answers():
    ways = (("single", None, 1, 1.0, 0.3), ("vote@4", None, 4, 4.0, 0.5), ("budget-64", 64, 1, 0.5, 0.2))
    own = cell("s", 1).columns() | {"family": "Math-OE", "size_b": 1.0}
    names = ("serving", "budget", "k", "inference_flops", "accuracy")
    empty = dict.fromkeys(SCHEMAS["test_time"])
    rows = [
        empty | {key: own.get(key) for key in empty} | {"benchmark": benchmark} | dict(zip(names, way, strict=True))
        for benchmark, own_ways in (("aime", ways), ("gsm8k", ways[:1]))
        for way in own_ways
    ]
    settings = {"sizes": {"s": 1.0}, "corpora": ("general",), "families": {"Math-OE": ("aime", "gsm8k")}}
    table = accuracy_by_serving.table(Results({"test_time": table_from_rows(rows, "test_time")}, **settings))
    # the benchmark with further ways, since the family has none
    assert points(table, "task", "serving", "flops", "on_frontier") == [
        ("aime", "single", 1.0, True),
        ("aime", "vote@4", 4.0, True),
        ("aime", "budget-64", 0.5, True),
    ]
    assert "samples_per_item" in notes(accuracy_by_serving.table(Results({}, **settings)))[0]
    # a family with votes of its own, and the benchmark with a budget that the family lacks
    of_family = [row | {"benchmark": None} for row in rows[:2]]
    both = Results({"test_time": table_from_rows([*rows, *of_family], "test_time")}, **settings)
    found = points(accuracy_by_serving.table(both), "task", "serving")
    assert found[:2] == [("Math-OE", "single"), ("Math-OE", "vote@4")]
    assert found[2:] == [("aime", name) for name, *_ in ways]
    # a second student without budgets, a third one without answers
    small = [row | {"student": "t", "size_b": 0.5} for row in rows[:2]]
    settings["sizes"] |= {"t": 0.5, "u": 0.25}
    fewer = Results({"test_time": table_from_rows([*rows, *small], "test_time")}, **settings)
    assert notes(accuracy_by_serving.table(fewer)) == ["missing: 0.25B reasoning", "no budget-64: 0.5B reasoning"]
    alike = [row | {"benchmark": None} for row in rows[:3]]
    family = Results({"test_time": table_from_rows([*rows, *alike], "test_time")}, **settings)
    assert {task for task, _ in points(accuracy_by_serving.table(family), "task", "serving")} == {"Math-OE"}


def test_power_laws_go_through_exact_laws_and_on():
    sizes = {"a": 1.0, "b": 2.0, "c": 4.0, "d": 8.0}
    scores = score_table([(cell(name, ratio), "Math-OE", 0.5) for name in sizes for ratio in (0, 1)])
    flops = {(cell(name, 0), "Math-OE"): 3e11 * size**0.75 for name, size in sizes.items()}
    flops |= {(cell(name, 1), "Math-OE"): 2e12 * size**0.75 for name, size in sizes.items()}
    whole = study({"scores": scores, "costs": cost_table({}, flops)}, sizes=sizes)
    table = inference_by_size.table(whole, **FAMILIES, extended=True)
    laws = [json.loads(note) for note in table.filter(pl.col("element") == "law parameters")["note"]]
    assert [(law["alpha"], law["beta"]) for law in laws] == [
        (pytest.approx(3e11, rel=1e-3), pytest.approx(0.75, rel=1e-3)),
        (pytest.approx(2e12, rel=1e-3), pytest.approx(0.75, rel=1e-3)),
    ]
    law = table.filter(pl.col("element") == "law", format="reasoning")
    assert (law["size_b"].min(), law["size_b"].max()) == (1.0, 40.0)
    assert law["flops"].max() == pytest.approx(2e12 * 40**0.75, rel=1e-3)
    assert inference_by_size.table(whole, **FAMILIES, extended=False)["size_b"].max() == 8.0


def test_shots_of_base_students():
    scores = score_table([(BaseStudent("s", count), "Law", 0.1 + count / 10) for count in (0, 1, 5)])
    whole = study({"scores": scores}, ("Law",), sizes={"s": 1.0}, base_shots=(0, 1, 3))
    table = shots.table(whole, tasks="families")
    assert points(table, "shots", "accuracy") == [(0, pytest.approx(0.1)), (1, pytest.approx(0.2))]
    assert notes(table) == ["missing: 1B with 3 shots"]


def test_the_table_has_all_students_and_shifts():
    table = family_table.table(study(grid(), sizes=SIZES | {"xxl": 1.0}), **FAMILIES)
    rows = table.filter(pl.col("element") == "cell")
    assert rows.select("student", "ift", "reasoning", "shift", "teacher").rows() == [
        ("s", 10.0, 8.0, -2.0, 80.0),
        ("m", 25.0, 30.0, 5.0, 80.0),
        ("l", 35.0, 50.0, 15.0, 80.0),
        ("xl", 40.0, 62.0, 22.0, 80.0),
        ("xxl", None, None, None, 80.0),
    ]
    assert notes(table) == ["missing: general 1B IFT (Math-OE), general 1B reasoning (Math-OE)"]
