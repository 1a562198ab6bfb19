r"""Tokens of a short mathematical answer, in LaTeX or as typed on a keyboard.

Spacing, sizes and fonts go; ``\text{...}`` becomes words. Everything else keeps its place, so that no sign, point or
operator is lost on the way to the parser.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Kind = Literal["number", "symbol", "word", "command", "mark"]

_FONTS = "mathrm mathbf mathit mathsf mathcal mathbb boldsymbol bm pmb rm bf it displaystyle textstyle limits big Big"
_IGNORED = frozenset(
    [*_FONTS.split(), "left", "right", "bigg", "Bigg", "bigl", "bigr", "Bigl", "Bigr", "quad", "qquad", "middle"]
)
_TEXT_COMMANDS_TEXT = "text textbf textit textrm textsf textnormal mbox operatorname mathop"
_TEXT_COMMANDS = frozenset(_TEXT_COMMANDS_TEXT.split())
_SPELLINGS = {
    "dfrac": "frac", "tfrac": "frac", "cfrac": "frac", "dbinom": "binom", "tbinom": "binom", "leq": "le", "geq": "ge",
    "leqslant": "le", "geqslant": "ge", "neq": "ne", "lt": "<", "gt": ">", "cdot": "*", "times": "*", "ast": "*",
    "div": "/", "lbrace": "\\{", "rbrace": "\\}", "lvert": "|", "rvert": "|", "vert": "|", "mid": "|", "colon": ":",
    "varnothing": "emptyset", "dots": "ldots", "cdots": "ldots", "dotsc": "ldots", "degree": "circ", "simeq": "approx",
    "arcsin": "asin", "arccos": "acos", "arctan": "atan", "lbrack": "[", "rbrack": "]", "land": "and", "lor": "or",
    "varepsilon": "epsilon", "varphi": "phi", "infin": "infty", "slash": "/",
    "langle": "(", "rangle": ")", "euro": "$", "pounds": "$",
}  # fmt: skip
_CHARACTERS = {
    "−": "-", "–": "-", "—": "-", "‐": "-", "‑": "-", "×": "*", "·": "*", "⋅": "*", "∙": "*", "÷": "/", "∕": "/",
    "≤": "\\le ", "≥": "\\ge ", "≠": "\\ne ", "≈": "\\approx ", "π": "\\pi ", "∞": "\\infty ", "±": "\\pm ",
    "√": "\\sqrt ", "∪": "\\cup ", "∩": "\\cap ", "∈": "\\in ", "∅": "\\emptyset ", "°": "^\\circ ", "…": "\\ldots ",
    "θ": "\\theta ", "α": "\\alpha ", "β": "\\beta ", "λ": "\\lambda ", "μ": "\\mu ", "µ": "\\mu ", "ω": "\\omega ",
    "Ω": "\\Omega ", "φ": "\\phi ", "σ": "\\sigma ", "Δ": "\\Delta ", "½": " 1/2 ", "¼": " 1/4 ", "¾": " 3/4 ",
    "²": "^2 ", "³": "^3 ", "€": " ", "£": " ", "\u00a0": " ", "\u2009": " ", "\u202f": " ", "’": "'", "∗": "*",
}  # fmt: skip
_TRANSLATION = str.maketrans(_CHARACTERS)
_FUNCTIONS = "sin cos tan cot sec csc asin acos atan sinh cosh tanh log ln lg exp sqrt arcsin arccos arctan"
_KEYBOARD_COMMANDS = {name: _SPELLINGS.get(name, name) for name in _FUNCTIONS.split()}
_KEYBOARD_COMMANDS |= {"pi": "pi", "infinity": "infty", "infty": "infty", "inf": "infty", "theta": "theta"}

_TOKEN = re.compile(
    r"""(?P<space>\s+|\\[,;:!>\ ]|~|\\$)
      | \\(?P<command>[A-Za-z]+)\s*
      | \\(?P<escaped>.)
      | (?P<number>(?:\d+\.\d+|\d+|\.\d+)(?:[eE][-+]?\d{1,3}(?![\w.^]))?)(?:\.(?!\d))?
      | (?P<letters>[A-Za-z]+)
      | (?P<mark>.)""",
    re.VERBOSE | re.DOTALL,
)
_THOUSANDS_COMMA = re.compile(r"(?<![\d.,])(\d{1,3})((?:(?:,|\{,\}|,\\!\s?|\\,\s?|\\ |\s)\d{3})+)(?![\d]|,\d)")
_ARRAY = re.compile(
    r"(?:\\left\s*)?[\[(]?\s*\\begin\s?\{array\}\s?\{[^{}]*\}(.*?)\\end\s?\{array\}\s*(?:\\right\s*)?[\])]?", re.DOTALL
)
_TEMPERATURE = re.compile(
    r"(?:\^\s*\{?\s*\\circ\s*\}?|\\degree|\\circ)\s*(?:(?:\\(?:text|mathrm|rm)\s*)?\{\s*|\\,|~)*([CF])(?![A-Za-z])\s*\}?"
)
_NOT_DIGITS = re.compile(r"\D+")
_SIZED_SPACE = re.compile(r"\\[hv]space\s?\*?\{[^{}]*\}|\\phantom\s?\{[^{}]*\}")


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of an answer; ``spaced`` if white space stood before it, ``quoted`` if it comes from ``\\text{}``."""

    kind: Kind
    text: str
    spaced: bool = False
    quoted: bool = False


def join_thousands(text: str) -> str:
    r"""``1,000``, ``1{,}000``, ``1\,000`` and ``1 000`` as ``1000``; lists such as ``1, 200`` lose their meaning."""
    return _THOUSANDS_COMMA.sub(lambda match: match[1] + _NOT_DIGITS.sub("", match[2]), text)


def tokenize(text: str) -> list[Token] | None:
    """The tokens of ``text``; None if a ``\\text{`` is never closed."""
    text = _SIZED_SPACE.sub(" ", text.translate(_TRANSLATION)).replace("**", "^").replace("{,}", ",")
    text = _TEMPERATURE.sub(r" \\text{deg\1} ", text)
    text = text.replace("<=", "\\le ").replace(">=", "\\ge ").replace("!=", "\\ne ")
    text = _ARRAY.sub(r"\\begin{pmatrix}\1\\end{pmatrix}", text) if "array" in text else text
    tokens: list[Token] = []
    place, spaced = 0, False
    while place < len(text):
        match = _TOKEN.match(text, place)
        assert match is not None  # the last alternative is any character
        place = match.end()
        if match["space"]:
            spaced = True
            continue
        if match["command"]:
            name = match["command"]
            if name in _TEXT_COMMANDS or (name in ("mathrm", "mathbf", "mathit", "rm") and _is_wordy(text, place)):
                end = _closing(text, place)
                if end is None:
                    return None
                tokens += _quoted(text[place + 1 : end])
                place, spaced = end + 1, True
                continue
            if name in _IGNORED:
                continue
            tokens.append(_command(_SPELLINGS.get(name, name), spaced))
        elif match["escaped"]:
            if match["escaped"] in "{}|%\\":
                tokens.append(Token("mark", "%" if match["escaped"] == "%" else "\\" + match["escaped"], spaced))
        elif match["number"]:
            tokens.append(Token("number", match["number"], spaced))
        elif match["letters"]:
            tokens += _letters(match["letters"], spaced)
        elif match["mark"] not in "$":
            tokens.append(Token("mark", match["mark"], spaced))
        spaced = False
    return tokens


def _command(name: str, spaced: bool) -> Token:
    return Token("command" if name.isalpha() else "mark", name, spaced)


def _letters(letters: str, spaced: bool) -> list[Token]:
    if letters in _KEYBOARD_COMMANDS:
        return [_command(_KEYBOARD_COMMANDS[letters], spaced)]
    if len(letters) == 1:
        return [Token("symbol", letters, spaced)]
    return [Token("word", letters, spaced)]


def _is_wordy(text: str, place: int) -> bool:
    """Whether a font command holds a word of two letters or more: ``\\mathrm{cm}``, not ``\\mathbf{x}``."""
    return re.match(r"\{[\s~]*[A-Za-z]{2,}", text[place : place + 40]) is not None


def _closing(text: str, place: int) -> int | None:
    """Where the brace at ``place`` is closed."""
    depth = 0
    for here in range(place, len(text)):
        if text[here] in "{}" and text[here - 1] != "\\":
            depth += 1 if text[here] == "{" else -1
            if depth == 0:
                return here
        elif depth == 0:
            return None
    return None


def _quoted(content: str) -> list[Token]:
    """Words, numbers and marks of a text command."""
    inner = tokenize(content.replace("\\text", "").replace("{", " ").replace("}", " ")) or []
    return [Token("word" if token.kind == "symbol" else token.kind, token.text, True, quoted=True) for token in inner]
