"""Which models a judge takes in one job: loading a heavy judge takes longer than judging a model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from scale_or_reason.study.cells import FORMATS
from scale_or_reason.study.study import Study


@dataclass(frozen=True)
class Batch:
    """A rule's name, the model ids it takes as patterns of a path, what these models were asked, and whose they are.

    ``log``: the part that the ids have in common, with the batch's number, as the name of its log.
    """

    rule: str
    model_ids: tuple[str, ...]
    benchmarks: tuple[str, ...]
    whose: str
    log: str


def judging_batches(study: Study, size: int) -> list[Batch]:
    """The study's models, up to ``size`` of one student at a time, and rules for any other model.

    Batches never reach over students or corpora, so that a student more or less in a study makes no other one be judged
    again. Models under another limit on the length of answers are asked less, and have batches of their own. At size 1
    every model is alone.
    """
    own, limited = study.benchmarks, study.length_limits.benchmarks
    alone = [Batch("judge_answers", ("{model_id}",), own, "{wildcards.model_id}", "{model_id}")]
    if limited:
        within = Batch("judge_within_limit", ("{limited_id}",), limited, "{wildcards.limited_id}", "{limited_id}")
        alone.append(within)
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
    size: int, kind: str, start: str, end_of_log: str, parts: Sequence[str], benchmarks: tuple[str, ...]
) -> list[Batch]:
    ids = [f"{start}/{part}" for part in parts]
    whose = start.replace("{", "{wildcards.")
    groups = [tuple(ids[first : first + size]) for first in range(0, len(ids), size)]
    return [
        Batch(f"judge_{kind}_{number}", group, benchmarks, whose, f"{start}{end_of_log}/batch-{number}")
        for number, group in enumerate(groups, start=1)
    ]
