"""Settings for some cells only: each value that restricts them must be one of the study's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from scale_or_reason.study.problems import Problem
from scale_or_reason.study.selection import data_fractions_of

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
    if section == "length_limits":
        return bool(study[section]["max_tokens"])
    if section == "votes":
        return bool(study[section]["samples_per_item"] > 1)
    return bool(study[section]["ratios"])


#: What hybrid students do not have, by section.
_NOT_OF_HYBRIDS = {
    "data_fractions": "parts of the data",
    "length_limits": "other length limits",
    "thinking_budgets": "thinking budgets",
    "votes": "votes",
}


def hybrid_combinations(config: Config) -> Iterator[Problem]:
    """Sections that select the cell of a hybrid student, which would have nothing of them without a message."""
    study = config["study"]
    hybrids = study["hybrid_students"]
    for section, meaning in _NOT_OF_HYBRIDS.items():
        chosen = study[section] if isinstance(study[section], Mapping) else {}
        if not (_is_on(study, "hybrid_students") and _is_on(study, section) and _share_a_cell(study, hybrids, chosen)):
            continue
        shared = [ratio for ratio in hybrids["ratios"] if ratio in (chosen.get("ratios") or hybrids["ratios"])]
        others = [ratio for ratio in study["ratios"] if ratio not in hybrids["ratios"]]
        key = ("ratios",) if chosen else ()
        found = f"{_listed(shared)}, for cells of hybrid students"
        expected = (
            f"cells without hybrid students, such as those of the ratios {_listed(others) or 'of plain mixtures'}"
        )
        remedy = f"restrict study.{section} to other ratios, students, corpora or curricula"
        if section == "length_limits":
            remedy = "set study.length_limits.ratios to other ratios"
        problem = f"hybrid students have no {meaning}"
        yield Problem(("study", section, *key), problem, found, expected, remedy)


def _share_a_cell(study: Config, hybrids: Config, chosen: Config) -> bool:
    """Whether a section selects a cell of hybrid students; a key that is absent selects all."""

    def values(section: Config, axis: str) -> set[Any] | None:
        return None if section.get(axis) is None else set(section[axis])

    for axis in _AXES:
        own, others = values(hybrids, axis), values(chosen, axis)
        own = set(study[axis]) if own is None else own
        if not own or (others is not None and not own & others):
            return False
    return True


def _listed(values: Sequence[Any]) -> str:
    return ", ".join(map(str, values))
