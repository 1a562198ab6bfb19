"""Settings for some cells only: each value that restricts them must be one of the study's."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scale_or_reason.study.problems import Problem
from scale_or_reason.study.selection import data_fractions_of

Config = Mapping[str, Any]

#: The axes of the grid that a section may restrict.
_AXES = ("students", "corpora", "curricula", "ratios")
_HYBRIDS = "hybrid_students"


@dataclass(frozen=True)
class _Section:
    """A section of ``study`` that applies to some cells only."""

    #: What it gives these cells.
    meaning: str
    #: How to turn it off.
    off: str
    #: Whether the section ``study`` of a config turns it on.
    is_on: Callable[[Config], bool]
    #: The axes whose values must be the study's.
    restricted: tuple[str, ...] = _AXES


_SECTIONS = {
    "data_fractions": _Section(
        "parts of the data",
        "set study.data_fractions to [1]",
        lambda study: any(fraction < 1 for fraction in data_fractions_of(study)["fractions"]),
    ),
    # the section may keep ratios that the study does not have, so that a smaller study need not repeat the list
    "length_limits": _Section(
        "other length limits",
        "set study.length_limits.max_tokens to []",
        lambda study: bool(study["length_limits"]["max_tokens"]),
        restricted=(),
    ),
    "thinking_budgets": _Section(
        "thinking budgets",
        "set study.thinking_budgets.tokens and percentiles to []",
        lambda study: bool(study["thinking_budgets"]["tokens"] or study["thinking_budgets"]["percentiles"]),
    ),
    "votes": _Section(
        "votes",
        "set study.votes.samples_per_item to 1",
        lambda study: bool(study["votes"]["samples_per_item"] > 1),
    ),
    # a study need not train others with the ratios and curricula of its hybrid students
    _HYBRIDS: _Section(
        "hybrid students",
        "set study.hybrid_students.ratios to []",
        lambda study: bool(study[_HYBRIDS]["ratios"]),
        restricted=("students", "corpora"),
    ),
}


def restrictions(config: Config) -> Iterator[Problem]:
    """Values outside the study, and sections that are set in a study without a cell for them.

    A section that is turned off may name anything: an overlay that turns it off need not repeat its lists.
    """
    study = config["study"]
    for name, section in _SECTIONS.items():
        if not section.is_on(study):
            continue
        missing = [axis for axis in section.restricted if not study[axis]]
        if missing:
            found = f"none, since study.{missing[0]} is empty"
            problem = f"no cell is left for {section.meaning}"
            remedy = f"add to study.{missing[0]}, or {section.off}"
            yield Problem(("study", name), problem, found, "at least one trained cell", remedy)
            continue
        yield from _outside(study, name, section)


def _outside(study: Config, name: str, section: _Section) -> Iterator[Problem]:
    """The values of a section that the study does not have."""
    chosen = _choice(study, name)
    for axis in section.restricted:
        for index, value in enumerate(chosen.get(axis) or ()):
            if value in study[axis]:
                continue
            remedy = f"remove it here, or add it to study.{axis}"
            problem = f"{section.meaning} are restricted to what the study does not have"
            expected = f"values of study.{axis}: {_listed(study[axis])}"
            yield Problem(("study", name, axis, index), problem, value, expected, remedy)


def _choice(study: Config, name: str) -> Config:
    """The keys of a section; none for the short form of ``data_fractions``, which is a list."""
    return study[name] if isinstance(study[name], Mapping) else {}


def hybrid_combinations(config: Config) -> Iterator[Problem]:
    """Sections that select the cell of a hybrid student, which would have nothing of them without a message."""
    study = config["study"]
    hybrids = study[_HYBRIDS]
    if not _SECTIONS[_HYBRIDS].is_on(study):
        return
    for name, section in _SECTIONS.items():
        chosen = _choice(study, name)
        if name == _HYBRIDS or not section.is_on(study) or not _share_a_cell(study, hybrids, chosen):
            continue
        shared = [ratio for ratio in hybrids["ratios"] if ratio in (chosen.get("ratios") or hybrids["ratios"])]
        others = [ratio for ratio in study["ratios"] if ratio not in hybrids["ratios"]]
        key = ("ratios",) if chosen else ()
        found = f"{_listed(shared)}, for cells of hybrid students"
        expected = (
            f"cells without hybrid students, such as those of the ratios {_listed(others) or 'of plain mixtures'}"
        )
        remedy = f"restrict study.{name} to other ratios, students, corpora or curricula"
        if name == "length_limits":  # which restricts ratios only
            remedy = "set study.length_limits.ratios to other ratios"
        problem = f"hybrid students have no {section.meaning}"
        yield Problem(("study", name, *key), problem, found, expected, remedy)


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
