"""Targets on the command line that name a part of the study which the study does not select.

Snakemake would report a rule's missing inputs, or that no rule makes the file.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, NoReturn

from scale_or_reason.benchmarks.names import BENCHMARK_NAMES
from scale_or_reason.common.errors import StudyError
from scale_or_reason.study.local_files import RESULTS
from scale_or_reason.study.problems import did_you_mean

#: Folders of results by student, corpus, judge, teacher or benchmark; the names below them are those of entries.
_FOLDERS = (
    "answers",
    "benchmarks",
    "hybrid_tokens",
    "learning_rates",
    "mixtures",
    "models",
    "pairs",
    "prompts",
    "scores",
    "tokens",
    "verdicts",
)
_SUFFIXES = (".parquet", ".json", ".csv", ".pool")
#: Options of Snakemake whose value is a path and no target.
_OPTIONS = ("-d", "--directory", "--report", "--archive")


def requested_results(words: Sequence[str]) -> Iterator[str]:
    """The results that a command line requests: Snakemake reads its targets after the Snakefile."""
    for before, word in zip(["", *words], words, strict=False):
        if word.startswith(f"{RESULTS}/") and before not in _OPTIONS:
            yield word


def check_targets(words: Sequence[str], config: Mapping[str, Any], *, as_module: bool = False) -> None:
    """Raise :class:`StudyError` for the first result on the command line of something that the study does not select.

    ``config`` is checked. With ``as_module``, results of other studies belong to the including workflow.
    """
    selected = _selected(config)
    for target in requested_results(words):
        _, study, *parts = PurePosixPath(target).parts
        if study != config["study"]["name"]:
            if parts and not as_module:
                raise _other_study(target, study, config["study"]["name"])
            continue
        if "hybrid" in parts and not config["study"]["hybrid_students"]["ratios"]:
            raise _no_hybrids(target)
        for part in parts[1:] if parts and parts[0] in _FOLDERS else ():
            name = _without_suffixes(part)
            if not any(name in entry.chosen for entry in selected):
                for entry in selected:
                    if name in entry.known:
                        raise _not_selected(target, name, entry)


@dataclass(frozen=True)
class _Selection:
    """The entries of one kind: those that exist and those that the study selects, in ``key``."""

    kind: str
    key: str
    known: Collection[str]
    chosen: list[str]


def _selected(config: Mapping[str, Any]) -> list[_Selection]:
    study = config["study"]
    corpora = [*study["corpora"], *([study["adaptation_corpora"]["to"]] if study["adaptations"] else [])]
    benchmarks = [name for family in study["families"] for name in family["benchmarks"]]
    return [
        _Selection("student", "study.students", config["students"], study["students"]),
        _Selection("corpus", "study.corpora", config["corpora"], corpora),
        _Selection("judge", "study.judges", config["judges"], study["judges"]),
        _Selection("teacher", "study.teacher", config["teachers"], [study["teacher"]] if study["teacher"] else []),
        _Selection("benchmark", "study.families", (*BENCHMARK_NAMES, *config["benchmarks"]["own"]), benchmarks),
    ]


def _without_suffixes(name: str) -> str:
    for suffix in _SUFFIXES:
        name = name.removesuffix(suffix)
    return name


def _not_selected(target: str, name: str, entry: _Selection) -> StudyError:
    return StudyError(
        f"the study does not select this {entry.kind}",
        where=target,
        key=entry.key,
        found=name,
        expected=f"one of {', '.join(entry.chosen)}" if entry.chosen else "nothing: the study selects none",
        remedy=f"request one of those, or add {name} to {entry.key}; give all overlays of the study after --configfile",
    )


def _no_hybrids(target: str) -> StudyError:
    return StudyError(
        "the study has no hybrid students",
        where=target,
        key="study.hybrid_students.ratios",
        found="[]",
        expected="the reasoning ratios of hybrid students",
        remedy="set them, for example to [0.5], or give the overlay config/studies/hybrid.yaml after --configfile",
    )


def refuse_unknown(target: str, rules: Iterable[str], files: Iterable[str], results: str) -> NoReturn:
    """Raise :class:`StudyError` for ``target``, which no rule makes and which does not exist, with the nearest one.

    ``rules`` are names of rules that people request, ``files`` paths of results; ``results`` is the study's folder.
    """
    folder = f"{results}/"
    if target.startswith(folder):
        near = did_you_mean(target.removeprefix(folder), (file.removeprefix(folder) for file in files))
        near = near and near.replace("'", f"'{folder}", 1)
    else:
        near = did_you_mean(target, rules)
    raise StudyError(
        "nothing makes this target",
        where="the command line",
        found=target,
        expected="a rule that `snakemake --list-target-rules` lists, or a file of docs/reference/results.md",
        remedy=near or "correct the name; values of --config and --configfile end with the next option or with --",
    )


def _other_study(target: str, found: str, name: str) -> StudyError:
    return StudyError(
        "this is a result of another study",
        where=target,
        key="study.name",
        found=found,
        expected=name,
        remedy=did_you_mean(found, [name]) or f"give the overlays of {found} after --configfile",
    )
