"""The inputs of figures: the tables of a study, and its expected models and benchmarks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import polars as pl

from scale_or_reason.common.table_schemas import SCHEMAS
from scale_or_reason.scoring.model_points import of_whole_data


@dataclass(frozen=True)
class Results:
    """Tables by their names in ``SCHEMAS``, and settings of the study; a figure type uses those that the registry
    names.

    ``sizes`` maps each expected student to billions of parameters, ``families`` each family to its benchmarks.
    ``corpora`` are those of the grid, the main one first. ``adaptations`` have the form ``ift-then-reasoning`` and lead
    ``from`` one of ``adaptation_corpora`` ``to`` the other. ``shots`` is the one of ``base_shots`` that is shown,
    ``limits`` are the token limits of answers on ``limited_benchmarks``.
    """

    tables: Mapping[str, pl.DataFrame]
    sizes: Mapping[str, float] = field(default_factory=dict)
    families: Mapping[str, Sequence[str]] = field(default_factory=dict)
    corpora: Sequence[str] = ()
    ratios: Sequence[float] = ()
    curricula: Sequence[str] = ()
    adaptations: Sequence[str] = ()
    adaptation_corpora: Mapping[str, str] = field(default_factory=dict)
    base_shots: Sequence[int] = ()
    shots: int = 3
    limits: Sequence[int] = ()
    limited_benchmarks: Sequence[str] = ()
    seed: int = 0
    #: The parts of their mixture that cells are trained on, and whether tables show models on a part.
    data_fractions: Sequence[float] = (1.0,)
    shows_parts: bool = False
    #: The ``students`` and ``ratios`` of the main corpus that have parts below 1; None: all.
    part_cells: Mapping[str, Sequence[Any]] | None = None

    @classmethod
    def from_settings(cls, tables: Mapping[str, pl.DataFrame], settings: Mapping[str, Any]) -> Results:
        """From settings in the config's format: ``families`` is a list of ``{"name": ..., "benchmarks": [...]}``."""
        families = {family["name"]: tuple(family["benchmarks"]) for family in settings.get("families", [])}
        return cls(tables, **{**settings, "families": families})

    def table(self, name: str) -> pl.DataFrame:
        """A table, without models on a part of the data unless ``shows_parts``; empty if the study does not have it."""
        table = self.tables.get(name, pl.DataFrame(schema=SCHEMAS[name]))
        return table if self.shows_parts else of_whole_data(table)

    def with_parts(self) -> Results:
        """The same, with models that were trained on a part of a mixture."""
        return replace(self, shows_parts=True)

    def has_part(self, student: str, ratio: float, fraction: float) -> bool:
        """Whether the study trains a student of the main corpus at a ratio on a part of the data."""
        chosen = self.part_cells
        return fraction == 1 or chosen is None or (student in chosen["students"] and ratio in chosen["ratios"])

    @property
    def corpus(self) -> str | None:
        """The main corpus; None in a study without trainings."""
        return self.corpora[0] if self.corpora else None

    @property
    def students(self) -> list[str]:
        """The expected students by ascending size."""
        return sorted(self.sizes, key=lambda name: self.sizes[name])
