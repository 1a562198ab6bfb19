r"""Answers that no honest model gives: towers of powers, a megabyte of braces, text that a careless pattern
never ends on.

Seeded, so that a text that does harm can be had again.
"""

from __future__ import annotations

import json
from random import Random
from typing import Any

from scale_or_reason.grading.ifeval import CHECKS

#: Repeated up to a length that is drawn.
_VISIBLE = r"""
\ \\ { } {} [ ( ) $ $$ \boxed{ \fboxed{ \text{ \frac{ \frac ^ _ \sqrt{ \left( \begin{pmatrix} & \{ \} <think> </think>
A 1 1, 1,000 1/ - + = x= 9^ 10^{ ! ? . ... p.s * ** *a* *** [a] << >> <<a>> " ' `` ###### % \% e 1e 1e9 \times10^
\circ \pm ; : 3: http://a.b/
"""
PIECES = _VISIBLE.split()
PIECES += [
    "\n",
    " ",
    "\t",
    "\r\n",
    "\n\n",
    "\n***\n",
    "\\\\\n",
    "answer is ",
    "Answer: ",
    "The answer is (",
    "A ",
    "A. ",
    "a, ",
]
PIECES += [
    "1 000 ",
    "- ",
    ". ",
    "Mr. ",
    "p. ",
    "* ",
    "Section 1",
    "yes ",
    "no ",
    "not ",
    "the ",
    "a b c ",
    "#### ",
    "a@b.c ",
]
PIECES += ["\x00", "\u202e", "\u200b", "\ufeff", "\u2028", "\x85", "\U0010ffff", "e\u0301", *"éßİﬁ١²½√π−😀中ا"]
#: With numbers, variables and other expressions put in; one a line.
_TEMPLATES = r"""
{n}^{{{a}}}
({a})^{{{b}}}
{a}+{b}
{a}-{b}
{a}\cdot {b}
\frac{{{a}}}{{{b}}}
\sqrt{{{a}}}
{n}!
({a})!
\sqrt[{n}]{{{a}}}
\binom{{{n}}}{{{m}}}
\sum_{{k=1}}^{{{n}}} {a}
\sum_{{k=1}}^{{\infty}} \frac{{{a}}}{{k^2}}
\prod_{{k=1}}^{{{n}}} {a}
\int_0^{{{n}}} {a} dx
\lim_{{x \to \infty}} {a}
\log_{{{n}}} {a}
\sin({a})
|{a}|
x^{{{n}}}+{a}
{n}x+{a}
e^{{{a}}}
i^{{{n}}}
{a}={b}
{a}<{b}
{a}, {b}
({a}, {b}]
\{{{a}, {b}\}}
{a} \cup {b}
\begin{{pmatrix}}{a}&{b}\\{b}&{a}\end{{pmatrix}}
{a} \pm {b}
{a} \mod {n}
\lfloor {a} \rfloor
\gcd({n}, {m})
\phi({n})
\overline{{{n}}}
{n}_{{{m}}}
{n}\%
{a} \text{{ or }} {b}
\tan^{{{n}}} {a}
"""
EXPRESSIONS = _TEMPLATES.strip().split("\n")
LONGEST = 1_000_000


def hostile_answer(rng: Random, longest: int = LONGEST) -> str:
    """One answer, of up to about ``longest`` characters, most of them much shorter."""
    kind = rng.random()
    if kind < 0.35:
        text = expression(rng, rng.randint(1, 6))
    elif kind < 0.6:
        text = "".join(rng.choice(PIECES) * int(2 ** rng.uniform(0, 6)) for _ in range(rng.randint(1, 12)))
    elif kind < 0.99:
        text = repeated(rng, int(10 ** rng.uniform(0, 4)))
    else:
        text = repeated(rng, longest)
    return wrapped(rng, text)


def expression(rng: Random, depth: int) -> str:
    """Something that looks like mathematics, with expressions in expressions."""
    if depth == 0:
        return rng.choice(["x", "y", "\\pi", "i", "2", "k", "\\infty", number(rng)])
    inner = [expression(rng, depth - rng.randint(1, depth)) for _ in range(2)]
    return rng.choice(EXPRESSIONS).format(a=inner[0], b=inner[1], n=number(rng), m=number(rng))


def number(rng: Random) -> str:
    return str(rng.choice([rng.randrange(10), rng.randrange(10**4), 10 ** rng.randint(3, 30), -rng.randrange(10**9)]))


def repeated(rng: Random, length: int) -> str:
    """One to three pieces in turns."""
    pieces = "".join(rng.choice(PIECES) for _ in range(rng.randint(1, 3)))
    return pieces * max(1, length // len(pieces))


def wrapped(rng: Random, text: str) -> str:
    """The text as it is, in a box, in a sentence, behind reasoning."""
    forms = (
        "{}",
        "\\boxed{{{}}}",
        "\\boxed{{{}}}",
        "The answer is {}.",
        "A: {}",
        "${}$",
        "\\boxed{{{}",
        "{} \\boxed{{5}}",
    )
    text = rng.choice(forms).format(text)
    return rng.choice(("{}", "{}", "<think>{}", "<think>hm</think>{}", "{}</think>5")).format(text)


def hostile_items(grader: str) -> list[dict[str, Any]]:
    """Items for a grader, without their keys: rows of the ``items`` schema as far as the grader reads them."""
    if grader == "ifeval":
        return [_item([], [], instruction_id_list=[name], kwargs=[ARGUMENTS.get(name, {})]) for name in sorted(CHECKS)]
    golds: dict[str, list[list[str]]] = {
        "math": [["5"], ["x^2+2x+1"], [r"\frac{\sqrt{3}}{2}"], ["[1,2)"], [r"\text{Evelyn}"], ["1,-2"], [r"10\%"]],
        "choice": [["B", "x^2"]],
        "number": [["2.5"], ["0"]],
        "span": [["Denver Broncos", "the Broncos"], ["no"]],
        "text": [["returns the length of the list"]],
        "yes_no": [["Yes"]],
    }
    choices = ["5", "x^2", "a dog", r"\frac{1}{2}"] if grader == "choice" else []
    extra = {"unit": "$10^6$ m", "power_of_ten": 6} if grader == "number" else {}
    return [_item(gold, choices, **extra) for gold in golds[grader]]


#: Arguments of the instructions that have some.
ARGUMENTS: dict[str, dict[str, Any]] = {
    "keywords:existence": {"keywords": ["sea", "wind"]},
    "keywords:frequency": {"keyword": "a", "frequency": 2, "relation": "at least"},
    "keywords:forbidden_words": {"forbidden_words": ["sea"]},
    "keywords:letter_frequency": {"letter": "a", "let_frequency": 2, "let_relation": "less than"},
    "language:response_language": {"language": "fr"},
    "length_constraints:number_sentences": {"num_sentences": 2, "relation": "at least"},
    "length_constraints:number_words": {"num_words": 3, "relation": "less than"},
    "length_constraints:number_paragraphs": {"num_paragraphs": 2},
    "length_constraints:nth_paragraph_first_word": {"num_paragraphs": 2, "nth_paragraph": 2, "first_word": "then"},
    "detectable_content:number_placeholders": {"num_placeholders": 2},
    "detectable_content:postscript": {"postscript_marker": "P.P.S"},
    "detectable_format:number_bullet_lists": {"num_bullets": 2},
    "detectable_format:number_highlighted_sections": {"num_highlights": 2},
    "detectable_format:multiple_sections": {"section_spliter": "Section", "num_sections": 2},
    "combination:repeat_prompt": {"prompt_to_repeat": "Write a poem."},
    "startend:end_checker": {"end_phrase": "The end."},
    "change_case:capital_word_frequency": {"capital_frequency": 2, "capital_relation": "at least"},
}


def _item(gold: list[str], choices: list[str], **extra: Any) -> dict[str, Any]:
    return {"gold": gold, "choices": choices, "extra": json.dumps(extra)}
