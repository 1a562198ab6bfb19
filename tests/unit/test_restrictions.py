"""Settings for some cells only: they apply to exactly these cells, and what would be ignored is refused."""

from __future__ import annotations

from copy import deepcopy
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from configs import load
from hypothesis import given
from hypothesis import strategies as st

from scale_or_reason.common.errors import StudyError
from scale_or_reason.preflight.crosschecks.restrictions import hybrid_combinations, restrictions
from scale_or_reason.preflight.validation import check_config
from scale_or_reason.study.problems import spell
from scale_or_reason.study.study import Study

Config = dict[str, Any]
AXES = {
    "students": ["Qwen2.5-0.5B", "Qwen2.5-3B", "Qwen2.5-14B"],
    "corpora": ["general", "math"],
    "curricula": ["seq", "mix", "seq-reversed"],
    "ratios": [0, 0.25, 0.5, 1],
}
SECTIONS = {
    "data_fractions": {"fractions": [0.5, 1]},
    "thinking_budgets": {"tokens": [9], "percentiles": [], "benchmarks": ["gsm8k"]},
    "votes": {"samples_per_item": 4, "benchmarks": ["gsm8k"]},
    "hybrid_students": {"ratios": [0.5], "curricula": ["mix"]},
}
#: How to set a section so that nothing comes of it.
OFF: dict[str, Config] = {"data_fractions": {"fractions": [1]}, "thinking_budgets": {"tokens": []}}
OFF |= {"votes": {"samples_per_item": 1}, "hybrid_students": {"ratios": []}}


@pytest.fixture(scope="module")
def paper(root: Path) -> Config:
    return load(root)


def some_of(values: list[Any], least: int = 1) -> st.SearchStrategy[list[Any]]:
    return st.lists(st.sampled_from(values), min_size=least, max_size=len(values), unique=True)


@st.composite
def cases(draw: st.DrawFn) -> tuple[dict[str, list[Any]], str, dict[str, Any]]:
    """The axes of a study, a section, and the values to which it is restricted."""
    axes = {axis: draw(some_of(values, least=draw(st.sampled_from([0, 1, 1, 1])))) for axis, values in AXES.items()}
    section = draw(st.sampled_from(list(SECTIONS)))
    free = [axis for axis in AXES if axis not in SECTIONS[section]]
    chosen = {axis: draw(st.none() | some_of(AXES[axis])) for axis in free}
    if section == "thinking_budgets":  # this section has ratios of its own, above 0
        chosen["ratios"] = draw(some_of(AXES["ratios"][1:]))
    return axes, section, chosen


def brute_force(axes: dict[str, list[Any]], section: str, chosen: dict[str, Any]) -> set[tuple[Any, ...]]:
    """By trying every cell: those on all of the restricted values. At ratios 0 and 1 the order has no meaning."""
    here = {axis: axes[axis] if chosen.get(axis) is None else chosen[axis] for axis in AXES}
    if section == "hybrid_students":
        return set(product(here["students"], here["corpora"], ["mix"], [0.5]))
    found = set()
    for student, corpus, curriculum, ratio in product(*axes.values()):
        stored = "seq" if ratio in (0, 1) else curriculum
        asked = ratio in (0, 1) or curriculum in here["curricula"]
        if student in here["students"] and corpus in here["corpora"] and asked and ratio in here["ratios"]:
            found.add((student, corpus, stored, ratio))
    return found


@given(cases())
def test_a_restriction_selects_its_cells_or_is_refused(
    paper: Config, case: tuple[dict[str, list[Any]], str, dict[str, Any]]
) -> None:
    axes, section, chosen = case
    study = {**paper["study"], **axes, "adaptations": [], section: {**SECTIONS[section], **chosen}}
    problems = list(restrictions({**paper, "study": study}))
    outside = [
        f"study.{section}.{axis}[{index}]"
        for axis, values in chosen.items()
        for index, value in enumerate(values or ())
        if value not in axes[axis]
    ]
    if problems:
        keys = [spell(problem.path) for problem in problems]
        empty = keys == [f"study.{section}"] and any(not values for values in axes.values())
        assert empty or sorted(keys) == sorted(outside)
        return
    assert not outside
    found = Study.from_config({**paper, "study": study})
    models: dict[str, Any] = {"data_fractions": found.branches, "thinking_budgets": found.budgeted}
    models |= {"votes": found.sampled, "hybrid_students": found.hybrids}
    cells = [(model.student, model.corpus, model.curriculum, model.ratio) for model in models[section]()]
    assert len(cells) == len(set(cells)) and set(cells) == brute_force(axes, section, chosen) != set()


@given(cases())
def test_a_section_that_is_off_may_name_anything(
    paper: Config, case: tuple[dict[str, list[Any]], str, dict[str, Any]]
) -> None:
    axes, section, chosen = case
    study = {**paper["study"], **axes, section: {**SECTIONS[section], **chosen, **OFF[section]}}
    assert list(restrictions({**paper, "study": study})) == []


@pytest.mark.slow
@given(cases(), cases())
def test_a_section_for_the_cell_of_a_hybrid_student_is_refused(
    paper: Config, first: tuple[dict[str, list[Any]], str, dict[str, Any]], other: tuple[Any, str, dict[str, Any]]
) -> None:
    axes, section, chosen = first
    hybrids = {axis: other[2].get(axis) for axis in ("students", "corpora")}
    hybrids |= {"ratios": [0.25, 0.5], "curricula": other[2].get("curricula") or ["mix"]}
    study = {**paper["study"], **axes, section: {**SECTIONS[section], **chosen}, "hybrid_students": hybrids}
    found = list(hybrid_combinations({**paper, "study": study}))
    if section == "hybrid_students":
        assert found == []
        return
    theirs = product(
        hybrids["students"] or axes["students"],
        hybrids["corpora"] or axes["corpora"],
        hybrids["curricula"],
        [0.25, 0.5],
    )
    shared = [
        cell
        for cell in theirs
        if all(chosen.get(axis) is None or value in chosen[axis] for axis, value in zip(AXES, cell, strict=True))
    ]
    # a study without students or corpora has no hybrid students
    assert [spell(problem.path).split(".")[1] for problem in found] == ([section] if shared else [])


@pytest.mark.parametrize(
    ("values", "key", "found"),
    [
        ({"data_fractions": [0.25, 1]}, "data_fractions", "0.5"),
        ({"data_fractions": {"fractions": [0.25, 1], "ratios": [0, 0.5]}}, "data_fractions.ratios", "0.5"),
        (
            {"length_limits": {"max_tokens": [99], "ratios": [0.5], "benchmarks": ["aime"]}},
            "length_limits.ratios",
            "0.5",
        ),
        (
            {"thinking_budgets": {"tokens": [9], "percentiles": [], "ratios": [0.5, 1], "benchmarks": ["aime"]}},
            "thinking_budgets.ratios",
            "0.5",
        ),
        ({"votes": {"samples_per_item": 4, "benchmarks": ["aime"]}}, "votes.ratios", "0.5"),
    ],
)
def test_what_hybrid_students_do_not_have_is_an_error_before_the_first_job(
    root: Path, paper: Config, monkeypatch, values: Config, key: str, found: str
) -> None:
    monkeypatch.chdir(root)
    config = deepcopy(paper)
    config["study"] |= {"length_limits": {**config["study"]["length_limits"], "max_tokens": []}, **values}
    config["study"]["hybrid_students"] = {"ratios": [0.5], "curricula": ["mix"]}
    with pytest.raises(StudyError) as caught:
        check_config(config, Path("workflow/schemas/config.schema.json"), ["config/config.yaml"])
    assert caught.value.key == f"study.{key}" and str(caught.value.found).startswith(found)
    assert "0, 0.25, 0.75, 1" in str(caught.value.expected) and "study." in str(caught.value.remedy)
    # other curricula are other cells, but not under other length limits, which have no curricula
    if "length_limits" not in values:
        config["study"]["hybrid_students"]["curricula"] = ["seq-reversed"]
        section = next(iter(values))
        chosen = config["study"][section]
        own = chosen if isinstance(chosen, dict) else {"fractions": chosen}
        config["study"][section] = {**own, "curricula": ["seq", "mix"]}
        check_config(config, Path("workflow/schemas/config.schema.json"), ["config/config.yaml"])


@pytest.mark.parametrize(
    ("section", "values", "key", "found", "remedy"),
    [
        ("data_fractions", {"ratios": [0, 0.3]}, "data_fractions.ratios[1]", 0.3, "add it to study.ratios"),
        (
            "data_fractions",
            {"curricula": ["seq-reversed"]},
            "data_fractions.curricula[0]",
            "seq-reversed",
            "study.curricula",
        ),
        (
            "thinking_budgets",
            {"ratios": [1], "students": ["Gemma3-4B"]},
            "thinking_budgets.students[0]",
            "Gemma3-4B",
            "study.students",
        ),
        ("votes", {"curricula": ["mix", "seq-reversed"]}, "votes.curricula[1]", "seq-reversed", "study.curricula"),
        ("hybrid_students", {"corpora": ["math"]}, "hybrid_students.corpora[0]", "math", "study.corpora"),
    ],
)
def test_the_error_names_key_value_and_remedy(
    root: Path, paper: Config, monkeypatch, section: str, values: Config, key: str, found: Any, remedy: str
) -> None:
    monkeypatch.chdir(root)
    config = deepcopy(paper)
    config["study"] |= {"corpora": ["general"], "adaptations": [], section: {**SECTIONS[section], **values}}
    with pytest.raises(StudyError) as caught:
        check_config(config, Path("workflow/schemas/config.schema.json"), ["config/config.yaml"])
    error = caught.value
    assert (error.key, error.found) == (f"study.{key}", found)
    assert remedy in str(error.remedy) and str(error.expected).startswith("values of study.")
    # a study that trains nothing has no cell for it
    config["study"]["students"] = []
    problems = [problem for problem in restrictions(config) if problem.path == ("study", section)]
    assert [problem.found for problem in problems] == ["none, since study.students is empty"]
