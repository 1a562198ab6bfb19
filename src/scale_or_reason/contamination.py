"""Which training prompts overlap with a benchmark question, by word n-grams.

The usual test of the field: a prompt is contaminated if a run of ``n`` words of a benchmark question occurs in it.
Words are lower-cased runs of letters, digits and underscores, so punctuation and spacing don't matter. The
instructions around the questions don't count: benchmark questions come without them, and known instructions are cut
out of the prompts first. A question shorter than ``n`` words has no n-gram; it overlaps with a prompt of exactly the
same words only.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from scale_or_reason.errors import StudyError
from scale_or_reason.prompts import INSTRUCTIONS, TRAINING_INSTRUCTIONS

#: Prompts whose n-grams are in memory at a time: some hundred megabytes at the length of the papers' prompts.
CHUNK = 20_000
_BASE = np.uint64(0x9E3779B97F4A7C15)  # odd, so that powers of it never vanish modulo 2**64
_PREFIX_BITS = 24
_PREFIX_SHIFT = np.uint64(64 - _PREFIX_BITS)


def overlapping_benchmark(prompts: list[str], items: pl.DataFrame, n: int = 8) -> list[str | None]:
    """For each prompt the name of a benchmark that shares ``n`` consecutive words with it, or None.

    ``items`` has the columns ``benchmark`` and ``question`` (schema items, any number of benchmarks). With several
    benchmarks the one that comes first in ``items`` is named. n-grams are compared by 64-bit hashes: with a hundred
    million in the prompts and a few million in the questions, the probability of a false match is about 1e-5.
    """
    if n < 1:
        raise StudyError("an n-gram needs at least one word", key="n", found=n, expected="1 or more")
    benchmarks = items["benchmark"].unique(maintain_order=True).to_list()
    numbers = items["benchmark"].replace_strict(benchmarks, range(len(benchmarks)), return_dtype=pl.Int64).to_numpy()
    keys, owner = _index(*_grams(_words(items["question"]), n), numbers)
    prefixes = np.zeros(1 << _PREFIX_BITS, dtype=bool)  # rules out most n-grams much faster than the search in keys
    prefixes[keys >> _PREFIX_SHIFT] = True
    found: list[str | None] = []
    for start in range(0, len(prompts), CHUNK):
        words = _words(_without_instructions(pl.Series("prompt", prompts[start : start + CHUNK], dtype=pl.String)))
        found += [None if hit < 0 else benchmarks[hit] for hit in _first_hits(words, keys, owner, prefixes, n)]
    return found


def _without_instructions(texts: pl.Series) -> pl.Series:
    for instruction in dict.fromkeys((*INSTRUCTIONS.values(), *TRAINING_INSTRUCTIONS)):
        texts = texts.str.replace_all(instruction, " ", literal=True)
    return texts


def _words(texts: pl.Series) -> pl.Series:
    """The words of each text: a series of lists."""
    return texts.str.to_lowercase().str.extract_all(r"\w+")


def _grams(words: pl.Series, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Hashes of all n-grams, and the number of the text that each comes from.

    A text of fewer than ``n`` words (but not none) gives one hash of all its words, which no full n-gram can equal.
    """
    lengths = words.list.len().to_numpy().astype(np.int64)
    flat = words.explode(empty_as_null=False).hash(seed=0).to_numpy()
    starts = np.cumsum(lengths) - lengths
    text_of_word = np.repeat(np.arange(len(lengths)), lengths)
    offset = np.arange(len(flat)) - starts[text_of_word]
    remaining = lengths[text_of_word] - offset

    hashes = np.zeros(len(flat), dtype=np.uint64)
    with np.errstate(over="ignore"):
        for position in range(n):
            inside = np.flatnonzero(remaining > position)
            hashes[inside] = hashes[inside] * _BASE + flat[inside + position]
        length = np.minimum(remaining, n).astype(np.uint64)
        hashes += length * np.uint64(0xD1B54A32D192ED03)
    whole = (remaining >= n) | (offset == 0)
    return hashes[whole], text_of_word[whole]


def _index(hashes: np.ndarray, texts: np.ndarray, benchmark_of_text: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sorted distinct hashes of the benchmark questions and, for each, the first benchmark it occurs in."""
    owner = benchmark_of_text[texts]
    order = np.lexsort((owner, hashes))
    keys, first = np.unique(hashes[order], return_index=True)
    return keys, owner[order][first]


def _first_hits(words: pl.Series, keys: np.ndarray, owner: np.ndarray, prefixes: np.ndarray, n: int) -> list[int]:
    """For each text the smallest benchmark number among its n-grams, or -1."""
    none = np.iinfo(np.int64).max
    hits = np.full(len(words), none, dtype=np.int64)
    hashes, texts = _grams(words, n)
    likely = prefixes[hashes >> _PREFIX_SHIFT]
    hashes, texts = hashes[likely], texts[likely]
    if len(hashes):
        place = np.minimum(np.searchsorted(keys, hashes), len(keys) - 1)
        matched = keys[place] == hashes
        np.minimum.at(hits, texts[matched], owner[place[matched]])
    return [-1 if hit == none else int(hit) for hit in hits]
