r"""The mathematical answer in prose that has no box: what is stated as the answer, else the last thing set apart.

"So the answer is 48 + 24 = 72.", a line ``Answer: 3x - 8``, a last ``**26**`` or ``$8$``, the last number. One
candidate comes back, never several to choose from: what a text merely mentions must not count.
"""

from __future__ import annotations

import re

from scale_or_reason.grading.extraction import _ANSWER_IS, _ANSWER_LINE, Extract, first_sentence, hash_line
from scale_or_reason.grading.readings import readings
from scale_or_reason.grading.wording import MODIFIERS, SCALES

LONGEST_TEXT = 2500
_LONGEST_WHOLE, _LONGEST_CANDIDATE = 120, 400
_MARKED = re.compile(
    r"\$\$(?P<display>[^$]{1,400})\$\$|\\\[(?P<square>.{1,400}?)\\\]|\\\((?P<round>.{1,400}?)\\\)"
    r"|(?<![\\$])\$(?P<dollar>(?:\\\$|[^$\n]){1,300}?)(?<!\\)\$(?!\d)|\*\*(?P<bold>[^*\n]{1,200})\*\*",
    re.DOTALL,
)
_PROSE_WORD = re.compile(r"(?<![\\A-Za-z])[A-Za-z]{4,}")
_NO_PROSE = re.compile(
    r"\\(?:text|mathrm|mbox)\s?\{[^{}]*\}|\\(?:begin|end)\s?\{[a-zA-Z*]+\}(?:\{[lcr|]+\})?|\\[A-Za-z]+"
)
_NUMBER = re.compile(
    r"(?<![\w.^/\\{])(?<![\w)][-−])(?<!\d[ ])[-−]?(?:\d{1,3}(?:[, ]\d{3}(?!\d)){1,12}|\d{1,40})"
    r"(?:\.\d{1,40}|,\d{1,2}(?![\d,]))?(?:\s\d{1,9}/\d{1,9}|/\d{1,40})?%?(?![\w^]|\.\d)"
)
_PARENTHESIS = re.compile(r"\s\([^()]{1,80}\)(?=[\s.,;]|$)")
_CLAUSE_END = re.compile(
    r"(?:,\s(?=[a-z]{2,}\b(?!\s?=)|[A-Z][a-z])|;\s|\s(?:because|since|where|when|which|after|so|as|with|if|if)\s|\s[–—-]\s(?=[a-z]{3,})).*",
    re.DOTALL,
)
_NOT_BUT = re.compile(r"^not\b.{1,60}?\bbut(?:\srather)?\b\s*", re.IGNORECASE | re.DOTALL)
_ANNOTATION = re.compile(r"<<[^<>]{0,200}>>")
_SPOKEN_SIGN = re.compile(r"^(?:minus|negative)\s+(?=\d)", re.IGNORECASE)


def stated_expression(final: str) -> Extract | None:
    """The candidate of a final answer without a box; None if there is nothing that could be one."""
    marked = hash_line(final)
    if marked:
        return Extract(marked, "fallback:answer-line")
    tail = _ANNOTATION.sub("", final[-LONGEST_TEXT:])
    stated = _statement(tail)
    if stated is not None:
        return stated if stated.text else None  # what is said not to be the answer must not be taken for it
    whole = tail.strip()
    if (
        len(whole) <= _LONGEST_WHOLE
        and "\n" not in whole
        and not _PROSE_WORD.search(_NO_PROSE.sub("", whole))
        and readings(_bare(whole))
    ):
        return Extract(_bare(whole), "fallback:whole")
    return _last_set_apart(tail)


def _statement(tail: str) -> Extract | None:
    """The last answer line or "answer is", whichever comes later."""
    best: tuple[int, str, str] | None = None
    for stated in _ANSWER_IS.finditer(tail):
        best = stated.end(), tail[stated.end() :], "answer-is"
    place = 0
    for line in tail.splitlines(keepends=True):
        named = _ANSWER_LINE.match(line.strip())
        place += len(line)
        if named is not None and (best is None or place > best[0]):
            best = place, f"{named.group(1)}\n{tail[place:]}", "answer-line"
    if best is None:
        return _titled(tail)
    expression = _first_expression(best[1])
    return None if expression is None else Extract(expression, f"fallback:{best[2]}")


_TITLE = re.compile(r"(?:^|\n)\W{0,9}(?:final\s)?answer\W{0,9}\n", re.IGNORECASE)


def _titled(tail: str) -> Extract | None:
    """What stands under the heading "Final Answer"."""
    last = None
    for match in _TITLE.finditer(tail):
        last = match
    if last is None:
        return None
    expression = _first_expression(tail[last.end() :])
    return None if expression is None else Extract(expression, "fallback:answer-line")


def _first_expression(text: str) -> str | None:
    """What a statement says: the first paragraph's mathematics, else its first clause."""
    text = text.lstrip(" *\n:_\t")
    text = _NOT_BUT.sub("", text)
    if re.match(r"not\b", text, re.IGNORECASE):
        return ""
    if text.startswith(("$$", "\\[")):
        match = _MARKED.match(text)
        return _bare(match["display"] or match["square"]) if match else None
    line = text.partition("\n")[0]
    sentence = _bare(first_sentence(line))
    if readings(sentence):
        return sentence
    math = next(_MARKED.finditer(line), None)
    without = _PARENTHESIS.sub("", _money(sentence))
    clause = _CLAUSE_END.sub("", without).strip()
    for candidate in (without, clause):
        if readings(_bare(candidate)) and candidate:
            return _bare(candidate)
    said = re.split(r"\b(?:is|are|equals)\b", clause)[-1].strip()
    if said != clause and said and readings(_bare(said)):
        return _bare(said)
    if math is not None and _content(math):
        before = line[: math.start()]
        if not _NUMBER.search(before):
            return _bare(_content(math) or "")
    return _number_phrase(clause)


def _number_phrase(clause: str) -> str | None:
    """The clause if words behind its number change the value; else its number."""
    clause = clause.rpartition("=")[2].strip() or clause
    clause = _SPOKEN_SIGN.sub("-", clause)
    match = _NUMBER.search(clause)
    if match is None:
        return clause[:_LONGEST_CANDIDATE] or None
    behind = re.findall(r"[A-Za-z]+", clause[match.end() :])[:2]
    following = clause[match.end() :].lstrip()
    if following[:1] in ("/", ":", "^", "+", "*", "-") or (behind and behind[0].lower() in MODIFIERS | SCALES.keys()):
        return clause[:_LONGEST_CANDIDATE]
    return match.group().replace("−", "-")


def _money(text: str) -> str:
    return re.sub(r"(?:(?<![\\\w])\$|\bRs\.?|₹)\s?(?=[-\d.])", "", text)


def _bare(text: str) -> str:
    """Without bold marks, quotes and currency signs at the ends."""
    text = _money(text.strip().strip("*_`\"'“”").strip())
    marked = _MARKED.fullmatch(text.rstrip("."))
    if marked is not None and not marked["bold"]:
        text = (marked["display"] or marked["square"] or marked["round"] or marked["dollar"]).strip()
    label = re.match(r"\\text\{\s*(?:the )?(?:final )?answer(?: is)?\s*:?\s*\}\s*:?", text, re.IGNORECASE)
    return (
        text[label.end() :].strip()
        if label
        else text.replace("**", " ").strip()
        if "**" in text and not re.search(r"\w\*\*\w", text)
        else text
    )


def _content(match: re.Match[str]) -> str | None:
    """The mathematics of a marked piece; None if it is prose (``$18 a day at $``) or holds no value."""
    text = next(group for group in match.groups() if group is not None)
    if match["bold"] is None and _PROSE_WORD.search(_NO_PROSE.sub("", text)):
        return None
    if match["bold"] is not None:
        bare = _bare(text).rstrip(".:")
        if text.strip().startswith("$"):
            return bare
        if not readings(bare) or (
            not any(character.isdigit() for character in bare) and len(bare) > 3 and "\\" not in bare
        ):
            return None
        return bare
    return text


def _last_set_apart(tail: str) -> Extract | None:
    r"""The last bold value of the last paragraph, else the last formula, bold value or number, whichever ends last."""
    text = _PARENTHESIS.sub("", tail.rstrip())
    bold = _concluding_bold(text)
    if bold is not None:
        return Extract(bold, "fallback:last-bold")
    spans = list(_MARKED.finditer(text))
    last = next(((span, content) for span in reversed(spans) if (content := _content(span)) is not None), None)
    start = 0 if last is None else last[0].end()
    numbers = list(_NUMBER.finditer(text, start))
    if numbers:
        return Extract(_number_at(text, numbers[-1]), "fallback:last-number")
    if last is None:
        return None
    name = "last-number" if last[0]["bold"] is not None else "last-formula"
    return Extract(_last_side(last[1]), f"fallback:{name}")


def _concluding_bold(text: str) -> str | None:
    """The last bold value of the last paragraph: no heading, and no number of a step."""
    paragraph = text.rstrip().rpartition("\n")[2]
    last = None
    for match in _MARKED.finditer(paragraph):
        if match["bold"] is None or (re.search(r"[:.]\s*$", match["bold"]) and not paragraph[: match.start()].strip()):
            continue
        content = _content(match)
        last = content if content is not None else last
    return last


def _number_at(text: str, number: re.Match[str]) -> str:
    """The number, with a scale word that stands behind it."""
    behind = re.match(r"\s([A-Za-z]+)", text[number.end() : number.end() + 20])
    scale = f" {behind[1]}" if behind and behind[1].lower() in SCALES else ""
    return number.group().replace("−", "-") + scale


def _last_side(formula: str) -> str:
    """What a chain of equations ends in."""
    if formula.count("=") > 1 and "\\\\" in formula:
        formula = formula.rpartition("\\\\")[2] or formula
    return formula
