"""The stages of a study, and the units of work of which an estimate is made."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from scale_or_reason.planning.assumptions import Calls
from scale_or_reason.study.catalogue import AdoptedModel, Judge, Student, TeacherModel

#: Stages in order; ``MODEL_STAGES`` run models and need GPUs.
MODEL_STAGES = ("generation", "learning_rates", "training", "evaluation", "judging")
STAGES = (
    "prompts",
    "benchmarks",
    "generation",
    "pairs",
    "mixtures",
    "learning_rates",
    "training",
    "evaluation",
    "judging",
    "grading",
    "scores",
)
#: Stages with forward and backward passes; the others prefill and decode.
TRAINING_STAGES = ("learning_rates", "training")


@dataclass(frozen=True)
class Unit:
    """The part of a job that belongs to one cell.

    ``rule`` is the name of the job's timings, ``job`` identifies a job of the stage. ``target`` is the file that is
    written last: the unit is done if it exists. ``calls`` is empty for jobs without a model. ``context``: the engine's
    longest sequence, 0 if not set. ``longest``: the most tokens of a completion. ``disk``: bytes of its output, without
    generated text. ``mixed``: a training whose steps contain both answer formats.
    """

    stage: str
    rule: str
    job: str
    cell: str
    target: Path
    model: Student | TeacherModel | AdoptedModel | Judge | None = None
    calls: tuple[Calls, ...] = ()
    context: int = 0
    longest: int = 0
    disk: float = 0.0
    mixed: bool = False

    @property
    def done(self) -> bool:
        """Whether its result exists."""
        return self.target.exists()
