r"""The words of a prompt for comparisons that must not confuse two problems.

Numbers, operators, relations, brackets, LaTeX commands and single letters are words of their own: ``x^2-5x+6`` has
nine. White space, the punctuation of prose, dollar signs and the case of words do not count. Case does count where it
carries meaning: in single letters, in LaTeX commands, and in units behind a number (``5 mW``, ``5 MW``).

``\w+`` (:mod:`scale_or_reason.data.word_runs`) is the usual choice for n-grams, but it drops every operator.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

#: Alternatives in order of preference. Rust's regular expressions have no look-around, so what depends on a neighbour
#: (a colon, an exclamation mark, a quotation mark) is decided in ``_select``.
_TOKEN = "|".join(
    (
        r"\\[A-Za-z]+",
        r"\.?\d+(?:[.,:]\d+)*",
        r"\p{L}[\p{L}\p{M}]*(?:['-]\p{L}{2,}|'\p{L})*",
        r"\s:\s?",
        r":\s",
        r"[^\s\p{L}\p{M}\p{C}\d.,;“”„«»‘`…$—]",
    )
)
_LONG_WORD = r"^\p{L}[\p{L}\p{M}'-]+$"
_UNIT = r"^[mMkKgGpP](?:W|Wh|A|V|g|m|s|Hz|Pa|J|N|eV|b|B|F|C|T|S)$"
#: Characters that belong to mathematics only behind a number, a variable or a bracket: a factorial, a prime, a ratio.
_AFTER_OPERANDS = ("!", "'", '"', ":")
_HARMLESS = ("a", "an", "the", "please")


@dataclass(frozen=True)
class PromptWords:
    """The words of some texts, one text after the other.

    ``words``: all of them; ``texts``: the number of the text that each belongs to; ``in_prose``: whether it is a word
    of two letters or more, or an article; ``harmless``: whether a prompt means the same without it (articles,
    "please"); ``asked``: how many question marks precede it, counted over all texts.
    """

    words: pl.Series
    texts: NDArray[np.int64]
    in_prose: NDArray[np.bool_]
    harmless: NDArray[np.bool_]
    asked: NDArray[np.int64]

    def hashes(self) -> NDArray[np.uint64]:
        """A 64-bit hash of each word, the same within one process only."""
        return self.words.hash(seed=0).to_numpy()


def prompt_words(texts: pl.Series) -> PromptWords:
    """Split ``texts`` (strings without nulls) into words."""
    plain = texts.str.replace_all("[−–]", "-").str.replace_all("[’′]", "'").str.replace_all(r"\\[()\[\],;! ]", " ")
    lists = plain.str.extract_all(_TOKEN)
    text_of = np.repeat(np.arange(len(texts)), lists.list.len().to_numpy().astype(np.int64))
    tokens = lists.explode(empty_as_null=False).cast(pl.String)
    return _select(tokens, text_of)


def _select(tokens: pl.Series, text_of: NDArray[np.int64]) -> PromptWords:
    """Keep the tokens that count, and put prose into lower case."""
    long = tokens.str.contains(_LONG_WORD).to_numpy()
    number = tokens.str.contains(r"^\.?\d").to_numpy()
    same_text = text_of[1:] == text_of[:-1]
    after_long, after_number = (np.r_[False, mask[:-1] & same_text][: len(mask)] for mask in (long, number))
    before_long = np.r_[long[1:] & same_text, False][: len(long)]
    begins = np.r_[True, ~same_text][: len(long)]

    question = (tokens == "?").to_numpy()
    marks = tokens.str.strip_chars()
    decided = marks.is_in(_AFTER_OPERANDS).to_numpy() & (after_long | begins)
    kept = ~(question | decided | (tokens.str.contains(r"^:\s")).to_numpy())

    article = tokens.is_in(["A", "a", "I", "i"]).to_numpy() & before_long
    unit = after_number & tokens.str.contains(_UNIT).to_numpy()
    lower = pl.Series((long & ~unit) | article)
    words = pl.select(pl.when(lower).then(tokens.str.to_lowercase()).otherwise(marks)).to_series()
    in_prose = long | article
    harmless = words.is_in(_HARMLESS).to_numpy() & in_prose
    return PromptWords(
        words.filter(pl.Series(kept)), text_of[kept], in_prose[kept], harmless[kept], np.cumsum(question)[kept]
    )
