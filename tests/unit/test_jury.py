"""A jury decides as a person counts votes, in any order of the judges."""

from __future__ import annotations

import itertools

import polars as pl
import pytest

from scale_or_reason.common.errors import StudyError
from scale_or_reason.judging.jury import JuryRule

Y, N, U = "yes", "no", "unparsable"


def decided(rule: JuryRule, votes: tuple[str, ...]) -> str:
    rows = [("gsm8k", "q", 0, vote) for vote in votes]
    table = rule.decide(pl.DataFrame(rows, schema=["benchmark", "item_id", "sample", "verdict"], orient="row"))
    assert table.columns == ["benchmark", "item_id", "sample", "verdict"]
    return table["verdict"].item()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("votes", "readable", "of_all"),
    [
        ((Y,), Y, Y),
        ((N,), N, N),
        ((U,), U, U),
        ((Y, Y, N), Y, Y),
        ((N, U, N), N, N),
        ((Y, U, U), Y, "tie"),
        ((N, U), N, "tie"),
        ((Y, N, U), "tie", "tie"),
        ((Y, N), "tie", "tie"),
        ((Y, Y, N, U), Y, "tie"),
        ((Y, Y, Y, N, U), Y, Y),
        ((U, U, U), U, U),
    ],
)
@pytest.mark.parametrize(("tie", "verdict"), [("undecided", U), ("right", Y), ("wrong", N)])
def test_majorities_and_ties(votes: tuple[str, ...], readable: str, of_all: str, tie: str, verdict: str) -> None:
    for majority, expected in (("readable", readable), ("all", of_all)):
        rule = JuryRule(majority, tie)
        found = {decided(rule, order) for order in itertools.permutations(votes)}
        assert found == {verdict if expected == "tie" else expected}


def test_answers_of_several_models_stay_apart() -> None:
    rows = [(model, "gsm8k", "q", 0, vote) for model, vote in (("a", Y), ("b", N))]
    table = pl.DataFrame(rows, schema=["model_id", "benchmark", "item_id", "sample", "verdict"], orient="row")
    assert dict(JuryRule().decide(table).select("model_id", "verdict").iter_rows()) == {"a": Y, "b": N}


@pytest.mark.parametrize("settings", [{"tie": "maybe"}, {"majority": "most"}, {"ties": "no"}])
def test_unknown_rules_are_refused(settings: dict[str, str]) -> None:
    with pytest.raises(StudyError, match="invalid jury rule") as caught:
        JuryRule.from_settings(settings)
    assert caught.value.key == next(iter(settings))
