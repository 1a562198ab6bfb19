"""Runs of consecutive words (n-grams) as 64-bit hashes: what overlaps and near duplicates are found by.

Words are lower-cased runs of letters, digits and underscores, so punctuation and spacing don't matter.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

_BASE = np.uint64(0x9E3779B97F4A7C15)  # odd, so that powers of it never vanish modulo 2**64
_PER_WORD = np.uint64(0xD1B54A32D192ED03)


@dataclass(frozen=True)
class WordRuns:
    """All runs of some texts, text by text in order: hash, number of the text, and the word that the run starts at."""

    hashes: np.ndarray
    texts: np.ndarray
    starts: np.ndarray


def words_of(texts: pl.Series) -> pl.Series:
    """The words of each text: a series of lists."""
    return texts.str.to_lowercase().str.extract_all(r"\w+")


def runs_of(words: pl.Series, n: int) -> WordRuns:
    """The runs of ``n`` words.

    A text of fewer than ``n`` words (but not none) gives one run of all its words, which equals no run of ``n``.
    Hashes are the same within one process only.
    """
    lengths = words.list.len().to_numpy().astype(np.int64)
    flat = words.explode(empty_as_null=False).hash(seed=0).to_numpy()
    starts = np.cumsum(lengths) - lengths
    text_of_word = np.repeat(np.arange(len(lengths)), lengths)
    offset = np.arange(len(flat)) - starts[text_of_word]
    remaining = lengths[text_of_word] - offset

    whole = (remaining >= n) | (offset == 0)
    place, length = np.flatnonzero(whole), np.minimum(remaining[whole], n)
    hashes = np.zeros(len(place), dtype=np.uint64)
    with np.errstate(over="ignore"):
        for position in range(n):
            inside = np.flatnonzero(length > position)
            hashes[inside] = hashes[inside] * _BASE + flat[place[inside] + position]
        hashes += length.astype(np.uint64) * _PER_WORD
    return WordRuns(hashes, text_of_word[place], offset[place])
