"""docs/reference/private_apis.md names every private interface that the code uses, and each is still there.

Packages are read, not imported: to import all of them takes a minute.
"""

from __future__ import annotations

import ast
import importlib.util
import re
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[2]
OUR_PACKAGES = (
    "scale_or_reason",
    "snakemake_executor_plugin_slurm_study",
    "snakemake_logger_plugin_terse",
    "snakemake_study",
)
#: Private by their spelling only: Python documents it.
DOCUMENTED = {"os._exit"}


class Row(NamedTuple):
    """A row of the table."""

    module: str
    name: str
    package: str
    version: str
    users: list[str]
    tests: list[str]


def rows() -> list[Row]:
    found = []
    for line in (ROOT / "docs" / "reference" / "private_apis.md").read_text().splitlines():
        if line.startswith("| `"):
            name, package, users, _, tests = (cell.strip() for cell in line.strip("|").split("|"))
            module, _, attribute = name.strip("`").partition(":")
            found.append(
                Row(module, attribute, *package.split(), re.findall("`(.+?)`", users), re.findall("`(.+?)`", tests))
            )
    return found


ROWS = rows()


def names_of(module: str) -> set[str]:
    """All names of a module, and for its classes CLASS.NAME of methods and attributes."""
    top, *parts = module.split(".")
    spec = importlib.util.find_spec(top)
    assert spec is not None and spec.submodule_search_locations, f"{top} is not installed"
    place = Path(spec.submodule_search_locations[0], *parts)
    tree = ast.parse((place / "__init__.py" if place.is_dir() else place.with_suffix(".py")).read_text())
    return {name for statement in ast.walk(tree) for name in _names(statement)}


def _names(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        yield node.name
    elif isinstance(node, ast.ImportFrom):
        yield from (alias.asname or alias.name for alias in node.names)
    elif isinstance(node, ast.Assign):
        yield from (target.id for target in node.targets if isinstance(target, ast.Name))
    elif isinstance(node, ast.ClassDef):
        for inner in ast.walk(node):
            if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef):
                yield f"{node.name}.{inner.name}"
            elif isinstance(inner, ast.Attribute) and isinstance(inner.ctx, ast.Store):
                yield f"{node.name}.{inner.attr}"
            elif isinstance(inner, ast.AnnAssign) and isinstance(inner.target, ast.Name):
                yield f"{node.name}.{inner.target.id}"


@pytest.mark.slow
@pytest.mark.parametrize("module", sorted({row.module for row in ROWS}))
def test_the_names_are_there(module: str) -> None:
    wanted = {row.name for row in ROWS if row.module == module}
    assert wanted - names_of(module) == set()


def test_a_name_that_is_gone_is_noticed() -> None:
    assert "_gone" not in names_of("trl.trainer.utils")
    assert "Executor._gone" not in names_of("snakemake_executor_plugin_slurm")


def test_the_versions_are_the_installed_ones() -> None:
    stated = {row.package: row.version for row in ROWS}
    assert stated == {package: version(package).partition("+")[0] for package in stated}


def test_every_row_is_used_where_it_says_and_tested_where_it_says() -> None:
    for row in ROWS:
        for user in row.users:
            assert re.search(rf"\b{row.name.rpartition('.')[2]}\b", (ROOT / user).read_text()), row
        for test in row.tests:
            assert (ROOT / test).is_file(), row


@pytest.mark.slow
def test_no_other_private_name_is_used() -> None:
    known = {row.name.rpartition(".")[2] for row in ROWS}
    files = [*(ROOT / "src").rglob("*.py"), *(ROOT / "workflow").rglob("*.py")]
    used = {f"{file.relative_to(ROOT)}: {name}" for file in files for name in private_names(file.read_text(), known)}
    assert used == set()


def private_names(code: str, known: set[str]) -> Iterator[str]:
    """Private attributes that this file does not define itself, and private names that it imports from elsewhere."""
    nodes = list(ast.walk(ast.parse(code)))
    stored = [node for node in nodes if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)]
    own = {node.attr for node in stored if ast.unparse(node.value) in ("self", "cls")}
    own |= {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    own |= {node.target.id for node in nodes if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)}
    for node in nodes:
        if isinstance(node, ast.Attribute) and _is_private(node.attr) and node.attr not in own | known:
            text = ast.unparse(node)
            if text not in DOCUMENTED:
                yield text
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] not in OUR_PACKAGES:
            names = [*node.module.split("."), *(alias.name for alias in node.names)]
            yield from (name for name in names if _is_private(name) and name not in known)


def _is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("from torch import _dynamo", ["_dynamo"]),
        ("from torch._dynamo import config", ["_dynamo"]),
        ("import torch\ntorch._C.version()", ["torch._C"]),
        ("class A(B):\n    def f(self):\n        return self._inherited", ["self._inherited"]),
        ("class A:\n    def __init__(self):\n        self._own = 1\n    def f(self):\n        return self._own", []),
        ("from trl import utils\nutils._constant = 1", ["utils._constant"]),
        ("import os\nos._exit(0)", []),
        ("from scale_or_reason.common import _inner", []),
    ],
)
def test_private_names_are_found(code: str, found: list[str]) -> None:
    assert list(private_names(code, set())) == found
