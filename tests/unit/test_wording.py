"""Numbers in sentences."""

from __future__ import annotations

import pytest

from scale_or_reason.common.wording import counted


@pytest.mark.parametrize(
    ("number", "words"), [(0, "0 judges"), (1, "1 judge"), (2, "2 judges"), (12_000, "12,000 judges")]
)
def test_one_thing_is_singular(number: int, words: str) -> None:
    assert counted(number, "judge") == words


def test_a_plural_of_its_own() -> None:
    assert counted(1, "model to evaluate", "models to evaluate") == "1 model to evaluate"
    assert counted(3, "repository", "repositories") == "3 repositories"
