"""What hangs on the jury: findings small enough to see by eye."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from programs import call

from scale_or_reason.claims.jury_sensitivity import decided_scores, jury_sensitivity
from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.intervals import difference_interval, mid_p_interval
from scale_or_reason.common.table_schemas import SCHEMAS
from scale_or_reason.common.tables import table_from_rows, write_table
from scale_or_reason.judging.agreement import VERDICT_COLUMNS
from scale_or_reason.judging.jury import JuryRule
from scale_or_reason.study.cells import Cell

IFT, REASONING = (Cell("general", "small", "seq", ratio).model_id for ratio in (0.0, 1.0))
FAMILIES = {"gsm8k": "Math-OE"}
ITEMS = 40


def verdicts(**right: tuple[int, int]) -> pl.DataFrame:
    """Per judge, how many answers of each format it calls right; of 40."""
    rows = [
        (model_id, "gsm8k", f"q{item:02}", 0, judge, "yes" if item < count else "no")
        for judge, counts in right.items()
        for model_id, count in zip((IFT, REASONING), counts, strict=True)
        for item in range(ITEMS)
    ]
    return pl.DataFrame(rows, schema={name: SCHEMAS["verdicts"][name] for name in VERDICT_COLUMNS}, orient="row")


def findings(table: pl.DataFrame) -> dict[str, tuple[float, str, bool]]:
    return {row["decided_by"]: (row["shift"], row["finding"], row["changed"]) for row in table.iter_rows(named=True)}


def sensitivity(given: pl.DataFrame, jury: JuryRule | None = None, jurors: list[str] | None = None) -> pl.DataFrame:
    judges = given["judge"].unique(maintain_order=True).to_list()
    jurors = jurors or [judge for judge in judges if judge != "rule_graders"] or ["rule_graders"]
    sizes = {"small": 0.5, "absent": 1}
    scores = decided_scores([given], jury or JuryRule(), FAMILIES, jurors)
    return jury_sensitivity(scores, FAMILIES, sizes=sizes, corpora=["general"])


def test_one_judge_against_the_graders() -> None:
    table = sensitivity(verdicts(judge=(4, 20), rule_graders=(4, 4)))
    assert findings(table) == {"the study": (40.0, "gain", False), "rule graders": (0.0, "undecided", True)}
    ift, reasoning = ((count / ITEMS, *map(float, mid_p_interval(count / ITEMS, ITEMS))) for count in (4, 20))
    shift = [round(100 * bound, 1) for bound in difference_interval(ift, reasoning)]
    assert list(table.row(0)[5:8]) == shift


def test_every_way_to_decide_of_two_judges() -> None:
    """They differ on 16 answers of the reasoning student, ties for a jury of two."""
    found = findings(sensitivity(verdicts(strict=(20, 4), kind=(20, 36), rule_graders=(20, 20))))
    assert found == {
        "the study": (-40.0, "loss", False),
        "rule graders": (0.0, "undecided", True),
        "strict alone": (-40.0, "loss", False),
        "kind alone": (40.0, "gain", True),
        "majority of readable judges, ties right": (40.0, "gain", True),
        "majority of readable judges, ties wrong": (-40.0, "loss", False),
        "majority of all judges, ties undecided": (-40.0, "loss", False),
        "majority of all judges, ties right": (40.0, "gain", True),
        "majority of all judges, ties wrong": (-40.0, "loss", False),
    }


def test_the_studys_own_rule_comes_first_and_once() -> None:
    given = verdicts(strict=(20, 4), kind=(20, 36))
    table = sensitivity(given, JuryRule("readable", "right"))
    assert table["decided_by"][0] == "the study"
    found = findings(table)
    assert found["the study"] == (40.0, "gain", False)
    assert found["majority of readable judges, ties undecided"] == (-40.0, "loss", True)
    assert "majority of readable judges, ties right" not in found


def test_graders_who_vote_break_ties() -> None:
    """Where the two judges differ the third vote decides: 16 answers of each format."""
    given = verdicts(strict=(4, 4), kind=(20, 20), rule_graders=(4, 20))
    found = findings(sensitivity(given, jurors=["strict", "kind", "rule_graders"]))
    assert found["the study"] == found["rule graders"] == (40.0, "gain", False)
    assert found["strict alone"] == found["kind alone"] == (0.0, "undecided", True)
    assert "rule_graders alone" not in found


def test_graders_alone() -> None:
    assert findings(sensitivity(verdicts(rule_graders=(4, 20)))) == {"the study": (40.0, "gain", False)}


def test_benchmarks_may_come_one_after_the_other() -> None:
    families = {"gsm8k": "Math-OE", "aime": "Math-OE"}
    math = verdicts(strict=(20, 4), kind=(20, 36), rule_graders=(20, 20))
    aime = verdicts(strict=(1, 2), kind=(3, 5), rule_graders=(2, 2)).with_columns(benchmark=pl.lit("aime"))
    key = ["model_id", "benchmark"]
    apart, together = (
        decided_scores(parts, JuryRule(), families, ["strict", "kind"])
        for parts in ([math, aime], [pl.concat([math, aime])])
    )
    assert list(apart) == list(together) and len(apart) == 9
    for name, scores in apart.items():
        assert scores.height == 4
        assert scores.sort(key).equals(together[name].sort(key))


def test_no_verdicts() -> None:
    with pytest.raises(StudyError, match="no verdicts"):
        sensitivity(verdicts())


def test_the_program(root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = verdicts(judge=(4, 20), rule_graders=(4, 4))
    for (judge, model_id), part in given.group_by("judge", "model_id"):
        path = tmp_path / str(judge) / str(model_id) / "gsm8k.parquet"
        path.parent.mkdir(parents=True)
        rows = [said | {"reply": "", "judge_prompt_tokens": 1, "judge_tokens": 1} for said in part.to_dicts()]
        write_table(table_from_rows(rows, "verdicts"), path, "verdicts")
    families = json.dumps([{"name": "Math-OE", "benchmarks": ["gsm8k"]}])
    options = ["--verdicts", tmp_path, "--judges", "judge", "rule_graders", "--model-ids", IFT, REASONING]
    options += ["--families", families, "--sizes", '{"small": 0.5}', "--corpora", "general", "--jury", "{}"]
    options += ["--jurors", "judge"]
    options += ["--output", tmp_path / "t.csv", "--statements", tmp_path / "s.csv"]
    call(root, "jury_sensitivity.py", *options)
    assert pl.read_csv(tmp_path / "t.csv")["changed"].to_list() == [False, True]
    # reasoning wins the one cell by the judge, and ties by the graders
    statements = pl.read_csv(tmp_path / "s.csv").filter(name="wins")
    assert statements.select("decided_by", "value", "holds", "changed").rows() == [
        ("the study", 1.0, True, False),
        ("rule graders", 0.0, False, True),
    ]
    said = capsys.readouterr().out
    assert "findings that differ from the study's: 1 of 2" in said
    assert "statements that change: 1 of 2" in said
