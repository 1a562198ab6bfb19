"""Sentences and shouted words, counted much as NLTK's English models do, without their data.

The official checkers split sentences with Punkt. Its decisions rest on a list of abbreviations and on how words are
usually spelled; these rules keep the first and replace the second by a small list of words that open sentences.
"""

from __future__ import annotations

import re

#: A stop, with what closes a quotation or a bracket after it, and the first word that follows.
_CANDIDATE = re.compile(r"(?P<stop>[.!?])(?P<close>[)\"'”’\]}*]{0,9})(?=(?P<gap>\s|(?<=[)\"\]}*])\w|$))")
_ABBREVIATIONS_TEXT = (
    "adm al apr assn aug ave bros calif capt cie co col conn corp cos dec del dept dr etc feb fla gen gov hon "
    "inc jan jr lt ltd maj mass mo mr mrs ms mt nev nov oct okla ont pa ph.d prof pvt rep reps rev sen sens "
    "sept sgt sr st ste tenn tex u.k u.s u.n va vs wash wis a.m p.m d.c l.a n.y n.j b.c a.d e.g i.e u.s.a j.p "
    "j.c"
)
_ABBREVIATIONS = frozenset(_ABBREVIATIONS_TEXT.split())
_OPENERS_TEXT = (
    "a additionally after all also although an and another as at because before both but by each even every "
    "finally first for from furthermore he her here his how however i if in instead it its just let like many "
    "meanwhile moreover most my next no not now of on once one only or our she since so some still such that "
    "the their then there therefore these they this those though through thus to under until use very was we "
    "what when where which while who why with yes yet you your"
)
_OPENERS = frozenset(_OPENERS_TEXT.split())
_TOKEN_SPLIT = re.compile(r"\.\.\.|--|[;@#$%&?!()\[\]{}<>\"“”«»`]|[:,](?!\d)|\s")
_CLITIC = re.compile(r"(?i)(?<=\w)(?:n't|'(?:s|m|d|ll|re|ve))$")
_JOINED = re.compile(r"(?i)^(?:can)(?=not$)|^(?:gon|wan)(?=na$)|^(?:got)(?=ta$)|^(?:gim|lem)(?=me$)|^(?:more)(?='n$)")


def count_sentences(text: str) -> int:
    """The number of sentences in ``text``; a text without a stop is one sentence, a blank text none."""
    text = text.strip()
    if not text:
        return 0
    ends = [match.end() for match in _CANDIDATE.finditer(text) if _ends_sentence(text, match)]
    return len(ends) + (not ends or bool(text[ends[-1] :].strip()))


def _ends_sentence(text: str, match: re.Match[str]) -> bool:
    if match.end() >= len(text):
        return True
    if match["stop"] != ".":
        return True
    start = match.start()
    token = text[max(start - 40, 0) : start].rsplit(maxsplit=1)[-1:] or [""]
    word = token[0].lstrip("(\"'“‘[*_").lower()
    if text[start - 1 : start].isspace() or start == 0:
        word = ""
    following = text[match.end() : match.end() + 60].split(maxsplit=1)
    return _stop_ends_sentence(word, bool(match["close"]), following[0] if following else "")


def _stop_ends_sentence(word: str, closed: bool, following: str) -> bool:
    """Whether a full stop after ``word`` and before ``following`` ends a sentence."""
    bare = following.strip("\"'“”‘’([*_,.:;!?)").lower()
    opens = following[:1].isupper() and bare in _OPENERS
    if word.endswith("..") or word.rpartition("-")[2] in _ABBREVIATIONS or word in _ABBREVIATIONS:
        return opens and not closed
    if len(word) == 1 and word.isalpha() and word != "i":
        return opens
    if word.isdecimal():
        return not following[:1].islower()
    return True


def count_shouted_words(text: str) -> int:
    """The number of words in capital letters, counted by Treebank tokens: "DON'T" is two, "WELL-KNOWN" one."""
    count = 0
    for piece in _TOKEN_SPLIT.split(text):
        if piece and piece.isupper():
            count += sum(1 for token in _subwords(piece) if token.isupper())
    return count


def _subwords(word: str) -> list[str]:
    word = word.lstrip("'")
    for pattern in (_CLITIC, _JOINED):
        match = pattern.search(word)
        if match and match.end() - match.start() < len(word):
            return [word[: match.start()] + word[match.end() :], match.group()]
    return [word]
