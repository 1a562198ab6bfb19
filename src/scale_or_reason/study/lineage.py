"""The lineage of a model: its trainings in order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from scale_or_reason.common.errors import StudyError
from scale_or_reason.study.cells import (
    Adaptation,
    AnyModel,
    Cell,
    CellVariant,
    HybridMode,
    format_ratio,
    ratio_of_format,
)


@dataclass(frozen=True)
class Training:
    """One pass over a mixture; ``model_id`` is the resulting model."""

    model_id: str
    corpus: str
    curriculum: str
    ratio: float
    data_fraction: float = 1.0

    @property
    def mixture(self) -> str:
        """The part of the mixture's path below ``mixtures/``, without the suffix; of the whole mixture."""
        return f"{self.corpus}/{self.curriculum}/rho-{format_ratio(self.ratio)}"


def lineage(model: AnyModel, adaptation_corpora: Mapping[str, str]) -> tuple[Training, ...]:
    """The trainings of a model, the last one last; none for models that are not trained here.

    ``adaptation_corpora`` gives the corpora ``from`` and ``to`` which students are adapted (v1 section 3.3). Raises
    :class:`StudyError` if the model is an adaptation and one of them is missing.
    """
    if isinstance(model, Adaptation):
        if not {"from", "to"} <= adaptation_corpora.keys():
            raise StudyError(
                "the training corpora of an adaptation are unknown",
                where=model.model_id,
                key="adaptation_corpora",
                found=dict(adaptation_corpora),
                expected='{"from": CORPUS, "to": CORPUS}',
                remedy="give both, as in study.adaptation_corpora of the config",
            )
        start = Cell(adaptation_corpora["from"], model.student, "seq", ratio_of_format(model.first), model.seed)
        second = Training(model.model_id, adaptation_corpora["to"], "seq", ratio_of_format(model.second))
        return (*lineage(start, adaptation_corpora), second)
    if isinstance(model, CellVariant | HybridMode):
        return lineage(model.cell, adaptation_corpora)
    if isinstance(model, Cell):
        return (Training(model.model_id, model.corpus, model.curriculum, model.ratio, model.data_fraction),)
    return ()
