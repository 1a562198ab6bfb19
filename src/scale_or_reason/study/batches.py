"""Which models one job evaluates or judges together, because loading a model may take longer than its work.

Only models without results are put into batches. A model with results has a job of its own, so the way in which work
is cut into jobs never makes a result old: Snakemake compares the times of all files of a job. Standard library only:
every cluster job imports this module through the Snakefile.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from scale_or_reason.study.cells import (
    CELL_VARIANTS,
    FORMATS,
    HYBRID_MODES,
    BudgetedCell,
    CellVariant,
    LimitedCell,
    SampledCell,
)
from scale_or_reason.study.study import Study

#: Whether a model has results of a source (a judge; "" for answers).
HasResults = Callable[[str, str], bool]


@dataclass(frozen=True)
class Group:
    """The models that a job may take together.

    ``owner``, to which they belong, and ``model_ids`` are patterns of model ids, with the fields of
    :mod:`scale_or_reason.study.cells`; ``places`` are the values of the owner's fields in the study. ``log`` names the
    log file. ``models`` are the ids of all models in the study: not every owner has every model of the group.
    """

    kind: str
    owner: str
    model_ids: tuple[str, ...]
    benchmarks: tuple[str, ...]
    log: str
    places: tuple[Mapping[str, object], ...]
    models: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Batch:
    """Models of a group for one job, by their patterns.

    ``name`` tells the batches of a study apart. ``paths``: the models of the batch as regular expressions, each behind
    the name of its source where there are sources.
    """

    name: str
    model_ids: tuple[str, ...]
    benchmarks: tuple[str, ...]
    owner: str
    log: str
    paths: tuple[str, ...]
    everywhere: bool

    def only_here(self, behind: str = "") -> str:
        """A lookahead for the first wildcard of a path: only the models of this batch. Empty if it has all owners.

        ``behind``: the text of all paths before that wildcard.
        """
        return "" if self.everywhere else f"(?={_any_of(path.removeprefix(behind) for path in self.paths)})"


def outside(batches: Iterable[Batch]) -> str:
    """A lookahead for the first wildcard of a path: no model of these batches."""
    paths = [path for batch in batches for path in batch.paths]
    return f"(?!{_any_of(paths)})" if paths else ""


def evaluation_groups(study: Study, by_student: bool) -> list[Group]:
    """The models that one job evaluates: all numbers of shots of a base student, with ``by_student`` all of a student.

    The modes of the teacher, which every study has together, are no group here.
    """
    groups = _groups(study)
    return [group for group in groups if group.kind == "base_student" or (by_student and group.kind in _STUDENTS)]


def judging_groups(study: Study) -> list[Group]:
    """The models that one job may judge. A group never spans students, corpora or numbers of benchmarks."""
    return _groups(study)


def budget_groups(study: Study, by_student: bool) -> list[Group]:
    """The models under thinking budgets that continue their answers in one job; none without ``by_student``."""
    return [group for group in _groups(study) if by_student and group.kind == WITHIN_BUDGET]


def vote_groups(study: Study, by_student: bool) -> list[Group]:
    """The models whose further answers one job generates; none without ``by_student``."""
    return [group for group in _groups(study) if by_student and group.kind == FOR_VOTES]


def without_variants(model_ids: Iterable[str]) -> list[str]:
    """The same models without thinking budgets and further answers, each once; of ids or patterns of ids."""
    return list(dict.fromkeys(re.split(_VARIANT, model_id)[0] for model_id in model_ids))


WITHIN_BUDGET, FOR_VOTES = "student_within_budget", "student_for_votes"
_VARIANT = "|".join(f"/{kind.suffix}-" for kind in (BudgetedCell, SampledCell))
_STUDENTS = ("student", "adapted_student")


def _groups(study: Study) -> list[Group]:
    students = [{"student": name} for name in study.students]
    seeds = [{"seed": seed} for seed in study.seeds]
    corpora = [{"corpus": name} for name in study.grid_corpora]
    cells = tuple({**corpus, **student, **seed} for corpus, student, seed in product(corpora, students, seeds))
    adapted = tuple({**student, **seed} for student, seed in product(students, seeds))
    teachers = ({"teacher": study.teacher.name},) if study.teacher else ()
    modes = product(_with_seed(study.hybrid_variants()), HYBRID_MODES)
    models = frozenset(model.model_id for model in study.answering())

    def group(
        kind: str,
        owner: str,
        log: str,
        variants: Iterable[str],
        places: Iterable[Mapping[str, object]],
        benchmarks: tuple[str, ...] = study.benchmarks,
    ) -> Group:
        ids = tuple(f"{owner}/{variant}" for variant in variants)
        return Group(kind, owner, ids, benchmarks, f"{owner}{log}", tuple(places), models)

    student = "{corpus}/{student}"
    variants = [*study.variants(), *study.branch_variants()]
    groups = [
        group("student", student, "/seed-{seed}", _with_seed(variants), cells),
        group("hybrid_student", student, "/seed-{seed}/hybrid", [f"{path}/{mode.mode}" for path, mode in modes], cells),
        group("adapted_student", "adapted/{student}", "/seed-{seed}", _with_seed(study.adapted_variants()), adapted),
        group("base_student", "base/{student}", "", [f"shots-{count}" for count in study.base_shots], students),
        group("teacher", "teacher/{teacher}", "", FORMATS, teachers),
    ]
    for kind, cell_kind, own, benchmarks in (
        ("student_within_limit", LimitedCell, study.limited(), study.length_limits.benchmarks),
        (WITHIN_BUDGET, BudgetedCell, study.budgeted(), study.thinking_budgets.benchmarks),
        (FOR_VOTES, SampledCell, study.sampled(), study.votes.benchmarks),
    ):
        log = f"/seed-{{seed}}/{cell_kind.suffix}"
        groups.append(group(kind, student, log, _with_setting(own), cells, benchmarks))
    return [group for group in groups if group.model_ids and group.places]


def _with_seed(variants: Iterable[str]) -> list[str]:
    return [f"{variant}/seed-{{seed}}" for variant in variants]


def _with_setting(cells: Sequence[CellVariant]) -> list[str]:
    """The cells of all owners and seeds: what follows the student in a model id."""
    return list(dict.fromkeys(f"{cell.mixture_part}/seed-{{seed}}/{cell.setting_part}" for cell in cells))


def batches(groups: Iterable[Group], sources: Sequence[str], size: int | None, has_results: HasResults) -> list[Batch]:
    """The models without results, in batches of up to ``size``; None for whole groups.

    Owners with the same models left share a batch, which is one rule. A batch is named ``KIND_NUMBER`` if it is one of
    those of an empty study (``KIND`` for whole groups), otherwise ``KIND_of_MASK`` with its models as bits. At size 1
    there are no batches.
    """
    if size == 1:
        return []
    found = []
    for group in groups:
        members: dict[tuple[int, ...], list[str]] = {}
        for source, place in product(sources, group.places):
            ids = [model_id.format(**place) for model_id in group.model_ids]
            own = [number for number, model_id in enumerate(ids) if model_id in group.models]
            left = [number for number in own if not has_results(source, ids[number])]
            for chunk in _chunks(left, size):
                members.setdefault(chunk, []).extend(
                    _path(re.escape(source), re.escape(ids[number])) for number in chunk
                )
        for chunk, paths in sorted(members.items()):
            everywhere = len(paths) == len(chunk) * len(group.places) * len(sources)
            found.append(_batch(group, chunk, size, None if everywhere else paths, sources))
    return found


def named_batches(
    groups: Iterable[Group], sources: Sequence[str], size: int | None, names: Iterable[str]
) -> list[Batch]:
    """All batches of an empty study, and those of ``names``: what a cluster job may have to make.

    The process that submitted the job has decided which models are left; here nothing is looked up.
    """
    groups, named = list(groups), set(names)
    found = batches(groups, sources, size, lambda source, model_id: False)
    for group in groups:
        for name in sorted(named - {batch.name for batch in found}):
            if match := re.fullmatch(rf"{group.kind}_of_([0-9a-f]+)", name):
                mask = int(match[1], 16)
                chunk = tuple(number for number in range(len(group.model_ids)) if mask >> number & 1)
                found.append(_batch(group, chunk, size, None, sources))
    return found


def _chunks(numbers: Sequence[int], size: int | None) -> list[tuple[int, ...]]:
    step = size or len(numbers) or 1
    return [tuple(numbers[first : first + step]) for first in range(0, len(numbers), step)]


def _batch(
    group: Group, chunk: tuple[int, ...], size: int | None, paths: Sequence[str] | None, sources: Sequence[str]
) -> Batch:
    """The batch of some models of a group: of all owners (``paths`` None), or of those in ``paths``."""
    usual = _chunks(range(len(group.model_ids)), size)
    mark = f"{usual.index(chunk) + 1}" if chunk in usual else f"of_{sum(1 << number for number in chunk):x}"
    unmarked = chunk in usual and size is None
    ids = tuple(group.model_ids[number] for number in chunk)
    anywhere = [_path("" if list(sources) == [""] else "[^/]+", _any_owner(model_id)) for model_id in ids]
    return Batch(
        name=group.kind if unmarked else f"{group.kind}_{mark}",
        model_ids=ids,
        benchmarks=group.benchmarks,
        owner=group.owner,
        log=group.log if unmarked else f"{group.log}/batch-{mark.replace('_', '-')}",
        paths=tuple(anywhere if paths is None else paths),
        everywhere=paths is None,
    )


def _any_owner(model_id: str) -> str:
    return re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(model_id))


def _path(source: str, model_id: str) -> str:
    return f"{source}/{model_id}" if source else model_id


def _any_of(paths: Iterable[str]) -> str:
    # the same cell under another setting is another model
    settings = "|".join(f"{kind.suffix}-" for kind in CELL_VARIANTS)
    return f"(?:{'|'.join(paths)})(?:/(?!{settings})|$)"
