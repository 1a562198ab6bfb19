"""MinHash and banding, against Jaccard similarities of sets of word runs that are counted out."""

from __future__ import annotations

import random

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import scale_or_reason.data.near_duplicates as near_duplicates
from scale_or_reason.data.near_duplicates import BANDS, ENTRIES, ROWS, RUN, first_of_group, signatures


def jaccard(left: str, right: str) -> float:
    sets = []
    for text in (left, right):
        words = text.split()
        starts = range(max(len(words) - RUN + 1, 1))
        sets.append({tuple(words[start : start + RUN]) for start in starts})
    return len(sets[0] & sets[1]) / len(sets[0] | sets[1])


def made_text(rng: random.Random, words: int) -> list[str]:
    return [f"w{rng.randrange(500)}" for _ in range(words)]


def changed(rng: random.Random, words: list[str], changes: int) -> list[str]:
    words = list(words)
    for place in rng.sample(range(len(words)), changes):
        words[place] = "new"
    return words


@pytest.mark.parametrize("changes", [0, 1, 3, 8, 20])
def test_signatures_estimate_jaccard(changes: int) -> None:
    """Within 4.5 standard errors of a share of 126, and closer on average over many pairs."""
    rng = random.Random(changes)
    errors = []
    for _ in range(40):
        words = made_text(rng, 80)
        texts = [" ".join(words), " ".join(changed(rng, words, changes))]
        signed = signatures(pl.Series(texts))
        errors.append((signed[0] == signed[1]).mean() - jaccard(*texts))
    assert max(map(abs, errors)) < 4.5 * 0.5 / ENTRIES**0.5
    assert abs(np.mean(errors)) < 4.5 * 0.5 / ENTRIES**0.5 / 40**0.5


def test_groups_are_found_among_many() -> None:
    rng = random.Random(1)
    originals = [made_text(rng, 60) for _ in range(300)]
    near = [changed(rng, words, 1) for words in originals[:100]]  # similarity at least 51 / 61
    far = [changed(rng, words, 12) for words in originals[100:200]]
    texts = pl.Series([" ".join(words) for words in (*originals, *near, *far)])
    similar = [jaccard(texts[i], texts[300 + i]) for i in range(200)]
    assert min(similar[:100]) > 0.8 and max(similar[100:]) < 0.5
    first = first_of_group(signatures(texts), threshold=0.7)
    assert first[300:400].tolist() == list(range(100))
    assert np.delete(first, range(300, 400)).tolist() == [*range(300), *range(400, 500)]


def test_groups_are_closed() -> None:
    """The third text is near the second one only."""
    words = [f"w{number}" for number in range(100)]
    head, tail = ([f"{letter}{number}" for number in range(8)] for letter in "xy")
    chain = [words, head + words[8:], head + words[8:92] + tail]
    texts = [" ".join(text) for text in chain]
    threshold = 0.78
    assert jaccard(texts[0], texts[2]) < threshold - 0.06
    assert min(jaccard(texts[0], texts[1]), jaccard(texts[1], texts[2])) > threshold + 0.06
    for order in ([0, 1, 2], [0, 2, 1], [2, 0, 1]):
        assert first_of_group(signatures(pl.Series([texts[i] for i in order])), threshold).tolist() == [0, 0, 0]


def test_banding_proposes_what_the_text_says() -> None:
    proposed = 1 - (1 - 0.8**ROWS) ** BANDS
    assert f"{100 * proposed:.1f} %" in str(near_duplicates.__doc__)


@given(texts=st.lists(st.lists(st.sampled_from("abc"), max_size=7).map(" ".join), max_size=12), chunk=st.integers(1, 5))
def test_equal_sets_of_runs_are_one_group(texts: list[str], chunk: int) -> None:
    """At a threshold of 1; texts without words are like nothing."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(near_duplicates, "CHUNK", chunk)
        first = first_of_group(signatures(pl.Series(texts, dtype=pl.String)), threshold=1)
    expected = [
        next(other for other in range(place + 1) if other == place or (text and jaccard(texts[other], text) == 1))
        for place, text in enumerate(texts)
    ]
    assert first.tolist() == expected
