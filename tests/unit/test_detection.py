"""What comparisons can detect: against Connor's formula by hand, and against simulated studies."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from configs import load
from hypothesis import given, settings
from hypothesis import strategies as st
from made_outcomes import model_id, outcome_table

from scale_or_reason.common.tables import write_table
from scale_or_reason.planning.assumptions import Assumptions
from scale_or_reason.planning.detection import Compared, detectable, to_see, variance
from scale_or_reason.planning.detection_table import detection_notes, detection_rows, detection_table
from scale_or_reason.planning.discordance import read_discordances
from scale_or_reason.study.study import Study

MATH_OE = [Compared(name, items, 1, 0.25, 0.5) for name, items in (("gsm8k", 1319), ("math", 500), ("aime", 30))]


@pytest.mark.parametrize(
    ("items", "discordance", "difference"),
    [
        # (1.960 sqrt(0.2) + 0.8416 sqrt(0.2 - 0.01))^2 / 0.01 = 154.6
        (154.6, 0.2, 0.1),
        # (1.960 sqrt(0.25) + 0.8416 sqrt(0.25 - 0.0004))^2 / 0.0004 = 4904
        (4904, 0.25, 0.02),
    ],
)
def test_one_answer_per_item_is_connors_formula(items, discordance, difference):
    assert detectable([Compared("x", items, 1, discordance, 0.5)]) == pytest.approx(difference, rel=2e-3)


def test_aime_carries_the_variance_of_its_family():
    share = MATH_OE[2].variance() / sum(one.variance() for one in MATH_OE)
    assert share == pytest.approx(0.92, abs=0.005)
    assert variance(MATH_OE, 1, 0.0) == pytest.approx(0.25 * (1 / 1319 + 1 / 500 + 1 / 30) / 9)


def test_a_benchmark_too_small_for_any_difference():
    """Two students differ by at most their discordance."""
    assert detectable([Compared("x", 30, 1, 0.0, 0.5)]) is None
    assert detectable([Compared("x", 30, 1, 0.03, 0.5)]) is None


def test_power_of_mcnemars_test():
    """Its score test on simulated pairs of answers rejects in 80 % of studies at the detectable difference."""
    difference = detectable([Compared("x", 500, 1, 0.25, 0.5)])
    better, worse = (0.25 + difference) / 2, (0.25 - difference) / 2
    won, lost, _ = np.random.default_rng(1).multinomial(500, [better, worse, 0.75], size=20_000).T
    assert np.mean((won - lost) / np.sqrt(won + lost) > 1.96) == pytest.approx(0.80, abs=0.015)


@pytest.mark.parametrize("seed_sd", [0.0, 0.01])
def test_power_of_a_familys_mean_with_samples_and_seeds(seed_sd):
    """Items that one student has right in any case, and items on which both guess: only guesses are averaged."""
    seeds, studies, rng = 2, 20_000, np.random.default_rng(2)
    family = [Compared("a", 400, 1, 0.25, 0.4), Compared("b", 60, 4, 0.25, 0.6)]
    difference = detectable(family, seeds, seed_sd)
    found = np.zeros(studies)
    for one in family:
        sure, guessed = one.discordance * (1 - one.noise), 2 * one.discordance * one.noise
        shares = [(sure + difference) / 2, (sure - difference) / 2, guessed, 1 - sure - guessed]
        won, lost, guesses, _ = rng.multinomial(one.items, shares, size=studies).T
        answers = guesses * one.samples * seeds
        by_guessing = (rng.binomial(answers, 0.5) - rng.binomial(answers, 0.5)) / (one.samples * seeds)
        found += (won - lost + by_guessing) / one.items / len(family)
    found += rng.normal(0, seed_sd * np.sqrt(2 / seeds), studies)
    assert np.mean(found > 1.96 * variance(family, seeds, seed_sd) ** 0.5) == pytest.approx(0.80, abs=0.015)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.tuples(st.integers(20, 3000), st.integers(1, 8), st.floats(0, 1)), min_size=1, max_size=4),
    st.integers(1, 4),
    st.floats(0, 0.02),
)
def test_what_is_needed_is_just_enough(parts, seeds, seed_sd):
    family = [Compared(str(n), items, samples, 0.25, noise) for n, (items, samples, noise) in enumerate(parts)]
    needed = to_see(family, 0.02, seeds, seed_sd)
    assert needed["items"] is not None
    for number, enough in ((needed["items"], True), (needed["items"] - 1, False)):
        raised = [Compared(o.name, max(o.items, number), o.samples, o.discordance, o.noise) for o in family]
        seen = detectable(raised, seeds)
        assert (seen is not None and seen <= 0.02) == enough or needed["items"] == 1
    if needed["seeds"] is not None:
        assert detectable(family, needed["seeds"], seed_sd) <= 0.02
    if needed["samples"] is not None:
        assert detectable(family, seeds) is not None


def test_samples_help_only_against_noise():
    assert to_see([Compared("x", 3000, 1, 0.25, 0.5)], 0.02, 1, 0.0)["samples"] == 5
    # 4904 items without noise are needed, and half of the variance stays
    assert to_see([Compared("x", 2400, 1, 0.25, 0.5)], 0.02, 1, 0.0)["samples"] is None
    assert to_see([Compared("x", 100, 1, 0.25, 0.0)], 0.02, 1, 0.0)["samples"] is None


def outcomes_of(answers):
    """Outcomes from model -> benchmark -> a list of answers for each item."""
    parts = []
    for sample in range(max(len(item) for by in answers.values() for items in by.values() for item in items)):
        right = {
            model: {name: [item[sample] for item in items] for name, items in by.items() if len(items[0]) > sample}
            for model, by in answers.items()
        }
        parts.append(outcome_table(right).with_columns(sample=pl.lit(sample, pl.Int64)))
    return pl.concat(parts)


def test_discordance_and_noise_by_hand(tmp_path):
    plain, reasoning = model_id("small", 0), model_id("small", 1)
    table = outcomes_of(
        {
            plain: {"gsm8k": [[1], [0], [0], [1]], "aime": [[1, 0], [0, 0]]},
            reasoning: {"gsm8k": [[1], [1], [1], [0]], "aime": [[1, 1], [1, 0]]},
        }
    )
    write_table(table, tmp_path / "outcomes.parquet", "outcomes")
    found = read_discordances(tmp_path / "outcomes.parquet", "pilot", {"Math-OE": ("gsm8k", "aime")})
    # items of AIME: probabilities 1/2 and 1, then 0 and 1/2
    assert found.discordance == {"gsm8k": 0.75, "aime": 0.5}
    # p (1 - p) of one answer, from two: 1/2 on one side of each item
    assert found.noise == {"aime": 1.0}
    assert found.seed_sd == {}


def test_trainings_that_vary_between_seeds(tmp_path):
    """Seeds with 30 and 50 of 100 items right: a standard deviation of 14 points, less what items explain."""
    right = {seed: [1] * n + [0] * (100 - n) for seed, n in ((0, 30), (1, 50))}
    answers = {model_id("small", ratio, seed): {"gsm8k": own} for ratio in (0, 1) for seed, own in right.items()}
    write_table(outcome_table(answers), tmp_path / "outcomes.parquet", "outcomes")
    found = read_discordances(tmp_path / "outcomes.parquet", "pilot", {"Math-OE": ("gsm8k",)})
    # residuals: 20 items differ by 1, the mean difference is 0.2: sum of squares 2 (20 * 0.16 + 80 * 0.01) = 8
    assert found.seed_sd["Math-OE"] == pytest.approx((0.02 - 8 / 99 / 100) ** 0.5)
    assert found.discordance == {"gsm8k": 0.0}


def test_without_outcomes_or_pairs(tmp_path):
    assert read_discordances(tmp_path / "outcomes.parquet", "pilot", {}) is None
    write_table(outcome_table({model_id("small", 0): {"gsm8k": [1]}}), tmp_path / "outcomes.parquet", "outcomes")
    assert read_discordances(tmp_path / "outcomes.parquet", "pilot", {}) is None


@pytest.fixture(scope="module")
def config(root):
    return load(root)


def planned(config, results):
    study = Study.from_config(config)
    return detection_table(config, study, Assumptions(config, study), results)


def test_the_papers_study(config, tmp_path):
    table = planned(config, tmp_path / "v2")
    (math,) = [row for row in detection_rows(table) if row[0] == "Math-OE"]
    assert math[3:5] == ["aime (30 items): 92%", "1,635"]
    assert float(math[1]) == pytest.approx(100 * detectable(MATH_OE), abs=0.05)
    assert float(math[2]) > float(math[1])
    assert any("Discordance: assumed." in note for note in detection_notes(table))


def test_measurements_replace_assumptions(config, tmp_path):
    answers = {model_id("Qwen2.5-3B", ratio): {"gsm8k": [[ratio]] * 4 + [[1]] * 6} for ratio in (0, 1)}
    (tmp_path / "pilot" / "tables").mkdir(parents=True)
    write_table(outcomes_of(answers), tmp_path / "pilot" / "tables" / "outcomes.parquet", "outcomes")
    config = config | {"plan": config["plan"] | {"calibrate_from": "pilot"}}
    table = planned(config, tmp_path / "v2")
    rows = {row["benchmark"]: row for row in table.filter(family="Math-OE").to_dicts()}
    assert (rows["gsm8k"]["discordance"], rows["gsm8k"]["source"]) == (0.4, "measured in pilot")
    assert (rows["aime"]["discordance"], rows["aime"]["source"]) == (0.25, "assumed")


def test_a_study_without_comparisons(config, tmp_path):
    alone = config | {"study": config["study"] | {"ratios": [1.0]}}
    assert planned(alone, tmp_path).is_empty()


def with_votes(config, **restricted):
    study = config["study"] | {"votes": {"samples_per_item": 4, "benchmarks": ["gsm8k"], **restricted}}
    return config | {"study": study}


def test_restricted_votes_lower_the_noise_of_those_who_give_them(config, tmp_path):
    """Discordance 1/4, half of it noise, of which each student has one half."""
    rest = {"corpora": ["general"], "students": ["Qwen2.5-3B"]}
    for ratios, samples, variance_of_item in (
        ([0, 1], (4, 4), 1 / 8 + 1 / 8 / 4),
        ([0], (4, 1), 1 / 8 + 1 / 16 / 4 + 1 / 16),
        ([1], (1, 4), 1 / 8 + 1 / 16 / 4 + 1 / 16),
    ):
        table = planned(with_votes(config, ratios=ratios, **rest), tmp_path)
        rows = {row["answers"]: row for row in table.filter(benchmark="gsm8k").to_dicts()}
        assert (rows["scores"]["samples"], rows["scores"]["reasoning_samples"]) == (1, 1)
        assert (rows["votes"]["samples"], rows["votes"]["reasoning_samples"]) == samples
        # 1,319 items; (1.960 + 0.8416)^2 times the variance is nearly the squared difference, which it contains itself
        approximate = 2.8016 * (variance_of_item / 1319) ** 0.5
        assert rows["votes"]["detectable"] == pytest.approx(approximate, rel=2e-3)
        assert rows["scores"]["detectable"] == pytest.approx(2.8016 * (0.25 / 1319) ** 0.5, rel=2e-3)
        families = table.filter(pl.col("benchmark").is_null())
        assert families.filter(answers="votes")["family"].to_list() == ["Math-OE"]  # no other has a benchmark of votes
        assert "Math-OE, with votes" in [row[0] for row in detection_rows(table)]
        assert detection_notes(table)[-1].startswith("With votes: ")
        assert table.filter(answers="votes", family="Math-OE")["share"].drop_nulls().sum() == pytest.approx(2)


def test_votes_of_other_students_change_no_comparison(config, tmp_path):
    plain = planned(config, tmp_path)
    assert plain["answers"].unique().to_list() == ["scores"] and not any("votes" in n for n in detection_notes(plain))
    # half reasoning answers: neither of the two formats
    assert planned(with_votes(config, ratios=[0.5]), tmp_path).equals(plain)
    # as many answers as all students give
    many = config | {"benchmarks": config["benchmarks"] | {"samples_per_item": {"gsm8k": 4}}}
    assert planned(with_votes(many), tmp_path).equals(planned(many, tmp_path))
