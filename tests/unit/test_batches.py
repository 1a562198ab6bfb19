"""Which models share a job: only those without results, and each of them once."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from scale_or_reason.study.batches import Batch, batches, evaluation_groups, judging_groups, named_batches, outside
from scale_or_reason.study.study import Study

ROOT = Path(__file__).resolve().parents[2]
PAPER = Study.from_config(yaml.safe_load((ROOT / "config" / "config.yaml").read_text()))
JUDGES = list(PAPER.judges)
MODELS = [model.model_id for model in PAPER.answering()]


def matches(lookahead: str, path: str) -> bool:
    return re.match(f"{lookahead}.+", path) is not None


def judged_by(found: list[Batch], judge: str, model_id: str) -> list[str]:
    """The batches that make the verdicts of a judge on a model."""
    wanted = []
    for batch in found:
        patterns = [re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(pattern)) for pattern in batch.model_ids]
        has_it = any(re.fullmatch(pattern, model_id) for pattern in patterns)
        if has_it and matches(batch.only_here(), f"{judge}/{model_id}/gsm8k.parquet"):
            wanted.append(batch.name)
    return wanted


def test_nothing_is_left_of_a_finished_study() -> None:
    for size in (1, 3, 8, None):
        assert batches(judging_groups(PAPER), JUDGES, size, lambda judge, model: True) == []
    assert outside([]) == ""


def test_an_empty_study_has_the_batches_of_its_config() -> None:
    found = batches(judging_groups(PAPER), JUDGES, 8, lambda judge, model: False)
    assert [batch.name for batch in found] == [
        "student_1",
        "adapted_student_1",
        "base_student_1",
        "teacher_1",
        "student_within_limit_1",
    ]
    assert all(batch.everywhere for batch in found)
    assert [len(batch.model_ids) for batch in found] == [8, 4, 4, 2, 2]
    # a model that the study does not have is judged alone; so is another limit
    assert matches(outside(found), "J/general/S/seq/rho-0.1/seed-0/gsm8k.parquet")
    assert matches(outside(found), "J/general/S/seq/rho-0/seed-0/max-tokens-99/gsm8k.parquet")
    assert matches(outside(found), "J/general/S/seq/rho-1/seed-0/think-tokens-99/gsm8k.parquet")
    assert matches(outside(found), "J/general/S/seq/rho-1/seed-0/samples-4/gsm8k.parquet")
    assert not matches(outside(found), "J/general/S/seq/rho-0/seed-0/gsm8k.parquet")


def test_students_are_evaluated_together_only_where_the_config_says_so() -> None:
    names = [
        [batch.name for batch in batches(evaluation_groups(PAPER, together), [""], None, lambda source, model: False)]
        for together in (False, True)
    ]
    assert names == [["base_student"], ["student", "adapted_student", "base_student"]]


def test_a_new_ratio_is_a_batch_of_the_new_cells() -> None:
    config: dict[str, Any] = yaml.safe_load((ROOT / "config" / "config.yaml").read_text())
    config["study"]["ratios"] += [0.1]
    larger = Study.from_config(config)
    (batch,) = batches(judging_groups(larger), JUDGES, 8, lambda judge, model: "rho-0.1/" not in model)
    assert batch.model_ids == (
        "{corpus}/{student}/seq/rho-0.1/seed-{seed}",
        "{corpus}/{student}/mix/rho-0.1/seed-{seed}",
    )
    # a cluster job gets it from the name of its rule, whatever is finished by then
    assert batch.name in {found.name for found in named_batches(judging_groups(larger), JUDGES, 8, [batch.name])}
    again = next(b for b in named_batches(judging_groups(larger), JUDGES, 8, [batch.name]) if b.name == batch.name)
    assert (again.model_ids, again.log) == (batch.model_ids, batch.log)


@pytest.mark.slow
@settings(max_examples=15, deadline=None)
@given(st.data(), st.sampled_from([2, 3, 8]))
def test_every_model_has_one_job(data: st.DataObject, size: int) -> None:
    """Whatever is finished: a model without verdicts is in one batch, one with verdicts in none."""
    done = {
        (judge, model)
        for judge in JUDGES
        for model in data.draw(st.lists(st.sampled_from(MODELS), unique=True, max_size=60))
    }
    found = batches(judging_groups(PAPER), JUDGES, size, lambda judge, model: (judge, model) in done)
    assert len({batch.name for batch in found}) == len(found)
    assert all(len(batch.model_ids) <= size for batch in found)
    for judge in JUDGES[:2]:
        for model in data.draw(st.lists(st.sampled_from(MODELS), unique=True, min_size=20, max_size=20)):
            expected = 0 if (judge, model) in done else 1
            assert len(judged_by(found, judge, model)) == expected, (judge, model)
            assert matches(outside(found), f"{judge}/{model}/manifest.json") == (not expected)


@pytest.mark.parametrize("size", [2, 8])
def test_a_finished_judge_does_not_hide_a_new_one(size: int) -> None:
    found = batches(judging_groups(PAPER), JUDGES, size, lambda judge, model: judge != JUDGES[2])
    for model in MODELS[:20]:
        assert [len(judged_by(found, judge, model)) for judge in JUDGES] == [0, 0, 1]
