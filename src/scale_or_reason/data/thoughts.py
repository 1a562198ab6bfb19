"""Whether answers have the form that the contrast needs: IFT answers without a thought, reasoning answers with one.

A reasoning answer is ``<think>``, a thought, ``</think>``, an answer. A tag counts as structure where a model opens or
closes a thought with it. It counts as text where an answer mentions it: in code, in quotation marks, within a sentence.
"""

from __future__ import annotations

import polars as pl

#: Code, in which tags are text.
_CODE = r"(?s)```.*?```|`[^`\n]*`"
#: A tag at the beginning of a line that opens a thought: the rest of the line is empty, or the thought follows at once.
_OPENS = r"(?im)^[ \t]*<think>"
#: A closing tag with text behind it, alone on its line or right behind a word: "The tag is </think>" mentions it.
_CLOSES = (
    r"(?im)(?:^[ \t]*|[\p{L}\p{N}.,;:!?)\]}$*])</think>[ \t]*\r?\n\s*\S"
    r"|[\p{L}\p{N}.,;:!?)\]}$*]</think>[\p{L}\p{N}\\$(\[{*#]"
)
_VISIBLE = r"[\p{L}\p{M}\p{N}\p{P}\p{S}]"
_REASONING = r"(?is)^\s*<think>(.*?)</think>(.*)$"


def is_blank(text: pl.Expr) -> pl.Expr:
    """Whether a text is null or shows nothing: white space, control and invisible characters only."""
    return ~text.fill_null("").str.contains(_VISIBLE)


def thinks(answer: pl.Expr) -> pl.Expr:
    """Whether an answer with thinking off holds a thought, even an empty one."""
    prose = answer.fill_null("").str.replace_all(_CODE, " code ")
    return prose.str.contains(_OPENS) | prose.str.contains(_CLOSES)


def thought_of(reasoning: pl.Expr) -> pl.Expr:
    """What stands between the first ``<think>`` and the first ``</think>``; null if the answer does not begin so."""
    return reasoning.str.extract(_REASONING, 1)


def behind_thought(reasoning: pl.Expr) -> pl.Expr:
    """What follows the first ``</think>``, null if there is none."""
    return reasoning.str.extract(r"(?is)</think>(.*)$", 1)


def after_reasoning(answer: pl.Expr) -> pl.Expr:
    """What a reader looks at: the text behind the last ``</think>``, or all of it, without white space around it."""
    return answer.str.replace(r"(?s)^.*</think>", "").str.strip_chars()


def opens(reasoning: pl.Expr) -> pl.Expr:
    """Whether a reasoning answer begins with ``<think>``."""
    return reasoning.fill_null("").str.contains(r"(?i)^\s*<think>")


def closes(reasoning: pl.Expr) -> pl.Expr:
    """Whether a reasoning answer has a ``</think>``."""
    return reasoning.fill_null("").str.contains(r"(?i)</think>")


def thinks_again(reasoning: pl.Expr) -> pl.Expr:
    """Whether a second thought begins or ends, inside the first one or behind it."""
    thought = thought_of(reasoning).fill_null("").str.replace_all(_CODE, " code ")
    return thought.str.contains(_OPENS) | thinks(behind_thought(reasoning))
