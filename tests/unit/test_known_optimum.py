"""Advice over size, amount of data, format and number of votes at once: a study whose optimum a closed form gives."""

from __future__ import annotations

from itertools import product
from math import comb

import numpy as np
import polars as pl
import pytest
from made_outcomes import training_costs
from test_serving import ARCHITECTURE, GOLD, answers_of, items_of

from scale_or_reason.analysis.advice import offers, regions
from scale_or_reason.analysis.bootstrap import bootstrap
from scale_or_reason.analysis.serving import evidence_of_servings
from scale_or_reason.flops.formulas import generation_flops
from scale_or_reason.scoring.servings import model_servings
from scale_or_reason.study.cells import Cell

SIZES = {"small": 1.0, "large": 4.0}
PARTS, FORMATS, ANSWERS, VOTES = (0.5, 1.0), (0.0, 1.0), 8, (1, 2, 4, 8)
GRID = list(product(SIZES, PARTS, FORMATS))
#: Right ones among the eight answers to an easy and to a hard item; reasoning and data help the large student more.
RIGHT = {
    ("small", 0.5, 0.0): (5, 1),
    ("small", 1.0, 0.0): (5, 2),
    ("small", 0.5, 1.0): (6, 1),
    ("small", 1.0, 1.0): (6, 2),
    ("large", 0.5, 0.0): (6, 3),
    ("large", 1.0, 0.0): (7, 3),
    ("large", 0.5, 1.0): (7, 4),
    ("large", 1.0, 1.0): (8, 5),
}
EASY, HARD = 12, 8


def name_of(size: str, part: float, ratio: float) -> str:
    return Cell("general", size, "seq", ratio, 0, part).model_id.removesuffix("/seed-0")


def majority(right: int, k: int) -> float:
    """Wrong answers agree with each other: hypergeometric, and half of a tie."""
    ways = [comb(right, hits) * comb(ANSWERS - right, k - hits) for hits in range(k + 1)]
    won = sum(count * (1 if 2 * hits > k else 0.5 if 2 * hits == k else 0) for hits, count in enumerate(ways))
    return won / comb(ANSWERS, k)


def accuracy(key: tuple[str, float, float], k: int) -> float:
    easy, hard = RIGHT[key]
    return (EASY * majority(easy, k) + HARD * majority(hard, k)) / (EASY + HARD)


def cost_of_training(size: str, part: float, ratio: float) -> float:
    return 1e7 * SIZES[size] * part * (1 + 5 * ratio)


def cost_of_answers(k: int) -> float:
    """A prompt of 30 tokens, and k of the answers of 20 to 90 tokens."""
    prompt = float(generation_flops(ARCHITECTURE, 30, 0))
    each = [float(generation_flops(ARCHITECTURE, 30, 20 + 10 * sample)) - prompt for sample in range(ANSWERS)]
    return prompt + k * sum(each) / ANSWERS


def best_within(budget: float, queries: float) -> tuple[str, str] | None:
    """By trying all; of equally accurate ways the cheapest."""
    ways = []
    for key, k in product(GRID, VOTES):
        lifetime = cost_of_training(*key) + queries * cost_of_answers(k)
        if lifetime <= budget:
            ways.append((round(accuracy(key, k), 9), -lifetime, name_of(*key), "single" if k == 1 else f"vote@{k}"))
    return max(ways)[2:] if ways else None


@pytest.fixture(scope="module")
def offered():
    outcomes, servings = [], []
    for key in GRID:
        items = [
            [GOLD] * right + ["3"] * (ANSWERS - right)
            for right, n in zip(RIGHT[key], (EASY, HARD), strict=True)
            for _ in range(n)
        ]
        own, extracts = answers_of(f"{name_of(*key)}/seed-0", {"gsm8k": items})
        outcomes.append(own)
        servings.append(model_servings(own, extracts, items_of(own), ARCHITECTURE))
    costs = training_costs({f"{name_of(*key)}/seed-0": cost_of_training(*key) for key in GRID})
    families = {"gsm8k": "Math-OE"}
    evidence = bootstrap(pl.concat(outcomes), costs, families, SIZES, 0, 20)
    ways = evidence_of_servings(pl.concat(servings).filter(pl.col("k") > 1), costs, families, SIZES, 0, 20)
    return evidence, offers(evidence, "Math-OE", servings=ways)


@pytest.mark.slow
def test_advice_finds_the_optimum_over_size_data_format_and_votes(offered) -> None:
    evidence, ways = offered
    assert len(ways) == len(GRID) * len(VOTES)
    budgets, queries = np.geomspace(4e6, 1e9, 40), np.array([1.0, 50.0, 1000.0])
    found = regions(evidence, ways, budgets, queries)
    expected = [best_within(budget, number) for budget, number in product(budgets, queries)]
    assert [pair if pair[0] else None for pair in found.select("best", "serving").rows()] == expected
    # the optimum moves along each of the four axes
    best = found.drop_nulls("best")
    for axis in ("student", "data_fraction", "ratio", "serving"):
        assert best[axis].n_unique() > 1, axis
