"""Studies whose optimum over size, format and amount of data is known: frontiers, contrasts, findings and advice."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import product

import numpy as np
import polars as pl
import pytest
from made_outcomes import outcome_table, training_costs
from paper_numbers import cost_table, score_table
from programs import call

from scale_or_reason.analysis.advice import advice, offers, regions
from scale_or_reason.analysis.bootstrap import bootstrap
from scale_or_reason.analysis.contrasts import ANY_DATA, contrasts, frontier_table, uncertainty
from scale_or_reason.analysis.data_scaling import data_fits
from scale_or_reason.claims.data_statements import DATA_STATEMENTS, data_statements
from scale_or_reason.claims.findings import findings
from scale_or_reason.common.tables import table_from_rows, write_table
from scale_or_reason.scoring.evidence import Evidence
from scale_or_reason.study.cells import Cell, parse_model_id

SIZES = {"0.5B": 0.5, "1.5B": 1.5, "3B": 3.0, "7B": 7.0, "14B": 14.0}
FRACTIONS, FORMATS = (0.125, 0.25, 0.5, 1.0), (0.0, 1.0)
PAIRS, ITEMS = 400_000, 2000
#: Tokens of a training sequence and of an answer; reasoning is long.
TOKENS, ANSWER = {0.0: 400, 1.0: 3000}, {0.0: 60, 1.0: 900}


def true_accuracy(size: float, fraction: float, ratio: float) -> float:
    """Reasoning has the higher ceiling and needs a larger student; both saturate in size and in data."""
    ceiling, by_size, by_data = {0.0: (0.72, 0.25, 0.12), 1.0: (0.9, 0.5, 0.1)}[ratio]
    return ceiling - by_size * size**-0.45 - by_data * (fraction * PAIRS / 1e5) ** -0.5


def cost_of_training(size: float, fraction: float, ratio: float) -> float:
    return 6 * size * 1e9 * TOKENS[ratio] * fraction * PAIRS


def cost_of_answer(size: float, ratio: float) -> float:
    return 2 * size * 1e9 * ANSWER[ratio]


Key = tuple[str, float, float]
GRID: list[Key] = list(product(SIZES, FRACTIONS, FORMATS))
#: Right of all items, so that measured accuracies are the true ones to 1/ITEMS; no two are equal.
RIGHT = {(name, part, ratio): round(ITEMS * true_accuracy(SIZES[name], part, ratio)) for name, part, ratio in GRID}


def made(right_of: Mapping[Key, int] = RIGHT, replicates: int = 1500) -> Evidence:
    """The evidence of models with so many right answers."""
    right, training, answers = {}, {}, {}
    for (name, part, ratio), count in right_of.items():
        model = Cell("general", name, "seq", ratio, 0, part).model_id
        right[model] = {"gsm8k": [1] * count + [0] * (ITEMS - count)}
        training[model] = cost_of_training(SIZES[name], part, ratio)
        answers[model] = [cost_of_answer(SIZES[name], ratio)] * ITEMS
    outcomes = outcome_table(right, flops=answers)
    costs = training_costs(training)
    return bootstrap(outcomes, costs, {"gsm8k": "Math-OE"}, SIZES, seed=0, replicates=replicates)


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    return made()


@pytest.fixture(scope="module")
def whole() -> Evidence:
    return made({key: count for key, count in RIGHT.items() if key[1] == 1})


def best_within(budget: float, queries: float) -> str | None:
    """By trying all: the most accurate model whose training and answers the budget pays."""
    affordable = [
        (RIGHT[name, part, ratio], Cell("general", name, "seq", ratio, 0, part).model_id.removesuffix("/seed-0"))
        for name, part, ratio in GRID
        if cost_of_training(SIZES[name], part, ratio) + queries * cost_of_answer(SIZES[name], ratio) <= budget
    ]
    return max(affordable)[1] if affordable else None


@pytest.mark.slow
def test_advice_finds_the_optimum_over_size_format_and_data(evidence: Evidence) -> None:
    offered = offers(evidence, "Math-OE")
    assert len(offered) == len(GRID)
    budgets, numbers = np.geomspace(1e17, 1e21, 25), [1.0, 1e6, 1e8]
    found = regions(evidence, offered, budgets, np.array(numbers))
    assert found["best"].to_list() == [best_within(budget, count) for budget, count in product(budgets, numbers)]
    parts = {(row["ratio"], row["data_fraction"]) for row in found.drop_nulls("best").iter_rows(named=True)}
    assert len(parts) > 4  # the optimum moves over both
    assert any(part < 1 for _, part in parts)
    (row,) = advice(evidence, [offered], 1e20, 1e6, "FLOPs").to_dicts()
    assert row["best"] == best_within(1e20, 1e6)


def test_a_smaller_part_is_a_cell_of_its_own(evidence: Evidence, whole: Evidence) -> None:
    assert evidence.cells.height == len(GRID) and whole.cells.height == len(GRID) // len(FRACTIONS)
    # with parts or without, what is trained on all of the data is the same, to the replicate
    for cell in range(whole.cells.height):
        row = whole.cells.row(cell, named=True)
        same = evidence.find(row["student"], "general", row["ratio"])
        assert same is not None and evidence.name(same) == whole.name(cell)
        assert np.array_equal(evidence.get("accuracy", same, "gsm8k"), whole.get("accuracy", cell, "gsm8k"))
    # the gap of a reasoning student is to IFT on the same part
    gaps = uncertainty(evidence).filter(pl.col("benchmark").is_null(), student="3B", ratio=1.0)
    for row in gaps.iter_rows(named=True):
        key = ("3B", row["data_fraction"])
        assert row["gap"] == pytest.approx((RIGHT[(*key, 1.0)] - RIGHT[(*key, 0.0)]) / ITEMS)


@pytest.mark.slow
def test_the_frontier_over_data_is_one_more_competition(evidence: Evidence, whole: Evidence) -> None:
    table = frontier_table(evidence).filter(pl.col("benchmark").is_null(), cost="training")
    points = {key: (cost_of_training(SIZES[key[0]], *key[1:]), count) for key, count in RIGHT.items()}
    expected = {
        key
        for key, (cost, count) in points.items()
        if not any(
            (other_cost <= cost and other > count) or (other_cost < cost and other == count)
            for other_cost, other in points.values()
        )
    }
    own = table.filter(among=ANY_DATA)
    found = {(row["student"], row["data_fraction"], row["ratio"]) for row in own.filter("on_frontier").to_dicts()}
    assert own.height == len(GRID) and found == expected
    assert table.filter(among="formats").height == len(GRID) // len(FRACTIONS)
    # a study without parts has the tables that it had
    assert ANY_DATA not in frontier_table(whole)["among"].to_list()
    assert set(contrasts(whole)["ift_data"]) == {"whole"}
    shared = [name for name in table.columns if name not in ("below", "probability", "probability_near")]
    for_all = frontier_table(whole).filter(pl.col("benchmark").is_null(), cost="training")
    assert table.filter(pl.col("among") != ANY_DATA).select(shared).equals(for_all.select(shared))


@pytest.mark.slow
def test_equal_compute_where_data_is_free(evidence: Evidence) -> None:
    table = contrasts(evidence).filter(pl.col("benchmark").is_null(), cost="training", student="1.5B", ratio=1.0)
    whole, *parts = table.sort("ift_data", descending=True).to_dicts()
    assert (whole["ift_data"], whole["data_fraction"]) == ("whole", 1.0)
    assert [row["ift_data"] for row in parts] == ["any"] * len(FRACTIONS)
    for row in parts:
        cost = cost_of_training(1.5, row["data_fraction"], 1.0)
        ift = sorted(
            (cost_of_training(SIZES[name], part, 0.0), RIGHT[name, part, 0.0] / ITEMS)
            for name, part in product(SIZES, FRACTIONS)
        )
        # the best of no higher cost, joined over the logarithm of cost
        costs = np.log([price for price, _ in ift])
        envelope = np.maximum.accumulate([accuracy for _, accuracy in ift])
        expected = np.interp(np.log(cost), costs, envelope)
        if cost <= ift[-1][0]:
            assert row["ift_accuracy"] == pytest.approx(expected)
        else:
            assert row["note"].startswith("more expensive than any IFT student")
    # an IFT student that may choose its data is at least as good as one that may not
    (same,) = [row for row in parts if row["data_fraction"] == 1]
    if whole["ift_accuracy"] is not None:
        assert same["ift_accuracy"] >= whole["ift_accuracy"] - 1e-12


def test_whether_ift_defines_the_frontier_where_data_is_free(evidence: Evidence, whole: Evidence) -> None:
    assert data_statements(whole) == ()
    (row,) = findings(evidence, data_statements(evidence), ["general"]).to_dicts()
    points = [
        (cost_of_training(SIZES[name], part, ratio), RIGHT[name, part, ratio], ratio) for name, part, ratio in GRID
    ]

    def reasoning_on_frontier(points: list[tuple[float, int, float]]) -> int:
        return sum(
            ratio == 1
            and not any(other <= cost and better >= count for other, better, _ in points[:at] + points[at + 1 :])
            for at, (cost, count, ratio) in enumerate(points)
        )

    number = reasoning_on_frontier(points)
    assert (row["value"], row["parts"], row["verdict"]) == (number, 20, "contradicted" if number else "supported")
    all_data = [point for point, (_, part, _) in zip(points, GRID, strict=True) if part == 1]
    assert row["note"].startswith(f"with all of the data {reasoning_on_frontier(all_data)} of 5")
    assert DATA_STATEMENTS[0].name == row["name"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("with_parts", "without", "ift_without"),
    [
        (lambda size, ratio: True, "", None),
        (lambda size, ratio: ratio == 0, "reasoning", None),
        (lambda size, ratio: ratio == 1, "IFT", "IFT"),
        (
            lambda size, ratio: ratio == 0 and size in (0.5, 3),
            "1.5B, 7B and 14B IFT and reasoning",
            "1.5B, 7B and 14B IFT",
        ),
        (lambda size, ratio: size < 14, "14B IFT and 14B reasoning", "14B IFT"),
    ],
)
def test_formats_without_parts_are_named(with_parts, without: str, ift_without: str | None) -> None:
    kept = {key: count for key, count in RIGHT.items() if key[1] == 1 or with_parts(SIZES[key[0]], key[2])}
    some = made(kept, replicates=2)
    (row,) = findings(some, data_statements(some), ["general"]).to_dicts()
    beginning = "IFT defines the training frontier also where the amount of data is free"
    exception = f" (but for {without})" if without else ""
    assert row["statement"].startswith(f"{beginning}{exception}: none of")
    assert row["note"].partition("; ")[2] == (f"no parts of the data: {without}" if without else "")
    noted = contrasts(some).filter(ift_data="any")["note"].to_list()
    expected = f"no parts of the data: {ift_without}"
    assert all((note or "").startswith(expected) == bool(ift_without) for note in noted) and noted
    assert not any("no parts" in (note or "") for note in contrasts(some).filter(ift_data="whole")["note"])


def test_the_map_names_the_part_of_the_data(root) -> None:
    from scale_or_reason.reporting.figures.advice import draw
    from scale_or_reason.reporting.figures.style import Style

    row = {"family": "Math-OE", "best": "a", "student": "14B", "size_b": 14.0, "ratio": 0.0, "reasons": False}
    rows = [
        row | {"budget": budget, "queries": queries, "data_fraction": 0.25}
        for budget, queries in product(np.geomspace(1, 100, 9), np.geomspace(1, 100, 9))
    ]
    style = Style.from_file(root / "config" / "style.yaml")
    with style.applied():
        figure = draw(table_from_rows(rows, "regions"), style, budget=10.0, queries=10.0, unit="FLOPs")
    texts = [text.get_text() for axes in figure.axes for text in axes.texts]
    assert "14B\n25 % data" in texts
    assert parse_model_id("general/14B/seq/rho-0/data-0.25/seed-0").data_fraction == 0.25  # as the advice names it


def pairs_of(evidence: Evidence) -> np.ndarray:
    return evidence.cells["data_fraction"].to_numpy() * PAIRS


@pytest.mark.slow
def test_the_function_of_size_and_data_is_found_where_it_holds(evidence: Evidence) -> None:
    fits = {row["format"]: row for row in data_fits(evidence, pairs_of(evidence)).iter_rows(named=True)}
    assert list(fits) == ["ift", "reasoning"]
    size, pairs = np.exp(np.mean(np.log(list(SIZES.values())))), np.exp(np.mean(np.log(np.array(FRACTIONS) * PAIRS)))
    for name, (ceiling, by_size, by_data) in {"ift": (0.72, 0.25, 0.12), "reasoning": (0.9, 0.5, 0.1)}.items():
        row = fits[name]
        assert (row["status"], row["models"]) == ("ok", 20)
        assert row["reference_size_b"] == pytest.approx(size, rel=1e-4)
        assert row["reference_pairs"] == pytest.approx(pairs, rel=1e-4)
        truth = {
            "ceiling": ceiling,
            "size_loss": by_size * size**-0.45,
            "size_exponent": 0.45,
            "data_loss": by_data * (pairs / 1e5) ** -0.5,
            "data_exponent": 0.5,
            "size_share": 0.5 / 0.95,
        }
        for parameter, value in truth.items():
            # rounding to 1/2000 of an answer moves the exponents by some per cent
            assert row[parameter] == pytest.approx(value, rel=0.1), parameter
            assert row[f"{parameter}_low"] <= value <= row[f"{parameter}_high"], parameter
        assert row["mean_absolute_error"] < 1 / ITEMS


def of_accuracy(accuracy: Callable[[float, float], float], fractions: tuple[float, ...] = FRACTIONS) -> dict[Key, int]:
    return {
        (name, part, 0.0): round(ITEMS * accuracy(size, part)) for name, size in SIZES.items() for part in fractions
    }


@pytest.mark.slow
@pytest.mark.parametrize(
    ("right_of", "status"),
    [
        (of_accuracy(lambda size, part: 0.3 + 0.1 * np.log(size + 1), (0.5, 1.0)), "fewer than 3 parts of the data"),
        (
            {key: count for key, count in RIGHT.items() if key[0] in ("3B", "7B") and key[2] == 0},
            "fewer than 3 sizes",
        ),
        (of_accuracy(lambda size, _: 0.8 - 0.3 * size**-0.5), "accuracy does not rise with data"),
        (of_accuracy(lambda _, __: 0.4), "accuracy does not rise with size and data"),
        # good and bad by turns: no function of this kind
        (
            of_accuracy(lambda size, part: 0.5 + 0.1 * (-1) ** (round(2 * size) + round(8 * part))),
            "it misses the models",
        ),
        # the last half of the data teaches what all others did not
        (of_accuracy(lambda size, part: 0.3 + 0.02 * np.log(size) + 0.05 * (part == 1)), "of the data, it misses"),
    ],
)
def test_where_the_function_does_not_hold_a_reason_stands_in_its_place(right_of: dict[Key, int], status: str) -> None:
    evidence = made(right_of, replicates=3)
    row = data_fits(evidence, pairs_of(evidence)).row(0, named=True)
    assert status in row["status"]
    assert row["ceiling"] is None and row["size_share_low"] is None


@pytest.mark.slow
def test_the_program_writes_the_fits(root, tmp_path) -> None:
    count = {key: right // 20 for key, right in RIGHT.items() if key[2] == 1}
    models = {key: Cell("general", key[0], "seq", key[2], 0, key[1]) for key in count}
    right = {models[key].model_id: {"gsm8k": [1] * part + [0] * (100 - part)} for key, part in count.items()}
    write_table(outcome_table(right), tmp_path / "outcomes.parquet", "outcomes")
    rows = [
        model.columns() | {"stage": "training", "flops": 1.0, "sequences": round(model.data_fraction * PAIRS)}
        for model in models.values()
    ]
    write_table(table_from_rows(rows, "costs"), tmp_path / "costs.parquet", "costs")
    words = ["--outcomes", tmp_path / "outcomes.parquet", "--costs", tmp_path / "costs.parquet", "--seed", 0]
    words += ["--families", json.dumps([{"name": "Math-OE", "benchmarks": ["gsm8k"]}]), "--sizes", json.dumps(SIZES)]
    words += ["--replicates", 5, "--output", tmp_path / "fits.csv"]
    call(root, "fit_data.py", *words)
    ift, reasoning = pl.read_csv(tmp_path / "fits.csv").to_dicts()
    assert (ift["status"], ift["models"]) == ("fewer than 3 sizes", 0)
    assert (reasoning["status"], reasoning["models"]) == ("ok", 20)
    assert reasoning["reference_pairs"] == pytest.approx(PAIRS * np.prod(FRACTIONS) ** 0.25, rel=1e-4)


def test_the_figure_has_a_curve_for_each_part_and_one_frontier(root) -> None:
    from scale_or_reason.reporting.figures import accuracy_by_data, accuracy_by_flops
    from scale_or_reason.reporting.figures.results import Results
    from scale_or_reason.reporting.figures.style import Style

    models = {Cell("general", name, "seq", ratio, 0, part): (name, part, ratio) for name, part, ratio in GRID}
    scores = score_table([(model, "Math-OE", RIGHT[key] / ITEMS) for model, key in models.items()])
    training = {model: cost_of_training(SIZES[name], part, ratio) for model, (name, part, ratio) in models.items()}
    tables = {"scores": scores, "costs": cost_table(training, {})}
    families = {"Math-OE": scores["benchmark"].unique().to_list()}
    results = Results(tables, SIZES, families, ["general"], FORMATS, data_fractions=FRACTIONS)
    table = accuracy_by_data.table(results, tasks="main families")
    points = table.filter(element="point")
    assert points.height == len(GRID)
    places = [(training[model], RIGHT[key], key) for model, key in models.items()]
    expected = {
        key
        for cost, count, key in places
        if not any((a <= cost and b > count) or (a < cost and b == count) for a, b, _ in places)
    }
    found = points.filter("on_frontier").select("student", "data_fraction", "ratio").rows()
    assert set(found) == expected
    style = Style.from_file(root / "config" / "style.yaml")
    with style.applied():
        figure = accuracy_by_data.draw(table, style)
    (axes,) = figure.axes
    curves = [line for line in axes.lines if len(line.get_xdata()) == len(SIZES)]
    assert len({(line.get_color(), line.get_alpha()) for line in curves}) == len(FRACTIONS) * len(FORMATS)
    labels = {text.get_text() for legend in figure.legends for text in legend.get_texts()}
    assert {"12.5 % data", "all data"} <= labels
    # a model that is missing is named, and the papers' figures show models on all of the data only
    lacking = {
        name: frame.filter(pl.col("model_id") != "general/3B/seq/rho-1/data-0.5/seed-0")
        for name, frame in tables.items()
    }
    notes = accuracy_by_data.table(replace(results, tables=lacking), tasks="main families").filter(element="note")
    assert "missing: 3B reasoning, 50 % data" in notes["note"].to_list()
    # a model that the study does not train on a part is not missing; the note says which models it trains
    chosen = {"students": ["3B"], "ratios": [0.0]}
    kept = {
        name: frame.filter(
            ~pl.col("model_id").str.contains("/data-") | pl.col("model_id").str.contains("3B/seq/rho-0/")
        )
        for name, frame in tables.items()
    }
    notes = accuracy_by_data.table(replace(results, tables=kept, part_cells=chosen), tasks="main families")
    said = notes.filter(element="note")["note"].to_list()
    assert "trained on parts of the data, too: IFT 3B" in said and not any("missing" in note for note in said)
    main = accuracy_by_flops.table(results, tasks="main families", costs=["training"], fits=False)
    assert main.filter(element="point").height == len(SIZES) * len(FORMATS)
