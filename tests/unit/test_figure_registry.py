"""The registry of figures and their tasks: names, dependencies, and what importing it costs."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from dataclasses import fields

import pytest
from full_grid import results

from scale_or_reason.common.table_schemas import SCHEMAS
from scale_or_reason.reporting.figures.grid import arrange
from scale_or_reason.reporting.figures.registry import FIGURE_TYPES, FIGURES, SHARED_LIBRARY, SHARED_MODULES, figures_of
from scale_or_reason.reporting.figures.results import Results
from scale_or_reason.reporting.figures.tasks import select_tasks

#: Modules that say how things are named, written and refused, not what a figure shows.
PLAIN = {"study/cells", "common/errors", "common/files"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("tasks", "count", "first"),
    [
        ("main families", 4, "General-MC"),
        ("families", 7, "General-MC"),
        ("main benchmarks", 12, "winogrande"),
        ("other benchmarks", 6, "mmlu_pro_law"),
        ("benchmarks", 18, "winogrande"),
    ],
)
def test_tasks_of_the_papers(tasks, count, first):
    selected = select_tasks(results(), tasks)
    assert (len(selected), selected[0].name) == (count, first)


def test_in_a_study_without_the_papers_families_all_are_main():
    study = Results({}, families={"Cooking": ("recipes", "spices")})
    assert [task.name for task in select_tasks(study, "main families")] == ["Cooking"]
    (none,) = select_tasks(study, "other benchmarks")
    assert (none.name, none.benchmarks) == ("other benchmarks", ())


@pytest.mark.slow
def test_single_benchmarks_stand_below_their_families():
    places = arrange([(task.name, task.family) for task in select_tasks(results(), "benchmarks")])
    assert [len(line) for line in places] == [4] * 5
    assert [line[3] for line in places] == ["gsm8k", "math_500", "aime", None, None]
    assert places[3] == ["mmlu_pro_law", "mmlu_pro_code", "mmlu_pro_physics", None]
    assert arrange([("mmlu_math", "Math-MC"), ("math_500", "Math-OE")]) == [["mmlu_math", "math_500"]]


def test_every_figure_of_both_versions_is_there():
    v1, v2 = ([name for name in FIGURES if name.startswith(version)] for version in ("v1/", "v2/"))
    assert v1 == [f"v1/fig{number:02}" for number in range(1, 19)]
    assert v2 == [*(f"v2/fig{number:02}" for number in range(1, 22)), "v2/table1"]
    assert sorted(FIGURES) == sorted(figure for figure_type in FIGURE_TYPES for figure in figures_of(figure_type))


def test_the_config_may_name_every_figure(root):
    schema = json.loads((root / "workflow/schemas/config.schema.json").read_text())
    allowed = schema["$defs"]["Study"]["properties"]["figures"]["items"]["enum"]
    assert allowed == [*FIGURES, "training_curves"]
    documented = (root / "docs/reference/figures.md").read_text()
    assert all(f"`{figure}`" in documented for figure in allowed)


@pytest.mark.slow
@pytest.mark.parametrize("name", FIGURE_TYPES)
def test_a_figure_type_names_what_it_depends_on(name, root):
    """Else an edit would leave old figures behind."""
    figure_type, library = FIGURE_TYPES[name], root / "src" / "scale_or_reason"
    assert set(figure_type.tables) <= set(SCHEMAS)
    assert set(figure_type.settings) <= {field.name for field in fields(Results)}
    modules = {name, *figure_type.modules, *SHARED_MODULES}
    named = {*figure_type.library, *SHARED_LIBRARY, *PLAIN, *(f"reporting/figures/{module}" for module in modules)}
    for module in modules:
        unnamed = imports_of(library / "reporting" / "figures" / f"{module}.py", library) - named
        assert not unnamed, f"{module} imports {unnamed}"
    assert (root / "workflow" / "report" / "figures" / f"{name}.rst").is_file()


def imports_of(file, library) -> set[str]:
    """The modules of our library that a file imports, as paths below the library without a suffix."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("scale_or_reason."):
            place = node.module.removeprefix("scale_or_reason.").replace(".", "/")
            is_package = (library / place).is_dir()
            found |= {f"{place}/{alias.name}" for alias in node.names} if is_package else {place}
    return found


def test_the_registry_is_light(root):
    heavy = ("polars", "numpy", "matplotlib", "yaml")
    registry = "scale_or_reason.reporting.figures.registry"
    code = f"import sys, {registry}; assert not set({heavy}) & set(sys.modules), sys.modules"
    environment = os.environ | {"PYTHONPATH": str(root / "src")}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)
