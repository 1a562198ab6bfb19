"""Accuracy of several answers to an item: by majority vote, and if one right answer is enough (pass@k).

Both are expectations over a random subset of k of the n answers, computed exactly and not by drawing subsets.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from math import comb

from scale_or_reason.common.wording import counted


def pass_at_k(answers: int, right: int, k: int) -> float:
    """The probability that at least one of ``k`` out of ``answers`` answers is among the ``right`` ones.

    The unbiased estimator 1 - C(n - c, k) / C(n, k) of Chen et al. (2021, arXiv 2107.03374, equation 1). Raises
    :class:`ValueError` unless 0 <= right <= answers and 1 <= k <= answers.
    """
    if not (0 <= right <= answers and 1 <= k <= answers):
        raise ValueError(f"pass@{k} of {counted(answers, 'answer')}, {right} of them right, is not defined")
    return float(1 - Fraction(comb(answers - right, k), comb(answers, k)))


def vote_accuracy(classes: Sequence[int | None], right: Sequence[bool], k: int) -> float:
    """The expected accuracy of the majority of ``k`` of these answers to one item.

    ``classes`` has the class of each answer, None for an unreadable one, which does not vote. The class with most
    votes wins; of classes with equally many votes, each wins with the same probability. What is returned to the user is
    a random answer of the winning class within the subset, and ``right`` says of each answer whether it is right: a
    judge may decide differently on two spellings of an answer. If no answer of a subset is readable, a random one of it
    is returned. At k = 1 the value is therefore the mean of ``right``. Raises :class:`ValueError` for a k that is not
    in 1..n, and for lists of different lengths.
    """
    if len(classes) != len(right) or not 1 <= k <= len(classes):
        raise ValueError(
            f"a vote of {k} of {counted(len(classes), 'answer')} with {counted(len(right), 'outcome')} is not defined"
        )
    sizes = Counter(classes)
    hits = Counter(name for name, is_right in zip(classes, right, strict=True) if is_right)
    unreadable = sizes.pop(None, 0)
    wins, nothing = _chances(tuple(sorted(sizes.values())), unreadable, k)
    expected = sum(wins[size] * hits[name] / size for name, size in sizes.items())
    return expected + (nothing * hits[None] / unreadable if unreadable else 0.0)


@lru_cache(maxsize=100_000)  # few items differ in the sizes of their classes
def _chances(sizes: tuple[int, ...], unreadable: int, k: int) -> tuple[dict[int, float], float]:
    """The probability that a class of each size wins, and that none of the subset's answers is readable.

    Counts the subsets in which a class of that size has most votes, by its number of votes and by the number of other
    classes that tie with it.
    """
    subsets = comb(sum(sizes) + unreadable, k)
    wins = {}
    for size in set(sizes):
        others = list(sizes)
        others.remove(size)
        total = Fraction(0)
        for votes in range(1, min(size, k) + 1):
            for (ties, taken), count in _ways(others, votes, k - votes).items():
                total += Fraction(comb(size, votes) * count * comb(unreadable, k - votes - taken), ties + 1)
        wins[size] = float(total / subsets)
    return wins, comb(unreadable, k) / subsets


def _ways(sizes: Sequence[int], most: int, limit: int) -> Counter[tuple[int, int]]:
    """The number of ways to take answers of classes, at most ``most`` of each, by what they have in common.

    Keys are the number of classes with exactly ``most`` answers, and the number of all answers taken, up to ``limit``.
    """
    ways = Counter({(0, 0): 1})
    for size in sizes:
        longer: Counter[tuple[int, int]] = Counter()
        for (ties, taken), count in ways.items():
            for votes in range(min(size, most, limit - taken) + 1):
                longer[ties + (votes == most), taken + votes] += count * comb(size, votes)
        ways = longer
    return ways
