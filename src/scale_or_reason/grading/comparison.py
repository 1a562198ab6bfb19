"""Whether two answers have the same form and values: the order of a point counts, that of a set does not.

A closed interval is not an open one, ``y = 6`` is not ``x = 6``, and ``a > b`` is ``b < a``.
"""

from __future__ import annotations

from scale_or_reason.grading.evaluation import difference_sign, equal_values
from scale_or_reason.grading.expressions import Node, symbols_of
from scale_or_reason.grading.shapes import Group, Many, Matrix, Relation, Shape, Sign, Union, Value, assigned

_FLIPPED = {"<": ">", ">": "<", "le": "ge", "ge": "le", "ne": "ne"}


def same_shape(gold: Shape, answer: Shape) -> bool:
    """Whether an answer has the gold answer's form and values."""
    if isinstance(gold, Relation) and isinstance(answer, Relation):
        return _same_relation(gold, answer)
    if isinstance(gold, Relation):
        target = assigned(gold) if _is_name(gold.sides[0]) else None
        return same_shape(target, answer) if target is not None else _same_interval(gold, answer)
    if isinstance(answer, Relation):
        return _same_as_relation(gold, answer)
    if isinstance(gold, Value) and isinstance(answer, Many) and len(answer.items) == 1:
        return same_shape(gold, answer.items[0])
    if isinstance(gold, Value) and isinstance(answer, Value):
        return equal_values(gold.node, answer.node)
    if isinstance(gold, Sign) and isinstance(answer, Sign):
        return gold == answer
    if isinstance(gold, Matrix) or isinstance(answer, Matrix):
        return _same_matrix(gold, answer)
    if isinstance(gold, Union) or isinstance(answer, Union):
        return _same_union(gold, answer)
    if isinstance(gold, Group) or isinstance(answer, Group):
        return _same_group(gold, answer)
    if isinstance(gold, Many) and isinstance(answer, Many):
        if gold.name and answer.name and gold.name != answer.name:
            return False
        return _matched(gold.items, answer.items)
    return False


def _is_name(node: Node | None) -> bool:
    """A variable, a product of variables (``AB``, ``f(x)``) or a label."""
    if node is None or node[0] in ("sym", "const", "label"):
        return True
    if node[0] == "pow":  # the inverse of a function
        return _is_name(node[1]) and node[2] == ("neg", ("num", "1"))
    return node[0] == "mul" and _is_name(node[1]) and _is_name(node[2])


def _is_asked(node: Node | None) -> bool:
    """What a question may ask for: not a multiple of a variable, whose value is another than the variable's."""
    if node is None or _is_name(node):
        return True
    return not (node[0] == "neg" or (node[0] in ("mul", "div") and "num" in (node[1][0], node[2][0])))


def _same_as_relation(gold: Shape, answer: Relation) -> bool:
    if set(answer.relations) != {"="}:
        return _same_interval(gold, answer)
    first, last = answer.sides[0], assigned(answer)
    named = isinstance(last, Value) and _is_name(last.node) and first is not None and first[0] != "label"
    if named and first is not None and not (isinstance(gold, Value) and _is_name(gold.node)):
        return same_shape(gold, Value(first))  # 5 = x
    exact = answer.sides[-2] if answer.approximate else None
    if exact is not None and not _is_name(exact) and same_shape(gold, Value(exact)):  # x = 1/3 \approx 0.33
        return True
    asked = _is_asked(first) or not symbols_of(first or ())
    return last is not None and asked and same_shape(gold, last)


def _same_relation(gold: Relation, answer: Relation) -> bool:
    equations = set(gold.relations) == {"="}, set(answer.relations) == {"="}
    if equations[0] != equations[1]:
        return False
    if not equations[0]:
        return _same_interval(gold, answer) or _same_inequality(gold, answer)
    first, second = assigned(gold), assigned(answer)
    names = gold.sides[0], answer.sides[0]
    if first is not None and second is not None and all(_is_name(name) for name in names):
        call = len({name is not None and name[0] in ("sym", "const") for name in names}) == 2  # y = 2x and f(x) = 2x
        if (names[0] == names[1] or call) and same_shape(first, second):
            return True
    return _same_inequality(gold, answer)


def _same_inequality(gold: Relation, answer: Relation) -> bool:
    """``a > b`` and ``b < a``, ``y = 2x + 3`` and ``2x - y + 3 = 0``."""
    sides = (*gold.sides, *answer.sides)
    if len(gold.sides) != 2 or len(answer.sides) != 2 or any(side is None or side[0] == "label" for side in sides):
        return False
    sign = difference_sign(("sub", *gold.sides), ("sub", *answer.sides))
    (first,), (second,) = gold.relations, answer.relations
    if first == "=" or first == "ne":
        return sign != 0 and first == second
    return (sign > 0 and first == second) or (sign < 0 and _FLIPPED[first] == second)


_INFINITY: Node = ("const", "infty")
Interval = tuple[str, Node, Node, bool, bool]


def _interval(shape: Shape) -> Interval | None:
    """Variable ("" if none is named), ends, and whether each end is left out."""
    if isinstance(shape, Group) and len(shape.items) == 2 and shape.opening in "([":
        low, high = shape.items
        if isinstance(low, Value) and isinstance(high, Value):
            return "", low.node, high.node, shape.opening == "(", shape.closing == ")"
    if not isinstance(shape, Relation) or None in shape.sides:
        return None
    sides, relations = list(shape.sides), list(shape.relations)
    if relations[0] in (">", "ge"):
        sides, relations = sides[::-1], [_FLIPPED[relation] for relation in reversed(relations)]
    if not set(relations) <= {"<", "le"}:
        return None
    if len(sides) == 3 and sides[1] is not None and sides[1][0] == "sym":
        return sides[1][1], sides[0] or (), sides[2] or (), relations[0] == "<", relations[1] == "<"
    if len(sides) == 2 and sides[0] is not None and sides[1] is not None:
        if sides[0][0] == "sym" and not symbols_of(sides[1]):
            return sides[0][1], ("neg", _INFINITY), sides[1], True, relations[0] == "<"
        if sides[1][0] == "sym" and not symbols_of(sides[0]):
            return sides[1][1], sides[0], _INFINITY, relations[0] == "<", True
    return None


def _same_interval(gold: Shape, answer: Shape) -> bool:
    first, second = _interval(gold), _interval(answer)
    if first is None or second is None or first[3:] != second[3:]:
        return False
    if first[0] and second[0] and first[0] != second[0]:
        return False
    return all(equal_values(mine, its) for mine, its in zip(first[1:3], second[1:3], strict=True))


def _same_union(gold: Shape, answer: Shape) -> bool:
    first = gold.items if isinstance(gold, Union) else (gold,)
    second = answer.items if isinstance(answer, Union) else (answer,)
    return _matched(first, second)


def _same_group(gold: Shape, answer: Shape) -> bool:
    """Two points or intervals; a bare list stands for a point."""
    shapes = [
        Group("(", shape.items, ")", (shape.name,) * bool(shape.name))
        if isinstance(shape, Many) and not shape.braces
        else shape
        for shape in (gold, answer)
    ]
    first, second = shapes
    if not isinstance(first, Group) or not isinstance(second, Group):
        return False
    if first.names and second.names:
        if set(first.names) != set(second.names):
            return False
        order = [second.names.index(name) for name in first.names]
        second = Group(second.opening, tuple(second.items[place] for place in order), second.closing)
    if (first.opening, first.closing) != (second.opening, second.closing) or len(first.items) != len(second.items):
        return False
    return all(same_shape(mine, its) for mine, its in zip(first.items, second.items, strict=True))


def _same_matrix(gold: Shape, answer: Shape) -> bool:
    first, second = _rows(gold), _rows(answer)
    if first is None or second is None or [len(row) for row in first] != [len(row) for row in second]:
        return False
    return all(
        equal_values(mine, its)
        for mine_row, its_row in zip(first, second, strict=True)
        for mine, its in zip(mine_row, its_row, strict=True)
    )


def _rows(shape: Shape) -> tuple[tuple[Node, ...], ...] | None:
    """A matrix's rows; a point is a column."""
    if isinstance(shape, Matrix):
        return shape.rows
    if isinstance(shape, Group) and shape.opening == "(" and shape.closing == ")":
        values = [item.node for item in shape.items if isinstance(item, Value)]
        return tuple((value,) for value in values) if len(values) == len(shape.items) else None
    return None


def _matched(first: tuple[Shape, ...], second: tuple[Shape, ...]) -> bool:
    """Whether there is a partner for each item."""
    if len(first) != len(second):
        return False
    left = list(second)
    for item in first:
        partner = next((place for place, other in enumerate(left) if same_shape(item, other)), None)
        if partner is None:
            return False
        del left[partner]
    return True
