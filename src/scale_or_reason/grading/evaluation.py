"""Numeric equality of two expressions: exact numbers exactly, others at several points with forty digits.

Two different elementary expressions do not agree to thirty digits at random points, so this decides what symbolic
simplification would, in a thousandth of the time and in bounded time: what would grow beyond ``10^10000`` is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from mpmath.ctx_mp import MPContext

from scale_or_reason.grading.expressions import Node, symbols_of

_DIGITS, _MOST_DIGITS = 40, 150
#: Points at which two expressions are compared; both signs, since |x| is not x.
_POINTS = ("1.3713", "-0.7529", "2.2391", "-1.8167", "0.4343", "0.8871", "-2.6651")
_ENOUGH_POINTS = 4
#: A decimal with at least so many places and significant digits may stand for an exact value: 1.4142 for sqrt(2).
_PLACES = 4
_LARGEST_EXPONENT, _LARGEST_FACTORIAL, _LARGEST_BINOMIAL = 10_000, 500, 2_000

Values = Mapping[str, Any]


class TooComplex(ValueError):
    """The value is too large to be an answer."""


class Undefined(ValueError):
    """The expression has no value here."""


def _context(digits: int) -> Any:
    context = MPContext()
    context.dps = digits
    return context


_CONTEXTS = {_DIGITS: _context(_DIGITS), 2 * _DIGITS: _context(2 * _DIGITS), _MOST_DIGITS: _context(_MOST_DIGITS)}


def plain_decimal(node: Node) -> Decimal | None:
    """The number that was written with digits alone, perhaps with a sign."""
    if node[0] == "neg":
        inner = plain_decimal(node[1])
        return None if inner is None else -inner
    return Decimal(node[1]) if node[0] == "num" else None


def value_of(node: Node) -> complex | float | None:
    """The value of an expression without symbols as a Python number; None if it has none."""
    if symbols_of(node):
        return None
    try:
        value = _Evaluator(_DIGITS, {}, "e").value(node)
        number = complex(value)
    except (ValueError, ZeroDivisionError, ArithmeticError, TypeError):
        return None
    return number.real if abs(number.imag) <= 1e-15 * abs(number) else number


def equal_values(gold: Node, answer: Node) -> bool:
    """Whether two expressions are equal; :class:`TooComplex` if that cannot be found out."""
    percent_gold, percent_answer = gold[0] == "pct", answer[0] == "pct"
    if percent_gold or percent_answer:
        first, second = (node[1] if node[0] == "pct" else node for node in (gold, answer))
        if _equal(first, second):
            return True
        hundredth = lambda node: ("div", node, ("num", "100"))  # noqa: E731
        if percent_gold and percent_answer:
            return False
        return _equal(hundredth(first), second) if percent_gold else _equal(first, hundredth(second))
    return _equal(gold, answer)


def _equal(gold: Node, answer: Node) -> bool:
    first, second = plain_decimal(gold), plain_decimal(answer)
    if first is not None and second is not None:
        return first == second
    if first is not None or second is not None:
        exact, decimal = (answer, first) if first is not None else (gold, second)
        assert decimal is not None
        if not symbols_of(exact) and _rounded_to(exact, decimal):
            return True
        if len(decimal.as_tuple().digits) > _DIGITS - 12:
            return False  # more digits than are compared below
    bases = ("e", "10") if _has_log(gold) or _has_log(answer) else ("e",)
    return any(_equal_everywhere(gold, answer, base) for base in bases)


def _has_log(node: Node) -> bool:
    return node[:2] == ("fn", "log") or any(_has_log(part) for part in node[1:] if isinstance(part, tuple))


def _rounded_to(exact: Node, decimal: Decimal) -> bool:
    """Whether ``decimal`` is the exact value, rounded to the places that it has."""
    _, digits, exponent = decimal.as_tuple()
    places = -int(exponent)
    if places < _PLACES or len(digits) < _PLACES or len(digits) > _MOST_DIGITS - 20:
        return False
    context = _CONTEXTS[_DIGITS if len(digits) < _DIGITS - 10 else _MOST_DIGITS]
    try:
        value = _Evaluator(context.dps, {}, "e").value(exact)
    except (Undefined, ZeroDivisionError):
        return False
    if context.im(value) != 0 or context.isinf(value):
        return False
    half = context.mpf(10) ** -places / 2
    return bool(abs(context.re(value) - context.mpf(str(decimal))) <= half * (1 + context.mpf(10) ** -10))


def _equal_everywhere(gold: Node, answer: Node, base: str) -> bool:
    names = sorted(symbols_of(gold) | symbols_of(answer))
    compared = 0
    complex_points = []
    for values in _points(names):
        try:
            first, second = (_Evaluator(_DIGITS, values, base).value(node) for node in (gold, answer))
        except (Undefined, ZeroDivisionError):
            if not names:
                return False
            continue
        context = _CONTEXTS[_DIGITS]
        same = _same_number(gold, answer, values, base, first, second)
        if names and (_is_complex(context, first) or _is_complex(context, second)):
            complex_points.append(same)  # beyond the real domain: branches of roots differ there
            continue
        if not same:
            return False
        compared += 1
        if compared >= (_ENOUGH_POINTS if names else 1):
            return True
    return compared > 0 or (bool(complex_points) and all(complex_points))


def _is_complex(context: Any, value: Any) -> bool:
    return bool(abs(context.im(value)) > context.mpf(10) ** (8 - _DIGITS) * abs(value))


def _same_number(gold: Node, answer: Node, values: Values, base: str, first: Any, second: Any) -> bool:
    context = _CONTEXTS[_DIGITS]
    if context.isinf(first) or context.isinf(second):
        return bool(first == second)
    scale = max(abs(first), abs(second))
    if scale == 0 or abs(first - second) <= context.mpf(10) ** (10 - _DIGITS) * scale:
        return True
    if scale > context.mpf(10) ** (15 - _DIGITS):
        return False
    # Both are next to nothing. With twice the digits what is zero gets smaller, and what is a small number does not.
    first, second = (_Evaluator(2 * _DIGITS, values, base).value(node) for node in (gold, answer))
    noise = _CONTEXTS[2 * _DIGITS].mpf(10) ** (15 - 2 * _DIGITS)
    return bool(max(abs(first), abs(second)) <= noise or abs(first - second) <= scale * noise * 10**20)


def _points(names: list[str]) -> list[dict[str, str]]:
    if not names:
        return [{}]
    return [
        {name: _POINTS[(start + place) % len(_POINTS)] for place, name in enumerate(names)}
        if len(names) <= len(_POINTS)
        else {name: str(Decimal(_POINTS[start]) + place) for place, name in enumerate(names)}
        for start in range(len(_POINTS))
    ]


class _Evaluator:
    """Values of nodes at a point, with so many digits."""

    def __init__(self, digits: int, values: Values, log_base: str) -> None:
        self._mp, self._values, self._base = _CONTEXTS[digits], values, log_base

    def value(self, node: Node) -> Any:
        result = self._value(node)
        if isinstance(result, self._mp.mpc) and result.imag == 0:
            result = result.real
        if self._mp.isnan(result):
            raise Undefined(node[0])
        return result

    def _value(self, node: Node) -> Any:
        kind, mp = node[0], self._mp
        if kind == "num":
            return mp.mpf(node[1])
        if kind == "sym":
            return mp.mpf(self._values[node[1]])
        if kind == "const":
            return {"pi": +mp.pi, "e": +mp.e, "i": mp.mpc(0, 1), "infty": mp.inf}[node[1]]
        if kind == "period":
            return self._periodic(node[1], node[2])
        operands = [self.value(part) for part in node[1:] if isinstance(part, tuple)]
        return self._checked(self._operation(node, operands))

    def _periodic(self, text: str, period: str) -> Any:
        before, _, after = text.partition(".")
        nines = self._mp.mpf(10) ** len(period) - 1
        return int(before or 0) + (int(after or 0) + self._mp.mpf(period) / nines) / self._mp.mpf(10) ** len(after)

    def _checked(self, value: Any) -> Any:
        mp = self._mp
        if not mp.isinf(value) and value != 0 and abs(mp.mag(value)) > 4 * _LARGEST_EXPONENT:
            raise TooComplex("too large or too small")
        return value

    def _operation(self, node: Node, operands: list[Any]) -> Any:
        mp, kind = self._mp, node[0]
        first = operands[0]
        second = operands[1] if len(operands) > 1 else None
        if kind == "neg":
            return -first
        if kind in ("add", "mixed"):
            return first + second
        if kind == "sub":
            return first - second
        if kind == "mul":
            return first * second
        if kind == "div":
            if second == 0:
                raise Undefined("division by zero")
            return first / second
        if kind == "pow":
            return self._power(first, second)
        if kind == "root":
            return self._root(first, second)
        if kind == "pct":
            return first / 100
        if kind == "abs":
            return abs(first)
        if kind in ("floor", "ceil"):
            return getattr(mp, kind)(first)
        if kind in ("fac", "binom"):
            return self._counted(kind, operands)
        if kind == "logb":
            return mp.log(self._positive(second)) / mp.log(self._positive(first))
        return self._function(node[1], first)

    def _power(self, base: Any, exponent: Any) -> Any:
        mp = self._mp
        if mp.isinf(base) or mp.isinf(exponent):
            raise Undefined("infinite power")
        if base == 0:
            if mp.re(exponent) <= 0:
                raise Undefined("power of zero")
            return mp.mpf(0)
        if abs(exponent) > 10**9 or abs(mp.re(exponent)) * max(1, abs(mp.mag(base))) > 4 * _LARGEST_EXPONENT:
            raise TooComplex("power")
        if isinstance(exponent, mp.mpf) and exponent == int(exponent):
            return base ** int(exponent)
        return base**exponent

    def _root(self, radicand: Any, index: Any) -> Any:
        mp = self._mp
        if index == 2:
            return mp.sqrt(radicand)
        if mp.im(index) != 0 or index != int(mp.re(index)) or not 0 < index < 1000:
            raise Undefined("root")
        index = int(index)
        if index % 2 and mp.im(radicand) == 0 and radicand < 0:
            return -mp.root(-radicand, index)
        return mp.root(radicand, index)

    def _counted(self, kind: str, operands: list[Any]) -> Any:
        mp = self._mp
        if any(mp.im(value) != 0 or mp.isinf(value) for value in operands):
            raise Undefined(kind)
        if kind == "fac":
            (number,) = operands
            if number > _LARGEST_FACTORIAL:
                raise TooComplex("factorial")
            if number < 0:
                raise Undefined("factorial")
            return mp.gamma(number + 1)
        if max(abs(value) for value in operands) > _LARGEST_BINOMIAL:
            raise TooComplex("binomial")
        return mp.binomial(*operands)

    def _positive(self, value: Any) -> Any:
        if value == 0 or self._mp.isinf(value):
            raise Undefined("logarithm")
        return value

    def _function(self, name: str, argument: Any) -> Any:
        mp = self._mp
        if mp.isinf(argument) or abs(argument) > mp.mpf(10) ** 15:
            raise TooComplex("argument")
        if name in ("ln", "log", "lg"):
            base = mp.log(10) if name == "lg" or (name == "log" and self._base == "10") else mp.mpf(1)
            return mp.log(self._positive(argument)) / base
        if name == "exp":
            return self._power(+mp.e, argument)
        if name in ("sinh", "cosh", "tanh") and abs(argument) > _LARGEST_EXPONENT:
            raise TooComplex("argument")
        return getattr(mp, name)(argument)


def difference_sign(gold: Node, answer: Node) -> int:
    """The sign of the constant by which ``gold`` is a multiple of ``answer``; 0 if it is none."""
    names = sorted(symbols_of(gold) | symbols_of(answer))
    if not names:
        return 0
    context = _CONTEXTS[_DIGITS]
    ratios = []
    for values in _points(names):
        try:
            first, second = (_Evaluator(_DIGITS, values, "e").value(node) for node in (gold, answer))
        except (Undefined, ZeroDivisionError):
            continue
        if _is_complex(context, first) or _is_complex(context, second):
            continue
        if second == 0 or first == 0:
            return 0
        ratios.append(context.re(first) / context.re(second))
    if len(ratios) < 3:
        return 0
    same = all(abs(ratio - ratios[0]) <= context.mpf(10) ** (10 - _DIGITS) * abs(ratios[0]) for ratio in ratios)
    return (1 if ratios[0] > 0 else -1) if same else 0
