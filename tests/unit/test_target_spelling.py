"""Numbers in requested paths have one spelling; any other is refused with the right one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scale_or_reason.common.errors import StudyError
from scale_or_reason.study.cells import Cell, LimitedCell, parse_model_id
from scale_or_reason.study.target_spelling import check_spelling

CELL = "results/v2/models/general/S/seq"


@pytest.mark.parametrize(
    ("asked", "right"),
    [
        (f"{CELL}/rho-1/seed-01", f"{CELL}/rho-1/seed-1"),
        (f"{CELL}/rho-1/seed-00", f"{CELL}/rho-1/seed-0"),
        (f"{CELL}/rho-0.50/seed-0", f"{CELL}/rho-0.5/seed-0"),
        (f"{CELL}/rho-.5/seed-0", f"{CELL}/rho-0.5/seed-0"),
        (f"{CELL}/rho-1.0/seed-007", f"{CELL}/rho-1/seed-7"),
        ("results/v2/scores/base/S/shots-03.parquet", "results/v2/scores/base/S/shots-3.parquet"),
        ("results/v2/pairs/math/ift/shard-010.parquet", "results/v2/pairs/math/ift/shard-10.parquet"),
        (f"{CELL}/rho-1/seed-0/max-tokens-080", f"{CELL}/rho-1/seed-0/max-tokens-80"),
        (f"{CELL}/rho-1/seed-0/think-tokens-080", f"{CELL}/rho-1/seed-0/think-tokens-80"),
        (f"{CELL}/rho-1/seed-0/samples-04", f"{CELL}/rho-1/seed-0/samples-4"),
        (f"{CELL}/rho-1/seed-0/think-tokens-p05", f"{CELL}/rho-1/seed-0/think-tokens-p5"),
        ("results/v2/learning_rates/math/S/ift/lr-0.00002.json", "results/v2/learning_rates/math/S/ift/lr-2e-05.json"),
    ],
)
def test_another_spelling_is_refused_with_the_right_one(asked: str, right: str) -> None:
    check_spelling([right])
    with pytest.raises(StudyError) as caught:
        check_spelling(["-n", right, asked])
    assert caught.value.found == asked
    assert caught.value.remedy == f"request {right}"


@pytest.mark.parametrize("word", ["seed-01", "--config=a/seed-01", "results/v2/seed-1.5/x", "results/v2/my-seed-01/x"])
def test_other_words_are_left_alone(word: str) -> None:
    check_spelling([word])


@given(st.integers(0, 10**6), st.integers(1, 10**6), st.integers(0, 1_000_000), st.integers(1, 4))
def test_every_path_of_a_model_passes_and_no_zero_in_front_does(seed: int, limit: int, part: int, zeros: int) -> None:
    cell = ("c", "s", "mix", part / 1e6, seed)
    for model in (Cell(*cell), Cell(*cell, part / 1e6 or 1.0), LimitedCell(*cell, max_tokens=limit)):
        check_spelling([f"results/v2/models/{model.model_id}"])
        assert parse_model_id(model.model_id) == model
        wrong = model.model_id.replace("seed-", "seed-" + "0" * zeros)
        with pytest.raises(StudyError):
            parse_model_id(wrong)
        with pytest.raises(StudyError):
            check_spelling([f"results/v2/models/{wrong}"])
