"""API keys of servers are missed before the first job."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from configs import load

from scale_or_reason.preflight.endpoint_keys import unset_keys
from scale_or_reason.preflight.file_checks import notes


@pytest.fixture
def served(root: Path) -> dict[str, Any]:
    config = load(root)
    config["teachers"][config["study"]["teacher"]]["endpoint"] = {"url": "https://made.up/v1", "key": "TEACHER_KEY"}
    config["judges"][config["study"]["judges"][0]]["endpoint"] = {"url": "https://made.up/v1", "key": "JUDGE_KEY"}
    return config


def test_an_unset_or_empty_variable_is_named(served: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TEACHER_KEY", raising=False)
    monkeypatch.setenv("JUDGE_KEY", "")
    teacher, judge = unset_keys(served)
    assert (teacher.catalogue, teacher.variable) == ("teachers", "TEACHER_KEY")
    assert (judge.catalogue, judge.variable) == ("judges", "JUDGE_KEY")
    error = teacher.error(1)
    assert error.key == "TEACHER_KEY" and "1 job of this run" in str(error) and "export TEACHER_KEY=" in str(error)
    assert sum("export JUDGE_KEY=... before jobs start" in note for note in notes(served)) == 1


def test_a_key_that_is_set_or_of_an_unused_model_is_no_matter(
    served: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEACHER_KEY", "made up")
    monkeypatch.delenv("JUDGE_KEY", raising=False)
    served["study"]["judges"] = served["study"]["judges"][1:]
    assert list(unset_keys(served)) == []
