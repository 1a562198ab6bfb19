"""What the generated schema refuses, everywhere in the config, and how the errors read."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from scale_or_reason.preflight.renamed_keys import RENAMED
from scale_or_reason.preflight.schema_problems import schema_problems
from scale_or_reason.study.problems import KeyPath, Problem, spell

Config = dict[str, Any]
ROOT = Path(__file__).resolve().parents[2]
#: Maps whose keys people choose: a benchmark, a corpus, a family, an argument of a chat template.
FREE = {
    ("students",),
    ("adopted",),
    ("teachers",),
    ("judges",),
    ("corpora",),
    ("benchmarks", "max_items_by_benchmark"),
    ("benchmarks", "options"),
    ("benchmarks", "own"),
    ("benchmarks", "samples_per_item"),
    ("push", "licenses"),
    ("plan", "gpu_types"),
    ("plan", "kept_pair_share"),
    ("plan", "tokens", "training"),
    ("plan", "tokens", "benchmark_prompts"),
    ("plan", "tokens", "answers"),
    ("plan", "benchmark_items"),
    ("plan", "architectures"),
}


@cache
def schema() -> dict[str, Any]:
    return json.loads((ROOT / "workflow/schemas/config.schema.json").read_text())


@cache
def shipped() -> Config:
    return yaml.safe_load((ROOT / "config/config.yaml").read_text())


def first_problem(config: Config) -> Problem:
    return next(schema_problems(config, schema()))


def set_at(path: KeyPath, value: Any) -> Config:
    config = deepcopy(shipped())
    node: Any = config
    for part in path[:-1]:
        node = node[part]
    node[path[-1]] = value
    return config


def paths_in(node: Any, path: KeyPath = ()) -> Iterator[tuple[KeyPath, Any]]:
    """Every place of the shipped config, with its value."""
    yield path, node
    entries = node.items() if isinstance(node, Mapping) else enumerate(node) if isinstance(node, list) else ()
    for key, value in entries:
        yield from paths_in(value, (*path, key))


def is_free(path: KeyPath) -> bool:
    return path in FREE or "template" in path


CLOSED = [path for path, value in paths_in(shipped()) if isinstance(value, Mapping) and not is_free(path)]
VALUES = [path for path, value in paths_in(shipped()) if path and "template" not in path]
KEYS = [path for path in VALUES if not isinstance(path[-1], int) and not is_free(path[:-1])]


@pytest.mark.slow
@given(st.sampled_from(CLOSED))
@settings(max_examples=len(CLOSED), deadline=None)
def test_every_map_refuses_an_unknown_key(path: KeyPath) -> None:
    problem = first_problem(set_at((*path, "no_such_key"), 1))
    assert problem.path == (*path, "no_such_key")
    assert problem.problem == "unknown key in the config"
    assert problem.expected and problem.remedy


@pytest.mark.slow
@given(st.sampled_from(VALUES), st.sampled_from(["[[]]", "word", "-3.5"]))
@settings(max_examples=100, deadline=None)
def test_an_error_names_the_place_of_a_wrong_value(path: KeyPath, value: str) -> None:
    """A list in a list stands nowhere, a word is no number, and -3.5 is below every bound: or it is allowed there."""
    wrong = yaml.safe_load(value)
    problem = next(schema_problems(set_at(path, wrong), schema()), None)
    if problem is None:
        assert isinstance(wrong, str), spell(path)  # most texts may be any text
    else:
        assert problem.path[: len(path)] == path
        assert problem.expected


@pytest.mark.slow
@given(st.sampled_from(KEYS))
@settings(max_examples=100, deadline=None)
def test_a_missing_key_is_named_unless_it_is_optional(path: KeyPath) -> None:
    config = deepcopy(shipped())
    node: Any = config
    for part in path[:-1]:
        node = node[part]
    del node[path[-1]]
    problem = next(schema_problems(config, schema()), None)
    if problem is not None:
        assert (problem.path, problem.problem) == (path, "a key is missing from the config")
        assert str(problem.expected).startswith(f"{path[-1]}: ")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("path", "value", "found", "expected"),
    [
        (("training", "max_length"), "5e3", "'5e3'", "a whole number. The longest sample"),
        (("training", "max_length"), True, "True", "a whole number"),
        (("compute", "gpu_type"), "nvidia h100", "'nvidia h100'", "one word, as Slurm spells it. The type of GPU"),
        (("benchmarks", "max_items"), 0, "0", "at least 1. The largest number of items"),
        (("benchmarks", "max_items"), "all", "'all'", "a whole number or null. The largest number"),
        (("students", "Qwen2.5-3B", "learning_rate"), "serch", "'serch'", "search. The peak learning rate"),
        (("students", "Qwen2.5-3B", "learning_rate"), 1, "1", "a map or search. The peak learning rate"),
        (("students", "Qwen2.5-3B", "learning_rate", "ift"), 0, "0", "more than 0. The peak learning rate"),
        (("plan", "published"), {"gpu": "H100", "gpu_hours": 0, "source": "x"}, "0", "more than 0. The GPU-hours"),
        (("study", "name"), "my study", "'my study'", "a name: letters, digits and . _ -, with a letter or a digit"),
        (("students", "a b"), {}, "'a b'", "a name: letters, digits"),
        (("engine", "dtype"), "float64", "'float64'", "one of auto, bfloat16, float16, float32"),
        (("advise", "queries"), "many", "'many'", "a number. The number of answers"),
        (("advise", "budget_flops"), -1, "-1", "more than 0"),
    ],
)
def test_an_error_says_what_is_expected(path: KeyPath, value: Any, found: str, expected: str) -> None:
    problems = {problem.found: problem for problem in schema_problems(set_at(path, value), schema())}
    assert found in problems
    assert problems[found].path[: len(path)] == path
    assert str(problems[found].expected).startswith(expected)


@pytest.mark.parametrize("text", ["5e-6", "12", "true", "null"])
def test_text_in_place_of_a_number_is_explained(text: str) -> None:
    for path in (("training", "max_length"), ("benchmarks", "max_items"), ("study", "explorer")):
        problem = first_problem(set_at(path, text))
        assert "without quotes" in str(problem.remedy) and "1.0e-5" in str(problem.remedy)


@pytest.mark.slow
@pytest.mark.parametrize("old", RENAMED, ids=spell)
def test_an_old_key_is_refused_with_its_new_name(old: KeyPath) -> None:
    entries = {("corpora",): "math", ("compute", "by_size"): 1, ("plan", "gpu_types"): "H100"}
    path = tuple(entries[old[:place]] if part == "*" else part for place, part in enumerate(old))
    config = set_at(path, 1) if old[0] != "small_world" else {**shipped(), "small_world": {"pool_rows": 1}}
    problem = first_problem(config)
    assert problem.path == path
    assert problem.problem.startswith(f"{spell(path)} was renamed to ")
    assert problem.remedy == "rename the key"


def test_an_old_key_of_the_papers_study() -> None:
    problem = first_problem(set_at(("study", "schedules"), ["seq"]))
    assert problem.problem == "study.schedules was renamed to study.curricula"
