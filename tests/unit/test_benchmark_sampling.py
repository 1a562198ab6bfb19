"""Intervals for other benchmarks of a family's kind: against Student's t, and against simulated families."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from made_outcomes import model_id, outcome_table, training_costs
from scipy import stats

from scale_or_reason.analysis.benchmark_sampling import errors, over_benchmarks, weights, widest
from scale_or_reason.analysis.bootstrap import bootstrap
from scale_or_reason.analysis.contrasts import contrasts, uncertainty

SIZES = {"small": 1.0, "large": 3.0}
FAMILIES = {"gsm8k": "Math-OE", "math_500": "Math-OE", "aime": "Math-OE", "winogrande": "General-MC"}
#: Right of 40 items.
RIGHT = {
    model_id("small", 0): (10, 14, 4, 20),
    model_id("small", 1): (20, 16, 10, 25),
    model_id("large", 0): (24, 20, 14, 30),
    model_id("large", 1): (30, 28, 18, 31),
}


@pytest.mark.slow
@pytest.mark.parametrize("benchmarks", [2, 3, 6])
def test_errors_are_students_t(benchmarks):
    rng = np.random.default_rng(0)
    values = rng.uniform(0.2, 0.9, (2, benchmarks))
    found = errors(weights(rng, 20_000, benchmarks), np.vstack([values, values[0] - values[1]]))
    for column, own in enumerate(np.vstack([values, values[0] - values[1]])):
        scale = own.std(ddof=1) / np.sqrt(benchmarks)
        for share in (0.05, 0.25, 0.9):
            expected = stats.t.ppf(share, benchmarks - 1) * scale
            assert np.quantile(found[:, column], share) == pytest.approx(expected, abs=0.05 * abs(expected) + 4e-3)
    # the weights are the same for all models
    assert found[:, 0] - found[:, 1] == pytest.approx(found[:, 2], abs=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize(("items", "resampled_coverage"), [(100, 0.85), (3000, 0.75)])
def test_coverage_with_three_benchmarks(items, resampled_coverage):
    """Accuracies of 3 benchmarks from a kind with mean 0.6; drawing benchmarks, then items, is too narrow."""
    rng, studies, kind = np.random.default_rng(5), 1500, 3
    truth = rng.normal(0.6, 0.1, (studies, kind))
    measured = rng.binomial(items, np.clip(truth, 0, 1)) / items
    mean = measured.mean(axis=1)
    low, high = np.quantile(mean + errors(weights(rng, 1000, kind), measured), [0.025, 0.975], axis=0)
    assert np.mean((low <= 0.6) & (high >= 0.6)) == pytest.approx(0.95, abs=0.02)
    drawn = measured[:, rng.integers(kind, size=(300, kind))]  # (studies, replicates, benchmarks)
    resampled = (drawn + rng.normal(0, np.sqrt(drawn * (1 - drawn) / items))).mean(axis=2)
    low, high = np.quantile(resampled, [0.025, 0.975], axis=1)
    assert np.mean((low <= 0.6) & (high >= 0.6)) == pytest.approx(resampled_coverage, abs=0.03)


def test_a_single_benchmark_tells_nothing_of_its_kind():
    assert np.isnan(weights(np.random.default_rng(0), 5, 1)).all()


@pytest.fixture(scope="module")
def evidence():
    right = {
        model: dict(zip(FAMILIES, ([1] * n + [0] * (40 - n) for n in counts), strict=True))
        for model, counts in RIGHT.items()
    }
    costs = training_costs({model: 10.0**n for n, model in enumerate(RIGHT)})
    flops = {model: np.full(40, 10.0**n) for n, model in enumerate(RIGHT)}
    return bootstrap(outcome_table(right, flops=flops), costs, FAMILIES, SIZES, seed=0, replicates=4000)


@pytest.mark.slow
def test_intervals_over_items_stay_as_they_are(evidence):
    other = over_benchmarks(evidence, 0)
    for table in (uncertainty, contrasts):
        both = table(evidence, other)
        added = [name for name in both.columns if "benchmarks_" in name]
        assert both.drop(added).equals(table(evidence).drop(added))
        assert table(evidence).select(added).null_count().row(0) == (both.height,) * len(added)
    assert other.values["accuracy"][0].tolist() == evidence.values["accuracy"][0].tolist()


def test_tables_have_the_t_interval_of_families(evidence):
    table = uncertainty(evidence, over_benchmarks(evidence, 0))
    row = table.filter(family="Math-OE", student="small", ratio=1.0).filter(pl.col("benchmark").is_null())
    gaps = np.array([10, 2, 6]) / 40
    half = stats.t.ppf(0.975, 2) * gaps.std(ddof=1) / np.sqrt(3)
    assert row["gap_benchmarks_low"].item() == pytest.approx(gaps.mean() - half, abs=0.03)
    assert row["gap_benchmarks_high"].item() == pytest.approx(gaps.mean() + half, abs=0.03)
    # a family of one benchmark, and benchmarks alone
    assert table.filter(pl.col("benchmark").is_not_null())["gap_benchmarks_low"].is_null().all()
    assert table.filter(family="General-MC")["gap_benchmarks_low"].is_null().all()
    assert table["accuracy_benchmarks_low"].min() >= 0 and table["accuracy_benchmarks_high"].max() <= 1
    known = table.drop_nulls("gap_benchmarks_low")
    assert (known["gap_benchmarks_low"] <= known["gap_low"]).all()
    assert (known["gap_benchmarks_high"] >= known["gap_high"]).all()


def test_contrasts_have_them_too(evidence):
    table = contrasts(evidence, over_benchmarks(evidence, 0))
    known = table.drop_nulls("difference_benchmarks_low")
    assert set(known["cost"]) == {"training", "inference"}
    assert known["family"].unique().to_list() == ["Math-OE"]
    assert (known["difference_benchmarks_high"] >= known["difference_high"]).all()
    assert (known["difference_benchmarks_high"] > known["difference_high"]).any()


def test_equal_seeds_give_equal_replicates(evidence):
    first, second, third = (over_benchmarks(evidence, seed).values["accuracy"] for seed in (0, 0, 1))
    assert np.array_equal(first, second, equal_nan=True)
    assert not np.array_equal(first, third, equal_nan=True)


def test_the_widest_of_two_intervals():
    assert widest((0.1, 0.3), (0.2, float("inf"))) == (0.1, float("inf"))
    assert widest((None, None), (0.2, 0.4)) == (0.2, 0.4)
    assert widest((None, None), (None, None)) == (None, None)
