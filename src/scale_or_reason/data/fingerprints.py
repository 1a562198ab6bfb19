"""What two prompts must share, word for word, if one of them may stand for both.

The answer to a prompt can hang on a single word: the smallest or the largest root, the question after a passage that
twenty questions share. So near duplicates may differ in few places only:

- A prompt with mathematics (a number, a variable, a sign): in articles and "please" alone.
- Other prompts: also in the middle, in words that neither count, compare nor negate. The first and the last sixteen
  words and the sixteen before each question mark are the same, and so is everything that is no word.

A fingerprint is a 64-bit hash of the words that must be the same, in their order. Two of a million prompts share one by
accident with a probability of 3e-8.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scale_or_reason.data.prompt_words import PromptWords

#: Words at the beginning, at the end and before a question mark that must be the same.
EDGE = 16
#: Signs that prose has too: a prompt with these alone holds no mathematics.
_SIGNS_OF_PROSE = ["(", ")", "-", "*", "#", "/", "&", "_", "[", "]", "'", '"', "!", ":"]
_NUMBERS = (
    "two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen "
    "nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand million billion dozen half twice "
    "double triple third quarter fifth percent"
)
_DECISIVE = (
    "zero one once first second last next no not never none nobody nothing neither nor without cannot can't don't "
    "doesn't didn't isn't aren't wasn't weren't won't wouldn't shouldn't couldn't hasn't haven't hadn't all any "
    "each every some both either only except but if unless and or more most less least fewer fewest many few much "
    "greater greatest larger largest smaller smallest bigger biggest higher highest lower lowest longer longest "
    "shorter shortest older oldest younger youngest better best worse worst same different before after above below "
    "over under left right up down increase decrease increases decreases increasing decreasing maximum minimum "
    "positive negative true false even odd with from to into than between"
)
_NUMBER = rf"(?:^|-)(?:{'|'.join(_NUMBERS.split())})s?(?:-|$)"
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def mixed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The finaliser of SplitMix64 (Steele et al., 2014): every bit of a value changes about half of the result's."""
    with np.errstate(over="ignore"):
        values = values + _GOLDEN
        values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def fingerprints(words: PromptWords, texts: int) -> NDArray[np.uint64]:
    """The fingerprint of each of so many texts; 0 for one without words."""
    number = words.words.str.contains(_NUMBER).to_numpy()
    sign_of_prose = words.words.is_in(_SIGNS_OF_PROSE).to_numpy()
    mathematics = np.zeros(texts, dtype=bool)
    mathematics[words.texts[number | (~words.in_prose & ~sign_of_prose)]] = True
    decisive = number | ~words.in_prose | words.words.is_in(_DECISIVE.split()).to_numpy()
    counted = ~words.harmless
    kept = np.flatnonzero(counted & (mathematics[words.texts] | decisive | _edges(words, counted)))
    return _ordered_hash(words.hashes()[kept], words.texts[kept], texts)


def text_hashes(words: PromptWords, texts: int) -> NDArray[np.uint64]:
    """A 64-bit hash of all words of each of so many texts, in their order; 0 for one without words."""
    return _ordered_hash(words.hashes(), words.texts, texts)


def _edges(words: PromptWords, counted: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Whether a word is among the ``EDGE`` counted ones at an end of its text or before a question mark."""
    edge = np.zeros(len(words.texts), dtype=bool)
    place = np.flatnonzero(counted)
    text_of, asked = words.texts[place], words.asked[place]
    rank = np.arange(len(place))
    for group in (text_of, asked):
        _, first, count = np.unique(group, return_index=True, return_counts=True)
        edge[place[np.repeat(first + count, count) - rank <= EDGE]] = True
    _, first, count = np.unique(text_of, return_index=True, return_counts=True)
    edge[place[rank - np.repeat(first, count) < EDGE]] = True
    return edge


def _ordered_hash(hashes: NDArray[np.uint64], text_of: NDArray[np.int64], texts: int) -> NDArray[np.uint64]:
    result = np.zeros(texts, dtype=np.uint64)
    if len(hashes):
        numbers, first, count = np.unique(text_of, return_index=True, return_counts=True)
        position = (np.arange(len(hashes)) - np.repeat(first, count)).astype(np.uint64)
        result[numbers] = np.add.reduceat(mixed(hashes + mixed(position)), first)
    return result
