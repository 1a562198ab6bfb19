"""Scores and family averages of answers small enough to count by eye."""

from __future__ import annotations

import polars as pl
import pytest
from scipy import stats

from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.intervals import mid_p_interval
from scale_or_reason.common.table_schemas import SCHEMAS
from scale_or_reason.common.tables import table_from_rows
from scale_or_reason.judging.jury import JuryRule
from scale_or_reason.scoring.families import family_points, family_scores
from scale_or_reason.scoring.scores import ANSWER_COLUMNS, GRADE_COLUMNS, MEASURES, VERDICT_COLUMNS, score_model
from scale_or_reason.study.cells import Cell
from scale_or_reason.study.families import family_of

MODEL = Cell("general", "small", "seq", 1.0).model_id
FAMILIES = [{"name": "Math-OE", "benchmarks": ["aime", "gsm8k"]}, {"name": "Law", "benchmarks": ["mmlu_pro_law"]}]


def answers(*rows):
    return pl.DataFrame(rows, schema={name: SCHEMAS["answers"][name] for name in ANSWER_COLUMNS}, orient="row")


def verdicts(*rows):
    return pl.DataFrame(rows, schema={name: SCHEMAS["verdicts"][name] for name in VERDICT_COLUMNS}, orient="row")


def four(judge, *words):
    return verdicts(*(("gsm8k", f"q{number}", 0, judge, word) for number, word in enumerate(words)))


def graded(*rows):
    """Verdicts of the graders: key, verdict, then what they measure."""
    full = [(*row[:3], "rule_graders", *row[3:]) for row in rows]
    return pl.DataFrame(full, schema={name: SCHEMAS["verdicts"][name] for name in GRADE_COLUMNS}, orient="row")


def graded_four(*words):
    return graded(
        *(("gsm8k", f"q{n}", 0, word, word == "yes", word == "yes", None, None) for n, word in enumerate(words))
    )


ANSWERS = answers(
    ("gsm8k", "q0", 0, 10, "stop"),
    ("gsm8k", "q1", 0, 20, "length"),
    ("gsm8k", "q2", 0, 30, "stop"),
    ("gsm8k", "q3", 0, 60, "length"),
)
ITEMS = pl.DataFrame({"benchmark": ["gsm8k"] * 4, "item_id": ["q0", "q1", "q2", "q3"]})
NO_VERDICTS = verdicts()
NO_GRADES = graded()


def score(**changes):
    inputs = {"families": FAMILIES, "items": ITEMS, "answers": ANSWERS, "verdicts": NO_VERDICTS, "graders": NO_GRADES}
    inputs |= {"jury": JuryRule()}
    return score_model(MODEL, **inputs | changes)


def test_one_judge_by_hand():
    table = score(verdicts=four("one", "yes", "unparsable", "no", "yes"))
    row = table.row(0, named=True)
    assert row["model_id"] == MODEL
    assert (row["kind"], row["student"], row["ratio"]) == ("distilled", "small", 1.0)
    assert (row["family"], row["n"], row["accuracy"]) == ("Math-OE", 4, 0.5)
    # mid-P, at the bound: P(3 or 4 right of 4) + P(2 right) / 2 = 2.5 %
    low, high = row["ci_low"], row["ci_high"]
    assert stats.binom.sf(2, 4, low) + stats.binom.pmf(2, 4, low) / 2 == pytest.approx(0.025)
    assert low + high == pytest.approx(1)
    assert (row["answer_tokens_mean"], row["truncated"], row["unparsable"]) == (30.0, 2, 1)
    assert row["judge_agreement"] is None


def test_refused_and_empty_answers_are_counted():
    ends = pl.Series("finish_reason", ["refused", "empty", "refused", "stop"])
    row = score(answers=ANSWERS.with_columns(ends), verdicts=four("one", "no", "no", "no", "yes")).row(0, named=True)
    assert (row["n"], row["truncated"], row["refused"], row["empty"], row["unparsable"]) == (4, 0, 2, 1, 0)


def test_jury_decides_by_the_majority_of_readable_replies():
    jury = pl.concat(
        [
            four("a", "yes", "yes", "unparsable", "unparsable"),
            four("b", "yes", "no", "no", "unparsable"),
            four("c", "no", "unparsable", "unparsable", "unparsable"),
        ]
    )
    row = score(verdicts=jury).row(0, named=True)
    assert (row["accuracy"], row["unparsable"]) == (0.25, 2)
    row = score(verdicts=jury, jury=JuryRule(tie="right")).row(0, named=True)
    assert (row["accuracy"], row["unparsable"]) == (0.5, 1)


def test_graders_alone_decide():
    row = score(graders=graded_four("yes", "yes", "yes", "no")).row(0, named=True)
    assert (row["accuracy"], row["judge_agreement"]) == (0.75, None)


def test_agreement_counts_answers_that_the_jury_decided():
    # q0 both right; q1 both not right, since rules found no result; q2 they differ; q3 undecided by the jury.
    row = score(
        verdicts=four("a", "yes", "no", "no", "unparsable"), graders=graded_four("yes", "unparsable", "yes", "yes")
    ).row(0, named=True)
    assert row["judge_agreement"] == pytest.approx(2 / 3)
    assert row["accuracy"] == 0.25


def test_strict_and_lenient_measures_are_means_over_all_answers():
    rows = [
        ("squad", "q0", 0, "yes", True, True, True, 1.0),
        ("squad", "q1", 0, "yes", False, True, False, 0.8),
        ("squad", "q2", 0, "no", False, False, False, 0.0),
        ("ifeval", "q0", 0, "no", False, True, None, None),
    ]
    inputs = {
        "families": [{"name": "General-OE", "benchmarks": ["squad", "ifeval"]}],
        "items": pl.DataFrame({"benchmark": ["squad"] * 3 + ["ifeval"], "item_id": ["q0", "q1", "q2", "q0"]}),
        "answers": answers(*((*row[:3], 5, "stop") for row in rows)),
    }
    squad, ifeval = score(**inputs, graders=graded(*rows)).to_dicts()
    assert squad["accuracy"] == pytest.approx(2 / 3)
    assert [squad[name] for name in MEASURES] == pytest.approx([1 / 3, 2 / 3, 1 / 3, 0.6])
    assert ifeval["accuracy"] == 0
    assert [ifeval[name] for name in MEASURES] == [0, 1, None, None]


def test_judges_alone_measure_no_strict_score():
    row = score(verdicts=four("a", "yes", "yes", "no", "no")).row(0, named=True)
    assert [row[name] for name in MEASURES] == [None] * 4


def test_samples_of_one_item_are_not_independent_trials():
    rows = [("aime", item, sample) for item in ("q0", "q1", "q2") for sample in range(4)]
    words = ["yes"] * 4 + ["no"] * 8
    table = score(
        items=pl.DataFrame({"benchmark": ["aime"] * 3, "item_id": ["q0", "q1", "q2"]}),
        answers=answers(*((*row, 5, "stop") for row in rows)),
        verdicts=verdicts(*((*row, "a", word) for row, word in zip(rows, words, strict=True))),
    )
    row = table.row(0, named=True)
    assert (row["n"], row["accuracy"]) == (12, pytest.approx(1 / 3))
    # Answers to an item always agree: as good as three trials.
    assert (row["ci_low"], row["ci_high"]) == pytest.approx(tuple(map(float, mid_p_interval(1 / 3, 3))))


def test_rows_stand_in_the_order_of_the_families():
    table = score(
        items=pl.DataFrame({"benchmark": ["gsm8k", "mmlu_pro_law"], "item_id": ["q0", "q0"]}),
        answers=answers(("mmlu_pro_law", "q0", 0, 1, "stop"), ("gsm8k", "q0", 0, 1, "stop")),
        verdicts=verdicts(("gsm8k", "q0", 0, "a", "yes"), ("mmlu_pro_law", "q0", 0, "a", "no")),
    )
    assert table["benchmark"].to_list() == ["gsm8k", "mmlu_pro_law"]


YES = four("a", "yes", "yes", "yes", "yes")


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"answers": ANSWERS.head(3)}, "an item has no answer"),
        ({"items": ITEMS.head(3)}, "an answer belongs to no item"),
        ({"answers": pl.concat([ANSWERS, ANSWERS.head(1)])}, "an answer is duplicated"),
        ({"answers": ANSWERS.clear()}, "no answers"),
        ({"verdicts": YES.head(3)}, "an answer has no verdict"),
        ({"verdicts": pl.concat([YES, YES.head(1)])}, "a verdict is duplicated"),
        ({"verdicts": pl.concat([YES, YES.with_columns(sample=1 + pl.col("sample")).head(1)])}, "no answer"),
        ({"verdicts": NO_VERDICTS}, "no verdicts"),
        ({"graders": graded_four("yes", "yes")}, "an answer has no verdict"),
    ],
)
def test_gaps_are_refused(changes, problem):
    with pytest.raises(StudyError, match=problem):
        score(**{"verdicts": YES} | changes)


def test_a_benchmark_without_family_is_refused():
    with pytest.raises(StudyError, match="belongs to no family"):
        score(families=FAMILIES[1:], verdicts=YES)


@pytest.mark.parametrize("families", [{"Math-OE": ["gsm8k"]}, [{"name": "Math-OE"}], "gsm8k"])
def test_families_in_another_form_are_refused(families):
    with pytest.raises(StudyError, match="does not have the format of the config"):
        family_of(families)


def score_row(benchmark, family, accuracy, low, high):
    measured = {"n": 10, "accuracy": accuracy, "ci_low": low, "ci_high": high, "answer_tokens_mean": 1.0}
    empty = {"truncated": 0, "unparsable": 0, "judge_agreement": None} | dict.fromkeys(MEASURES)
    cell = Cell("general", "small", "seq", 1.0).columns()
    return cell | {"benchmark": benchmark, "family": family} | measured | empty


def cost_row(stage, benchmark, family, sequences, flops):
    cell = Cell("general", "small", "seq", 1.0).columns()
    counted = {"sequences": sequences, "prompt_tokens": 1, "completion_tokens": 1, "flops": flops, "seconds": None}
    return cell | {"stage": stage, "benchmark": benchmark, "family": family} | counted


def test_family_average_is_unweighted_and_joined_with_its_costs():
    scores = table_from_rows(
        [
            score_row("gsm8k", "Math-OE", 0.5, 0.47, 0.56),
            score_row("aime", "Math-OE", 0.7, 0.66, 0.78),
            score_row("mmlu_pro_law", "Law", 0.2, 0.1, 0.3),
        ],
        "scores",
    )
    costs = table_from_rows(
        [
            cost_row("training", None, None, 100, 7e9),
            cost_row("evaluation", "gsm8k", "Math-OE", 10, 1000.0),  # 100 per answer
            cost_row("evaluation", "aime", "Math-OE", 2, 600.0),  # 300 per answer
            cost_row("judging", "gsm8k", "Math-OE", 10, 9e9),
        ],
        "costs",
    )
    points = {row["family"]: row for row in family_points(scores, costs).to_dicts()}
    math = points["Math-OE"]
    assert (math["accuracy"], math["ci_low"], math["ci_high"]) == pytest.approx((0.6, 0.575, 0.65))
    assert (math["benchmarks"], math["inference_flops"], math["training_flops"]) == (2, 200.0, 7e9)
    assert points["Law"]["inference_flops"] is None


def test_no_scores_have_no_families():
    assert family_scores(table_from_rows([], "scores")).height == 0
