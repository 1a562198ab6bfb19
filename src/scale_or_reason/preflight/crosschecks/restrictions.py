"""Settings for some cells only: each value that restricts them must be one of the study's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from scale_or_reason.study.problems import Problem
from scale_or_reason.study.study import data_fractions_of

Config = Mapping[str, Any]

#: The axes of the grid that a section may restrict.
_AXES = ("students", "corpora", "curricula", "ratios")
#: What a section restricts, and how to turn it off.
_SECTIONS = {
    "data_fractions": ("parts of the data", "set study.data_fractions to [1]"),
    "thinking_budgets": ("thinking budgets", "set study.thinking_budgets.tokens and percentiles to []"),
    "votes": ("votes", "set study.votes.samples_per_item to 1"),
    "hybrid_students": ("hybrid students", "set study.hybrid_students.ratios to []"),
}
#: Ratios and curricula of hybrid students are their own: a study need not train others of the same kind.
_OWN = {"hybrid_students": ("curricula", "ratios")}


def restrictions(config: Config) -> Iterator[Problem]:
    """Values outside the study, and sections that are set in a study without a cell for them.

    A section that is turned off may name anything: an overlay that turns it off need not repeat its lists.
    """
    study = config["study"]
    for section, (meaning, off) in _SECTIONS.items():
        if not _is_on(study, section):
            continue
        missing = [axis for axis in _restricted(section) if not study[axis]]
        if missing:
            found = f"none, since study.{missing[0]} is empty"
            problem, remedy = f"no cell is left for {meaning}", f"add to study.{missing[0]}, or {off}"
            yield Problem(("study", section), problem, found, "at least one trained cell", remedy)
            continue
        yield from _outside(study, section)


def _outside(study: Config, section: str) -> Iterator[Problem]:
    chosen = study[section] if isinstance(study[section], Mapping) else {}
    for axis in _restricted(section):
        for index, value in enumerate(chosen.get(axis) or ()):
            if value in study[axis]:
                continue
            remedy = f"remove it here, or add it to study.{axis}"
            problem = f"{_SECTIONS[section][0]} are restricted to what the study does not have"
            expected = f"values of study.{axis}: {', '.join(map(str, study[axis]))}"
            yield Problem(("study", section, axis, index), problem, value, expected, remedy)


def _restricted(section: str) -> list[str]:
    return [axis for axis in _AXES if axis not in _OWN.get(section, ())]


def _is_on(study: Config, section: str) -> bool:
    if section == "data_fractions":
        return any(fraction < 1 for fraction in data_fractions_of(study)["fractions"])
    if section == "thinking_budgets":
        return bool(study[section]["tokens"] or study[section]["percentiles"])
    if section == "votes":
        return bool(study[section]["samples_per_item"] > 1)
    return bool(study[section]["ratios"])
