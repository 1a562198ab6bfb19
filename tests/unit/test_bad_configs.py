"""600 bad configs: each one error with file, key, found, expected and remedy, before the first job."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from itertools import chain
from pathlib import Path
from random import Random
from typing import Any

import pytest
import yaml
from bad_configs import (
    NEVER,
    as_snakemake,
    faults,
    is_free,
    places,
    schema,
    section_schema,
    shipped,
    with_value,
    without,
)

from scale_or_reason.common.errors import StudyError
from scale_or_reason.preflight.crosschecks import cross_problems
from scale_or_reason.preflight.file_checks import notes
from scale_or_reason.preflight.plain_values import unusable_values
from scale_or_reason.preflight.schema_problems import schema_problems
from scale_or_reason.preflight.validation import check_config
from scale_or_reason.study.problems import KeyPath, Problem, spell
from scale_or_reason.study.study import Study, as_json

SCHEMA = Path("workflow/schemas/config.schema.json")
STUDIES: list[tuple[str, ...]] = [(), ("micro",), ("gemma",)]


@pytest.fixture(autouse=True)
def _in_the_root(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root)


def first_problem(config: dict[str, Any], section: str) -> Problem | None:
    """What :func:`check_config` finds first if everything outside ``section`` is good."""
    part = {name: value for name, value in config.items() if name == section}
    return next(
        chain(unusable_values(part), schema_problems(part, section_schema(section)), cross_problems(config)), None
    )


def use(config: dict[str, Any]) -> None:
    """What the Snakefile does with a config that passes, before any job."""
    study = Study.from_config(config)
    assert study.announcement().isprintable()
    notes(config)
    as_json(config)
    assert [model.model_id for model in [*study.evaluated(), *study.limited()]]


def is_never(value: Any) -> bool:
    return any(value is other for other in NEVER)


@pytest.mark.slow
@pytest.mark.parametrize("study", STUDIES, ids=["v2", "micro", "gemma"])
def test_bad_values_of_every_key_end_in_one_error(study: tuple[str, ...]) -> None:
    refused = 0
    for path, value in faults(shipped(*study), Random(f"faults of {study}"), 200):
        config = as_snakemake(deepcopy(with_value(shipped(*study), path, value)))
        problem = first_problem(config, str(path[0]))
        if problem is None:
            assert is_free(path) or not is_never(value), (spell(path), ascii(value)[:80])
            use(config)
            continue
        refused += 1
        assert problem.found is not None and problem.expected, spell(path)
        error = StudyError(problem.problem, key=spell(problem.path), found=problem.found, expected=problem.expected)
        lines = str(error).split("\n")
        assert len(lines) == 4 and all(line.isprintable() for line in lines), lines
        assert len(str(error)) < 5000
        if is_never(value):
            shared = problem.path[: len(path)]
            assert shared == path[: len(shared)], (spell(problem.path), spell(path))
    assert refused >= 150


def test_every_key_of_the_description_is_covered() -> None:
    covered = {path[0] for path in places(schema(), shipped())}
    assert covered == set(schema()["properties"])
    chosen = {path for path, _ in faults(shipped(), Random("coverage"), 600)}
    assert chosen == set(places(schema(), shipped()))


@pytest.mark.parametrize("path", [("students",), ("study",), ("evaluation", "sampling"), ("corpora", "math", "source")])
def test_a_missing_or_unknown_key_names_itself(path: KeyPath) -> None:
    section = str(path[0])
    missing = first_problem(as_snakemake(deepcopy(without(shipped(), path))), section)
    unknown = first_problem(as_snakemake(deepcopy(with_value(shipped(), (*path[:-1], "no such \u202e"), 1))), section)
    # a key that another setting makes optional is named in its section
    assert missing is not None
    assert missing.path == path or (missing.path == path[:-1] and f"no key `{path[-1]}`" in str(missing.found))
    assert unknown is None or unknown.found is not None


def given_by_overlay_and_command_line() -> Iterator[tuple[KeyPath, Any]]:
    """Faults that a YAML file or the command line can spell."""
    for path, value in faults(shipped(), Random("overlays"), 120):
        try:
            text = yaml.safe_dump(value, allow_unicode=True)
            same = yaml.safe_load(text) == value
        except (yaml.YAMLError, UnicodeEncodeError, ValueError, TypeError):
            continue
        if same and not is_free(path) and not any(isinstance(part, int) for part in path):
            yield path, value


def nested(path: KeyPath, value: Any) -> dict[str, Any]:
    for part in reversed(path):
        value = {part: value}
    return value


def complaint(config: dict[str, Any], *files: Path | str) -> StudyError | None:
    try:
        check_config(config, SCHEMA, ["config/config.yaml", *files])
    except StudyError as error:
        return error
    return None


@pytest.mark.slow
def test_an_overlay_is_named_with_the_line(tmp_path: Path) -> None:
    seen = 0
    for path, value in [*given_by_overlay_and_command_line()][:25]:
        overlay = tmp_path / "overlay.yaml"
        overlay.write_text(yaml.safe_dump(nested(path, value), allow_unicode=True), encoding="utf-8")
        error = complaint(as_snakemake(deepcopy(with_value(shipped(), path, value))), overlay)
        if error is None:
            continue
        seen += 1
        assert all(part is not None for part in (error.where, error.key, error.found, error.expected, error.remedy))
        if str(error.key).startswith(spell(path)) and value is not None:
            assert "overlay.yaml, line" in str(error.where), str(error)
    assert seen > 10


@pytest.mark.slow
def test_the_command_line_is_named(tmp_path: Path) -> None:
    from snakemake.cli import parse_config

    seen = 0
    for path, value in [*given_by_overlay_and_command_line()][:40]:
        try:
            text = json.dumps(nested(path[1:], value))
        except TypeError:
            continue
        overrides = parse_config([f"{path[0]}={text}"])
        config = deepcopy(with_value(shipped(), path, deepcopy(value)))
        error = complaint(as_snakemake(config, overrides))
        if error is not None:
            seen += 1
            assert all(part is not None for part in (error.where, error.key, error.found, error.expected, error.remedy))
    assert seen > 10


@pytest.mark.parametrize("text", ["null", "~", "None", "NULL"])
def test_text_that_means_null_is_no_revision(text: str) -> None:
    """Quoted in a file, or spelt as in Python: the hub would be searched for a revision of that name."""
    config = with_value(deepcopy(shipped()), ("students", "Qwen2.5-3B", "revision"), text)
    error = complaint(config)
    assert error is not None and error.key == "students.Qwen2.5-3B.revision"
    assert "without quotes" in str(error.remedy)
    overridden = as_snakemake(deepcopy(config), {"students": {"Qwen2.5-3B": {"revision": "null"}}})
    assert overridden["students"]["Qwen2.5-3B"]["revision"] is None


@pytest.mark.parametrize("key", ["url", "key"])
def test_a_pasted_secret_is_not_repeated(key: str) -> None:
    secret = {"url": "https://me:hunter2@server/v1", "key": "sk-hunter2"}[key]
    endpoint = {"url": "https://server/v1", "key": None} | {key: secret}
    error = complaint(with_value(deepcopy(shipped()), ("teachers", "Qwen3-235B-A22B", "endpoint"), endpoint))
    assert error is not None and str(error.key).endswith(f"endpoint.{key}")
    assert "hunter2" not in str(error)


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("study", STUDIES, ids=["v2", "micro", "gemma"])
def test_every_fault_at_every_key(study: tuple[str, ...]) -> None:
    """About 30,000 configs for each study."""
    for path, value in faults(shipped(*study)):
        config = as_snakemake(deepcopy(with_value(shipped(*study), path, value)))
        problem = first_problem(config, str(path[0]))
        if problem is None:
            assert is_free(path) or not is_never(value), (spell(path), ascii(value)[:80])
            use(config)
        else:
            assert problem.found is not None and problem.expected, (spell(path), ascii(value)[:80])
