"""One reasoning trace against plain votes that cost no more, by hand."""

from __future__ import annotations

import polars as pl
import pytest
from made_outcomes import training_costs
from test_serving import ARCHITECTURE, GOLD, answers_of, items_of

from scale_or_reason.analysis.serving import evidence_of_servings
from scale_or_reason.analysis.serving_contrasts import trace_contrasts
from scale_or_reason.flops.formulas import generation_flops
from scale_or_reason.scoring.servings import model_servings

IFT, REASONING = "general/small/seq/rho-0/seed-0", "general/small/seq/rho-1/seed-0"
MIXED, OTHER = "general/small/seq/rho-0.5/seed-0", "general/other/seq/rho-1/seed-0"
FAMILIES, SIZES = {"gsm8k": "Math-OE"}, {"small": 1.0, "other": 2.0}
#: Wrong answers differ, so that votes of four or more are always right.
AGREED = [GOLD, GOLD, GOLD, "1", GOLD, GOLD, "2", "3"]


def servings_of(model: str, items: list[list[str]], tokens: int | None = None) -> pl.DataFrame:
    outcomes, extracts = answers_of(model, {"gsm8k": items})
    if tokens is not None:
        flops = float(generation_flops(ARCHITECTURE, 30, tokens))
        outcomes = outcomes.with_columns(answer_tokens=pl.lit(tokens), flops=pl.lit(flops))
    return model_servings(outcomes, extracts, items_of(outcomes), ARCHITECTURE)


@pytest.fixture(scope="module")
def table() -> pl.DataFrame:
    made = [
        servings_of(IFT, [AGREED] * 10),
        servings_of(REASONING, [[GOLD]] * 8 + [["9"]] * 2, tokens=180),
        servings_of(f"{REASONING}/think-tokens-5", [[GOLD]] * 5 + [["9"]] * 5, tokens=60),
        servings_of(MIXED, [[GOLD]] * 10, tokens=10),
        servings_of(OTHER, [[GOLD]] * 10, tokens=10),
    ]
    costs = training_costs(dict.fromkeys((IFT, REASONING, MIXED, OTHER), 1e15))
    return trace_contrasts(evidence_of_servings(pl.concat(made), costs, FAMILIES, SIZES, 0, 100))


def test_a_trace_meets_the_most_votes_that_cost_no_more(table: pl.DataFrame) -> None:
    """IFT answers have 55 tokens on average: a trace of 180 pays for four with their shared prompt, not for eight."""
    whole, cut = (
        table.filter(ratio=1.0, benchmark="gsm8k", serving=name).row(0, named=True) for name in ("single", "budget-5")
    )
    single = sum(float(generation_flops(ARCHITECTURE, 30, 20 + 10 * sample)) for sample in range(8)) / 8
    prompt = float(generation_flops(ARCHITECTURE, 30, 0))
    assert whole["ift_serving"] == "vote@4"
    assert whole["ift_flops"] == pytest.approx(prompt + 4 * (single - prompt))
    assert whole["ift_flops"] <= whole["flops"] < prompt + 8 * (single - prompt)
    trace = float(generation_flops(ARCHITECTURE, 30, 180))
    assert whole["answers_paid"] == pytest.approx((trace - prompt) / (single - prompt))
    assert 4 < whole["answers_paid"] < 8
    assert whole["difference"] == pytest.approx(0.8 - whole["ift_accuracy"])
    assert whole["difference_low"] <= whole["difference"] <= whole["difference_high"]
    # a cut thought of 60 tokens pays for one plain answer
    assert (cut["ift_serving"], cut["accuracy"], cut["ift_accuracy"]) == ("single", 0.5, pytest.approx(5 / 8))
    assert whole["note"] is None and 0 < whole["p"] <= whole["q"] <= 1


def test_what_cannot_be_compared_says_why_or_is_left_out(table: pl.DataFrame) -> None:
    short = table.filter(ratio=0.5, benchmark="gsm8k").row(0, named=True)
    assert (short["note"], short["ift_serving"], short["difference"]) == ("one IFT answer costs more", None, None)
    assert set(table["student"]) == {"small"}  # the other one has no IFT twin
    assert 0.0 not in table["ratio"].to_list()


def test_votes_run_out() -> None:
    made = [servings_of(IFT, [[GOLD, "1"]] * 4), servings_of(REASONING, [[GOLD]] * 4, tokens=5000)]
    costs = training_costs({IFT: 1e15, REASONING: 1e15})
    found = trace_contrasts(evidence_of_servings(pl.concat(made), costs, FAMILIES, SIZES, 0, 20))
    assert set(found["ift_serving"]) == {"vote@2"}
    assert set(found["note"]) == {"the trace would pay for more IFT answers than there are"}


@pytest.mark.parametrize("samples", [1, 4, 7])
def test_empty_answers_cost_nothing_beyond_their_prompt(samples: int) -> None:
    made = [servings_of(IFT, [[""] * samples] * 7, tokens=0), servings_of(REASONING, [[GOLD]] * 7, tokens=50)]
    costs = training_costs({IFT: 1e15, REASONING: 1e15})
    (found, *_) = trace_contrasts(evidence_of_servings(pl.concat(made), costs, FAMILIES, SIZES, 0, 20)).to_dicts()
    trace, prompt = (float(generation_flops(ARCHITECTURE, 30, tokens)) for tokens in (50, 0))
    if samples == 1:  # each further answer has its own prompt
        assert found["answers_paid"] == pytest.approx(trace / prompt)
        assert found["note"] == "the trace would pay for more IFT answers than there are"
    else:
        assert found["answers_paid"] is None
        assert found["note"] == "all IFT answers are empty, so any number of them costs as much as one"
    assert (found["accuracy"], found["ift_accuracy"], found["difference"]) == (1.0, 0.0, 1.0)
