"""Prompts that are nearly the same, found by MinHash (Broder, 1997) and banding (Leskovec et al., 2014, section 3.4).

Two texts are near duplicates if the Jaccard similarity of their sets of five-word runs reaches a threshold. The share
of equal entries of two signatures estimates it with a standard error of at most 0.045 (126 entries). Banding (21 bands
of 6 entries) proposes the pairs to compare: at a similarity of 0.8 it proposes 99.8 % of them. Groups are closed: what
is near a near duplicate is in the group too.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from scale_or_reason.common.seeds import derive_seed
from scale_or_reason.data.word_runs import runs_of, words_of

RUN = 5
BANDS, ROWS = 21, 6
ENTRIES = BANDS * ROWS
#: Texts whose runs are in memory at a time. So few that they stay in the processor's cache.
CHUNK = 2_000
_COMPARED = 100_000
_EMPTY = np.uint32(0xFFFFFFFF)


def signatures(texts: pl.Series) -> np.ndarray:
    """MinHash signatures, uint32 of shape [texts, ENTRIES]; the entries of a text without words are all 2**32 - 1."""
    random = np.random.default_rng(derive_seed("near duplicates"))
    factors = random.integers(0, 1 << 63, ENTRIES, dtype=np.uint64) * np.uint64(2) + np.uint64(1)
    offsets = random.integers(0, 1 << 63, ENTRIES, dtype=np.uint64)
    result = np.full((len(texts), ENTRIES), _EMPTY, dtype=np.uint32)
    for start in range(0, len(texts), CHUNK):
        runs = runs_of(words_of(texts[start : start + CHUNK]), RUN)
        if not len(runs.hashes):
            continue
        numbers, first = np.unique(runs.texts, return_index=True)
        for entry, (factor, offset) in enumerate(zip(factors, offsets, strict=True)):
            with np.errstate(over="ignore"):
                permuted = ((runs.hashes * factor + offset) >> np.uint64(32)).astype(np.uint32)
            result[start + numbers, entry] = np.minimum.reduceat(permuted, first)
    return result


def first_of_group(signed: np.ndarray, threshold: float) -> np.ndarray:
    """For each text the number of the first text of its group; its own number if it is like no earlier one."""
    left, right = [], []
    for band in range(BANDS):
        heads, members = _same_band(signed[:, band * ROWS : (band + 1) * ROWS])
        alike = _similarity(signed, heads, members) >= threshold
        left.append(heads[alike])
        right.append(members[alike])
    edges = np.concatenate(left), np.concatenate(right)
    graph = coo_array((np.ones(len(edges[0]), dtype=bool), edges), shape=(len(signed), len(signed)))
    _, group = connected_components(graph, directed=False)
    _, first = np.unique(group, return_index=True)
    return first[group]


def _same_band(entries: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of texts with the same entries: the first text that has them, with each later one."""
    keys = np.zeros(len(entries), dtype=np.uint64)
    with np.errstate(over="ignore"):
        for column in entries.T:
            keys = (keys + column) * np.uint64(0x9E3779B97F4A7C15)
            keys ^= keys >> np.uint64(29)
    keys[(entries == _EMPTY).all(axis=1)] = 0
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    begins = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]]) if len(keys) else np.empty(0, dtype=np.int64)
    heads = np.repeat(order[begins], np.diff(np.r_[begins, len(keys)]))
    paired = (heads != order) & (ordered != 0)
    return heads[paired], order[paired]


def _similarity(signed: np.ndarray, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """The estimated Jaccard similarity of pairs of texts."""
    parts = [
        (signed[left[start : start + _COMPARED]] == signed[right[start : start + _COMPARED]]).mean(axis=1)
        for start in range(0, len(left), _COMPARED)
    ]
    return np.concatenate(parts) if parts else np.empty(0)
