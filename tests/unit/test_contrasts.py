"""Tables of gaps, equal compute and frontiers, on students placed by hand; with cells taken out at random."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from made_outcomes import model_id, outcome_table, training_costs
from paper_numbers import cost_table, score_table
from simulated_studies import frontier_probabilities

from scale_or_reason.analysis.bootstrap import bootstrap
from scale_or_reason.analysis.contrasts import contrasts, frontier_table, uncertainty
from scale_or_reason.analysis.frontiers import pareto_frontier
from scale_or_reason.scoring.evidence import Evidence, evidence_from_tables
from scale_or_reason.study.cells import AnyModel, Cell, Teacher, parse_model_id

SIZES = {"small": 1.0, "middle": 3.0, "large": 10.0}
FAMILIES = {"Math-OE-1": "Math-OE"}


def cell(student: str, ratio: float, curriculum: str = "seq") -> Cell:
    return Cell("general", student, curriculum, ratio)


#: accuracy and FLOPs of answering and of training
PLACED: dict[AnyModel, tuple[float, float, float]] = {
    cell("small", 0.0): (0.2, 1e9, 1e18),
    cell("middle", 0.0): (0.4, 1e10, 1e19),
    cell("large", 0.0): (0.5, 1e11, 1e20),
    cell("small", 1.0): (0.3, 10**10.5, 10**18.5),
    cell("middle", 1.0): (0.45, 1e12, 1e18),
    cell("large", 1.0): (0.1, 1e10, 1e17),
    cell("middle", 0.5): (0.6, 1e11, 1e19),
    cell("middle", 0.5, "mix"): (0.7, 1e11, 1e19),
}


def placed(models: dict[AnyModel, tuple[float, float, float]]) -> Evidence:
    scores = score_table([(model, "Math-OE", values[0]) for model, values in models.items()])
    inference = {(model, "Math-OE"): values[1] for model, values in models.items()}
    training = {model: values[2] for model, values in models.items()}
    return evidence_from_tables(scores, cost_table(training, inference), FAMILIES, SIZES)


def rows(table: pl.DataFrame, cost: str) -> dict[tuple[str, float, str], dict]:
    own = table.filter(pl.col("cost") == cost, pl.col("benchmark").is_null())
    return {(row["student"], row["ratio"], row["curriculum"]): row for row in own.iter_rows(named=True)}


def test_equal_compute_in_inference() -> None:
    found = rows(contrasts(placed(PLACED)), "inference")
    small = found["small", 1.0, "seq"]
    # halfway (in powers of ten) between 0.4 and 0.5; IFT has 0.3 at 10^9.5
    assert (small["ift_accuracy"], small["difference"]) == (pytest.approx(0.45), pytest.approx(-0.15))
    assert (small["ift_flops"], small["compute_ratio"]) == (pytest.approx(10**9.5), pytest.approx(10.0))
    assert small["note"] is None
    middle = found["middle", 1.0, "seq"]
    assert (middle["difference"], middle["note"]) == (None, "more expensive than any IFT student")
    assert middle["compute_ratio"] == pytest.approx(1e12 / 10**10.5)
    large = found["large", 1.0, "seq"]
    assert (large["difference"], large["compute_ratio"]) == (pytest.approx(-0.3), None)
    assert large["note"] == "the cheapest IFT student is as accurate"
    mixed = found["middle", 0.5, "mix"]
    assert (mixed["difference"], mixed["compute_ratio"]) == (pytest.approx(0.2), None)
    assert mixed["note"] == "no IFT student is as accurate"
    assert {row["difference_low"] for row in found.values()} == {None}  # no replicates


def test_equal_compute_in_training() -> None:
    found = rows(contrasts(placed(PLACED)), "training")
    assert found["large", 1.0, "seq"]["note"] == "cheaper than any IFT student; the cheapest IFT student is as accurate"
    assert found["small", 1.0, "seq"]["difference"] == pytest.approx(0.3 - 0.3)
    assert found["small", 1.0, "seq"]["compute_ratio"] == pytest.approx(1.0)


def test_an_accuracy_of_zero_is_a_number() -> None:
    """As on AIME perhaps, where the smallest students may have no answer right."""
    hard = PLACED | {cell("small", 0.0): (0.0, 1e9, 1e18), cell("large", 1.0): (0.0, 1e9, 1e18)}
    found = rows(contrasts(placed(hard)), "inference")["large", 1.0, "seq"]
    assert (found["accuracy"], found["ift_accuracy"], found["difference"]) == (0.0, 0.0, 0.0)
    assert (found["ift_flops"], found["note"]) == (None, "the cheapest IFT student is as accurate")


def test_the_exact_count_takes_the_other_column_of_costs() -> None:
    """3B reasoning over 7B IFT: 2.40 by the papers' formulas, 2.19 exactly."""
    models = {model_id("small", 0): 0.5, model_id("small", 1): 2.40, model_id("middle", 0): 1.0}
    papers = training_costs(models)
    costs = papers.with_columns(exact_flops=pl.col("flops").replace(2.40, 2.19))
    # right on 50 of 100 items, as 7B IFT is
    right = {model: {"gsm8k": [1] * 50 + [0] * 50} for model in models} | {model_id("small", 0): {"gsm8k": [0] * 100}}
    for count, ratio in (("papers", 2.40), ("exact", 2.19)):
        evidence = bootstrap(outcome_table(right), costs, {"gsm8k": "Math-OE"}, SIZES, 0, 5, count)
        row = rows(contrasts(evidence), "training")["small", 1.0, "seq"]
        assert (row["flops_by"], row["flops"]) == (count, ratio)
        assert row["compute_ratio"] == pytest.approx(ratio)
        assert frontier_table(evidence)["flops_by"].unique().to_list() == [count]


def test_only_cells_that_learnt_from_reasoning_are_compared() -> None:
    table = contrasts(placed(PLACED))
    assert set(table["ratio"]) == {0.5, 1.0}
    assert table.height == 2 * 2 * 5  # family and benchmark, training and inference


def test_frontiers_are_those_of_the_measured_values() -> None:
    table = frontier_table(placed(PLACED))
    for among, ratios in (("formats", {0.0, 1.0}), ("sequential ratios", {0.0, 0.5, 1.0})):
        own = table.filter(pl.col("benchmark").is_null(), among=among, cost="inference")
        assert set(own["ratio"]) == ratios
        assert set(own["curriculum"]) == {"seq"}
        assert own["on_frontier"].to_list() == pareto_frontier(own["flops"], own["accuracy"]).tolist()
        assert set(own["probability"]) == set(own["probability_near"]) == {None}
        assert (own["below"] == 0).to_list() == own["on_frontier"].to_list()
        assert set(own["competitors"]) == {own.height}


def test_gaps_are_to_ift_of_the_same_student_and_corpus() -> None:
    table = uncertainty(placed(PLACED)).filter(pl.col("benchmark").is_null())
    gaps = {(row["student"], row["ratio"], row["curriculum"]): row["gap"] for row in table.iter_rows(named=True)}
    assert gaps["large", 1.0, "seq"] == pytest.approx(-0.4)
    assert gaps["middle", 0.5, "mix"] == pytest.approx(0.3)
    assert gaps["small", 0.0, "seq"] is None
    assert set(table["finding"]) == {None}


def drawn(abilities: dict[str, float], *, items: int = 300, seed: int = 0, replicates: int = 1000) -> Evidence:
    """Independent answers with the given accuracies; inference FLOPs grow with size and are ten times for reasoning."""
    generator = np.random.default_rng(seed)
    right = {model: {"gsm8k": generator.random(items) < share} for model, share in abilities.items()}
    flops = {}
    for model in abilities:
        parsed = parse_model_id(model)
        if isinstance(parsed, Cell):
            each = SIZES[parsed.student] * 1e9 * (10 if parsed.ratio else 1)
            flops[model] = each * generator.lognormal(0, 0.3, items)
    costs = training_costs({model: 1e9 * float(values.mean()) for model, values in flops.items()})
    outcomes = outcome_table(right, flops=flops)
    return bootstrap(outcomes, costs, {"gsm8k": "Math-OE"}, SIZES, seed, replicates)


GRID = {model_id(student, ratio): share for student, ratio, share in [
    ("small", 0, 0.2), ("middle", 0, 0.4), ("large", 0, 0.5), ("small", 1, 0.2), ("middle", 1, 0.45), ("large", 1, 0.8),
]}  # fmt: skip


def test_findings_are_decided_by_the_false_discovery_rate() -> None:
    table = uncertainty(drawn(GRID)).filter(pl.col("benchmark").is_null(), pl.col("gap").is_not_null())
    found = {row["student"]: row for row in table.iter_rows(named=True)}
    assert found["large"]["finding"] == "gain"
    assert found["small"]["finding"] == found["middle"]["finding"] == "undecided"
    assert all(row["q"] >= row["p"] for row in found.values())
    assert found["large"]["gap_low"] < found["large"]["gap"] < found["large"]["gap_high"]


def test_a_benchmark_alone_is_adjusted_apart_from_families() -> None:
    """As many gaps of each, so as much adjustment: were they adjusted together, ties would not differ."""
    table = uncertainty(drawn(GRID)).drop_nulls("q")
    both = table.group_by(pl.col("benchmark").is_null()).agg(pl.col("p").min(), pl.col("q").min())
    assert both["q"].to_list() == pytest.approx([3 * p for p in both["p"]])


def test_probabilities_of_being_on_the_frontier() -> None:
    table = frontier_table(drawn(GRID)).filter(pl.col("benchmark").is_null(), among="formats", cost="inference")
    probability = {(row["student"], row["ratio"]): row["probability"] for row in table.iter_rows(named=True)}
    assert probability["small", 0.0] == probability["large", 1.0] == 1
    # as dear as large IFT and as accurate as small IFT
    assert probability["small", 1.0] < 0.01
    # twice the cost of large IFT, and a true accuracy 0.05 below it
    assert 0 < probability["middle", 1.0] < 0.5


def test_intervals_of_ratios_may_be_open() -> None:
    """Large reasoning is better than all IFT students in nearly every replicate: IFT never gets there."""
    found = rows(contrasts(drawn(GRID)), "inference")
    assert found["large", 1.0, "seq"]["compute_ratio_high"] == 0
    assert found["large", 1.0, "seq"]["compute_ratio_p"] < 0.01
    middle = found["middle", 1.0, "seq"]
    assert middle["compute_ratio_low"] < middle["compute_ratio"] < middle["compute_ratio_high"]


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(12))
def test_missing_cells_leave_gaps_and_notes(seed: int) -> None:
    """Cells are taken out at random, down to none; what is left has the rows that it has alone."""
    generator = np.random.default_rng(seed)
    left = {model: share for model, share in GRID.items() if generator.random() < seed / 12}
    teacher = {Teacher("t", "reasoning").model_id: 0.9} if seed % 2 else {}
    evidence = drawn(left | teacher, items=40, replicates=50)
    table = uncertainty(evidence)
    assert table.height == 2 * len(left | teacher)
    with_gap = {model for model in left if "rho-1/" in model and model.replace("rho-1/", "rho-0/") in left}
    assert table["gap"].count() == 2 * len(with_gap)
    compared = contrasts(evidence)
    assert compared.height == 4 * sum("rho-1/" in model for model in left)
    empty = compared.filter(pl.col("difference").is_null() & pl.col("compute_ratio").is_null())
    assert empty["note"].null_count() == 0
    membership = frontier_table(evidence)
    assert membership.height == 2 * 2 * 2 * len(left)
    for _, part in membership.group_by("cost", "among", "benchmark"):
        assert part["on_frontier"].any()


@pytest.mark.slow
def test_intervals_at_equal_compute_hold_the_truth() -> None:
    """Difference and ratio of a student between IFT students, both of its coordinates measured on 300 items."""
    truth = 0.45 - np.interp(np.log(3.0), np.log([1.0, 3.0, 10.0]), [0.2, 0.4, 0.6])
    ratio = 3.0 / np.exp(np.interp(0.45, [0.2, 0.4, 0.6], np.log([1.0, 3.0, 10.0])))
    models = {("small", 0): (0.2, 1.0), ("middle", 0): (0.4, 3.0), ("large", 0): (0.6, 10.0), ("small", 1): (0.45, 3.0)}
    repeats, covered = 200, np.zeros(2)
    generator = np.random.default_rng(3)
    for repeat in range(repeats):
        difficulty = generator.random(300)
        right, flops = {}, {}
        for (student, which), (share, cost) in models.items():
            # half of the items are decided by their difficulty, which all students share
            shared = generator.random(300) < 0.5
            name = model_id(student, which)
            right[name] = {"gsm8k": np.where(shared, difficulty, generator.random(300)) < share}
            flops[name] = cost * 1e9 * generator.lognormal(-0.125, 0.5, 300)
        outcomes = outcome_table(right, flops=flops)
        evidence = bootstrap(outcomes, training_costs({}), {"gsm8k": "Math-OE"}, SIZES, repeat, 400)
        row = rows(contrasts(evidence), "inference")["small", 1.0, "seq"]
        covered += [
            row["difference_low"] <= truth <= row["difference_high"],
            row["compute_ratio_low"] <= ratio <= row["compute_ratio_high"],
        ]
    assert np.all(np.abs(covered / repeats - 0.95) < 0.045)


@pytest.mark.slow
def test_probabilities_of_being_near_the_frontier_are_calibrated() -> None:
    """Studies with plateaus. What is stated as sure is so; the mean is within 10 points of the truth."""
    table = frontier_probabilities(studies=40, replicates=200, seed=3)
    sure, unlikely = table.filter(pl.col("probability_near") > 0.8), table.filter(pl.col("probability_near") < 0.2)
    assert sure["near"].mean() > 0.93
    assert unlikely["near"].mean() < 0.25
    assert table["probability_near"].mean() == pytest.approx(table["near"].mean(), abs=0.1)
    plateau = table.filter("plateau")
    assert plateau["probability_near"].mean() == pytest.approx(plateau["near"].mean(), abs=0.2)
