"""Which models a judge takes in one job: loading a heavy judge takes longer than judging a model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from scale_or_reason.study.cells import FORMATS
from scale_or_reason.study.study import Study


@dataclass(frozen=True)
class Batch:
    """Models that a judge takes in one job.

    ``name`` tells the batches of a study apart. ``model_ids`` and ``owner``, which all of them belong to, are patterns
    of model ids; their fields are those of :mod:`scale_or_reason.study.cells`. ``log`` names the log file.
    """

    name: str
    model_ids: tuple[str, ...]
    benchmarks: tuple[str, ...]
    owner: str
    log: str


def judging_batches(study: Study, size: int) -> list[Batch]:
    """Up to ``size`` models of one student at a time, and one batch for each other model.

    A batch never spans students or corpora, so that adding or removing a student judges no other student again. Models
    under another length limit answer fewer benchmarks and have separate batches. At size 1 every model is alone.
    """
    own, limited = study.benchmarks, study.length_limits.benchmarks
    alone = [Batch("answers", ("{model_id}",), own, "{model_id}", "{model_id}")]
    if limited:
        alone.append(Batch("within_limit", ("{limited_id}",), limited, "{limited_id}", "{limited_id}"))
    if size == 1:
        return alone
    cells = [f"{variant}/seed-{{seed}}" for variant in study.variants()]
    adapted = [f"{variant}/seed-{{seed}}" for variant in study.adapted_variants()]
    shots = [f"shots-{count}" for count in study.base_shots]
    formats = FORMATS if study.teacher else ()
    within_limits = [f"{variant}/seed-{{seed}}/max-tokens-{count}" for variant, count in study.limited_variants()]
    several = [
        ("student", "{corpus}/{student}", "/seed-{seed}", cells, own),
        ("adapted_student", "adapted/{student}", "/seed-{seed}", adapted, own),
        ("base_student", "base/{student}", "", shots, own),
        ("teacher", "teacher/{teacher}", "", formats, own),
        ("student_within_limit", "{corpus}/{student}", "/seed-{seed}/max-tokens", within_limits, limited),
    ]
    return [*alone, *(batch for kind in several for batch in _batches(size, *kind))]


def _batches(
    size: int, kind: str, owner: str, log_suffix: str, variants: Sequence[str], benchmarks: tuple[str, ...]
) -> list[Batch]:
    ids = [f"{owner}/{variant}" for variant in variants]
    groups = [tuple(ids[first : first + size]) for first in range(0, len(ids), size)]
    return [
        Batch(f"{kind}_{number}", group, benchmarks, owner, f"{owner}{log_suffix}/batch-{number}")
        for number, group in enumerate(groups, start=1)
    ]
