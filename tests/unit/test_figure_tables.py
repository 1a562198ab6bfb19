"""What each type of figures draws, against numbers worked out by hand."""

from __future__ import annotations

import json
from math import sqrt

import polars as pl
import pytest
from paper_numbers import cost_table, score_table

from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.table_schemas import SCHEMAS
from scale_or_reason.common.tables import table_from_rows
from scale_or_reason.reporting.figures import (
    accuracy_by_flops,
    accuracy_by_serving,
    accuracy_by_size,
    adaptation,
    answer_length,
    early_stopping,
    family_table,
    inference_by_size,
    length_limit,
    overhead,
    parts,
    ratio_gap,
    sequential,
    shots,
)
from scale_or_reason.reporting.figures.results import Results
from scale_or_reason.reporting.figures.style import Style
from scale_or_reason.study.cells import Adaptation, Adopted, BaseStudent, Cell, Teacher

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


# ---- accuracy by FLOPs ----


@pytest.mark.slow
def test_accuracy_by_flops_has_points_teacher_fits_and_frontier():
    table = accuracy_by_flops.table(study(grid()), **FAMILIES)
    chosen = points(table, "student", "ratio", "flops", "accuracy", cost="inference")
    assert chosen == [
        (student, float(ratio), INFERENCE[student][ratio], ACCURACY[student][ratio])
        for ratio in (0, 1)
        for student in SIZES
    ]
    # s, m, l IFT are the cheapest of their accuracy; m reasoning costs more than l IFT and is less accurate.
    assert points(table, "student", "ratio", cost="inference", on_frontier=True) == [
        ("s", 0.0),
        ("m", 0.0),
        ("l", 0.0),
        ("xl", 0.0),
        ("l", 1.0),
        ("xl", 1.0),
    ]
    assert table.filter(pl.col("element") == "teacher")["accuracy"].to_list() == [0.8, 0.8]
    assert table.filter(pl.col("element") == "fit parameters").height == 4
    curve = table.filter(pl.col("element") == "fit", cost="training", ratio=0.0)
    assert curve["flops"].min() == pytest.approx(1e9)
    assert curve["flops"].max() == pytest.approx(1.6 * 7e11)
    assert curve["accuracy"].max() <= 0.8 + 1e-9
    assert notes(table) == []


@pytest.mark.slow
def test_accuracy_by_flops_ignores_other_models_and_joins_seeds():
    tables = grid()
    others = [
        (cell("s", 0.5), "Math-OE", 0.9),
        (cell("s", 1, "math"), "Math-OE", 0.9),
        (cell("s", 0, seed=1), "Math-OE", 0.2),
    ]
    replica = cost_table({cell("s", 0, seed=1): 3e9}, {(cell("s", 0, seed=1), "Math-OE"): 3e6})
    tables = {
        "scores": pl.concat([tables["scores"], score_table(others)]),
        "costs": pl.concat([tables["costs"], replica]),
    }
    table = accuracy_by_flops.table(study(tables), **FAMILIES, costs=["training"])
    assert len(points(table, "student")) == 8
    # two seeds are one point, at their means, and two dashes
    assert points(table, "accuracy", "flops", student="s", ratio=0.0) == [(pytest.approx(0.15), pytest.approx(2e9))]
    assert table.filter(pl.col("element") == "run").select("flops", "accuracy").rows() == [(1e9, 0.10), (3e9, 0.2)]
    assert notes(table) == [parts.RUNS_NOTE]


@pytest.mark.slow
def test_accuracy_by_flops_shows_adopted_models_outside_of_the_frontier():
    """By training FLOPs only where these are known; better and cheaper than all, and yet no part of the frontier."""
    tables = grid()
    known, unknown = Adopted("theirs"), Adopted("ours")
    scores = score_table([(known, "Math-OE", 0.95), (unknown, "Math-OE", 0.5)])
    costs = cost_table({known: 2e8}, {(known, "Math-OE"): 1e5, (unknown, "Math-OE"): 7e6})
    with_them = {"scores": pl.concat([tables["scores"], scores]), "costs": pl.concat([tables["costs"], costs])}
    table = accuracy_by_flops.table(study(with_them), **FAMILIES)
    adopted = table.filter(pl.col("element") == "adopted")
    assert adopted.select("cost", "student", "flops", "accuracy").rows() == [
        ("training", "theirs", 2e8, 0.95),
        ("inference", "ours", 7e6, 0.5),
        ("inference", "theirs", 1e5, 0.95),
    ]
    alone = accuracy_by_flops.table(study(tables), **FAMILIES)
    assert table.filter(pl.col("element") != "adopted").equals(alone)


@pytest.mark.slow
def test_accuracy_by_flops_says_what_is_missing():
    tables = grid(families=("General-MC", "Math-OE"), teacher=False)
    gone = (pl.col("student") == "m") & (pl.col("ratio") == 1) & (pl.col("family") == "Math-OE")
    tables["scores"] = tables["scores"].filter(~gone.fill_null(False))
    families = ("General-MC", "Math-OE", "Math-MC")
    table = accuracy_by_flops.table(study(tables, families), **FAMILIES)
    assert notes(table, task="Math-OE", cost="training") == [
        "missing: 1M reasoning",
        "no teacher",
        "no reasoning fit: too few points",
    ]
    assert notes(table, task="Math-MC", cost="training") == ["no results", "no teacher"]
    frame = table.filter(pl.col("element") == "note").select("task", "cost", "note")
    text = parts.footnotes(frame, [(task, cost) for task in families for cost in ("training", "inference")])
    assert text == (
        "no teacher; no results (Math-MC); missing: 1M reasoning (Math-OE); no reasoning fit: too few points (Math-OE)"
    )


def test_accuracy_by_flops_shows_all_sequential_ratios():
    tables = grid()
    half = {cell("m", 0.5): 2e10, cell("m", 0.5, curriculum="mix"): 1e10}
    more = score_table([(model, "Math-OE", 0.33) for model in half])
    tables = {
        "scores": pl.concat([tables["scores"], more]),
        "costs": pl.concat([tables["costs"], cost_table(half, {})]),
    }
    table = accuracy_by_flops.table(
        study(tables, ratios=(0, 0.5, 1)), **FAMILIES, costs=["training"], sequential=True, fits=False
    )
    assert points(table, "student", "flops", ratio=0.5) == [("m", 2e10)]
    assert "fit" not in table["element"]
    assert notes(table) == ["missing: 200K 50 %, 3M 50 %, 20M 50 %"]


def test_a_student_of_unknown_size_is_refused():
    with pytest.raises(StudyError, match="size of a student") as caught:
        accuracy_by_flops.table(study(grid(), sizes={"s": 1.0}), **FAMILIES)
    assert "l, m, xl" in str(caught.value)


def test_a_family_without_one_of_its_benchmarks_is_not_averaged():
    row = grid()["scores"].filter(pl.col("kind") == "distilled", student="m", ratio=0.0)
    scores = pl.concat(
        [
            row.with_columns(benchmark=pl.lit("a"), accuracy=pl.lit(0.2), ci_low=pl.lit(0.1), ci_high=pl.lit(0.3)),
            row.with_columns(benchmark=pl.lit("b"), accuracy=pl.lit(0.4), ci_low=pl.lit(0.3), ci_high=pl.lit(0.5)),
        ]
    )
    families = {"Math-OE": ("a", "b"), "General-MC": ("a", "c")}
    table = accuracy_by_size.table(study({"scores": scores}, sizes={"m": 1.0}), **FAMILIES)
    assert notes(table)[0] == "no results"  # of another benchmark
    whole = Results({"scores": scores}, sizes={"m": 1.0}, families=families, corpora=("general",))
    table = accuracy_by_size.table(whole, **FAMILIES)
    # both intervals reach 0.1 to each side: their mean's reaches sqrt(2 * 0.1^2) / 2
    half = sqrt(0.02) / 2
    expected = ("Math-OE", pytest.approx(0.3), pytest.approx(0.3 - half), pytest.approx(0.3 + half))
    assert points(table, "task", "accuracy", "ci_low", "ci_high") == [expected]
    assert "no results" in notes(table, task="General-MC")


# ---- accuracy by size ----


def test_accuracy_by_size_has_a_series_per_corpus_and_format():
    table = accuracy_by_size.table(study(grid(), corpora=("general", "math")), **FAMILIES)
    chosen = table.filter(pl.col("element") == "point")
    assert chosen.select("corpus", "format").unique(maintain_order=True).rows() == [
        (None, "base"),
        ("general", "ift"),
        ("general", "reasoning"),
    ]
    assert points(table, "student", "accuracy", format="reasoning") == [(name, ACCURACY[name][1]) for name in SIZES]
    assert notes(table) == ["missing: math IFT, math reasoning"]


def test_accuracy_by_size_shows_the_wanted_shots():
    scores = score_table([(BaseStudent("s", count), "Law", count / 10) for count in (0, 3, 5)])
    table = accuracy_by_size.table(study({"scores": scores}, ("Law",), sizes={"s": 0.0002}, shots=5), **FAMILIES)
    assert points(table, "accuracy") == [(0.5,)]


@pytest.mark.slow
@pytest.mark.parametrize("figure_type", [accuracy_by_size, accuracy_by_flops])
def test_every_seed_is_drawn(figure_type, root):
    """Dashes of single runs stand where the runs do, whatever else the panel holds."""
    tables, second = grid(), cell("m", 1, seed=1)
    tables = {
        "scores": pl.concat([tables["scores"], score_table([(second, "Math-OE", 0.55)])]),
        "costs": pl.concat([tables["costs"], cost_table({second: 4e10}, {(second, "Math-OE"): 3e7})]),
    }
    table = figure_type.table(study(tables), **FAMILIES)
    style = Style.from_file(root / "config" / "style.yaml")
    with style.applied():
        heights = {
            round(float(height), 6)
            for axes in figure_type.draw(table, style).axes
            for marks in axes.collections
            if marks.get_zorder() == 3.5
            for height in marks.get_offsets()[:, 1]
        }
    assert heights == {0.3, 0.55}
    assert parts.RUNS_NOTE in notes(table)


# ---- gaps ----

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


# ---- lengths and costs of answers ----


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


# ---- base students, table 1 ----


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
