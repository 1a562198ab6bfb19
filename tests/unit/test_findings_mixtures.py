"""The statements about mixtures, adaptations, stopped and limited answers, and learning rates."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from made_findings import all_models, check, limit_rows, made, plain, ratio_of, row, stops

from scale_or_reason.claims.findings import CONTRADICTED, SUPPORTED
from scale_or_reason.study.cells import Adaptation, AnyModel


def test_sequential_ratios() -> None:
    proportional = made(plain)
    check(row(proportional, "quarter-captures"), 0.25, CONTRADICTED)
    check(row(proportional, "cold-start"), -2.5, SUPPORTED)
    check(row(proportional, "plateau-general-mc"), 7.5, CONTRADICTED)
    check(row(proportional, "plateau-math-mc"), 2.5, CONTRADICTED)
    check(row(proportional, "open-ended-rise"), 2.5, SUPPORTED)
    at_once = made(lambda model, _: 50.0 + 10 * (ratio_of(model) > 0) + 2 * (ratio_of(model) == 0.5))
    check(row(at_once, "quarter-captures"), 1.0, SUPPORTED)
    check(row(at_once, "cold-start"), 2.0, CONTRADICTED)
    check(row(at_once, "plateau-general-mc"), 0.0, SUPPORTED)
    check(row(at_once, "open-ended-rise"), -2.0, CONTRADICTED)
    # one student that does not rise is enough
    one = made(lambda model, _: 50.0 + 10 * ratio_of(model) * (model.student != "small"))
    check(row(one, "open-ended-rise"), 0.0, CONTRADICTED)


def test_some_reasoning_has_most_of_the_gain_for_less() -> None:
    early = lambda model, _: 50 + 10 * ratio_of(model) ** 0.25  # noqa: E731
    cheap = made(early, training=lambda model: 1e18 * (1 + 3 * ratio_of(model)))
    check(row(cheap, "some-reasoning-captures"), 0.25**0.25, SUPPORTED)  # half of it takes 2.5 of 4
    dear = made(early, training=lambda model: 1e18 * (2 + 2 * ratio_of(model)))
    check(row(dear, "some-reasoning-captures"), 0.25**0.25, CONTRADICTED)  # 3 of 4
    late = made(plain, training=lambda model: 1e18 * (1 + 9 * ratio_of(model)))
    check(row(late, "some-reasoning-captures"), 0.25, CONTRADICTED)


def test_mixed_training() -> None:
    lengths = {0.0: 10, 0.25: 12, 0.5: 20, 0.75: 80, 1.0: 100}

    def tokens(model: AnyModel, task: str) -> float:
        return (
            lengths[ratio_of(model)] if model.columns()["curriculum"] == "mix" or ratio_of(model) in (0, 1) else 1000.0
        )

    evidence = made(plain, tokens=tokens)
    check(row(evidence, "mixed-short"), 2.5, SUPPORTED)
    check(row(evidence, "phase-transition"), 4.0, SUPPORTED)
    lengths[0.5] = 60
    check(row(evidence := made(plain, tokens=tokens), "mixed-short"), 2.5, CONTRADICTED)
    check(row(evidence, "phase-transition"), 80 / 60, CONTRADICTED)


def test_mixed_training_is_unstable() -> None:
    jumps = {0.25: 0.0, 0.5: 6.0, 0.75: 0.0}

    def accuracy(model: AnyModel, task: str) -> float:
        return 50 + (jumps[ratio_of(model)] if model.columns()["curriculum"] == "mix" else ratio_of(model))

    more = np.std([0, 6, 0], ddof=1) - np.std([0.25, 0.5, 0.75], ddof=1)
    check(row(made(accuracy), "mixed-unstable"), more, SUPPORTED)
    check(row(made(plain), "mixed-unstable"), 0, CONTRADICTED)


def test_adaptations() -> None:
    added = {("ift", "ift"): 0.0, ("ift", "reasoning"): 4.0, ("reasoning", "ift"): 0.5, ("reasoning", "reasoning"): 6.0}

    def accuracy(model: AnyModel, task: str) -> float:
        if isinstance(model, Adaptation):
            return 50 + added[model.first, model.second] * (1 if model.student != "tiny" else -1)
        return 53.0

    evidence = made(accuracy)
    check(row(evidence, "ift-adaptation"), (4 * 0.5 - 0.5) / 5, SUPPORTED)
    check(row(evidence, "reasoning-adaptation"), 2.0, SUPPORTED)
    specialised = made(lambda model, task: 57.0 if model.columns()["corpus"] == "math" else accuracy(model, task))
    check(row(specialised, "reasoning-adaptation"), -1.0, CONTRADICTED)
    check(row(evidence, "adaptation-keeps"), 3.0, SUPPORTED)
    check(row(evidence, "adaptation-forgets"), -9.0, SUPPORTED)


def test_early_stopping() -> None:
    models = all_models()
    evidence = made(plain)
    in_proportion = stops(models, lambda model, percentile: plain(model, "") * percentile / 100)
    found = row(evidence, "early-stopping", stopped=in_proportion)
    assert found["verdict"] == SUPPORTED
    assert found["value"] < 0
    no_loss = stops(models, lambda model, percentile: plain(model, ""))
    found = row(evidence, "early-stopping", stopped=no_loss)
    # reasoning of place 0 stopped at 25 %: 50 for 2.5e9, between IFT of 2e9 (42) and of 3e9 (44)
    assert found["verdict"] == CONTRADICTED
    assert found["value"] >= 50 - 44
    assert row(evidence, "early-stopping")["note"] == "missing: the table of stopped answers"
    some = no_loss.filter(pl.col("student") != "big")
    assert row(evidence, "early-stopping", stopped=some)["note"].startswith("missing: stopped answers of general/big")


def test_longer_limits() -> None:
    gains = {"mmlu_math": 1.0, "math_500": 3.0, "aime": 2.0}
    check(row(made(plain), "longer-limit", limits=limit_rows(gains)), 1.0, SUPPORTED)
    check(row(made(plain), "longer-limit", limits=limit_rows(gains | {"aime": -1.0})), -1.0, CONTRADICTED)
    some = limit_rows({"mmlu_math": 1.0})
    assert row(made(plain), "longer-limit", limits=some)["note"] == "missing: math_500 under two limits"


@pytest.mark.parametrize(
    ("ratios", "higher", "verdict"),
    [([2, 2, 1.5], 3, SUPPORTED), ([2, 2, 1], 2, SUPPORTED), ([2, 1, 1], 1, CONTRADICTED), ([2, 1], 1, CONTRADICTED)],
)
def test_learning_rates(ratios: list[float], higher: int, verdict: str) -> None:
    rates = {f"student {number}": {"ift": 1e-5, "reasoning": ratio * 1e-5} for number, ratio in enumerate(ratios)}
    rates["half a search"] = {"reasoning": 1e-5}
    found = row(made(plain), "learning-rates", rates=rates)
    check(found, higher, verdict)
    assert f"most of {len(ratios)} students" in found["statement"]


def test_learning_rates_without_a_search() -> None:
    assert row(made(plain), "learning-rates")["note"] == "missing: students with a learning-rate search of both formats"
