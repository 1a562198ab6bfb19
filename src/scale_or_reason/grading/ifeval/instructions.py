"""The 25 instruction types: one function each, from the answer and the instruction's arguments to followed or not.

Every check takes time linear in the answer. The arguments come from the benchmark and keep the dataset's names;
keywords are regular expressions there, and are used as such.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from scale_or_reason.common.errors import StudyError
from scale_or_reason.grading.ifeval.language import is_language
from scale_or_reason.grading.ifeval.sentences import (
    count_sentences,
    count_shouted_words,
)

Check = Callable[..., bool]
CHECKS: dict[str, Check] = {}

_CONSTRAINED = ("My answer is yes.", "My answer is no.", "My answer is maybe.")
_STAR_BULLET = re.compile(r"^[^\S\n]*\*[^*].*$", re.MULTILINE)
_DASH_BULLET = re.compile(r"^[^\S\n]*-", re.MULTILINE)
_HIGHLIGHT = re.compile(r"\*[^\n*]*\*")
_DOUBLE_HIGHLIGHT = re.compile(r"\*\*([^\n*]*)\*\*")
_DIVIDER = re.compile(r"\s?\*\*\*\s?")
_WORD = re.compile(r"\w+")
_FENCES = ("```json", "```Json", "```JSON", "```")
_WORD_END = re.compile(r"[.,?!'\"]")


def follows(name: str, answer: str, arguments: dict[str, Any]) -> bool:
    """Whether ``answer`` follows the instruction ``name``; :class:`StudyError` for arguments it does not take."""
    try:
        return bool(CHECKS[name](answer, **arguments))
    except (TypeError, re.error) as error:
        raise StudyError(
            "an IFEval instruction has arguments that its check can't use",
            key=name,
            found=arguments,
            expected=error,
        ) from error


def _instruction(name: str) -> Callable[[Check], Check]:
    def register(check: Check) -> Check:
        CHECKS[name] = check
        return check

    return register


def _compare(count: int, relation: str, threshold: int) -> bool:
    if relation not in ("less than", "at least"):
        raise TypeError(f"relation is {relation!r}, not 'less than' or 'at least'")
    return count < threshold if relation == "less than" else count >= threshold


@_instruction("keywords:existence")
def _keywords_exist(answer: str, keywords: list[str]) -> bool:
    return all(re.search(keyword, answer, re.IGNORECASE) for keyword in keywords)


@_instruction("keywords:frequency")
def _keyword_frequency(answer: str, keyword: str, frequency: int, relation: str) -> bool:
    return _compare(len(re.findall(keyword.strip(), answer, re.IGNORECASE)), relation, frequency)


@_instruction("keywords:forbidden_words")
def _no_forbidden_word(answer: str, forbidden_words: list[str]) -> bool:
    return not any(re.search(rf"\b{word}\b", answer, re.IGNORECASE) for word in forbidden_words)


@_instruction("keywords:letter_frequency")
def _letter_frequency(answer: str, letter: str, let_frequency: int, let_relation: str) -> bool:
    return _compare(answer.lower().count(letter.strip().lower()), let_relation, let_frequency)


@_instruction("language:response_language")
def _response_language(answer: str, language: str) -> bool:
    return is_language(answer, language)


@_instruction("length_constraints:number_sentences")
def _number_sentences(answer: str, num_sentences: int, relation: str) -> bool:
    return _compare(count_sentences(answer), relation, num_sentences)


@_instruction("length_constraints:number_words")
def _number_words(answer: str, num_words: int, relation: str) -> bool:
    return _compare(sum(1 for _ in _WORD.finditer(answer)), relation, num_words)


@_instruction("length_constraints:number_paragraphs")
def _number_paragraphs(answer: str, num_paragraphs: int) -> bool:
    """Paragraphs lie between ``***``; only the first and the last piece may be blank."""
    pieces = [bool(piece.strip()) for piece in _DIVIDER.split(answer)]
    return all(pieces[1:-1]) and sum(pieces) == num_paragraphs


@_instruction("length_constraints:nth_paragraph_first_word")
def _nth_paragraph_first_word(answer: str, num_paragraphs: int, nth_paragraph: int, first_word: str) -> bool:
    """Paragraphs lie between blank lines. As officially, blank pieces are not counted but keep their place."""
    pieces = answer.split("\n\n")
    count = sum(1 for piece in pieces if piece.strip())
    if count != num_paragraphs or nth_paragraph > count or not pieces[nth_paragraph - 1].strip():
        return False
    word = pieces[nth_paragraph - 1].split()[0].lstrip("'").lstrip('"')
    return _WORD_END.split(word, maxsplit=1)[0].lower() == first_word.lower()


@_instruction("detectable_content:number_placeholders")
def _number_placeholders(answer: str, num_placeholders: int) -> bool:
    return sum(_placeholders(line) for line in answer.split("\n")) >= num_placeholders


def _placeholders(line: str) -> int:
    """How many ``[...]`` a line holds; by hand, since the pattern would look for each bracket's end anew."""
    count = end = 0
    while (start := line.find("[", end)) >= 0 and (end := line.find("]", start) + 1) > 0:
        count += 1
    return count


@_instruction("detectable_content:postscript")
def _postscript(answer: str, postscript_marker: str) -> bool:
    marker = postscript_marker.strip()
    patterns = {"P.P.S": r"p\.\s?p\.\s?s", "P.S.": r"p\.\s?s\."}
    return re.search(patterns.get(marker, marker.lower()), answer.lower()) is not None


@_instruction("detectable_format:number_bullet_lists")
def _number_bullets(answer: str, num_bullets: int) -> bool:
    return len(_STAR_BULLET.findall(answer)) + len(_DASH_BULLET.findall(answer)) == num_bullets


@_instruction("detectable_format:constrained_response")
def _constrained_response(answer: str) -> bool:
    return any(option in answer for option in _CONSTRAINED)


@_instruction("detectable_format:number_highlighted_sections")
def _number_highlights(answer: str, num_highlights: int) -> bool:
    single = sum(1 for match in _HIGHLIGHT.finditer(answer) if match.group().strip("*").strip())
    double = sum(1 for match in _DOUBLE_HIGHLIGHT.finditer(answer) if match.group(1).strip())
    return single + double >= num_highlights


@_instruction("detectable_format:multiple_sections")
def _multiple_sections(answer: str, section_spliter: str, num_sections: int) -> bool:
    return len(re.findall(section_spliter.strip() + r"\s?\d+", answer)) >= num_sections


@_instruction("detectable_format:json_format")
def _json_format(answer: str) -> bool:
    text = answer.strip()
    for fence in _FENCES:
        text = text.removeprefix(fence)
    try:
        json.loads(text.removesuffix("```").strip())
    except (ValueError, RecursionError):
        return False
    return True


@_instruction("detectable_format:title")
def _title(answer: str) -> bool:
    """A ``<<title>>`` within one line: from its first ``<<`` to its last ``>>``."""
    for line in answer.split("\n"):
        start, end = line.find("<<"), line.rfind(">>")
        if 0 <= start < end - 2 and line[start:end].lstrip("<").rstrip(">").strip():
            return True
    return False


@_instruction("combination:two_responses")
def _two_responses(answer: str) -> bool:
    """Two different responses with ``******`` between them; only the first and the last piece may be blank."""
    pieces = [piece.strip() for piece in answer.split("******")]
    responses = [piece for piece in pieces if piece]
    return all(pieces[1:-1]) and len(responses) == 2 and responses[0] != responses[1]


@_instruction("combination:repeat_prompt")
def _repeat_prompt(answer: str, prompt_to_repeat: str) -> bool:
    return answer.strip().lower().startswith(prompt_to_repeat.strip().lower())


@_instruction("startend:end_checker")
def _ends_with(answer: str, end_phrase: str) -> bool:
    return answer.strip().strip('"').lower().endswith(end_phrase.strip().lower())


@_instruction("startend:quotation")
def _quotation(answer: str) -> bool:
    text = answer.strip()
    return len(text) > 1 and text[0] == text[-1] == '"'


@_instruction("change_case:capital_word_frequency")
def _shouted_words(answer: str, capital_frequency: int, capital_relation: str) -> bool:
    return _compare(count_shouted_words(answer), capital_relation, capital_frequency)


@_instruction("change_case:english_capital")
def _english_capital(answer: str) -> bool:
    return answer.isupper() and is_language(answer, "en")


@_instruction("change_case:english_lowercase")
def _english_lowercase(answer: str) -> bool:
    return answer.islower() and is_language(answer, "en")


@_instruction("punctuation:no_comma")
def _no_comma(answer: str) -> bool:
    return "," not in answer
