"""Replicates against closed forms, and intervals on studies whose truth is known."""

from __future__ import annotations

from itertools import product

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_outcomes import SPREAD, logistic, model_id, outcome_table, training_costs, true_accuracy
from simulated_studies import coverage

from scale_or_reason.analysis.bootstrap import bootstrap
from scale_or_reason.analysis.replicates import interval
from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.intervals import mid_p_interval
from scale_or_reason.scoring.evidence import MEASURES, Evidence, evidence_from_tables

FAMILIES = {"gsm8k": "Math-OE", "aime": "Math-OE", "squad": "General-OE"}
SIZES = {"small": 1.0, "large": 3.0}
IFT, REASONING = model_id("small", 0), model_id("small", 1)


def study(outcomes: pl.DataFrame, seed: int = 0, replicates: int = 1000) -> Evidence:
    return bootstrap(outcomes, training_costs({}), FAMILIES, SIZES, seed, replicates)


def ones(right: int, count: int) -> np.ndarray:
    return np.arange(count) < right


def accuracy(evidence: Evidence, ratio: float, task: str, student: str = "small") -> np.ndarray:
    cell = evidence.find(student, "general", ratio)
    assert cell is not None
    return evidence.get("accuracy", cell, task)


def test_measured_values_come_first() -> None:
    evidence = study(outcome_table({IFT: {"gsm8k": ones(3, 10), "aime": ones(1, 4)}}))
    assert evidence.tasks == ("Math-OE", "gsm8k", "aime")
    assert [accuracy(evidence, 0, task)[0] for task in evidence.tasks] == pytest.approx([0.275, 0.3, 0.25])
    assert evidence.replicates == 1000


@pytest.mark.slow
@pytest.mark.parametrize(("right", "count"), [(0, 30), (2, 30), (15, 30), (29, 30), (30, 30), (300, 1000)])
def test_the_interval_of_one_accuracy_is_the_mid_p_interval(right: int, count: int) -> None:
    drawn = accuracy(study(outcome_table({IFT: {"gsm8k": ones(right, count)}}), replicates=20000), 0, "gsm8k")
    low, high = (float(bound) for bound in mid_p_interval(right / count, count))
    assert interval(drawn) == (pytest.approx(low, abs=0.004), pytest.approx(high, abs=0.004))


@pytest.mark.slow
@given(
    right=st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), min_size=3, max_size=3),
    lengths=st.lists(st.integers(1, 40), min_size=12, max_size=12),
    seed=st.integers(0, 5),
)
@settings(max_examples=40, deadline=None)
def test_every_interval_contains_its_estimate(right: list[tuple[int, int]], lengths: list[int], seed: int) -> None:
    """Also where all or no answers are right, and where a value is not defined."""
    benchmarks = ("gsm8k", "aime", "squad")
    models = {
        model: {name: ones(count[number], 12) for name, count in zip(benchmarks, right, strict=True)}
        for number, model in enumerate((IFT, REASONING))
    }
    outcomes = outcome_table(models).with_columns(
        answer_tokens=pl.Series(lengths * 6), flops=pl.Series(lengths * 6).cast(pl.Float64) * 1e9
    )
    evidence = study(outcomes, seed, replicates=60)
    for measure, cell, task in product(MEASURES, range(2), evidence.tasks):
        values = evidence.get(measure, cell, task)
        # what is not defined is so in every replicate, and the reverse
        assert len(set(np.isnan(values))) == 1, (measure, cell, task)
        if np.isfinite(values[0]):
            low, high = interval(values)
            assert low is not None and high is not None
            assert low <= values[0] <= high
    gap = accuracy(evidence, 1, "Math-OE") - accuracy(evidence, 0, "Math-OE")
    low, high = interval(gap)
    assert low is not None and high is not None
    assert low <= gap[0] <= high


def test_where_everything_is_right_there_are_no_wrong_answers_to_compare() -> None:
    """Sums in single precision left a weight of wrong answers that was not zero, and a ratio of zero."""
    everything, half = ones(700, 700), ones(350, 700)
    evidence = study(outcome_table({IFT: {"gsm8k": everything, "aime": half}}))
    assert np.isnan(evidence.get("wrong_to_right_tokens", 0, "gsm8k")).all()
    assert evidence.get("wrong_to_right_tokens", 0, "Math-OE") == pytest.approx(np.ones(1001), rel=1e-5)


def test_models_share_the_items() -> None:
    """Two students right on the same items differ by nothing but what was not seen; of different items by more."""
    same = study(outcome_table({IFT: {"gsm8k": ones(200, 400)}, REASONING: {"gsm8k": ones(200, 400)}}))
    other = study(outcome_table({IFT: {"gsm8k": ones(200, 400)}, REASONING: {"gsm8k": ones(200, 400)[::-1]}}))
    spread = [np.std(accuracy(e, 1, "gsm8k")[1:] - accuracy(e, 0, "gsm8k")[1:]) for e in (same, other)]
    assert spread[0] < 0.003
    # all 400 items differ: the standard error of a mean of -1 and 1
    assert spread[1] == pytest.approx(1 / np.sqrt(400), rel=0.1)


def test_a_family_is_the_mean_over_its_benchmarks() -> None:
    evidence = study(outcome_table({IFT: {"gsm8k": ones(200, 400), "aime": ones(3, 30)}}), replicates=4000)
    family, *single = (accuracy(evidence, 0, task) for task in ("Math-OE", "gsm8k", "aime"))
    assert family == pytest.approx((single[0] + single[1]) / 2)
    assert np.corrcoef(single[0][1:], single[1][1:])[0, 1] == pytest.approx(0, abs=0.06)


def test_flops_and_lengths_follow_the_items() -> None:
    flops = np.linspace(1e9, 3e9, 400)
    outcomes = outcome_table({IFT: {"gsm8k": ones(100, 400)}}, flops={IFT: flops})
    lengths = pl.Series([30] * 100 + [45] * 300)
    evidence = study(outcomes.with_columns(answer_tokens=lengths))
    drawn = evidence.get("inference_flops", 0, "gsm8k")
    assert drawn[0] == pytest.approx(2e9)
    assert np.std(drawn[1:]) == pytest.approx(flops.std() / np.sqrt(400), rel=0.1)
    assert evidence.get("answer_tokens", 0, "gsm8k")[0] == pytest.approx(41.25)
    assert evidence.get("wrong_to_right_tokens", 0, "gsm8k") == pytest.approx(np.full(1001, 1.5), rel=1e-5)


def test_where_nothing_is_right_lengths_cannot_be_compared() -> None:
    evidence = study(outcome_table({IFT: {"gsm8k": ones(0, 50), "aime": ones(2, 4)}}))
    assert np.isnan(evidence.get("wrong_to_right_tokens", 0, "gsm8k")).all()
    # the family's is that of the other benchmark
    assert evidence.get("wrong_to_right_tokens", 0, "Math-OE") == pytest.approx(np.ones(1001), rel=1e-5)
    nowhere = study(outcome_table({IFT: {"gsm8k": ones(0, 50)}}))
    assert np.isnan(nowhere.get("wrong_to_right_tokens", 0, "Math-OE")).all()


def test_a_cells_replicates_do_not_depend_on_the_other_cells() -> None:
    alone = study(outcome_table({IFT: {"gsm8k": ones(20, 50)}}))
    beside = study(
        outcome_table({REASONING: {"gsm8k": ones(9, 50)}, IFT: {"gsm8k": ones(20, 50), "squad": ones(5, 9)}})
    )
    assert accuracy(alone, 0, "gsm8k") == pytest.approx(accuracy(beside, 0, "gsm8k"), abs=1e-6)


def test_seeds_of_the_study_give_other_replicates() -> None:
    outcomes = outcome_table({IFT: {"gsm8k": ones(20, 50)}})
    first, same, other = (accuracy(study(outcomes, seed), 0, "gsm8k") for seed in (1, 1, 2))
    assert (first == same).all()
    assert not np.isclose(first[1:], other[1:]).any()


def test_replicas_are_one_cell() -> None:
    three = {model_id("small", 0, seed): {"gsm8k": ones(right, 100)} for seed, right in enumerate((40, 50, 60))}
    evidence = study(outcome_table(three), replicates=20000)
    assert evidence.cells["seeds"].to_list() == [3]
    drawn = accuracy(evidence, 0, "gsm8k")
    assert drawn[0] == pytest.approx(0.5)
    # seeds differ by 0.1, all of it on ten items each: (0.1^2 - what items alone explain) / 3, times t with 2 degrees
    shares = np.stack([ones(right, 100) for right in (40, 50, 60)]).astype(float)
    rest = shares - shares.mean(0) - shares.mean(1, keepdims=True) + shares.mean()
    error = np.sqrt((0.01 - (rest**2).sum() / (2 * 99) / 100) / 3)
    items = np.sqrt(shares.mean(0).var() / 100)
    tails = np.quantile(drawn[1:], [0.025, 0.975]) - 0.5
    simulated = np.random.default_rng(0).normal(0, items, 200000) + error * np.random.default_rng(1).standard_t(
        2, 200000
    )
    assert tails == pytest.approx(np.quantile(simulated, [0.025, 0.975]), abs=0.02)


def test_a_family_with_a_gap_is_no_mean_over_the_rest() -> None:
    evidence = study(
        outcome_table({IFT: {"gsm8k": ones(3, 10), "aime": ones(1, 4)}, REASONING: {"gsm8k": ones(5, 10)}})
    )
    assert accuracy(evidence, 1, "gsm8k")[0] == 0.5
    assert np.isnan(accuracy(evidence, 1, "Math-OE")).all()
    assert np.isfinite(accuracy(evidence, 0, "Math-OE")).all()
    assert np.isnan(accuracy(evidence, 0, "squad")).all()


def test_models_that_were_asked_other_items_are_refused() -> None:
    with pytest.raises(StudyError, match="different items"):
        study(outcome_table({IFT: {"gsm8k": ones(3, 10)}, REASONING: {"gsm8k": ones(3, 9)}}))


def test_nothing_at_all() -> None:
    evidence = study(outcome_table({}))
    assert (evidence.cells.height, evidence.tasks) == (0, ())


def test_tables_without_single_answers_say_the_same_without_replicates() -> None:
    from paper_numbers import cost_table, score_table

    from scale_or_reason.study.cells import parse_model_id

    models = {name: parse_model_id(name) for name in (IFT, REASONING)}
    scores = score_table([(models[IFT], "Math-OE", 0.3), (models[REASONING], "Math-OE", 0.5)])
    costs = cost_table({models[IFT]: 1e18}, {(models[IFT], "Math-OE"): 2e9})
    evidence = evidence_from_tables(scores, costs, {"Math-OE-1": "Math-OE"}, SIZES)
    assert (evidence.replicates, evidence.tasks) == (0, ("Math-OE", "Math-OE-1"))
    assert accuracy(evidence, 1, "Math-OE") == pytest.approx([0.5])
    assert evidence.cost("inference", 0, "Math-OE") == pytest.approx([2e9])
    assert evidence.cost("training", 0, "Math-OE") == pytest.approx([1e18])
    assert np.isnan(evidence.cost("training", 1, "Math-OE"))
    assert np.isnan(evidence.cost("inference", 1, "Math-OE"))


@pytest.mark.slow
@pytest.mark.parametrize("truth", [(0.005, 0.3, 0.5), (0.005, 0.02, 0.05), (0.03, 0.6, 0.95)])
def test_coverage_of_family_means_with_a_benchmark_like_aime(truth: tuple[float, ...]) -> None:
    """93 to 97 %, with the error of so many repeats (1.1 % each)."""
    covered = coverage((30, 200, 400), truth, repeats=400, replicates=600, seed=5)
    assert 0.93 - 0.02 < covered.bootstrap < 0.97 + 0.02
    assert 0.93 - 0.02 < covered.mover < 0.97 + 0.02


#: Benchmarks of a family: how many items, and how much easier than the others.
MADE = {"gsm8k": (400, 1.0), "math_500": (200, 0.0), "aime": (30, -2.5)}


def simulated_coverage(seeds: int, between_seeds: float, repeats: int) -> np.ndarray:
    """How often intervals hold the truth: the accuracies of two students, and their gap."""
    generator, families = np.random.default_rng(seeds), dict.fromkeys(MADE, "Math-OE")
    spread = float(np.hypot(SPREAD, between_seeds))
    ability = {0.0: -0.3, 1.0: 0.6}
    truth = [np.mean([true_accuracy(ability[r] + easier, spread) for _, easier in MADE.values()]) for r in (0.0, 1.0)]
    covered = np.zeros(3)
    for repeat in range(repeats):
        right: dict[str, dict[str, np.ndarray]] = {}
        difficulty = {name: generator.normal(0, SPREAD, count) for name, (count, _) in MADE.items()}
        for ratio in ability:
            for seed in range(seeds):
                own = ability[ratio] + generator.normal(0, between_seeds)
                right[model_id("small", ratio, seed)] = {
                    name: generator.random(count) < logistic(own + easier + difficulty[name])
                    for name, (count, easier) in MADE.items()
                }
        evidence = bootstrap(outcome_table(right), training_costs({}), families, SIZES, repeat, 400)
        first, second = (accuracy(evidence, ratio, "Math-OE") for ratio in (0.0, 1.0))
        for number, (values, true) in enumerate(
            [(first, truth[0]), (second, truth[1]), (second - first, truth[1] - truth[0])]
        ):
            low, high = interval(values)
            covered[number] += low <= true <= high  # type: ignore[operator]
    return covered / repeats


@pytest.mark.slow
@pytest.mark.parametrize(("seeds", "between_seeds"), [(1, 0.0), pytest.param(3, 0.2, marks=pytest.mark.long)])
def test_intervals_hold_the_truth_as_often_as_they_say(seeds: int, between_seeds: float) -> None:
    """93 to 97 %, with the error of so many repeats (1.5 % each); a benchmark of 30 hard items is among them."""
    covered = simulated_coverage(seeds, between_seeds, repeats=200)
    assert covered.mean() == pytest.approx(0.95, abs=0.025)
    assert np.all(np.abs(covered - 0.95) < 0.045)


@pytest.mark.slow
@pytest.mark.parametrize("shares", [(0.05, 0.15), (0.9, 0.9)])
def test_gaps_on_thirty_items_hold_the_truth(shares: tuple[float, float]) -> None:
    """Two students who agree on half of the items."""
    generator, repeats, covered = np.random.default_rng(7), 250, 0
    for repeat in range(repeats):
        difficulty, right = generator.random(30), {}
        for model, share in zip((IFT, REASONING), shares, strict=True):
            own = np.where(generator.random(30) < 0.7, difficulty, generator.random(30))
            right[model] = {"aime": own < share}
        evidence = study(outcome_table(right), seed=repeat, replicates=600)
        low, high = interval(accuracy(evidence, 1, "aime") - accuracy(evidence, 0, "aime"))
        covered += low <= shares[1] - shares[0] <= high  # type: ignore[operator]
    assert 0.92 <= covered / repeats <= 0.995
