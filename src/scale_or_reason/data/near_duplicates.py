"""Prompts that are nearly the same, found by MinHash (Broder, 1997) and banding (Leskovec et al., 2014, section 3.4).

Two prompts are near duplicates if both of these hold:

1. The Jaccard similarity of their sets of five-word runs reaches a threshold. Runs reach over both ends of a text, so
   that a changed last word costs five runs as any other does. The share of equal entries of two signatures estimates
   the similarity with a standard error of at most 0.045 (126 entries). Banding (21 bands of 6 entries) proposes the
   pairs to compare: at a similarity of 0.8 it proposes 99.8 % of them.
2. Their fingerprints are equal (:mod:`scale_or_reason.data.fingerprints`): they differ in no word that may change the
   answer.

Groups are closed: what is near a near duplicate is in the group too. They depend on the set of texts alone, not on
their order.

Our own, since the kept libraries (datasketch, rensa, datatrove, text-dedup) compare n-grams alone and have no place for
the second condition. Here it is a part of the band's key.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from scale_or_reason.common.seeds import derive_seed
from scale_or_reason.data.fingerprints import fingerprints, mixed
from scale_or_reason.data.known_instructions import without_instructions
from scale_or_reason.data.prompt_words import PromptWords, prompt_words

RUN = 5
BANDS, ROWS = 21, 6
ENTRIES = BANDS * ROWS
#: Texts whose runs are in memory at a time. So few that they stay in the processor's cache.
CHUNK = 2_000
#: Texts of one band and one fingerprint that each is compared with; beyond that, only neighbours in the order of their
#: signatures are. No real bucket comes near it.
WINDOW = 200
_COMPARED = 100_000
_EMPTY = np.uint32(0xFFFFFFFF)


@dataclass(frozen=True)
class Signatures:
    """Of some texts: MinHash entries, uint32 of shape [texts, ENTRIES], and fingerprints, uint64.

    The entries of a text without words are all 2**32 - 1.
    """

    entries: NDArray[np.uint32]
    fingerprints: NDArray[np.uint64]

    @classmethod
    def empty(cls, texts: int) -> Signatures:
        """Room for the signatures of so many texts."""
        return cls(np.full((texts, ENTRIES), _EMPTY, dtype=np.uint32), np.zeros(texts, dtype=np.uint64))

    def sign(self, texts: pl.Series, start: int = 0) -> None:
        """Fill in the signatures of ``texts``, from row ``start`` on. Known instructions do not count."""
        random = np.random.default_rng(derive_seed("near duplicates"))
        factors = random.integers(0, 1 << 63, ENTRIES, dtype=np.uint64) * np.uint64(2) + np.uint64(1)
        offsets = random.integers(0, 1 << 63, ENTRIES, dtype=np.uint64)
        for begin in range(0, len(texts), CHUNK):
            chunk = texts[begin : begin + CHUNK]
            words = prompt_words(without_instructions(chunk))
            place = slice(start + begin, start + begin + len(chunk))
            self.fingerprints[place] = fingerprints(words, len(chunk))
            runs, numbers, first = _padded_runs(words)
            for entry, (factor, offset) in enumerate(zip(factors, offsets, strict=True)):
                if len(first):
                    with np.errstate(over="ignore"):
                        permuted = ((runs * factor + offset) >> np.uint64(32)).astype(np.uint32)
                    self.entries[place.start + numbers, entry] = np.minimum.reduceat(permuted, first)


def _padded_runs(words: PromptWords) -> tuple[NDArray[np.uint64], NDArray[np.int64], NDArray[np.int64]]:
    """Hashes of all runs, text by text; the texts that have some; where the runs of each of these begin."""
    numbers, begins, lengths = np.unique(words.texts, return_index=True, return_counts=True)
    margin = RUN - 1
    # every text with RUN - 1 blanks before and behind it
    starts = np.cumsum(lengths + 2 * margin) - (lengths + 2 * margin)
    padded = np.zeros(int((lengths + 2 * margin).sum()), dtype=np.uint64)
    padded[np.repeat(starts + margin - begins, lengths) + np.arange(len(words.texts))] = words.hashes()
    runs = np.zeros(len(padded), dtype=np.uint64)
    for position in range(RUN):
        runs = mixed(runs + np.roll(padded, -position))
    counts = lengths + margin
    first = np.cumsum(counts) - counts
    places = np.repeat(starts - first, counts) + np.arange(int(counts.sum()))
    return runs[places], numbers, first


def first_of_group(signed: Signatures, threshold: float) -> NDArray[np.int64]:
    """For each text the number of the first text of its group; its own number if it is like no earlier one."""
    size = len(signed.fingerprints)
    whole = _keys(signed.entries, signed.fingerprints)
    unique, representative, copy_of = np.unique(whole, return_index=True, return_inverse=True)
    # Texts with equal signatures are one; without words each is alone.
    blank = unique[copy_of] == 0
    left, right = [representative[copy_of][~blank]], [np.flatnonzero(~blank)]
    distinct = representative[unique != 0]  # in the order of their signatures
    for band in range(BANDS):
        keys = _keys(signed.entries[distinct, band * ROWS : (band + 1) * ROWS], signed.fingerprints[distinct])
        for one, other in _same_key(keys):
            pair = distinct[one], distinct[other]
            alike = _similarity(signed.entries, *pair) >= threshold
            left.append(pair[0][alike])
            right.append(pair[1][alike])
    edges = np.concatenate(left), np.concatenate(right)
    graph = coo_array((np.ones(len(edges[0]), dtype=bool), edges), shape=(size, size))
    _, group = connected_components(graph, directed=False)
    _, first = np.unique(group, return_index=True)
    return first[group]


def _keys(entries: NDArray[np.uint32], prints: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """One number for each row of entries and its fingerprint; 0 for a text without words."""
    keys = prints.copy()
    for column in entries.T:
        keys = mixed(keys + column)
    keys[(entries == _EMPTY).all(axis=1)] = 0
    return keys


def _same_key(keys: NDArray[np.uint64]) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """All pairs of places with the same key, up to ``WINDOW`` places apart among those of one key."""
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    found = []
    for apart in range(1, min(WINDOW, len(keys))):
        equal = ordered[apart:] == ordered[:-apart]
        if not equal.any():
            break
        found.append((order[:-apart][equal], order[apart:][equal]))
    return found


def _similarity(entries: NDArray[np.uint32], left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.float64]:
    """The estimated Jaccard similarity of pairs of texts."""
    parts = [
        (entries[left[start : start + _COMPARED]] == entries[right[start : start + _COMPARED]]).mean(axis=1)
        for start in range(0, len(left), _COMPARED)
    ]
    return np.concatenate(parts) if parts else np.empty(0)
