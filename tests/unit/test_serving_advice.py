"""Advice over ways to answer: a study whose best serving at each budget is known by enumeration."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import polars as pl
import pytest
from made_outcomes import training_costs
from test_serving import ARCHITECTURE, GOLD, answers_of, items_of

from scale_or_reason.analysis.advice import advice, grid_around, offers, regions
from scale_or_reason.analysis.advice_words import screen, sentences
from scale_or_reason.analysis.bootstrap import bootstrap
from scale_or_reason.analysis.serving import cut_at, evidence_of_servings
from scale_or_reason.flops.formulas import generation_flops
from scale_or_reason.scoring.servings import model_servings

SMALL, LARGE = "general/small/seq/rho-0/seed-0", "general/large/seq/rho-1/seed-0"
FAMILIES, SIZES = {"gsm8k": "Math-OE"}, {"small": 1.0, "large": 7.0}
TRAINING = {SMALL: 2e7, LARGE: 6e7}
#: Votes win the first kind of item, since wrong answers differ, and lose the second, since they agree.
SPREAD = [GOLD] * 5 + ["1", "2", "3"]
MISLED = [GOLD] * 3 + ["4"] * 5
ANSWERS = {
    SMALL: [SPREAD] * 12 + [MISLED] * 8,
    LARGE: [[GOLD] * 7 + ["5"]] * 14 + [["5"] * 8] * 6,
}
QUERIES = 100


def accuracy_by_enumeration(texts: list[str], k: int) -> float:
    """The majority's accuracy over every subset, ties by chance."""
    values = []
    for subset in combinations(texts, k):
        votes = {text: subset.count(text) for text in subset}
        winners = [text for text, count in votes.items() if count == max(votes.values())]
        values.append((GOLD in winners) / len(winners))
    return sum(values) / len(values)


def known_ways() -> list[tuple[str, str, float, float]]:
    """Model, serving, accuracy, and lifetime FLOPs of training and all answers."""
    ways = []
    for model, items in ANSWERS.items():
        for k in (1, 2, 4, 8):
            accuracy = sum(accuracy_by_enumeration(texts, k) for texts in items) / len(items)
            prompt = float(generation_flops(ARCHITECTURE, 30, 0))
            each = [float(generation_flops(ARCHITECTURE, 30, 20 + 10 * sample)) - prompt for sample in range(8)]
            answer = prompt + k * sum(each) / len(each)
            name = model.removesuffix("/seed-0")
            ways.append((name, "single" if k == 1 else f"vote@{k}", accuracy, TRAINING[model] + QUERIES * answer))
    return ways


@pytest.fixture(scope="module")
def offered():
    outcomes, servings = [], []
    for model, items in ANSWERS.items():
        own, extracts = answers_of(model, {"gsm8k": items})
        outcomes.append(own)
        servings.append(model_servings(own, extracts, items_of(own), ARCHITECTURE))
    costs = training_costs(TRAINING)
    evidence = bootstrap(pl.concat(outcomes), costs, FAMILIES, SIZES, 0, 200)
    further = pl.concat(servings).filter(pl.col("k") > 1)
    ways = evidence_of_servings(further, costs, FAMILIES, SIZES, 0, 200)
    hours = {"training": np.ones(2), "answer": np.ones(2)}
    return evidence, offers(evidence, "Math-OE", hours=hours, servings=ways)


def test_the_best_serving_is_known() -> None:
    """The optimum lies within the numbers of votes, not at an end of them."""
    small = {serving: accuracy for model, serving, accuracy, _ in known_ways() if "small" in model}
    assert max(small, key=lambda name: small[name]) == "vote@4"


def test_advice_finds_the_best_serving_at_every_budget(offered) -> None:
    evidence, ways = offered
    known = sorted(known_ways(), key=lambda way: way[3])
    found = set()
    for *_, lifetime in known:
        budget = lifetime * (1 + 1e-9)
        row = advice(evidence, [ways], budget, QUERIES, "FLOPs").row(0, named=True)
        affordable = [way for way in known if way[3] <= budget]
        best = max(affordable, key=lambda way: (round(way[2], 9), -way[3]))
        assert (row["best"], row["best_serving"]) == best[:2]
        assert row["best_accuracy"] == pytest.approx(best[2])
        assert row["best_lifetime"] == pytest.approx(best[3])
        found.add(row["best_serving"])
    assert {"single", "vote@4"} <= found
    assert len(ways) == len(known)


def test_words_and_regions_name_the_serving(offered) -> None:
    evidence, ways = offered
    best = max((way for way in known_ways() if "small" in way[0]), key=lambda way: way[2])
    table = advice(evidence, [ways], best[3] * 1.001, QUERIES, "FLOPs")
    assert "general/small/seq/rho-0 (vote@4)" in screen(table)
    assert "train general/small/seq/rho-0 (vote@4) for Math-OE" in sentences(table)[0]
    budgets, numbers = grid_around([ways], best[3], QUERIES, steps=24)
    mapped = regions(evidence, ways, budgets, numbers)
    assert {"single", "vote@4"} <= set(mapped["serving"].drop_nulls())
    # the more answers, the fewer votes a budget pays
    rows = mapped.filter(student="small").filter(pl.col("budget") == pl.col("budget").max()).sort("queries")
    votes = [1 if name == "single" else int(name.removeprefix("vote@")) for name in rows["serving"]]
    assert votes == sorted(votes, reverse=True)


def test_a_study_with_one_way_to_answer_names_none(offered) -> None:
    evidence, _ = offered
    alone = offers(evidence, "Math-OE")
    row = advice(evidence, [alone], 1e12, 1, "FLOPs").row(0, named=True)
    assert (row["best_serving"], row["runner_up_serving"], len(alone)) == (None, None, 2)


def test_only_single_answers_have_hours(offered) -> None:
    _, ways = offered
    timed = dict(zip(ways.servings, np.isfinite(ways.hours["answer"]), strict=True))
    assert {name for name, known in timed.items() if known} == {"single"}
    assert np.isfinite(ways.hours["training"]).all()


@pytest.mark.parametrize(
    ("way", "texts", "tokens", "words"),
    [
        # the mean of 30 and 51, rounded to even
        ("think-tokens-p50", [GOLD], {"gsm8k": 30, "aime": 51}, "budget-p50, 40 tokens"),
        ("think-tokens-p50", [GOLD, GOLD], {"gsm8k": 2000, "aime": 4000}, "budget-p50, 3,000 tokens"),
        # a benchmark without thoughts is left out of the mean; without any there are no tokens to serve with
        ("think-tokens-p9", [GOLD], {"gsm8k": None, "aime": 77}, "budget-p9, 77 tokens"),
        ("think-tokens-p9", [GOLD], {"gsm8k": None, "aime": None}, "budget-p9"),
        # three of four are right: two answers that vote are no better, three are
        ("think-tokens-p75", [GOLD, GOLD, GOLD, "1"], {"gsm8k": 8, "aime": 8}, "budget-p75 vote@4, 8 tokens"),
        # the words of a number of tokens have the number once
        ("think-tokens-12", [GOLD], None, "budget-12"),
    ],
)
def test_words_of_a_percentile_have_the_tokens_to_serve_with(way, texts, tokens, words: str) -> None:
    families, plain = {"gsm8k": "Math-OE", "aime": "Math-OE"}, [["1"] * len(texts)] * 4
    whole = answers_of(LARGE, dict.fromkeys(families, plain))
    cut = answers_of(f"{LARGE}/{way}", dict.fromkeys(families, [texts] * 4))
    costs = training_costs({LARGE: 6e7})
    evidence = bootstrap(whole[0], costs, families, SIZES, 0, 20)
    servings = pl.concat(
        model_servings(*each, items_of(each[0]), ARCHITECTURE, resolved)
        for each, resolved in ((whole, None), (cut, tokens))
    )
    ways = evidence_of_servings(servings, costs, families, SIZES, 0, 20)
    hours = {"training": np.ones(1), "answer": np.ones(1)}
    offered = offers(evidence, "Math-OE", hours=hours, servings=ways, tokens=cut_at(servings, families))
    table = advice(evidence, [offered], 1e12, QUERIES, "FLOPs")
    model = "general/large/seq/rho-1"
    assert f"  {model} ({words})  " in screen(table)
    assert sentences(table)[0] == f"With 1e+12 FLOPs for training and 100 answers, train {model} ({words}) for Math-OE."
