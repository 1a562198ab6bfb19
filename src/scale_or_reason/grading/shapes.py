r"""The form of an answer: a value, a list, a tuple, a set, an interval, a matrix, an equation or a relation.

:func:`shape_of` reads tokens. A list is not its first element, and what holds words is no shape at all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from scale_or_reason.grading.expressions import Node, NotAnExpression, parse_expression
from scale_or_reason.grading.tokens import Token

_RELATIONS = {"=": "=", "approx": "=", "equiv": "=", "<": "<", ">": ">", "le": "le", "ge": "ge", "ne": "ne"}
_OPENING, _CLOSING = frozenset({"(", "[", "{", "\\{"}), frozenset({")", "]", "}", "\\}"})
_MOST_ITEMS = 60
Tokens = Sequence[Token]


@dataclass(frozen=True)
class Value:
    """One expression."""

    node: Node


@dataclass(frozen=True)
class Sign:
    """A mark that stands for itself: an ellipsis, the empty set."""

    text: str


@dataclass(frozen=True)
class Group:
    """Items in brackets whose order counts: a point, or the ends of an interval."""

    opening: str
    items: tuple[Shape, ...]
    closing: str
    #: What the items are the values of: x and y of ``x = 1, y = 2``.
    names: tuple[Node, ...] = ()


@dataclass(frozen=True)
class Many:
    """Items whose order does not count; ``braces`` if they were written as a set."""

    items: tuple[Shape, ...]
    braces: bool = False
    #: The variable of ``x = 1, x = 2``.
    name: Node = ()


@dataclass(frozen=True)
class Union:
    """Intervals joined to one set."""

    items: tuple[Shape, ...]


@dataclass(frozen=True)
class Matrix:
    """Rows of expressions."""

    rows: tuple[tuple[Node, ...], ...]


@dataclass(frozen=True)
class Relation:
    """Two or more sides with a relation between each pair; a side that is no expression (a label) is None."""

    sides: tuple[Node | None, ...]
    relations: tuple[str, ...]
    #: Whether the last relation is an approximation.
    approximate: bool = False
    #: The last side's shape, where it is no expression: ``(x, y) = (1, 2)``.
    last: Shape | None = None


Shape = Value | Sign | Group | Many | Union | Matrix | Relation


def shape_of(tokens: Tokens) -> Shape:
    """The form of an answer; :class:`NotAnExpression` if it has none of the known ones."""
    tokens = _trimmed(tokens)
    if not tokens:
        raise NotAnExpression("nothing")
    if tokens[0].text == "begin":
        return _matrix(tokens)
    if tokens[0].text == "\\{" and _partner(tokens) == len(tokens) - 1:
        return _braced(tokens[1:-1])
    unions = _split(tokens, lambda token: token.text == "cup")
    if len(unions) > 1:
        return Union(tuple(shape_of(part) for part in unions))
    parts = _split(tokens, _is_separator)
    if len(parts) > 1:
        return _list([part for part in parts if part], joined_by_or=_joined_by_or(tokens))
    return _single(tokens)


def _trimmed(tokens: Tokens) -> Tokens:
    while tokens and tokens[-1].text in (".", ",", ";", "\\\\", "!!"):
        tokens = tokens[:-1]
    while len(tokens) > 2 and tokens[0].text == "{" and _partner(tokens) == len(tokens) - 1:
        tokens = tokens[1:-1]
    return tokens


def _partner(tokens: Tokens) -> int:
    """Where the bracket that the tokens begin with is closed; -1 if it is not."""
    depth = 0
    for place, token in enumerate(tokens):
        depth += (token.text in _OPENING and token.kind == "mark") - (token.text in _CLOSING and token.kind == "mark")
        if depth == 0:
            return place
    return -1


def _split(tokens: Tokens, separates: Callable[[Token], bool]) -> list[Tokens]:
    """The parts between separators that stand in no bracket."""
    parts, start, depth = [], 0, 0
    for place, token in enumerate(tokens):
        if token.kind == "mark" and token.text in _OPENING:
            depth += 1
        elif token.kind == "mark" and token.text in _CLOSING:
            depth -= 1
        elif depth == 0 and separates(token):
            parts.append(tokens[start:place])
            start = place + 1
    return [*parts, tokens[start:]]


def _is_separator(token: Token) -> bool:
    return token.text in (",", ";") or (token.kind in ("word", "command") and token.text.lower() in ("and", "or"))


def _joined_by_or(tokens: Tokens) -> bool:
    return any(token.kind in ("word", "command") and token.text.lower() == "or" for token in tokens)


def _braced(tokens: Tokens) -> Shape:
    if not tokens:
        return Sign("emptyset")
    condition = _split(tokens, lambda token: token.text in ("|", ":"))
    if len(condition) == 2 and len(condition[0]) == 1:
        return shape_of(condition[1])  # {x | x > 2}
    items: list[Shape] = []
    for part in _split(tokens, _is_separator):
        shape = _single(part)
        items += shape.items if isinstance(shape, Many) else (shape,)
    if len(items) > _MOST_ITEMS:
        raise NotAnExpression("too many items")
    return Many(tuple(items), braces=True)


def _list(parts: list[Tokens], joined_by_or: bool) -> Shape:
    if len(parts) > _MOST_ITEMS or not parts:
        raise NotAnExpression("too many items, or none")
    shapes = [_single(part) for part in parts]
    if all(isinstance(shape, Relation) for shape in shapes):
        relations = [shape for shape in shapes if isinstance(shape, Relation)]
        if joined_by_or and all(relation.relations != ("=",) for relation in relations):
            return Union(tuple(shapes))
        targets = [assigned(relation) for relation in relations]
        names = [relation.sides[0] for relation in relations]
        if all(target is not None for target in targets) and all(name is not None for name in names):
            items = tuple(target for target in targets if target is not None)
            distinct = len(set(names)) == len(names) > 1
            # x = 1, y = 2 is a point, x = 1, x = 2 are two solutions, and so are x_1 = 1, x_2 = 2
            same_variable = len({_stem(name) for name in names if name is not None}) == 1
            if distinct and not same_variable:
                return Group("(", items, ")", tuple(name for name in names if name is not None))
            return Many(items, name=names[0] or () if len(set(names)) == 1 else ())
    if isinstance(shapes[0], Relation) and not any(isinstance(shape, Relation) for shape in shapes[1:]):
        target = assigned(shapes[0])  # x = 2, 3
        shapes[0] = target if target is not None else shapes[0]
    flat: list[Shape] = []
    for shape in shapes:
        flat += shape.items if isinstance(shape, Many) else (shape,)
    return Many(tuple(flat))


def _stem(name: Node) -> str:
    return name[1].partition("_")[0] if name[0] == "sym" else str(name)


def assigned(relation: Relation) -> Shape | None:
    """What a name is said to be equal to: the 5 of ``x = 5``."""
    if set(relation.relations) != {"="}:
        return None
    if relation.last is not None:
        return relation.last
    last = relation.sides[-1]
    return None if last is None else Value(last)


def _single(tokens: Tokens) -> Shape:
    tokens = _trimmed(tokens)
    if not tokens:
        raise NotAnExpression("nothing between separators")
    relation = _relation(tokens)
    if relation is not None:
        return relation
    if tokens[0].text == "\\{" and _partner(tokens) == len(tokens) - 1:
        return _braced(tokens[1:-1])
    if tokens[0].text in ("(", "[") and _partner(tokens) == len(tokens) - 1:
        items = _split(tokens[1:-1], lambda token: token.text in (",", ";"))
        if len(items) > 1:
            if len(items) > _MOST_ITEMS:
                raise NotAnExpression("too many items")
            return Group(tokens[0].text, tuple(_single(item) for item in items), tokens[-1].text)
    if len(tokens) == 1 and tokens[0].text in ("ldots", "emptyset"):
        return Sign(tokens[0].text)
    if tokens[0].text == "begin":
        return _matrix(tokens)
    if len(tokens) > 2 and tokens[0].text == "(" and tokens[1].text == "begin" and _partner(tokens) == len(tokens) - 1:
        return _matrix(tokens[1:-1])
    signs = [place for place, token in enumerate(tokens) if token.text == "pm"]
    if len(signs) == 1:
        first, second = ([*tokens[: signs[0]], Token("mark", sign), *tokens[signs[0] + 1 :]] for sign in ("+", "-"))
        return Many((Value(parse_expression(first)), Value(parse_expression(second))))
    ratio = _split(tokens, lambda token: token.text == ":" or (token.kind == "word" and token.text == "to"))
    if len(ratio) == 2:
        return Value(("div", parse_expression(ratio[0]), parse_expression(ratio[1])))
    if len(ratio) > 2:
        return Group(":", tuple(Value(parse_expression(part)) for part in ratio), ":")
    return Value(parse_expression(tokens))


def _relation(tokens: Tokens) -> Shape | None:
    members = _split(tokens, lambda token: token.text == "in" and token.kind in ("word", "command"))
    if len(members) == 2:
        return shape_of(members[1])
    sides = _split(tokens, lambda token: token.text in _RELATIONS and not token.quoted)
    if len(sides) < 2:
        return None
    depth, relations, approximate = 0, [], False
    for token in tokens:
        depth += (token.kind == "mark") * ((token.text in _OPENING) - (token.text in _CLOSING))
        if depth == 0 and token.text in _RELATIONS and not token.quoted:
            relations.append(_RELATIONS[token.text])
            approximate = token.text == "approx"
    equation = set(relations) == {"="}
    nodes: list[Node | None] = []
    for side in sides[:-1]:
        nodes.append(_node_or_label(side) if equation else parse_expression(side))
    if equation:
        last = _single(sides[-1])
        if isinstance(last, Value):
            return Relation((*nodes, last.node), tuple(relations), approximate)
        return Relation((*nodes, None), tuple(relations), approximate, last)
    if len(sides) > 3:
        raise NotAnExpression("a long chain of relations")
    return Relation((*nodes, parse_expression(sides[-1])), tuple(relations))


def _node_or_label(tokens: Tokens) -> Node:
    """A side of an equation; what is no expression is a label."""
    try:
        return parse_expression(tokens)
    except NotAnExpression:
        return ("label", " ".join(token.text for token in tokens))


def _matrix(tokens: Tokens) -> Shape:
    names = [token.text for token in tokens if token.kind == "word" and token.text.endswith("matrix")]
    if len(names) != 2 or len(tokens) < 9 or tokens[-4].text != "end":
        raise NotAnExpression("no matrix")
    rows = [row for row in _split(tokens[4:-4], lambda token: token.text == "\\\\") if row]
    cells = [_split(row, lambda token: token.text == "&") for row in rows]
    if not cells or len({len(row) for row in cells}) != 1 or len(cells) * len(cells[0]) > _MOST_ITEMS:
        raise NotAnExpression("no rectangle")
    return Matrix(tuple(tuple(parse_expression(cell) for cell in row) for row in cells))
