"""Properties of the mixtures, by their definition in v1 section 2."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.shares import part_of
from scale_or_reason.common.tables import check_table
from scale_or_reason.data.mixtures import build_mixture, replica_order
from scale_or_reason.study.cells import CURRICULA

ratios = st.sampled_from([0, 0.25, 0.5, 0.75, 1]) | st.floats(0, 1)
sizes = st.integers(1, 60)
seeds = st.integers(0, 1000)


def make_ids(count: int) -> pl.Series:
    return pl.Series("prompt_id", [f"q{i}" for i in range(count)], dtype=pl.String)


@settings(max_examples=60)
@given(sizes, ratios, st.sampled_from(CURRICULA), st.sampled_from(["nested", "independent"]), seeds)
def test_each_question_once_with_the_right_answer(count, ratio, curriculum, sampling, seed):
    mixture = build_mixture(make_ids(count), curriculum, ratio, seed, sampling)
    check_table(mixture, "mixture", "test")
    assert mixture["position"].to_list() == list(range(count))
    assert sorted(mixture["prompt_id"]) == sorted(f"q{i}" for i in range(count))
    assert set(mixture["format"]) <= {"ift", "reasoning"}
    assert abs((mixture["format"] == "reasoning").sum() - ratio * count) < 1


def test_shares_are_the_decimals_of_the_config():
    """In floating point 0.82 * 75 is less than 61.5, 0.29 * 50 less than 14.5."""
    for hundredths in range(101):
        for count in (1, 2, 7, 50, 75, 150, 1000):
            assert part_of(hundredths / 100, count) == (2 * hundredths * count + 100) // 200


@settings(max_examples=40)
@given(sizes, ratios, seeds)
def test_sequential_is_ift_then_reasoning(count, ratio, seed):
    mixture = build_mixture(make_ids(count), "seq", ratio, seed)
    formats = mixture["format"].to_list()
    assert formats == sorted(formats)  # "ift" < "reasoning"
    assert mixture["phase"].to_list() == [int(name == "reasoning") for name in formats]


@settings(max_examples=40)
@given(sizes, ratios, st.sampled_from(["nested", "independent"]), seeds)
def test_reasoning_first_has_the_two_blocks_of_seq_in_reverse(count, ratio, sampling, seed):
    def blocks(curriculum: str) -> dict[str, list[str]]:
        rows = build_mixture(make_ids(count), curriculum, ratio, seed, sampling)
        assert rows["phase"].is_sorted()
        return {
            name: rows.filter(format=name)["prompt_id"].to_list() for name in rows["format"].unique(maintain_order=True)
        }

    forward, backward = blocks("seq"), blocks("seq-reversed")
    assert forward == backward  # the same answers of each format, in the same order
    assert list(forward) == list(reversed(backward))


@pytest.mark.slow
@settings(max_examples=40)
@given(sizes, st.floats(0, 1), st.floats(0, 1), seeds)
def test_nested_ratios_share_their_questions(count, one, other, seed):
    low, high = sorted((one, other))

    def reasoning(ratio: float, curriculum: str) -> set[str]:
        mixture = build_mixture(make_ids(count), curriculum, ratio, seed)
        return set(mixture.filter(pl.col("format") == "reasoning")["prompt_id"])

    assert reasoning(low, "seq") <= reasoning(high, "seq")
    assert reasoning(low, "seq") == reasoning(low, "mix") == reasoning(low, "seq-reversed")


def test_mixed_is_shuffled_by_the_seed_alone():
    ids = make_ids(200)
    first = build_mixture(ids, "mix", 0.5, seed=1)
    assert first.equals(build_mixture(ids.sample(fraction=1, shuffle=True, seed=3), "mix", 0.5, seed=1))
    assert not first.equals(build_mixture(ids, "mix", 0.5, seed=2))
    assert first["prompt_id"].to_list() != sorted(first["prompt_id"])
    # both formats all along: a run of 30 of the same format has a probability of about 1e-7
    longest = first["format"].rle().struct.field("len").max()
    assert longest < 30
    assert first["phase"].unique().to_list() == [0]


def test_independent_ratios_draw_anew():
    def reasoning(ratio: float) -> set[str]:
        mixture = build_mixture(make_ids(200), "seq", ratio, 0, "independent")
        return set(mixture.filter(pl.col("format") == "reasoning")["prompt_id"])

    # hypergeometric: 50 expected in common of 100 and 100 drawn from 200, never all
    assert 30 < len(reasoning(0.5) & reasoning(0.51)) < 75


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"prompt_ids": make_ids(0)}, "no pairs"),
        ({"prompt_ids": pl.concat([make_ids(2), make_ids(1)])}, "more than once"),
        ({"ratio": 1.5}, "out of range"),
        ({"curriculum": "random"}, "unknown curriculum"),
        ({"sampling": "cluster"}, "unknown way"),
    ],
)
def test_guards(change, message):
    arguments = {"prompt_ids": make_ids(3), "curriculum": "seq", "ratio": 0.5, "seed": 0, "sampling": "nested"}
    with pytest.raises(StudyError, match=message):
        build_mixture(**(arguments | change))


@settings(max_examples=60)
@given(sizes, ratios, st.sampled_from(CURRICULA), st.integers(0, 5), seeds)
def test_a_replica_trains_on_the_same_rows_phase_by_phase(count, ratio, curriculum, replica, seed):
    mixture = build_mixture(make_ids(count), curriculum, ratio, 0)
    ordered = replica_order(mixture, replica, seed)
    assert ordered.sort("position").equals(mixture)
    assert ordered["phase"].is_sorted()


def test_replicas_differ_in_the_order_of_each_phase():
    mixture = build_mixture(make_ids(40), "seq", 0.5, 0)
    assert replica_order(mixture, 0, 17).equals(mixture)
    orders = [replica_order(mixture, replica, seed) for replica, seed in ((0, 5), (1, 5), (2, 6))]
    for phase in (0, 1):
        rows = [order.filter(pl.col("phase") == phase)["prompt_id"].to_list() for order in orders]
        assert len({tuple(row) for row in rows}) == 3
    assert replica_order(mixture.reverse(), 1, 5).equals(orders[1])
