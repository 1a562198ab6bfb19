"""A study as the papers' statements speak of it: students by their place, corpora, equal size, equal cost.

The papers have five students; a statement about "3B" is about the middle one, whatever it is called.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

from scale_or_reason.analysis.contrasts import competitors, ift_curve
from scale_or_reason.analysis.matched import accuracy_at, cost_at
from scale_or_reason.scoring.evidence import Evidence
from scale_or_reason.study.families import MAIN_FAMILIES
from scale_or_reason.study.labels import size_label

Floats = NDArray[np.float64]

IFT, REASONING = 0.0, 1.0
OPEN_ENDED = ("General-OE", "Math-OE")
MULTIPLE_CHOICE = ("General-MC", "Math-MC")
MATH = ("Math-OE", "Math-MC")
GENERAL = ("General-OE", "General-MC")
#: The places of students, and the sizes that have them in the papers.
PLACES = {"smallest": "0.5B", "second": "1.5B", "middle": "3B", "fourth": "7B", "largest": "14B"}


class Missing(Exception):
    """What a statement is about is not there."""


@dataclass
class StudyView:
    """Values of ``evidence`` for one statement, which notes the cells that it looks at in ``used``.

    ``corpora`` are the general one and, if there is one, the narrow one (mathematics in the papers). ``stopped`` and
    ``limits`` are the tables ``early_stopping`` and ``length_limits``, where there are any; ``rates`` are the peak
    rates that a learning-rate search chose, by student and format. Accuracies are in per cent.
    """

    evidence: Evidence
    corpora: Sequence[str]
    stopped: pl.DataFrame | None = None
    limits: pl.DataFrame | None = None
    rates: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    used: dict[str, None] = field(default_factory=dict)

    @property
    def students(self) -> list[str]:
        """Names of the trained students, from small to large."""
        trained = self.evidence.cells.filter(kind="distilled").sort("size_b")
        if trained.is_empty():
            raise Missing("trained students")
        return trained["student"].unique(maintain_order=True).to_list()

    @property
    def families(self) -> list[str]:
        """The papers' main families, those that are there."""
        found = [name for name in MAIN_FAMILIES if name in self.evidence.families]
        if not found:
            raise Missing(f"none of the families {', '.join(MAIN_FAMILIES)}")
        return found

    @property
    def general(self) -> str:
        """The general corpus: the study's first."""
        if not self.corpora:
            raise Missing("a corpus to train on")
        return self.corpora[0]

    @property
    def math(self) -> str:
        """The narrow corpus: the study's second."""
        if len(self.corpora) < 2:
            raise Missing("a second corpus")
        return self.corpora[1]

    def student(self, place: str) -> str:
        """The student at a place of ``PLACES``; three students are the smallest, the middle and the largest."""
        students = self.students
        number = list(PLACES).index(place)
        if len(students) == len(PLACES):
            return students[number]
        if len(students) == 3 and number % 2 == 0:
            return students[number // 2]
        raise Missing(f"five students (there are {len(students)})")

    def size(self, place: str) -> str:
        """What the student at a place is called in text."""
        try:
            sizes = self.evidence.cells.filter(student=self.student(place))["size_b"]
        except Missing:
            return f"the {place} student"
        return size_label(sizes[0]) if sizes[0] is not None else self.student(place)

    def from_place(self, place: str) -> list[str]:
        """The students from a place upwards."""
        students = self.students
        return students[students.index(self.student(place)) :]

    def accuracy(self, student: str, ratio: float, task: str, corpus: str = "", curriculum: str = "seq") -> Floats:
        """Accuracy in per cent, (1 + replicates,), of students of the general corpus unless another one is named."""
        return 100 * self._value("accuracy", self.cell(student, ratio, corpus, curriculum), task)

    def shift(self, student: str, task: str, corpus: str = "") -> Floats:
        """What reasoning adds to IFT, in points."""
        return self.accuracy(student, REASONING, task, corpus) - self.accuracy(student, IFT, task, corpus)

    def adapted(self, student: str, first: str, second: str, task: str) -> Floats:
        """Accuracy in per cent of an adaptation."""
        cell = self.evidence.adapted(student, first, second)
        return 100 * self._value("accuracy", self._noted(cell, f"adapted/{student}/{first}-then-{second}"), task)

    def teacher(self, task: str) -> Floats:
        """Accuracy of the teacher in per cent."""
        return 100 * self._value("accuracy", self._noted(self.evidence.teacher(), "the teacher"), task)

    def tokens(self, student: str, ratio: float, task: str, curriculum: str = "seq") -> Floats:
        """Mean length of an answer."""
        return self._value("answer_tokens", self.cell(student, ratio, "", curriculum), task)

    def wrong_to_right(self, student: str, task: str) -> Floats:
        """How many times longer wrong answers of reasoning are than right ones."""
        return self._value("wrong_to_right_tokens", self.cell(student, REASONING), task)

    def flops(self, cost: str, student: str, ratio: float, task: str) -> Floats:
        """FLOPs of training, or of one answer."""
        cell = self.cell(student, ratio)
        return self._there(self.evidence.cost(cost, cell, task), f"{cost} FLOPs of {self.evidence.name(cell)}")

    def frontier_margins(
        self, cost: str, task: str, competition: str, ratios: Sequence[float], students: Sequence[str] = ()
    ) -> list[Floats]:
        """How many points each cell is above the best of no higher cost: it is on the frontier if this is above 0.

        For the cells of ``ratios``, and of ``students`` where some are named, from small to large. All cells of the
        competition must be there: a frontier with gaps is another one.
        """
        cells = competitors(self.evidence, self.general, competition)
        flops, accuracy = [], []
        for cell in cells:
            name = self.evidence.name(cell)
            self.used[name] = None
            flops.append(self._there(self.evidence.cost(cost, cell, task), f"{cost} FLOPs of {name}"))
            accuracy.append(100 * self._value("accuracy", cell, task))
        margins = []
        for number, cell in enumerate(cells):
            row = self.evidence.cells.row(cell, named=True)
            if row["ratio"] in ratios and (not students or row["student"] in students):
                cheaper = [
                    np.where(flops[other] <= flops[number], accuracy[other], -np.inf)
                    for other in range(len(cells))
                    if other != number
                ]
                best = np.max(cheaper, axis=0) if cheaper else np.full_like(accuracy[number], -np.inf)
                # the cheapest of all is on the frontier by as many points as it has
                margins.append(accuracy[number] - np.maximum(best, 0))
        if not margins:
            raise Missing(f"students of the ratios {', '.join(f'{ratio:g}' for ratio in ratios)}")
        return margins

    def at_equal_flops(self, cost: str, student: str, task: str) -> Floats:
        """Accuracy of a reasoning student less that of IFT at equal FLOPs, in points."""
        flops = self.flops(cost, student, REASONING, task)
        found = self._on_curve(accuracy_at, cost, task, flops)
        return self.accuracy(student, REASONING, task) - 100 * found

    def at_equal_accuracy(self, cost: str, student: str, task: str) -> Floats:
        """FLOPs of a reasoning student over those of IFT of equal accuracy."""
        found = self._on_curve(cost_at, cost, task, self.accuracy(student, REASONING, task) / 100)
        return self.flops(cost, student, REASONING, task) / found

    def cell(self, student: str, ratio: float, corpus: str = "", curriculum: str = "seq") -> int:
        """The row of a trained cell."""
        corpus = corpus or self.general
        found = self.evidence.find(student, corpus, ratio, curriculum)
        return self._noted(found, f"{corpus}/{student}/{curriculum}/rho-{ratio:g}")

    def _on_curve(self, look: Callable[..., Floats], cost: str, task: str, target: Floats) -> Floats:
        curve = ift_curve(self.evidence, self.general, task, cost)
        if curve is None:
            raise Missing("two IFT students")
        with np.errstate(divide="ignore"):
            found = look(*curve, target)
        if not np.isfinite(found[0]) or found[0] <= 0:
            raise Missing(f"IFT students that reach as far on {task}")
        return found

    def _noted(self, cell: int | None, name: str) -> int:
        if cell is None:
            raise Missing(name)
        self.used[self.evidence.name(cell)] = None
        return cell

    def _value(self, measure: str, cell: int, task: str) -> Floats:
        what = f"{task} of {self.evidence.name(cell)}"
        return self._there(
            self.evidence.get(measure, cell, task), what if measure == "accuracy" else f"{measure}, {what}"
        )

    def _there(self, values: Floats, name: str) -> Floats:
        if not np.isfinite(values[0]):
            raise Missing(name)
        return values
