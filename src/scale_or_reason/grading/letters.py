r"""Letters that name an option: what is a letter, which one is asserted last, and what is only an article or a name.

"A" is a letter in "The answer is A because", an article in "The answer is a cat", part of the option in "C = 5".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from string import ascii_uppercase

from scale_or_reason.grading.options import option_by_text, other_number

_WRAP = r"(?:[\s(\[*{$]|\\[(\[]|\\(?:text|textbf|mathbf|mathrm|boxed)\s?\{)"
_UNWRAP = r"(?:[\s)\]*}$]|\\[)\]])"
#: A letter and nothing else.
_ALONE = re.compile(
    rf"{_WRAP}*(?:[Oo]ption\s|[Cc]hoice\s|[Ll]etter\s|[Aa]nswer:?\s)?{_WRAP}*([A-Za-z]){_UNWRAP}*[.:,;)\s*]*"
)
#: A letter with its text behind it: ``(B) a cat``, ``B. a cat``, ``B: a cat``, ``b) a cat``.
_AND_TEXT = re.compile(
    rf"{_WRAP}*(?:[Oo]ption\s|[Cc]hoice\s)?{_WRAP}*([A-Za-z])(?:{_UNWRAP}*[)\].:]|\s+[-–—]\s|{_UNWRAP}*[*}}$]+\s)[\s*]*(.+)",
    re.DOTALL,
)
_TEXT_AND = re.compile(r"(.*)\(([A-Z])\)[\s.]*", re.DOTALL)
#: Letters that are listed as answers.
HEDGE = re.compile(r"(?<![A-Za-z'\\])\(?([A-Z])\)?(?![A-Za-z'’=]|\s*=)")

_ADVERB = (
    r"(?:(?:therefore|thus|hence|then|clearly|indeed|simply|definitely|certainly|most\s{1,3}likely|likely|probably|"
    r"actually|obviously|in\s{1,3}fact|both|either)[,\s]\s{0,5}){0,2}"
)
_NOUN = r"(?:answer|option|choice|letter)"
_LETTER = rf"{_WRAP}{{0,9}}([A-Z])(?![A-Za-z'’])"
_VERB = r"(?:is|are|(?:must|would|should|will|has\s{1,3}to)\s{1,3}be)(?:\s{0,9}:)?|:|\s[-–]\s"
_LEAVING = r"\b(?:leaving|leaves)\s{1,3}(?:us\s{1,3})?(?:with\s{1,3})?(?:only\s{1,3})?"
_RIGHT = r"(?:correct|right|best)"
_ASSERTIONS = re.compile(
    rf"(?i:\b{_NOUN}\*{{0,2}}\s{{0,9}}(?:{_VERB})\*{{0,2}}\s{{0,9}}{_ADVERB}(?:not\b.{{1,40}}?\bbut\s{{1,3}})?"
    rf"(?:(?:the\s)?{_NOUN}\s{{0,3}}:?\s{{0,3}})?){_LETTER}"
    rf"|(?i:{_LEAVING}(?:{_NOUN}\s)?){_LETTER}"
    rf"|(?<![A-Za-z'’])\(?([A-Z])\)?\*{{0,2}}(?i:\s{{1,3}}is\s{{1,3}}the\s{{1,3}}{_RIGHT}\s{{1,3}}{_NOUN}\b)"
    rf"|(?i:\b(?:option|choice)\s{{1,3}})\(?([A-Z])\)?\*{{0,2}}(?i:\s{{1,3}}is\s{{1,3}}(?:the\s{{1,3}})?{_RIGHT}\b)"
)
#: Words before "answer is X" that turn it round, in the same sentence.
_REJECTED = re.compile(
    r"\b(?:incorrect|wrong|common|tempting|distractor|not|other|first|second|another|worst|invalid|n't|eliminated|false|initial)\b[^.!?\n]{0,40}$",
    re.IGNORECASE,
)
#: What may follow a letter that would otherwise be an article or a pronoun.
_GOES_ON = re.compile(
    r"[\s*)\]}$\\]{0,9}(?:$|[.,;:!?)\n\-–—(]|(?:because|since|as|and|or|which|with|is|are|for|due|given|based|that|from|by|but|if|when|not|so|in|thus|hence|therefore|rather|while)\b)"
)
_I_THINK = re.compile(
    r"\s+(?:think|believe|am|was|would|will|can|could|chose|choose|have|had|say|guess|know|did|do|get|got|found|need)\b|['’]"
)
_STATED_NUMBER = re.compile(r"[)\].:]{1,2}\s?([-+]?[\d.,]*\d)(?=[\s.*]*$)")
_JOINED_LETTER = re.compile(
    r"[\s)\]*}$.]{0,5}(?:/|&|,?\s?\b(?:and|or)\b|,)\s?(?:(?:also|option|choice)\s)?[\s(\[*{$]{0,5}([A-Z])(?![A-Za-z'’])"
)
_BEGINS_TEXT = re.compile(r"[\s$]{0,3}(?:=|\+|\^|_|/[a-z]|\*[a-z0-9]|<|>)|\s-\s?\d|-[a-z]")


def named_letter(text: str, letters: str, options: Sequence[str]) -> str | None:
    """The letter that a short text consists of, or that stands before or behind an option's text; None otherwise."""
    match = _ALONE.fullmatch(text)
    if match:
        letter = match[1].upper()
        return letter if letter in letters else None
    if option_by_text(text, options, exactly=True) is not None:
        return None  # "C = 5" and "I only" are texts
    match = _AND_TEXT.fullmatch(text)
    if match and match[1].upper() in letters and (match[1].isupper() or option_by_text(match[2], options) is not None):
        letter = match[1].upper()
        if _JOINED_LETTER.match(text, match.end(1)) or other_number(match[2], options[letters.index(letter)]):
            return None
        return letter
    match = _TEXT_AND.fullmatch(text)
    if match and match[2] in letters and not _ends_in_letter(match[1]):
        return match[2]
    return None


def _ends_in_letter(text: str) -> bool:
    return re.search(r"\([A-Z]\)[\s,&]*(?:and|or)?\s*$", text) is not None


def asserted_letter(text: str, letters: str, options: Sequence[str]) -> str | None:
    """The letter that is asserted last; "" if that assertion names several; None if there is none."""
    last: str | None = None
    for match in _ASSERTIONS.finditer(text):
        letter = match[1] or match[2] or match[3] or match[4]
        end = match.end()
        if letter not in letters:
            continue
        if match[3] or match[4]:
            last = letter
            continue
        if match[1] and (_REJECTED.search(text[max(0, match.start() - 60) : match.start()].rpartition("\n")[2])):
            continue
        if not _is_letter(text, letter, end, match.group(), options):
            continue
        joined = _JOINED_LETTER.match(text, end)
        last = "" if joined and joined[1] in letters and joined[1] != letter else letter
    return last


def _is_letter(text: str, letter: str, end: int, assertion: str, options: Sequence[str]) -> bool:
    """Whether the letter is no article, no pronoun and no beginning of an option's text."""
    behind = text[end : end + 300].partition("\n")[0]
    if _BEGINS_TEXT.match(behind):
        return False
    stated = _STATED_NUMBER.match(behind)
    if stated and other_number(stated[1], options[ascii_uppercase.index(letter)]):
        return False
    bracketed = re.search(r"[(\[*{$]\s*[A-Z]$", assertion) is not None
    if bracketed:
        return True
    if letter == "I" and _I_THINK.match(behind):
        return False
    if letter in "AI" and not _GOES_ON.match(behind):
        noun = re.search(r"(?i:option|choice|letter)\s{1,3}[AI]$", assertion) is not None
        return noun
    phrase = f"{letter}{behind}"
    return not any(_begins(phrase, option) for option in options if len(option.split()) > 1)


def _begins(phrase: str, option: str) -> bool:
    """Whether the option's text begins with the letter as a word of its own, and the phrase goes on like it."""
    words = option.split()
    return len(words[0].strip(",.;:")) == 1 and phrase.split()[: len(words)] == words
