"""Trained models whose answers do not end: the warning, and that it is seen on the screen."""

from __future__ import annotations

import pytest

from scale_or_reason.inference.unfinished import stop_warning


@pytest.mark.parametrize("cut", [{}, {"a": (0, 10)}, {"a": (5, 10), "b": (1, 10)}, {"a": (0, 0)}])
def test_models_that_stop_give_no_warning(cut: dict[str, tuple[int, int]]) -> None:
    assert stop_warning(cut) is None


def test_models_that_do_not_stop_are_named() -> None:
    one = stop_warning({"a": (6, 10), "b": (5, 10)})
    assert one is not None
    assert one.startswith("warning: 1 trained model has not learnt to stop") and "(a: 6 of 10)" in one
    assert "more steps or at a higher learning rate" in one and "\n" not in one
    many = stop_warning({f"m{number}": (9, 10) for number in range(5)})
    assert many is not None and "5 trained models have" in many and "m2: 9 of 10; and 2 more)" in many
