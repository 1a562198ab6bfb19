"""Which training prompts overlap with a benchmark question, by word n-grams.

The usual test of the field: a prompt is contaminated if a run of ``n`` words of a benchmark question occurs in it.
Instructions do not count: benchmark questions come without them, and known instructions are cut out of the training
prompts first. A benchmark question shorter than ``n`` words has no n-gram. It overlaps only with a training prompt of
exactly the same words. In a text of fewer than eight words a sign is as much as a word: "What is 12 - 4?" does not
overlap with "What is 12 + 4?".
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import polars as pl

from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.table_schemas import SCHEMAS
from scale_or_reason.data.fingerprints import text_hashes
from scale_or_reason.data.known_instructions import without_instructions
from scale_or_reason.data.prompt_words import prompt_words
from scale_or_reason.data.word_runs import WordRuns, runs_of, words_of

#: Prompts whose runs are in memory at a time: some hundred megabytes at the length of the papers' prompts.
CHUNK = 20_000
#: Texts of fewer words must also agree in numbers and operators; in longer ones words alone count, as in n-grams.
SIGNS_COUNT_BELOW = 8
_PREFIX_BITS = 24
_PREFIX_SHIFT = np.uint64(64 - _PREFIX_BITS)


def prompt_overlaps(tables: Iterable[pl.DataFrame], items: pl.DataFrame, n: int = 8) -> pl.DataFrame:
    """The prompts that share ``n`` consecutive words with an item, each once (schema overlaps).

    ``tables`` (schema prompts) are gone through one after the other and not kept. ``items`` (schema items) may be of
    any number of benchmarks; with several matches the item that comes first is named, with the first words that it
    shares. n-grams are compared by 64-bit hashes: with a hundred million in the prompts and a few million in the
    items, the probability of a false match is about 1e-5. Raises :class:`StudyError` if ``n`` is less than 1.
    """
    if n < 1:
        raise StudyError("an n-gram needs at least one word", key="n", found=n, expected="1 or more")
    index = _Index(items["question"], n)
    found = [
        _overlaps_of(part, items, index) for table in tables for part in table.iter_slices(CHUNK) if not part.is_empty()
    ]
    return pl.concat([pl.DataFrame(schema=SCHEMAS["overlaps"]), *found])


class _Index:
    """The runs of all items: sorted hashes, each with the first item it occurs in."""

    def __init__(self, prompts: pl.Series, n: int) -> None:
        self.n = n
        runs = _runs(prompts, words_of(prompts), n)
        # runs come item by item, and unique gives the first of equal ones
        self.keys, first = np.unique(runs.hashes, return_index=True)
        self.items = runs.texts[first]
        # rules out most runs of the prompts much faster than the search in keys
        self.prefixes = np.zeros(1 << _PREFIX_BITS, dtype=bool)
        self.prefixes[self.keys >> _PREFIX_SHIFT] = True

    def first_hits(self, texts: pl.Series, words: pl.Series) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Of the texts that share a run with an item: number of the text, of its first item, of the run's word."""
        runs = _runs(texts, words, self.n)
        likely = np.flatnonzero(self.prefixes[runs.hashes >> _PREFIX_SHIFT])
        hashes = runs.hashes[likely]
        place = np.minimum(np.searchsorted(self.keys, hashes), len(self.keys) - 1)
        matched = np.flatnonzero(self.keys[place] == hashes)  # without keys nothing was likely
        run, item = likely[matched], self.items[place[matched]]
        order = np.lexsort((run, item, runs.texts[run]))
        hit, first = np.unique(runs.texts[run][order], return_index=True)
        return hit, item[order][first], runs.starts[run][order][first]


def _runs(texts: pl.Series, words: pl.Series, n: int) -> WordRuns:
    """The runs of ``n`` words; the one run of a short text depends on its signs too."""
    runs = runs_of(words, n)
    short = np.flatnonzero(words.list.len().to_numpy()[runs.texts] < min(n, SIGNS_COUNT_BELOW))
    numbers = runs.texts[short]
    runs.hashes[short] = text_hashes(prompt_words(texts.gather(numbers)), len(numbers))
    return runs


def _overlaps_of(prompts: pl.DataFrame, items: pl.DataFrame, index: _Index) -> pl.DataFrame:
    texts = without_instructions(prompts["prompt"])
    words = words_of(texts)
    hits, hit_items, starts = index.first_hits(texts, words)
    shared = [" ".join(words[int(hit)][start : start + index.n]) for hit, start in zip(hits, starts, strict=True)]
    return pl.DataFrame(
        {
            "prompt_id": prompts["prompt_id"].gather(hits),
            "benchmark": items["benchmark"].gather(hit_items),
            "item_id": items["item_id"].gather(hit_items),
            "shared_words": pl.Series(shared, dtype=pl.String),
        }
    )
