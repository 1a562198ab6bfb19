"""MinHash and banding, against Jaccard similarities of sets of word runs that are counted out."""

from __future__ import annotations

import random

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import scale_or_reason.data.near_duplicates as near_duplicates
from scale_or_reason.data.near_duplicates import BANDS, ENTRIES, ROWS, RUN, Signatures, first_of_group


def signed(texts: list[str]) -> Signatures:
    result = Signatures.empty(len(texts))
    result.sign(pl.Series(texts, dtype=pl.String))
    return result


def jaccard(left: str, right: str) -> float:
    """Of the sets of runs of five words, which reach over both ends."""
    sets = []
    for text in (left, right):
        words = [""] * (RUN - 1) + text.split() + [""] * (RUN - 1)
        sets.append({tuple(words[start : start + RUN]) for start in range(len(words) - RUN + 1)})
    return len(sets[0] & sets[1]) / len(sets[0] | sets[1])


def name(number: int) -> str:
    """A word that is neither a number nor a variable."""
    return "w" + "".join(chr(ord("a") + int(digit)) for digit in f"{number:03d}")


def made_text(rng: random.Random, words: int) -> list[str]:
    return [name(rng.randrange(500)) for _ in range(words)]


def changed(rng: random.Random, words: list[str], changes: int, margin: int = 0) -> list[str]:
    words = list(words)
    for place in rng.sample(range(margin, len(words) - margin), changes):
        words[place] = "new"
    return words


@pytest.mark.slow
@pytest.mark.parametrize("changes", [0, 1, 3, 8, 20])
def test_signatures_estimate_jaccard(changes: int) -> None:
    """Within 4.5 standard errors of a share of 126, and closer on average over many pairs."""
    rng = random.Random(changes)
    errors = []
    for _ in range(40):
        words = made_text(rng, 80)
        texts = [" ".join(words), " ".join(changed(rng, words, changes))]
        entries = signed(texts).entries
        errors.append((entries[0] == entries[1]).mean() - jaccard(*texts))
    assert max(map(abs, errors)) < 4.5 * 0.5 / ENTRIES**0.5
    assert abs(np.mean(errors)) < 4.5 * 0.5 / ENTRIES**0.5 / 40**0.5


def test_groups_are_found_among_many() -> None:
    rng = random.Random(1)
    originals = [made_text(rng, 60) for _ in range(300)]
    near = [changed(rng, words, 1, margin=16) for words in originals[:100]]  # similarity at least 59 / 69
    far = [changed(rng, words, 12, margin=16) for words in originals[100:200]]
    texts = [" ".join(words) for words in (*originals, *near, *far)]
    similar = [jaccard(texts[i], texts[300 + i]) for i in range(200)]
    assert min(similar[:100]) > 0.8 and max(similar[100:]) < 0.6
    first = first_of_group(signed(texts), threshold=0.7)
    assert first[300:400].tolist() == list(range(100))
    assert np.delete(first, range(300, 400)).tolist() == [*range(300), *range(400, 500)]


def chain_of(words: int) -> list[str]:
    """Three texts; the third is near the second one only."""
    text = [name(number) for number in range(words)]
    middle = [*text[:40], *(f"x{letter}" for letter in "bcdefghi"), *text[48:]]
    last = [*middle[:60], *(f"y{letter}" for letter in "bcdefghi"), *middle[68:]]
    return [" ".join(part) for part in (text, middle, last)]


def test_groups_are_closed() -> None:
    texts, threshold = chain_of(100), 0.7
    assert jaccard(texts[0], texts[2]) < threshold - 0.06
    assert min(jaccard(texts[0], texts[1]), jaccard(texts[1], texts[2])) > threshold + 0.06
    for order in ([0, 1, 2], [0, 2, 1], [2, 0, 1]):
        assert first_of_group(signed([texts[i] for i in order]), threshold).tolist() == [0, 0, 0]


@pytest.mark.slow
@given(st.permutations(range(12)), st.integers(1, 12))
def test_groups_do_not_depend_on_the_order(order: list[int], window: int) -> None:
    """Also where a bucket holds more texts than are compared with each other."""
    rng = random.Random(0)
    words = made_text(rng, 70)
    texts = [" ".join(changed(rng, words, changes, margin=16)) for changes in range(12)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(near_duplicates, "WINDOW", window)
        groups = [
            {
                frozenset(t for t, f in zip(some, first_of_group(signed(some), 0.6), strict=True) if f == group)
                for group in range(12)
            }
            for some in (texts, [texts[i] for i in order])
        ]
    assert groups[0] == groups[1]


def test_many_copies_cost_no_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Equal signatures are one text: no pair of them is compared."""
    monkeypatch.setattr(near_duplicates, "_similarity", lambda entries, left, right: 1 / (len(left) == 0))
    assert set(first_of_group(signed(["the same text again"] * 5000), 0.8)) == {0}


def test_banding_proposes_what_the_text_says() -> None:
    proposed = 1 - (1 - 0.8**ROWS) ** BANDS
    assert f"{100 * proposed:.1f} %" in str(near_duplicates.__doc__)


@pytest.mark.slow
@given(texts=st.lists(st.lists(st.sampled_from("bcd"), max_size=7).map(" ".join), max_size=12), chunk=st.integers(1, 5))
def test_equal_texts_are_one_group(texts: list[str], chunk: int) -> None:
    """At a threshold of 1; texts without words are like nothing."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(near_duplicates, "CHUNK", chunk)
        first = first_of_group(signed(texts), threshold=1)
    expected = [
        next(other for other in range(place + 1) if other == place or (text and texts[other] == text))
        for place, text in enumerate(texts)
    ]
    assert first.tolist() == expected
