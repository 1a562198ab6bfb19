"""FLOPs against numbers worked out by hand and against the equations written as plain loops over integers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scale_or_reason.flops import formulas as flops
from scale_or_reason.flops.architectures import Architecture

TINY = Architecture(vocabulary=10, hidden=4, feed_forward=8, heads=2, layers=3)

architectures = st.builds(
    Architecture,
    vocabulary=st.integers(1, 500),
    hidden=st.integers(1, 64),
    feed_forward=st.integers(1, 200),
    heads=st.integers(1, 16),
    layers=st.integers(1, 8),
)
tokens = st.integers(0, 300)


def test_forward_by_hand():
    # l = 5. Embeddings 2*5*10*4 = 400. Per layer: 6*5*16 = 480, 2*25*4 = 200, 3*25*2 = 150, 200, 2*5*16 = 160,
    # together 1190; three layers 3570. Feed-forward 4*5*4*8*3 = 1920. Logits 2*5*4*10 = 400.
    assert flops.forward_flops(TINY, 5) == 400 + 3570 + 1920 + 400 == 6290
    assert flops.training_step_flops(TINY, 5) == 18_870
    assert flops.training_flops(TINY, [5, 5, 0]) == 37_740


def test_prefill_by_hand():
    # p = 3. Embeddings 2*3*4*10 = 240. Per layer: 6*3*16 = 288, 2*9*4 = 72, 3*9*2 = 54, 72, 2*3*16 = 96, together 582;
    # three layers 1746. Feed-forward 4*3*4*8*3 = 1152. Logits of the last position only: 2*4*10 = 80.
    assert flops.prefill_flops(TINY, 3) == 240 + 1746 + 1152 + 80 == 3218


def test_generation_by_hand():
    # Context 4: 80 + 3*(96 + 32 + 24 + 32 + 32) + 4*4*8*3 + 80 = 80 + 648 + 384 + 80 = 1192.
    # Context 5: 80 + 3*(96 + 40 + 30 + 40 + 32) + 384 + 80 = 1258.
    assert flops.cached_step_flops(TINY, 4) == 1192
    assert flops.cached_step_flops(TINY, 5) == 1258
    # Prompt of 3, two tokens generated: prefill(3) + cached(4) + cached(5).
    assert flops.generation_flops(TINY, 3, 2) == 3218 + 1192 + 1258 == 5668


@given(architectures, tokens, tokens)
def test_closed_form_is_the_sum_of_equation_6(model, p, g):
    v, d, f, h, n = model.vocabulary, model.hidden, model.feed_forward, model.heads, model.layers
    total = (
        2 * p * d * v
        + (6 * p * d * d + 2 * p * p * d + 3 * p * p * h + 2 * p * p * d + 2 * p * d * d) * n
        + 4 * p * d * f * n
        + 2 * d * v
    )
    for i in range(1, g + 1):
        c = p + i
        layers = (6 * d * d + 2 * c * d + 3 * c * h + 2 * c * d + 2 * d * d) * n
        total += 2 * d * v + layers + 4 * d * f * n + 2 * d * v
    assert flops.generation_flops(model, p, g) == pytest.approx(total, rel=1e-12)


@given(architectures, tokens)
def test_forward_is_equation_1(model, l):  # noqa: E741 (the paper's symbol)
    v, d, f, h, n = model.vocabulary, model.hidden, model.feed_forward, model.heads, model.layers
    attention = 6 * l * d**2 + 2 * l**2 * d + 3 * l**2 * h + 2 * l**2 * d + 2 * l * d**2
    assert flops.forward_flops(model, l) == 2 * l * v * d + attention * n + 4 * l * d * f * n + 2 * l * d * v


@given(architectures, tokens, tokens)
def test_more_tokens_cost_more(model, p, g):
    assert flops.forward_flops(model, p + 1) > flops.forward_flops(model, p)
    assert flops.generation_flops(model, p + 1, g) > flops.generation_flops(model, p, g)
    assert flops.generation_flops(model, p, g + 1) > flops.generation_flops(model, p, g)


def test_vectorised_over_any_shape():
    prompts, generated = np.array([[3, 0], [7, 2]]), np.array([[2, 5], [0, 1]])
    together = flops.generation_flops(TINY, prompts, generated)
    assert together.shape == (2, 2)
    assert together[0, 0] == 5668
    assert together[1, 1] == flops.generation_flops(TINY, 2, 1)


def test_sums_beyond_64_bit_integers():
    large = Architecture(vocabulary=152_064, hidden=5120, feed_forward=13_824, heads=40, layers=48)
    lengths = np.full(1_300_000, 16_384)
    one = int(flops.training_step_flops(large, 16_384))
    assert one * 1_300_000 > 2**63
    assert flops.training_flops(large, lengths) == pytest.approx(one * 1_300_000, rel=1e-9)


@pytest.mark.parametrize("lengths", [[-1], [np.nan], [3, np.inf]])
def test_impossible_lengths_are_refused(lengths):
    with pytest.raises(ValueError, match="finite and non-negative"):
        flops.forward_flops(TINY, lengths)
