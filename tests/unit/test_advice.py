"""Advice for a budget, against choices worked out by hand and against trying all of them."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest
from configs import load
from hypothesis import given, settings
from hypothesis import strategies as st
from made_outcomes import model_id, outcome_table, training_costs
from programs import call
from scipy.stats import beta

from scale_or_reason.analysis.advice import (
    Offers,
    advice,
    offers,
    probabilities_of_best,
    probability_of_reasoning,
    reasoning_ahead,
    regions,
)
from scale_or_reason.analysis.advice_words import count, listed, screen, sentences
from scale_or_reason.analysis.bootstrap import bootstrap
from scale_or_reason.common.table_schemas import SCHEMAS
from scale_or_reason.common.tables import table_from_rows, write_table

SIZES = {"small": 1.0, "large": 3.0}
FAMILIES = {"gsm8k": "Math-OE"}
#: Right of 100 items, FLOPs of training and of an answer: small IFT, small reasoning, large IFT, large reasoning.
STUDENTS = {
    model_id("small", 0): (20, 100.0, 1.0),
    model_id("small", 1): (50, 300.0, 5.0),
    model_id("large", 0): (40, 400.0, 2.0),
    model_id("large", 1): (80, 1200.0, 10.0),
}


@pytest.fixture
def tables():
    right = {model: {"gsm8k": [1] * n + [0] * (100 - n)} for model, (n, _, _) in STUDENTS.items()}
    flops = {model: [answer] * 100 for model, (_, _, answer) in STUDENTS.items()}
    return outcome_table(right, flops=flops), training_costs({model: cost for model, (_, cost, _) in STUDENTS.items()})


@pytest.fixture
def evidence(tables):
    return bootstrap(*tables, FAMILIES, SIZES, seed=0, replicates=500)


def advised(evidence, budget, queries):
    return advice(evidence, [offers(evidence, "Math-OE")], budget, queries, "FLOPs").row(0, named=True)


@pytest.mark.parametrize(
    ("budget", "queries", "best", "runner_up"),
    [
        (5000, 10, "large/seq/rho-1", "small/seq/rho-1"),  # 1300 at most: everything can be had
        (1300, 10, "large/seq/rho-1", "small/seq/rho-1"),  # to the FLOP
        (1299, 10, "small/seq/rho-1", "large/seq/rho-0"),
        (1299, 400, "large/seq/rho-0", "small/seq/rho-0"),  # 2300 for the small reasoning student, 1200 for this one
        (520, 400, "small/seq/rho-0", None),
        (499, 400, None, None),
    ],
)
def test_the_best_within_a_budget(evidence, budget, queries, best, runner_up):
    row = advised(evidence, budget, queries)
    assert (row["best"], row["runner_up"]) == tuple(name and f"general/{name}" for name in (best, runner_up))
    if best:
        n, training, answer = STUDENTS[model_id(best.split("/")[0], float(best[-1]))]
        assert row["best_accuracy"] == pytest.approx(n / 100)
        assert (row["training"], row["answer"]) == (training, answer)
        assert row["best_lifetime"] == training + queries * answer
    else:
        assert row["note"] == "the budget pays none of the models"
    most_expensive = max(training + queries * answer for _, training, answer in STUDENTS.values())
    assert (row["most_expensive"], row["extrapolation"]) == (most_expensive, budget / most_expensive)


@pytest.mark.parametrize(
    ("budget", "queries", "leads", "ranges", "last"),
    [
        # Answers that each model can give within 1000: 900, 140, 300, none. Reasoning until the small one drops out.
        (1000, 1, True, "0 to 140", 140),
        (1000, 140, True, "0 to 140", 140),
        (1000, 141, False, "0 to 140", 140),
        # 1300 and 220, 500 and 20.
        (1400, 1, True, "0 to 220", 220),
        (299, 1, False, "", 0),
    ],
)
def test_break_even_by_hand(evidence, budget, queries, leads, ranges, last):
    row = advised(evidence, budget, queries)
    assert (row["reasoning_leads"], row["reasoning_ranges"] or "") == (leads, ranges)
    assert row["break_even_queries"] == last


def test_reasoning_may_be_ahead_only_of_many_answers():
    """A better IFT student drops out at 10 answers; reasoning then is ahead of the other one, up to 100."""
    offered = Offers(
        "x", (0, 1, 2), np.array([False, True, False]), np.array([[0.9, 0.5, 0.1]]), np.zeros(3), np.array([10, 1, 0.5])
    )
    found = reasoning_ahead(offered, 100)
    assert (found.ranges, found.last.tolist()) == (((10, 100),), [100])


#: Within 100: the best reasoning student up to 10 answers, then an IFT student up to 50, then the other reasoning one.
INTERRUPTED = Offers(
    "x", (0, 1, 2), np.array([True, False, True]), np.array([[0.9, 0.5, 0.1]]), np.zeros(3), np.array([10, 2, 1])
)


def test_a_lead_that_is_lost_and_comes_back():
    found = reasoning_ahead(INTERRUPTED, 100)
    assert (found.ranges, found.last.tolist()) == (((0, 10), (50, 100)), [100])


def test_words_of_an_interrupted_lead(evidence):
    for queries, leads in ((5, "yes"), (20, "no"), (60, "yes"), (101, "no")):
        table = advice(evidence, [INTERRUPTED], 100, queries, "FLOPs")
        assert sentences(table)[1] == (
            "Within this budget the best reasoning student is ahead of the best IFT student up to 10 and from 50 up to"
            " 100 answers on x."
        )
        assert f" {leads} " in screen(table).splitlines()[1]


@pytest.mark.slow
@given(
    st.lists(st.tuples(st.booleans(), st.integers(0, 5), st.integers(0, 9), st.integers(1, 4)), min_size=1, max_size=8),
    st.integers(1, 12),
)
@settings(max_examples=400)
def test_ranges_are_what_trying_all_numbers_finds(models, budget):
    """At a fine grid of numbers of queries and just beside each bound; values are small so that ties are frequent."""
    models.sort(key=lambda model: -model[1])
    reasons, accuracy, training, answer = (np.array(values) for values in zip(*models, strict=True))
    offered = Offers("x", tuple(range(len(models))), reasons.astype(bool), accuracy[None] / 5, training, answer)

    def ahead(number):
        there = offered.lifetime(number) <= budget
        best = [max(accuracy[there & (reasons == kind)], default=-1) for kind in (True, False)]
        return best[0] > best[1]

    found = reasoning_ahead(offered, budget)
    # limits are fractions with denominators up to 4: at odd multiples of 1/48 nothing drops out
    numbers = (np.arange(0, 13 * 24) + 0.5) / 24
    inside = [any(low < number <= high for low, high in found.ranges) for number in numbers]
    assert inside == [ahead(number) for number in numbers]
    assert found.last[0] == max((high for _, high in found.ranges), default=0)
    for low, high in found.ranges:
        assert ahead(high * (1 - 1e-12))
        assert not ahead(high * (1 + 1e-12))
        assert low == 0 or not ahead(low * (1 - 1e-12))


def test_the_probability_of_being_best_is_that_of_two_independent_ones():
    """Two students that are right on unrelated items: beta posteriors, whose order an integral knows."""
    rng = np.random.default_rng(1)
    a, b = rng.permutation([1] * 55 + [0] * 45), rng.permutation([1] * 50 + [0] * 50)
    one, two = model_id("small", 0), model_id("large", 0)
    outcomes = outcome_table({one: {"gsm8k": a}, two: {"gsm8k": b}})
    # pairing the items changes the probability unless what they have right is uncorrelated
    joint = np.corrcoef(a, b)[0, 1]
    assert abs(joint) < 0.15
    evidence = bootstrap(outcomes, training_costs({one: 1.0, two: 1.0}), FAMILIES, SIZES, seed=3, replicates=4000)
    offered = offers(evidence, "Math-OE")
    found = probabilities_of_best(offered, np.array([True, True]))
    assert found.sum() == pytest.approx(1)
    x = np.linspace(0, 1, 4001)
    expected = np.trapezoid(beta.pdf(x, 56, 46) * beta.cdf(x, 51, 51), x)
    assert found[0] == pytest.approx(expected, abs=0.05)
    assert probabilities_of_best(offered, np.array([False, True])).tolist() == [0, 1]
    assert probability_of_reasoning(offered, np.array([True, True])) == 0
    assert probability_of_reasoning(offered, np.array([False, False])) is None


@pytest.mark.slow
@settings(deadline=None)
@given(st.floats(50, 5000), st.floats(1, 2000))
def test_regions_are_advice_at_their_points(budget, queries):
    right = {model: {"gsm8k": [1] * n + [0] * (100 - n)} for model, (n, _, _) in STUDENTS.items()}
    flops = {model: [answer] * 100 for model, (_, _, answer) in STUDENTS.items()}
    costs = training_costs({model: cost for model, (_, cost, _) in STUDENTS.items()})
    evidence = bootstrap(outcome_table(right, flops=flops), costs, FAMILIES, SIZES, seed=0, replicates=10)
    (row,) = regions(evidence, offers(evidence, "Math-OE"), np.array([budget]), np.array([queries])).to_dicts()
    expected = advised(evidence, budget, queries)
    assert (row["best"], row["reasoning_probability"]) == (expected["best"], expected["reasoning_probability"])


@pytest.mark.slow
def test_the_map_hatches_what_is_not_sure(root):
    """Equal maps but for the probability that reasoning is best: the unsure one has lines where the other is plain."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    from scale_or_reason.reporting.figures.advice import draw
    from scale_or_reason.reporting.figures.style import Style

    grid = [(budget, queries) for budget in (1.0, 10.0, 100.0) for queries in (1.0, 10.0, 100.0)]
    row = {"family": "Math-OE", "best": "a", "student": "small", "size_b": 1.0, "ratio": 0.0, "reasons": False}
    row |= {"data_fraction": 0.25}
    style, images = Style.from_file(root / "config" / "style.yaml"), {}
    with style.applied():
        for probability in (0.01, 0.3):
            rows = [row | {"budget": b, "queries": q, "reasoning_probability": probability} for b, q in grid]
            figure = draw(table_from_rows(rows, "regions"), style, budget=10.0, queries=10.0, unit="FLOPs")
            canvas = FigureCanvasAgg(figure)
            canvas.draw()
            images[probability] = np.asarray(canvas.buffer_rgba()).astype(int)
    differing = (np.abs(images[0.01] - images[0.3]).sum(axis=-1) > 60).mean()
    assert 0.01 < differing < 0.5


def test_models_without_cost_or_accuracy_are_not_offered(tables):
    outcomes, costs = tables
    lacking = bootstrap(outcomes, costs.filter(pl.col("student") == "small"), FAMILIES, SIZES, seed=0, replicates=5)
    assert [lacking.name(cell) for cell in offers(lacking, "Math-OE").cells] == [
        "general/small/seq/rho-1",
        "general/small/seq/rho-0",
    ]
    nothing = bootstrap(outcomes, costs.clear(), FAMILIES, SIZES, seed=0, replicates=5)
    row = advised(nothing, 1000, 10)
    assert (row["best"], row["affordable"]) == (None, 0)
    assert "no trained model" in row["note"]


def test_given_costs_take_the_place_of_flops(evidence):
    count_of = evidence.cells.height
    offered = offers(evidence, "Math-OE", np.full(count_of, 2.0), np.full(count_of, 0.5))
    assert offered.lifetime([4.0, 6.0]).tolist() == [[4.0] * 4, [5.0] * 4]


def test_words(evidence):
    table = advice(evidence, [offers(evidence, "Math-OE")], 1000, 100, "FLOPs")
    first, second, third = sentences(table)
    assert first == "With 1,000 FLOPs for training and 100 answers, train general/small/seq/rho-1 for Math-OE."
    assert second == (
        "Within this budget the best reasoning student is ahead of the best IFT student up to 140 answers on Math-OE."
    )
    assert third == "The most expensive measured models cost more than this budget, so nothing is extrapolated."
    assert screen(table).splitlines()[1].split()[:3] == ["Math-OE", "general/small/seq/rho-1", "50.0"]
    poor = sentences(advice(evidence, [offers(evidence, "Math-OE")], 99, 1, "FLOPs"))
    assert poor[0] == "99 FLOPs for training and 1 answers pay none of the measured models: the cheapest takes 101."
    assert poor[1] == "Within this budget reasoning is ahead of IFT at no number of answers (Math-OE)."
    rich = sentences(advice(evidence, [offers(evidence, "Math-OE")], 13_000, 10, "FLOPs"))
    assert rich[2].startswith("The budget is 10 times what the most expensive measured model costs")
    assert [count(value) for value in (1e21, 250_000, 0.5, 0)] == ["1e+21", "250,000", "0.5", "0"]
    assert [listed(names) for names in (["a"], ["a", "b"], ["a", "b", "c"])] == ["a", "a and b", "a, b and c"]


@pytest.fixture
def config(root):
    config = load(root)
    config["study"]["families"] = [{"name": "Math-OE", "benchmarks": ["gsm8k"]}]
    config["plan"]["tokens"]["length_spread"] = 0  # the processes of a training never wait
    config["plan"]["decode"]["sequences"] = 256
    return config


@pytest.fixture
def run(root, tmp_path, tables, config):
    names = dict(zip(SIZES, ("Qwen2.5-0.5B", "Qwen2.5-3B"), strict=True))
    named = pl.col("model_id", "student").str.replace_many(names)
    outcomes, costs = tables
    costs = with_tokens(costs).with_columns(named)
    write_table(outcomes.with_columns(pl.col("model_id").str.replace_many(names)), tmp_path / "o.parquet", "outcomes")
    write_table(costs, tmp_path / "c.parquet", "costs")

    def advise(*arguments):
        words = [
            "--config",
            json.dumps(config),
            "--outcomes",
            tmp_path / "o.parquet",
            "--costs",
            tmp_path / "c.parquet",
        ]
        words += ["--style", root / "config" / "style.yaml", "--replicates", 50, "--output-dir", tmp_path / "advice"]
        call(root, "advise.py", *words, *arguments)
        return pl.read_csv(tmp_path / "advice" / "advice.csv").row(0, named=True)

    return advise


def with_tokens(costs):
    """Trainings of a million sequences of 100 and 900 tokens, and 100 answers of 200 tokens to questions of 100."""
    of_answers = {model: 100 * answer for model, (_, _, answer) in STUDENTS.items()}
    trained = costs.with_columns(
        sequences=pl.lit(10**6), prompt_tokens=pl.lit(10**8), completion_tokens=pl.lit(9 * 10**8)
    )
    answers = costs.with_columns(
        stage=pl.lit("evaluation"),
        flops=pl.col("model_id").replace_strict(of_answers),
        exact_flops=pl.col("model_id").replace_strict(of_answers) / 2,
        benchmark=pl.lit("gsm8k"),
        family=pl.lit("Math-OE"),
        sequences=pl.lit(100),
        prompt_tokens=pl.lit(10**4),
        completion_tokens=pl.lit(2 * 10**4),
    )
    trained = trained.with_columns(exact_flops=pl.col("flops") / 2)
    return pl.concat([trained, answers]).cast(SCHEMAS["costs"])


@pytest.mark.slow
def test_the_script_writes_table_words_and_picture(run, tmp_path, capsys):
    row = run("--budget-flops", 1299, "--queries", 10)
    assert row["best"] == "general/Qwen2.5-0.5B/seq/rho-1"
    printed = capsys.readouterr().out
    assert printed == (tmp_path / "advice" / "advice.txt").read_text()
    assert "train general/Qwen2.5-0.5B/seq/rho-1 for Math-OE." in printed
    assert (tmp_path / "advice" / "regions.png").stat().st_size > 10_000
    drawn = pl.read_csv(tmp_path / "advice" / "regions.csv")
    assert set(drawn["best"].drop_nulls()) <= {f"general/Qwen2.5-{s}B/seq/rho-{r}" for s in (0.5, 3) for r in (0, 1)}


@pytest.mark.slow
def test_gpu_hours_are_those_of_the_plans_speeds(run):
    """Training takes FLOPs over 38 % of 989 teraflops; the larger student takes longer to answer, too."""
    row = run("--budget-gpu-hours", 1e6, "--queries", 1000)
    assert row["unit"] == "H100 GPU-hours"
    assert row["best"] == "general/Qwen2.5-3B/seq/rho-1"
    from scale_or_reason.flops.formulas import training_step_flops
    from scale_or_reason.planning.shapes import shape_of

    flops = 1e6 * float(training_step_flops(shape_of("Qwen/Qwen2.5-3B", {}).architecture, 1000))
    assert row["training"] == pytest.approx(flops / (0.38 * 989e12) / 3600, rel=5e-4)  # 4 digits
    # At most what 256 sequences at a time take if they read the weights only, at half the bandwidth, and no less.
    step = 2 * 3.09e9 / (0.5 * 3.35e12)
    assert step * 200 / 256 / 3600 < row["answer"] < 5 * step * 200 / 256 / 3600
    cheaper = run("--budget-gpu-hours", row["training"] * 0.99, "--queries", 1000)
    assert cheaper["best"] == "general/Qwen2.5-0.5B/seq/rho-1"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--budget-flops", 0, "--queries", 10), "file: --budget-flops"),
        (("--budget-flops", 10, "--queries", -1), "file: --queries"),
        (("--budget-flops", 10, "--budget-gpu-hours", 1, "--queries", 1), "not allowed with"),
    ],
)
def test_bad_budgets_are_refused(run, capsys, arguments, message):
    with pytest.raises(SystemExit):
        run(*arguments)
    assert message in capsys.readouterr().err


@pytest.mark.slow
def test_outcomes_of_another_count_are_refused(run, tmp_path, capsys, config):
    """Tables from before a change of study.flops; with both of one count, advice takes the exact costs."""
    config["study"]["flops"] = "exact"
    with pytest.raises(SystemExit):
        run("--budget-flops", 650, "--queries", 10)
    assert "the table of outcomes has another count of FLOPs" in capsys.readouterr().err
    outcomes = pl.read_parquet(tmp_path / "o.parquet").with_columns(pl.col("flops") / 2)
    write_table(outcomes, tmp_path / "o.parquet", "outcomes")
    row = run("--budget-flops", 649, "--queries", 10)
    assert (row["best"], row["training"], row["answer"]) == ("general/Qwen2.5-0.5B/seq/rho-1", 150, 2.5)
    assert "FLOPs are counted exactly, from the models' architectures." in capsys.readouterr().out
    # votes and cut thoughts that were counted before the change
    voted = {"model_id": "m", "benchmark": "gsm8k", "item_id": "1", "answers": 2, "k": 2, "flops": 1.0}
    file = tmp_path / "servings.parquet"
    write_table(table_from_rows([voted | {"flops_by": "papers"}], "servings"), file, "servings")
    with pytest.raises(SystemExit):
        run("--budget-flops", 649, "--queries", 10, "--servings", file)
    said = capsys.readouterr().err
    for part in (f"file: {file}", "key: flops_by", "found: papers", "expected: exact", "snakemake -- tables"):
        assert part in said


@pytest.mark.slow
def test_hours_of_a_server_are_left_out(run, tmp_path, config, capsys):
    config["advise"] |= {"teacher_share": 1}
    name = config["study"]["teacher"]
    config["teachers"][name] |= {"endpoint": {"url": "http://127.0.0.1:1"}}
    row = run("--budget-gpu-hours", 1e6, "--queries", 10)
    assert row["teacher"] is None
    assert f"teacher's answers ({name} runs on a server, whose GPUs are not known)." in capsys.readouterr().out


def test_nothing_to_advise_is_an_error(run, tmp_path, capsys):
    costs = pl.read_parquet(tmp_path / "c.parquet")
    write_table(costs.clear(), tmp_path / "c.parquet", "costs")
    with pytest.raises(SystemExit):
        run("--budget-flops", 10, "--queries", 1)
    assert "no model qualifies for advice" in capsys.readouterr().err
