"""Word comparison as the SQuAD and CoQA evaluations do it."""

from __future__ import annotations

import re
import string
from collections import Counter
from functools import lru_cache

_ARTICLES = re.compile(r"\b(?:a|an|the)\b")
_PUNCTUATION = {ord(character): None for character in string.punctuation + "“”‘’"}


@lru_cache(maxsize=4096)  # an answer is compared with several gold answers, and these come again with every sample
def normalise(text: str) -> str:
    """Lower case, without punctuation, articles and extra spaces (SQuAD v1.1 evaluation).

    >>> normalise("The  Denver Broncos.")
    'denver broncos'
    """
    return " ".join(_ARTICLES.sub(" ", text.lower().translate(_PUNCTUATION)).split())


def token_f1(gold: str, answer: str) -> float:
    """Harmonic mean of the precision and recall of normalised tokens, in [0, 1]; 1 if both are empty."""
    gold_tokens, answer_tokens = normalise(gold).split(), normalise(answer).split()
    if not gold_tokens or not answer_tokens:
        return float(gold_tokens == answer_tokens)
    common = sum((Counter(gold_tokens) & Counter(answer_tokens)).values())
    return 2 * common / (len(gold_tokens) + len(answer_tokens))


def rouge_l(gold: str, answer: str) -> float:
    """ROUGE-L F1 of normalised tokens: twice the longest common subsequence over the sum of lengths, in [0, 1]."""
    first, second = normalise(gold).split(), normalise(answer).split()
    if not first or not second:
        return float(first == second)
    row = [0] * (len(second) + 1)
    for token in first:
        diagonal = 0
        for column, other in enumerate(second, start=1):
            diagonal, row[column] = (
                row[column],
                diagonal + 1 if token == other else max(row[column], row[column - 1]),
            )
    return 2 * row[-1] / (len(first) + len(second))
