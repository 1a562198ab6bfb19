"""Studies whose optimum over size, format and amount of data is known: frontiers, contrasts, findings and advice."""

from __future__ import annotations

from itertools import product

import numpy as np
import polars as pl
import pytest
from made_outcomes import outcome_table, training_costs

from scale_or_reason.analysis.advice import advice, offers, regions
from scale_or_reason.analysis.bootstrap import bootstrap
from scale_or_reason.analysis.contrasts import ANY_DATA, contrasts, frontier_table, uncertainty
from scale_or_reason.claims.data_statements import DATA_STATEMENTS, data_statements
from scale_or_reason.claims.findings import findings
from scale_or_reason.common.tables import table_from_rows
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


GRID = list(product(SIZES, FRACTIONS, FORMATS))
#: Right of all items, so that measured accuracies are the true ones to 1/ITEMS; no two are equal.
RIGHT = {(name, part, ratio): round(ITEMS * true_accuracy(SIZES[name], part, ratio)) for name, part, ratio in GRID}


def made(fractions: tuple[float, ...] = FRACTIONS) -> Evidence:
    right, training, answers = {}, {}, {}
    for (name, part, ratio), count in RIGHT.items():
        if part not in fractions:
            continue
        model = Cell("general", name, "seq", ratio, 0, part).model_id
        right[model] = {"gsm8k": [1] * count + [0] * (ITEMS - count)}
        training[model] = cost_of_training(SIZES[name], part, ratio)
        answers[model] = [cost_of_answer(SIZES[name], ratio)] * ITEMS
    outcomes = outcome_table(right, flops=answers)
    return bootstrap(outcomes, training_costs(training), {"gsm8k": "Math-OE"}, SIZES, seed=0, replicates=1500)


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    return made()


@pytest.fixture(scope="module")
def whole() -> Evidence:
    return made((1.0,))


def best_within(budget: float, queries: float) -> str | None:
    """By trying all: the most accurate model whose training and answers the budget pays."""
    affordable = [
        (RIGHT[name, part, ratio], Cell("general", name, "seq", ratio, 0, part).model_id.removesuffix("/seed-0"))
        for name, part, ratio in GRID
        if cost_of_training(SIZES[name], part, ratio) + queries * cost_of_answer(SIZES[name], ratio) <= budget
    ]
    return max(affordable)[1] if affordable else None


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
