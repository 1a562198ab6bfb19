"""Agreement of judges against numbers of textbooks, and against the definitions written out."""

from __future__ import annotations

import json
from itertools import permutations
from pathlib import Path

import polars as pl
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from programs import call

from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.intervals import mid_p_interval
from scale_or_reason.common.table_schemas import SCHEMAS
from scale_or_reason.common.tables import read_table, table_from_rows, write_table
from scale_or_reason.judging.agreement import VERDICT_COLUMNS, cohens_kappa, judge_agreement, krippendorffs_alpha
from scale_or_reason.study.cells import BaseStudent

FAMILIES = {"gsm8k": "Math-OE", "squad": "General-OE"}
WORD = {1: "yes", 0: "no", None: "unparsable"}


def verdicts(opinions: dict[str, list[int | None]], benchmark: str = "gsm8k", model_id: str = "m") -> pl.DataFrame:
    """One verdict for each judge and item."""
    rows = [
        (model_id, benchmark, f"q{number:04}", 0, judge, WORD[said])
        for judge, all_said in opinions.items()
        for number, said in enumerate(all_said)
    ]
    schema = {name: SCHEMAS["verdicts"][name] for name in VERDICT_COLUMNS}
    return pl.DataFrame(rows, schema=schema, orient="row")


def row(table: pl.DataFrame, first: str, second: str | None, benchmark: str | None = None) -> dict:
    chosen = table.filter(
        pl.col("first") == first, pl.col("second").eq_missing(second), pl.col("benchmark").eq_missing(benchmark)
    )
    assert chosen.height == 1
    return chosen.row(0, named=True)


def test_kappa_of_a_textbook() -> None:
    """Fifty proposals, 20 yes from both, 15 no from both, 5 and 10 apart: kappa 0.4."""
    assert cohens_kappa(50, 20, 25, 30) == pytest.approx(0.4)


def test_alpha_of_its_author() -> None:
    """Krippendorff (2011), example A: two observers, ten articles, binary; alpha is 0.095."""
    meg, owen = [0, 1, 0, 0, 0, 0, 0, 0, 1, 0], [1, 1, 1, 0, 0, 1, 0, 0, 0, 0]
    table = judge_agreement([verdicts({"meg": meg, "owen": owen})], FAMILIES, seed=0, replicates=50)
    found = row(table, "meg", "owen")
    assert found["alpha"] == pytest.approx(0.095, abs=0.0005)
    assert (found["answers"], found["first_only"], found["second_only"], found["agreement"]) == (10, 1, 3, 0.6)


def alpha_by_pairs(units: list[list[int]]) -> float:
    """The definition: disagreement within units over disagreement among all values."""
    units = [unit for unit in units if len(unit) > 1]
    values = [value for unit in units for value in unit]
    within = sum(sum(a != b for a, b in permutations(unit, 2)) / (len(unit) - 1) for unit in units) / len(values)
    among = sum(a != b for a, b in permutations(values, 2)) / (len(values) * (len(values) - 1))
    return 1 - within / among


OPINION = st.sampled_from([1, 1, 0, None])


@pytest.mark.slow
@given(st.lists(st.tuples(OPINION, OPINION, OPINION), min_size=2, max_size=30))
def test_alpha_of_a_jury_with_gaps(said: list[tuple[int | None, ...]]) -> None:
    units = [[value for value in unit if value is not None] for unit in said]
    decided = [value for unit in units if len(unit) > 1 for value in unit]
    assume(0 in decided and 1 in decided)
    opinions = {name: list(values) for name, values in zip("abc", zip(*said, strict=True), strict=True)}
    found = row(judge_agreement([verdicts(opinions)], FAMILIES, seed=0, replicates=2), "jury", None)
    assert found["alpha"] == pytest.approx(alpha_by_pairs(units))
    several = [unit for unit in units if len(unit) > 1]
    assert found["answers"] == len(several)
    assert found["agreement"] == pytest.approx(sum(len(set(unit)) == 1 for unit in several) / len(several))
    assert found["kappa"] is None and found["first_only"] is None


@given(st.lists(st.tuples(st.sampled_from([0, 1]), st.sampled_from([0, 1])), min_size=2, max_size=30))
def test_alpha_of_a_pair(said: list[tuple[int, int]]) -> None:
    values = [value for unit in said for value in unit]
    assume(0 in values and 1 in values)
    both, first, second = (sum(part) for part in zip(*((a & b, a, b) for a, b in said), strict=True))
    alpha = krippendorffs_alpha(first + second - 2 * both, first + second, 2 * len(said))
    assert alpha == pytest.approx(alpha_by_pairs([list(unit) for unit in said]))


def test_judges_who_always_say_the_same_have_no_kappa() -> None:
    table = judge_agreement([verdicts({"a": [1, 1], "b": [1, 1]})], FAMILIES, seed=0, replicates=20)
    found = row(table, "a", "b")
    assert (found["agreement"], found["agreement_low"], found["kappa"], found["alpha"]) == (1, 1, None, None)
    assert (found["kappa_low"], found["alpha_high"]) == (None, None)


def test_unparsable_replies_decide_nothing_and_answers_without_a_result_are_wrong() -> None:
    said = {"rule_graders": [1, None, None, 1], "judge": [1, 0, 1, None]}
    found = row(judge_agreement([verdicts(said)], FAMILIES, seed=0, replicates=20), "judge", "rule_graders")
    # the second answer both call wrong, the third only the judge calls right; the fourth the judge leaves open
    assert (found["answers"], found["first_only"], found["second_only"]) == (3, 1, 0)


def test_distance_of_accuracies_is_the_median_over_models() -> None:
    """The judges are 0, 10 and 30 points apart on three models and gsm8k, and 20 on squad."""
    parts = [
        verdicts({"a": [1] * 10, "b": [1] * 10}, model_id="m0"),
        verdicts({"a": [1] * 10, "b": [1] * 9 + [0]}, model_id="m1"),
        verdicts({"a": [1] * 6 + [0] * 4, "b": [1] * 9 + [None]}, model_id="m2"),
        verdicts({"a": [1] * 5, "b": [0] + [1] * 4}, benchmark="squad", model_id="m0"),
    ]
    table = judge_agreement([pl.concat(parts)], FAMILIES, seed=0, replicates=20)
    assert row(table, "a", "b", "gsm8k")["difference"] == pytest.approx(10)
    assert row(table, "a", "b", "squad")["difference"] == pytest.approx(20)
    assert row(table, "a", "b")["difference"] == pytest.approx(15)
    assert table["family"].to_list() == ["Math-OE", "General-OE", None]


def test_benchmarks_may_come_one_after_the_other() -> None:
    opinions = {
        "a": [1, 1, 0, 1, None, 0],
        "b": [1, 0, 0, None, 1, 1],
        "c": [0, 1, 0, 1, 1, 1],
        "rule_graders": [1, 1, 0, 0, 0, 0],
    }
    parts = [
        pl.concat(verdicts(opinions, benchmark, model_id) for model_id in ("m0", "m1"))
        for benchmark in ("gsm8k", "squad")
    ]
    whole = judge_agreement([pl.concat(parts)], FAMILIES, seed=0, replicates=50)
    assert judge_agreement(iter(parts), FAMILIES, seed=0, replicates=50).equals(whole)
    assert set(whole["benchmark"]) == {"gsm8k", "squad", None}


def test_no_benchmark_at_all_and_another_judge_on_the_second() -> None:
    with pytest.raises(StudyError, match="needs two judges"):
        judge_agreement([], FAMILIES, seed=0)
    second = verdicts({"a": [1], "c": [1]}, benchmark="squad")
    with pytest.raises(StudyError, match="one verdict each of a, b"):
        judge_agreement([verdicts({"a": [1], "b": [1]}), second], FAMILIES, seed=0, replicates=2)


@pytest.mark.slow
def test_intervals_draw_items() -> None:
    """With one answer per item they are those of a share; a second model's equal answers tell nothing new."""
    opinions = {"a": [1] * 400, "b": [1] * 360 + [0] * 40}
    low, high = (float(bound) for bound in mid_p_interval(0.9, 400))
    once, twice = verdicts(opinions), verdicts(opinions, model_id="m2")
    for given_verdicts in (once, pl.concat([once, twice])):
        found = row(judge_agreement([given_verdicts], FAMILIES, seed=0), "a", "b")
        assert found["agreement"] == pytest.approx(0.9)
        assert found["agreement_low"] == pytest.approx(low, abs=0.006)
        assert found["agreement_high"] == pytest.approx(high, abs=0.006)
    again = judge_agreement([once], FAMILIES, seed=0)
    assert again.equals(judge_agreement([once], FAMILIES, seed=0))
    assert not again.equals(judge_agreement([once], FAMILIES, seed=1))


@pytest.mark.parametrize(
    ("given_verdicts", "problem"),
    [
        (verdicts({"a": [1, 0]}), "needs two judges"),
        (verdicts({"a": [1, 0], "b": [1]}), "exactly one verdict of every judge"),
        (pl.concat([verdicts({"a": [1], "b": [1]})] * 2), "exactly one verdict of every judge"),
    ],
)
def test_gaps_are_refused(given_verdicts: pl.DataFrame, problem: str) -> None:
    with pytest.raises(StudyError, match=problem):
        judge_agreement([given_verdicts], FAMILIES, seed=0)


def test_the_program(root: Path, tmp_path: Path) -> None:
    model_id = BaseStudent("small", 0).model_id
    table = verdicts({"one": [1, 0, 1], "rule_graders": [1, 1, 0]}, model_id=model_id)
    for (judge,), part in table.group_by("judge"):
        path = tmp_path / str(judge) / model_id / "gsm8k.parquet"
        path.parent.mkdir(parents=True)
        rows = [said | {"reply": "", "judge_prompt_tokens": 1, "judge_tokens": 1} for said in part.to_dicts()]
        write_table(table_from_rows(rows, "verdicts"), path, "verdicts")
    families = json.dumps([{"name": "Math-OE", "benchmarks": ["gsm8k"]}])
    options = [
        "--verdicts",
        tmp_path,
        "--judges",
        "one",
        "rule_graders",
        "--model-ids",
        model_id,
        "--families",
        families,
    ]
    outputs = ["--parquet", tmp_path / "table.parquet", "--csv", tmp_path / "table.csv"]
    call(root, "compare_judges.py", *options, "--seed", 0, *outputs)
    found = read_table(tmp_path / "table.parquet", "judge_agreement")
    assert found.equals(judge_agreement([table], {"gsm8k": "Math-OE"}, seed=0))
    assert pl.read_csv(tmp_path / "table.csv")["second_only"].to_list() == [1, 1]
