"""Sentences and shouted words, counted much as NLTK's English models do, without their data.

The official checkers split sentences with Punkt (Kiss & Strunk 2006). A stop counts there if a space or punctuation
other than a comma follows. Whether it ends a sentence rests on a list of abbreviations and on how words are usually
spelled; these rules keep the first and replace the second by a small list of words that open sentences. What is no
abbreviation there ("etc.", "e.g.") is none here.
"""

from __future__ import annotations

import re

#: A stop, what closes a quotation or a bracket after it if a space follows, and what must come next.
_CANDIDATE = re.compile(r"(?P<stop>[.!?])(?:(?P<close>[\"'”’)\]}*]{1,9})(?=\s|$)|(?=[)\";}\]*:@'({\[]|\s|$))")
#: Punkt takes the last of several marks at a text's end for a sentence.
_DOUBLE_STOP = re.compile(r"[!?]{2}\Z")
_ABBREVIATIONS_TEXT = (
    "adm ariz aug ave bros calif cie co col colo conn corp cos ct dec dr feb fla fri ft ga gen ill inc jan jr kan ky "
    "lt ltd maj messrs mg mich minn mr mrs ms nev nov oct ok okla ore pa ph.d prof rep reps sen sep sept sr st sw tenn "
    "tues va vs vt wash wed wis yr u.k u.n u.s u.s.a a.m p.m d.c l.a n.y n.j n.c a.d j.p j.c"
)
_ABBREVIATIONS = frozenset(_ABBREVIATIONS_TEXT.split())
#: Single letters that stand for something; after the others a sentence may end ("the value of x.").
_INITIALS = frozenset("cdefghklmnprstvw")
_OPENERS_TEXT = (
    "a additionally after all also although an and another as at because before both but by each even every "
    "finally first for from furthermore he her here his how however i if in instead it its just let like many "
    "meanwhile moreover most my next no not now of on once one only or our she since so some still such that "
    "the their then there therefore these they this those though through thus to under until use very was we "
    "what when where which while who why with yes yet you your"
)
_OPENERS = frozenset(_OPENERS_TEXT.split())
_TOKEN_SPLIT = re.compile(r"\.\.\.|--|—|[;@#$%&*?!()\[\]{}<>\"“”«»`]|[:,](?!\d)|\s")
_CLITIC = re.compile(r"(?i)(?<=\w)(?:n't|'(?:s|m|d|ll|re|ve))$")
_JOINED = re.compile(r"(?i)^(?:can)(?=not$)|^(?:gon|wan)(?=na$)|^(?:got)(?=ta$)|^(?:gim|lem)(?=me$)|^(?:more)(?='n$)")


def count_sentences(text: str) -> int:
    """The number of sentences in ``text``; a text without a stop is one sentence, a blank text none."""
    text = text.strip()
    if not text:
        return 0
    ends = [match.end() for match in _CANDIDATE.finditer(text) if _ends_sentence(text, match)]
    rest = not ends or bool(text[ends[-1] :].strip())
    return len(ends) + rest + bool(_DOUBLE_STOP.search(text, max(len(text) - 2, 0)))


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
    _, newline, before = text[max(start - 40, 0) : max(start - 1, 0)].rpartition("\n")
    listed = bool(newline or start < 40) and not before.strip(" \t#*-")
    return _stop_ends_sentence(word, bool(match["close"]), following[0] if following else "", listed)


def _stop_ends_sentence(word: str, closed: bool, following: str, listed: bool) -> bool:
    """Whether a full stop after ``word``, ``listed`` if it begins a line, and before ``following`` ends a sentence."""
    bare = following.strip("\"'“”‘’([*_,.:;!?)").lower()
    opens = following[:1].isupper() and bare in _OPENERS
    if word.endswith("..") or word.rpartition("-")[2] in _ABBREVIATIONS or word in _ABBREVIATIONS:
        return opens and not closed
    if len(word) == 1 and word.isalpha():
        return word not in _INITIALS and (opens or not following[:1].isupper() or (listed and following[1:2] != "."))
    if word.isdecimal():
        return not following[:1].islower()
    return True


def count_shouted_words(text: str) -> int:
    """The number of words in capital letters, counted by Treebank tokens: "DON'T" is two, "WELL-KNOWN" one."""
    pieces = (piece for piece in _TOKEN_SPLIT.split(text) if piece and piece[:2].upper() == piece[:2])
    return sum(token.isupper() for piece in pieces for token in _subwords(piece))


def _subwords(word: str) -> list[str]:
    word = word.lstrip("'")
    for pattern in (_CLITIC, _JOINED):
        match = pattern.search(word)
        if match and match.end() - match.start() < len(word):
            return [word[: match.start()] + word[match.end() :], match.group()]
    return [word]
