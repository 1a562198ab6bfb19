r"""Parser of one mathematical expression: tokens to a tree of nested tuples.

A node is ``("num", "1.50")``, ``("sym", "x_1")``, ``("const", "pi")`` or an operation with its operands. What the
grammar does not hold (words, units, relations, integrals) is no expression: :class:`NotAnExpression`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from scale_or_reason.grading.tokens import Token
from scale_or_reason.grading.wording import MODIFIERS

Node = tuple[Any, ...]

MOST_TOKENS, DEEPEST = 250, 25
_CONSTANTS = frozenset({"pi", "infty"})
_GREEK_TEXT = (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi rho sigma tau upsilon phi chi psi "
    "omega Gamma Delta Theta Lambda Xi Pi Sigma Phi Psi Omega ell hbar"
)
_GREEK = frozenset(_GREEK_TEXT.split())
_FUNCTIONS_TEXT = "sin cos tan cot sec csc asin acos atan sinh cosh tanh ln log lg exp"
_FUNCTIONS = frozenset(_FUNCTIONS_TEXT.split())
_INVERSES = {"sin": "asin", "cos": "acos", "tan": "atan"}
_OPENING = {"(": ")", "[": "]", "{": "}"}
#: A run of letters without spaces up to this length is a product of variables; a longer one is a word.
_LONGEST_PRODUCT = 4

_SMALL_WORDS_TEXT = "the is are was of in on at by for per that this then so we he she it be no yes all any"
_SMALL_WORDS = frozenset(_SMALL_WORDS_TEXT.split())


class NotAnExpression(ValueError):
    """The tokens are no expression of the grammar."""


def parse_expression(tokens: Sequence[Token]) -> Node:
    """The tree of ``tokens``; :class:`NotAnExpression` if they are none, or too many."""
    if not tokens or len(tokens) > MOST_TOKENS:
        raise NotAnExpression("nothing, or too much")
    parser = _Parser(tokens)
    node = parser.sum()
    if not parser.at_end():
        raise NotAnExpression(f"{parser.peek()} follows")
    return node


class _Parser:
    """Recursive descent with one token of look-ahead."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens: list[Token] = []
        for place, token in enumerate(tokens):
            self._tokens += _split_run(token, tokens[place + 1] if place + 1 < len(tokens) else None)
        self._place = 0
        self._depth = 0

    def at_end(self) -> bool:
        return self._place >= len(self._tokens)

    def peek(self, ahead: int = 0) -> str:
        place = self._place + ahead
        return self._tokens[place].text if place < len(self._tokens) else ""

    def _token(self, ahead: int = 0) -> Token | None:
        place = self._place + ahead
        return self._tokens[place] if place < len(self._tokens) else None

    def _take(self) -> Token:
        if self.at_end():
            raise NotAnExpression("it ends too early")
        self._place += 1
        return self._tokens[self._place - 1]

    def _expect(self, mark: str) -> None:
        if self._take().text != mark:
            raise NotAnExpression(f"no {mark}")

    def _accept(self, mark: str) -> bool:
        token = self._token()
        if token is not None and token.text == mark and token.kind != "word":
            self._place += 1
            return True
        return False

    def sum(self) -> Node:
        self._depth += 1
        if self._depth > DEEPEST:
            raise NotAnExpression("too deep")
        node = self._signed()
        while self.peek() in ("+", "-") and not self.at_end():
            operator = self._take().text
            right = self._signed()
            node = ("add", node, right) if operator == "+" else ("sub", node, right)
        self._depth -= 1
        return node

    def _signed(self) -> Node:
        if self._accept("-"):
            return ("neg", self._signed())
        if self._accept("+"):
            return self._signed()
        return self._product()

    def _product(self) -> Node:
        node = self._implicit_product()
        while True:
            if self._accept("*"):
                node = ("mul", node, self._factor_with_sign())
            elif self._accept("/"):
                node = ("div", node, self._factor_with_sign())
            elif self._accept("over"):
                node = ("div", node, self._implicit_product())
            else:
                return node

    def _factor_with_sign(self) -> Node:
        if self._accept("-"):
            return ("neg", self._factor_with_sign())
        if self._accept("+"):
            return self._factor_with_sign()
        return self._implicit_product(explicit=True)

    def _implicit_product(self, explicit: bool = False) -> Node:
        """Factors side by side. Behind an explicit sign only number and symbols stick together: ``a/bc``."""
        mixed = self._mixed_number()
        node = mixed if mixed is not None else self._postfix()
        while self._starts_factor():
            if self._token() is not None and self._tokens[self._place].kind == "number" and node[0] in ("num", "mixed"):
                raise NotAnExpression("two numbers side by side")
            if explicit and self._tokens[self._place].text in ("(", "\\{"):
                pass
            node = ("mul", node, self._postfix())
        return node

    def _mixed_number(self) -> Node | None:
        """``2\\frac{1}{3}`` and ``2 1/3``, of which algebra would make a product."""
        first, second = self._token(), self._token(1)
        if first is None or second is None or first.kind != "number" or not first.text.isdigit():
            return None
        if second.text == "frac" and second.kind == "command":
            start = self._place
            self._take()
            fraction = self._primary()
            if fraction[0] == "div" and fraction[1][0] == fraction[2][0] == "num":
                return ("mixed", ("num", first.text), fraction)
            self._place = start
            return None
        slash, bottom = self._token(2), self._token(3)
        if (
            second.kind == "number"
            and second.spaced
            and slash
            and slash.text == "/"
            and bottom
            and bottom.kind == "number"
        ):
            for _ in range(4):
                self._take()
            return ("mixed", ("num", first.text), ("div", ("num", second.text), ("num", bottom.text)))
        return None

    def _starts_factor(self) -> bool:
        token = self._token()
        if token is None:
            return False
        if token.kind in ("number", "symbol"):
            return True
        if token.kind == "command":
            return token.text in _CONSTANTS | _GREEK | _FUNCTIONS | {"frac", "sqrt", "binom", "lfloor", "lceil"}
        return token.kind == "mark" and token.text in ("(", "[", "{", "\\{") and not token.quoted

    def _postfix(self) -> Node:
        node = self._primary()
        while not self.at_end():
            if self._accept("^"):
                node = self._power(node)
            elif self._accept("!"):
                node = ("fac", node)
            elif self._accept("%"):
                node = ("pct", node)
            else:
                break
        return node

    def _power(self, base: Node) -> Node:
        start = self._place
        if self._degrees():
            return base
        self._place = start
        return ("pow", base, self._script())

    def _degrees(self) -> bool:
        """Accept the degree sign behind ``^``."""
        if self._accept("{"):
            return self._accept("circ") and self._accept("}")
        return self._accept("circ")

    def _script(self) -> Node:
        if self._accept("-"):
            return ("neg", self._script())
        if self._accept("+"):
            return self._script()
        node = self._primary()
        return ("pow", node, self._script()) if self._accept("^") else node

    def _primary(self) -> Node:
        token = self._take()
        if token.kind == "number":
            return self._number(token)
        if token.kind == "symbol":
            return self._symbol(token.text)
        if token.kind == "command":
            return self._command(token.text)
        if token.kind == "mark" and token.text in _OPENING:
            node = self.sum()
            self._expect(_OPENING[token.text])
            return node
        if token.text in ("|", "\\|"):
            node = self.sum()
            self._expect(token.text)
            return ("abs", node)
        raise NotAnExpression(f"{token.text} is no operand")

    def _number(self, token: Token) -> Node:
        if self.peek() in ("overline", "bar", "dot") and "." in token.text + self.peek(-2):
            self._take()
            self._expect("{")
            period = self._take()
            self._expect("}")
            if period.kind != "number" or not period.text.isdigit():
                raise NotAnExpression("no period")
            return ("period", token.text, period.text)
        return ("num", token.text)

    def _symbol(self, name: str) -> Node:
        if self._accept("_"):
            name += "_" + self._subscript()
        while self._accept("'"):
            name += "'"
        return {"e": ("const", "e"), "i": ("const", "i")}.get(name) or ("sym", name)

    def _subscript(self) -> str:
        if not self._accept("{"):
            return self._take().text
        pieces = []
        while not self._accept("}"):
            pieces.append(self._take().text)
        return "".join(pieces)

    def _command(self, name: str) -> Node:
        if name in _CONSTANTS:
            return ("const", name)
        if name in _GREEK:
            return self._symbol(name)
        if name == "frac":
            return ("div", self._argument(), self._argument())
        if name == "binom":
            return ("binom", self._argument(), self._argument())
        if name == "sqrt":
            return self._root()
        if name in ("lfloor", "lceil"):
            node = self.sum()
            self._expect("rfloor" if name == "lfloor" else "rceil")
            return ("floor" if name == "lfloor" else "ceil", node)
        if name in _FUNCTIONS:
            return self._function(name)
        raise NotAnExpression(f"{name} is not known")

    def _argument(self) -> Node:
        """One argument of a command: a group, or a single digit, letter or command."""
        if self._accept("{"):
            node = self.sum()
            self._expect("}")
            return node
        token = self._token()
        if token is not None and token.kind == "number" and len(token.text) > 1 and token.text.isdigit():
            self._tokens[self._place : self._place + 1] = [Token("number", digit) for digit in token.text]
        return self._primary()

    def _root(self) -> Node:
        index: Node = ("num", "2")
        if self._accept("["):
            index = self.sum()
            self._expect("]")
        if self.peek() == "{":
            return ("root", self._argument(), index)
        return ("root", self._primary(), index)  # \sqrt2, sqrt(2), √12

    def _function(self, name: str) -> Node:
        base: Node | None = None
        power: Node | None = None
        if name == "log" and self._accept("_"):
            base = self._argument()
        if self._accept("^"):
            power = self._script()
        if power == ("neg", ("num", "1")) and name in _INVERSES:
            name, power = _INVERSES[name], None
        node: Node = (
            ("fn", name, self._function_argument()) if base is None else ("logb", base, self._function_argument())
        )
        return node if power is None else ("pow", node, power)

    def _function_argument(self) -> Node:
        if self.peek() in ("(", "{", "[") or self.peek() == "|":
            node = self._primary()
            return ("pow", node, self._script()) if self.peek() == "^" and self._accept("^") else node
        node = self._postfix()
        while self._starts_factor() and self._tokens[self._place].text not in (*_FUNCTIONS, "(", "["):
            node = ("mul", node, self._postfix())
        return node


def _split_run(token: Token, following: Token | None) -> list[Token]:
    """A short run of letters as variables; a word is no expression, and neither are letters in a row of words."""
    in_a_row = following is not None and following.spaced and {token.kind, following.kind} <= {"word", "symbol"}
    if in_a_row and following is not None and "word" in (token.kind, following.kind):
        raise NotAnExpression("words")
    if token.kind != "word":
        return [token]
    if token.quoted or len(token.text) > _LONGEST_PRODUCT or token.text.lower() in MODIFIERS | _SMALL_WORDS:
        raise NotAnExpression(f"{token.text} is a word")
    return [Token("symbol", letter, token.spaced and not place) for place, letter in enumerate(token.text)]


def symbols_of(node: Node) -> frozenset[str]:
    """The names of an expression's free symbols."""
    if node[0] == "sym":
        return frozenset({node[1]})
    return frozenset().union(*(symbols_of(part) for part in node[1:] if isinstance(part, tuple)))
