"""Majority votes and pass@k, against every subset and every tie."""

from __future__ import annotations

from itertools import combinations
from math import comb

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scale_or_reason.grading.votes import answer_classes, can_vote
from scale_or_reason.scoring.voting import pass_at_k, vote_accuracy

CHOICE = {"gold": ["B"], "choices": ["red", "green", "blue"], "extra": "{}"}
OPEN = {"gold": ["1/2"], "choices": [], "extra": "{}"}


def by_enumeration(classes: list[int | None], right: list[bool], k: int) -> float:
    """Every subset alike, every tied class alike, every answer of the winning class alike."""
    values = []
    for chosen in combinations(range(len(classes)), k):
        ballots: dict[int, list[int]] = {}
        for place in chosen:
            if classes[place] is not None:
                ballots.setdefault(classes[place], []).append(place)
        most = max(map(len, ballots.values()), default=0)
        winners = [ballot for ballot in ballots.values() if len(ballot) == most] or [list(chosen)]
        values.append(sum(sum(right[place] for place in each) / len(each) for each in winners) / len(winners))
    return sum(values) / len(values)


answers = st.lists(st.tuples(st.sampled_from([None, 0, 1, 2, 3]), st.booleans()), min_size=1, max_size=7)


@settings(max_examples=60, deadline=None)
@given(answers, st.data())
def test_a_vote_is_the_mean_over_all_subsets_and_ties(given_answers, data) -> None:
    classes, right = map(list, zip(*given_answers, strict=True))
    k = data.draw(st.integers(1, len(classes)))
    assert vote_accuracy(classes, right, k) == pytest.approx(by_enumeration(classes, right, k), abs=1e-12)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 8), st.data())
def test_pass_at_k_is_the_share_of_subsets_with_a_right_answer(count, data) -> None:
    right, k = data.draw(st.integers(0, count)), data.draw(st.integers(1, count))
    subsets = list(combinations([place < right for place in range(count)], k))
    assert pass_at_k(count, right, k) == pytest.approx(sum(map(any, subsets)) / len(subsets), abs=1e-12)


def test_by_hand() -> None:
    # A A B: two of three agree on A in one pair; the other two pairs are ties
    assert vote_accuracy([0, 0, 1], [True, True, False], 2) == pytest.approx((1 + 0.5 + 0.5) / 3)
    assert vote_accuracy([0, 0, 1], [True, True, False], 3) == 1
    # three classes tie, one is right
    assert vote_accuracy([0, 1, 2], [False, True, False], 3) == pytest.approx(1 / 3)
    # an unreadable answer does not vote, though a judge calls it right
    assert vote_accuracy([0, None, None], [False, True, True], 3) == 0
    # nothing is readable: a random answer
    assert vote_accuracy([None, None], [True, False], 2) == 0.5
    # a judge disagrees with itself within a class: half of its answers are right
    assert vote_accuracy([0, 0, 1], [True, False, False], 3) == 0.5
    assert pass_at_k(4, 1, 2) == pytest.approx(1 - comb(3, 2) / comb(4, 2))


@settings(max_examples=30, deadline=None)
@given(answers)
def test_a_single_answer_is_the_mean(given_answers) -> None:
    classes, right = map(list, zip(*given_answers, strict=True))
    assert vote_accuracy(classes, right, 1) == pytest.approx(sum(right) / len(right), abs=1e-12)


def test_many_answers_are_exact() -> None:
    """Two classes of 64 answers: the hypergeometric distribution, and half of a tie."""
    classes, right = [0] * 40 + [1] * 24, [True] * 40 + [False] * 24
    ways = [comb(40, hits) * comb(24, 8 - hits) for hits in range(9)]
    expected = (sum(ways[5:]) + ways[4] / 2) / comb(64, 8)
    assert vote_accuracy(classes, right, 8) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(("count", "k"), [(3, 0), (3, 4)])
def test_more_answers_than_there_are_cannot_vote(count: int, k: int) -> None:
    with pytest.raises(ValueError, match="not defined"):
        vote_accuracy([0] * count, [True] * count, k)
    with pytest.raises(ValueError, match="not defined"):
        pass_at_k(count, 1, k)


@pytest.mark.parametrize(
    ("grader", "item", "texts", "classes"),
    [
        ("choice", CHOICE, ["B", "(B)", "green", "C", "perhaps", None, ""], [0, 0, 0, 3, None, None, None]),
        ("choice", {**CHOICE, "gold": ["B", "2"]}, ["B", "2", "1", "red", "9"], [0, 0, 2, 2, None]),
        ("yes_no", OPEN, ["Yes", "yes, they may", "No.", "maybe"], [0, 0, 2, None]),
        ("math", OPEN, [r"\frac{1}{2}", "0.5", "1/3", r"\dfrac12", None], [0, 0, 2, 0, None]),
        (
            "number",
            {**OPEN, "extra": '{"unit": "m"}'},
            ["2", "2 m", "200 cm", "2.01", "3", "x y"],
            [0, 0, 0, 0, 4, None],
        ),
        ("span", OPEN, ["the Denver Broncos", r"\text{Denver Broncos}", "Broncos", " "], [0, 0, 2, None]),
    ],
)
def test_answers_are_compared_as_graders_read_them(grader, item, texts, classes) -> None:
    assert can_vote(grader)
    assert answer_classes(grader, item, texts) == classes


@pytest.mark.parametrize(("gold", "wrong"), [("0.5", "0.25"), ("0.25", "0.5")])
def test_right_and_wrong_answers_are_merged_by_the_same_test(gold: str, wrong: str) -> None:
    texts = ["1/2", "0.5", r"\frac{2}{4}", "1/4", "0.25", r"\frac{2}{8}"]
    assert answer_classes("math", {**OPEN, "gold": [gold]}, texts) == [0, 0, 0, 3, 3, 3]


def test_texts_without_a_common_form_do_not_vote() -> None:
    assert not can_vote("text")
    assert not can_vote("ifeval")
