"""A person's own grader, read and not run."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from scale_or_reason.study.problems import KeyPath, Problem


def grader_faults(file: Path, key: KeyPath) -> Iterator[Problem]:
    """A grader that is no Python, or that has no function ``grade``; it is not run."""
    expected = "def grade(answer: str, gold: list[str]) -> bool"
    remedy = "correct the file (docs/how-to/bring_your_own_benchmark.md)"
    try:
        tree = ast.parse(file.read_bytes(), str(file))
    except (SyntaxError, ValueError) as error:
        line = f", line {error.lineno}" if isinstance(error, SyntaxError) else ""
        reason = error.msg if isinstance(error, SyntaxError) else str(error)
        yield Problem(key, "a grader is no valid Python", f"{file}{line}: {reason}", expected, remedy)
        return
    names = {name for statement in ast.walk(tree) for name in _bound(statement)}
    if not names & {"grade", "*"}:
        found = ", ".join(sorted(names)) or "no function"
        yield Problem(key, "a grader has no function grade", f"{file}: {found}", expected, remedy)


def _bound(node: ast.AST) -> Iterator[str]:
    """The names that a statement gives to functions or values."""
    if isinstance(node, ast.FunctionDef):
        yield node.name
    elif isinstance(node, ast.Assign | ast.AnnAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        yield from (target.id for target in targets if isinstance(target, ast.Name))
    elif isinstance(node, ast.ImportFrom | ast.Import):
        yield from (alias.asname or alias.name for alias in node.names)
