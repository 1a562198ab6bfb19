"""Which models a judge takes in one job: loading a heavy judge takes longer than judging a model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from scale_or_reason.cells import FORMATS
from scale_or_reason.study import Study


@dataclass(frozen=True)
class Batch:
    """A rule's name, the model ids it takes as patterns of a path, and whose they are.

    ``log``: the part that the ids have in common, with the batch's number, as the name of its log.
    """

    rule: str
    model_ids: tuple[str, ...]
    whose: str
    log: str


#: A model alone.
ALONE = Batch("judge_answers", ("{model_id}",), "{wildcards.model_id}", "{model_id}")


def judging_batches(study: Study, size: int) -> list[Batch]:
    """The study's models, up to ``size`` of one student at a time, and :data:`ALONE` for any other.

    Batches never reach over students or corpora, so that a student more or less in a study makes no other one be judged
    again. At size 1 every model is alone.
    """
    if size == 1:
        return [ALONE]
    shots = [f"shots-{count}" for count in study.base_shots]
    formats = FORMATS if study.teacher else ()
    return [
        ALONE,
        *_batches("student", "{corpus}/{student}", study.variants(), size, end="/seed-{seed}"),
        *_batches("adapted_student", "adapted/{student}", study.adapted_variants(), size, end="/seed-{seed}"),
        *_batches("base_student", "base/{student}", shots, size),
        *_batches("teacher", "teacher/{teacher}", formats, size),
    ]


def _batches(kind: str, start: str, parts: Sequence[str], size: int, end: str = "") -> list[Batch]:
    ids = [f"{start}/{part}{end}" for part in parts]
    whose = start.replace("{", "{wildcards.")
    groups = [tuple(ids[first : first + size]) for first in range(0, len(ids), size)]
    return [
        Batch(f"judge_{kind}_{number}", group, whose, f"{start}{end}/batch-{number}")
        for number, group in enumerate(groups, start=1)
    ]
