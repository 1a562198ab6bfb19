"""Entries of the catalogues that a study selects from: students, teachers, judges, corpora."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from scale_or_reason.study.cells import Cell
from scale_or_reason.study.thinking_budgets import ThinkingBudget

#: The default chat template, that of Qwen's models.
DEFAULT_TEMPLATE = "chatml"


Settings = Mapping[str, Any]
#: The judge that needs no model: the rule graders.
RULE_GRADERS = "rule_graders"
#: The juror whose verdicts are the labels of most people; ``human-NAME`` are those of one person.
HUMAN = "human"
#: In place of a student's learning rates: the learning-rate search finds them.
SEARCH = "search"
#: In place of an architecture that nobody knows, for which a config has null.
UNKNOWN = ""


def _source_of(architecture: Settings | str | None) -> str:
    """An architecture as one string: values of a ``config.json`` become JSON."""
    return json.dumps(architecture, sort_keys=True) if isinstance(architecture, Mapping) else architecture or ""


@dataclass(frozen=True)
class Student:
    """A base student of the catalogue; ``size_b``, for axes, is in billions of parameters.

    ``learning_rate`` has one rate per format, or is :data:`SEARCH`. ``tokenizer`` is a hub id or a folder; students
    with the same value share tokenised pairs. ``template`` is a name in :mod:`training.chat_templates`. A training uses
    ``processes`` processes, spread evenly over ``nodes`` machines.
    """

    name: str
    model: str
    size_b: float
    learning_rate: Mapping[str, float] | str
    tokenizer: str
    deepspeed: str
    processes: int
    engine: Settings
    revision: str | None = None
    template: str = DEFAULT_TEMPLATE
    nodes: int = 1

    @property
    def processes_per_node(self) -> int:
        """Number of processes on each machine."""
        return self.processes // self.nodes

    @property
    def tokenizer_name(self) -> str:
        """The folder name of the tokenised pairs, shared by all students with this tokenizer."""
        return PurePath(self.tokenizer).name


@dataclass(frozen=True)
class AdoptedModel:
    """A finished model that was not trained here.

    ``provenance`` says where it comes from, ``training_flops`` what its training took; None if unknown.
    """

    name: str
    model: str
    size_b: float
    provenance: str
    engine: Settings
    revision: str | None = None
    training_flops: float | None = None
    #: Adopted models run in vLLM.
    endpoint: None = None


@dataclass(frozen=True)
class TeacherModel:
    """The teacher; ``sampling`` and ``modes`` have one entry per answer format.

    With an ``endpoint``, a server answers instead of the local engine. ``architecture`` is then what FLOPs are counted
    from: a hub id, a ``config.json``, its values, or :data:`UNKNOWN`; None for the hub id in ``model``.
    """

    name: str
    model: str
    sampling: Mapping[str, Settings]
    modes: Mapping[str, Settings]
    engine: Settings
    revision: str | None = None
    endpoint: Settings | None = None
    architecture: Settings | str | None = None

    @property
    def source(self) -> str:
        """The model whose FLOPs are counted, with its revision, as one string; empty if unknown."""
        if self.endpoint and self.architecture is not None:
            return _source_of(self.architecture)
        return f"{self.model}@{self.revision}" if self.revision else self.model


@dataclass(frozen=True)
class Judge:
    """One judge of the jury.

    With an ``endpoint``, a server judges instead of the local engine. ``tokenizer`` then measures the ends of answers,
    and ``architecture`` is as that of a teacher, None if unknown.
    """

    name: str
    model: str
    sampling: Settings
    protocol: str
    answer_tail_tokens: int
    retries: int
    engine: Settings
    revision: str | None = None
    mode: Settings | None = None
    structured: bool = False
    endpoint: Settings | None = None
    tokenizer: str | None = None
    architecture: Settings | str | None = None

    @property
    def source(self) -> str:
        """The model whose FLOPs are counted, with its revision, as one string; empty if unknown."""
        if self.endpoint:
            return _source_of(self.architecture)
        return f"{self.model}@{self.revision}" if self.revision else self.model


@dataclass(frozen=True)
class Source:
    """The source of a corpus' prompts or pairs: a hub dataset or a JSONL file, and the schema of its rows."""

    kind: str
    path: str
    schema: str
    config: str | None = None
    split: str | None = None
    revision: str | None = None
    rows: int | None = None


@dataclass(frozen=True)
class Corpus:
    """A set of prompts: the teacher answers ``num_prompts`` of them in ``shards`` jobs per format.

    ``languages`` are codes of the source's language column; empty for all.
    """

    name: str
    source: Source
    num_prompts: int
    shards: int
    languages: tuple[str, ...] = ()


@dataclass(frozen=True)
class CellChoice:
    """Some cells of the grid, by their corpora, students, curricula and reasoning ratios."""

    corpora: tuple[str, ...]
    students: tuple[str, ...]
    curricula: tuple[str, ...]
    ratios: tuple[float, ...]

    def has(self, cell: Cell) -> bool:
        """Whether a cell is among them. At ratios 0 and 1 one training serves all curricula: any of them will do."""
        by_curriculum = bool(self.curricula) if cell.ratio in (0, 1) else cell.curriculum in self.curricula
        chosen = cell.corpus in self.corpora and cell.student in self.students and cell.ratio in self.ratios
        return by_curriculum and chosen


@dataclass(frozen=True)
class DataFractions:
    """The parts of its mixture that a cell is trained on, and the cells that are trained on those below 1."""

    fractions: tuple[float, ...]
    cells: CellChoice


@dataclass(frozen=True)
class LengthLimits:
    """Further limits on answer length, and the ratios and benchmarks to which they apply."""

    max_tokens: tuple[int, ...]
    ratios: tuple[float, ...]
    benchmarks: tuple[str, ...]


@dataclass(frozen=True)
class ThinkingBudgets:
    """Budgets at which thoughts are cut, and the cells and benchmarks to which they apply."""

    budgets: tuple[ThinkingBudget, ...]
    cells: CellChoice
    benchmarks: tuple[str, ...]


@dataclass(frozen=True)
class Votes:
    """The number of answers to an item that can vote, and the cells and benchmarks that have so many.

    ``answered`` has the answers of every model where they are not one; those up to ``samples`` are further answers.
    """

    samples: int
    cells: CellChoice
    benchmarks: tuple[str, ...]
    answered: Mapping[str, int]

    def first_samples(self) -> dict[str, int]:
        """The number of the first further answer by benchmark."""
        return {name: self.answered.get(name, 1) for name in self.benchmarks}


@dataclass(frozen=True)
class HybridStudents:
    """The cells that are also trained with the mode in their prompts."""

    cells: CellChoice
