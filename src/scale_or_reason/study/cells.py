"""The models of a study; the only module that converts a model to a path and back.

A *model id* is the part of a path below ``models/``, ``answers/`` and ``verdicts/{judge}/``::

    general/Qwen2.5-3B/seq/rho-0.25/seed-0          a distilled student: one cell of the grid
    general/Qwen2.5-3B/seq/rho-0.25/data-0.5/seed-0 the same, trained on half of the mixture
    general/Qwen2.5-3B/seq/rho-1/seed-0/max-tokens-32768    a cell with another limit on answer length
    general/Qwen2.5-3B/seq/rho-1/seed-0/think-tokens-1024   a cell with its thoughts cut at a budget in tokens
    general/Qwen2.5-3B/seq/rho-1/seed-0/think-tokens-p50    the same, cut at the median length of its thoughts
    general/Qwen2.5-3B/seq/rho-1/seed-0/samples-4           its further answers to an item, up to four for votes
    general/Qwen2.5-3B/mix/rho-0.5/hybrid/seed-0    a cell whose prompts carry the mode; it answers in both:
    general/Qwen2.5-3B/mix/rho-0.5/hybrid/seed-0/think      with reasoning
    general/Qwen2.5-3B/mix/rho-0.5/hybrid/seed-0/no-think   and plainly
    adapted/Qwen2.5-3B/ift-then-reasoning/seed-0    a general student trained further on math
    base/Qwen2.5-3B/shots-3                         a base student with 3 few-shot examples
    teacher/Qwen3-235B-A22B/reasoning               the teacher in one of its two modes
    adopted/their-3B                                a finished model that somebody else has trained
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, ClassVar

from scale_or_reason.common.errors import StudyError
from scale_or_reason.study.thinking_budgets import BUDGET, ThinkingBudget

FORMATS = ("ift", "reasoning")
#: IFT first, both shuffled together, reasoning first. At ratios 0 and 1 they are one training, stored under the first.
CURRICULA = ("seq", "mix", "seq-reversed")
#: Names that no corpus may have, since as first path component they mark the kind of model.
RESERVED_NAMES = ("adapted", "adopted", "base", "teacher")

#: At most 100 characters: a name becomes a folder.
NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}"
#: One spelling: ``seed-01`` would be a second folder for ``seed-1``.
NUMBER = r"(?:0|[1-9][0-9]*)"
#: A number above 0.
COUNT = r"[1-9][0-9]*"
RATIO = r"(?:0|1|0\.[0-9]*[1-9])"
#: A share of the mixture below 1: the path of a training on all of it names no share.
PART = r"0\.[0-9]*[1-9]"


def format_ratio(ratio: float) -> str:
    """The one spelling of a share in paths, such as a reasoning ratio: ``0``, ``0.25``, ``1``."""
    return f"{ratio:.6f}".rstrip("0").rstrip(".")


def ratio_of_format(answer_format: str) -> int:
    """The reasoning ratio of a corpus in one format only: 0 for ``ift``, 1 for ``reasoning``."""
    return FORMATS.index(answer_format)


@dataclass(frozen=True, order=True)
class _Model:
    """Base of all kinds of model; subclasses define ``kind`` and ``pattern``."""

    kind: ClassVar[str]
    pattern: ClassVar[str]

    @classmethod
    def from_model_id(cls, model_id: str) -> _Model | None:
        match = re.fullmatch(cls.pattern, model_id)
        if match is None:
            return None
        types = {field.name: field.type for field in fields(cls)}
        cast: dict[str, Callable[[str], Any]] = {
            "int": int,
            "float": float,
            "str": str,
            "ThinkingBudget": ThinkingBudget.parse,
        }
        found = {name: text for name, text in match.groupdict().items() if text is not None}
        return cls(**{name: cast[str(types[name])](text) for name, text in found.items()})

    @property
    def model_id(self) -> str:
        raise AssertionError("subclasses define model_id")

    def columns(self) -> dict[str, Any]:
        """The model's values for the columns ``tables.CELL_COLUMNS``; null where a column does not apply."""
        names = ("corpus", "student", "curriculum", "ratio", "data_fraction", "seed", "shots")
        own = {"data_fraction": 1.0} | asdict(self)
        return {"model_id": self.model_id, "kind": self.kind} | {name: own.get(name) for name in names}


def _mixture(ratio: str) -> str:
    """A cell's path up to its mixture; ``ratio`` is the pattern of its ratio."""
    corpus = rf"(?!(?:{'|'.join(RESERVED_NAMES)})/){NAME}"
    return rf"(?P<corpus>{corpus})/(?P<student>{NAME})/(?P<curriculum>{'|'.join(CURRICULA)})/rho-(?P<ratio>{ratio})"


_MIXTURE = _mixture(RATIO)


@dataclass(frozen=True, order=True)
class Cell(_Model):
    """A distilled student: one cell of the grid students x ratios x curricula x corpora (x seeds x data fractions).

    It is trained on the first ``data_fraction`` of its mixture: the first part of each phase.
    """

    corpus: str
    student: str
    curriculum: str
    ratio: float
    seed: int = 0
    data_fraction: float = 1.0

    kind: ClassVar[str] = "distilled"
    pattern: ClassVar[str] = rf"{_MIXTURE}(?:/data-(?P<data_fraction>{PART}))?/seed-(?P<seed>{NUMBER})"

    @property
    def model_id(self) -> str:
        part = "" if self.data_fraction == 1 else f"/data-{format_ratio(self.data_fraction)}"
        return f"{self.corpus}/{self.student}/{self.mixture_part}{part}/seed-{self.seed}"

    @property
    def mixture_part(self) -> str:
        """The part of the path that names curriculum and ratio, such as ``seq/rho-0.25``."""
        return f"{self.curriculum}/rho-{format_ratio(self.ratio)}"

    @property
    def trained_as(self) -> Cell:
        """The cell whose training run this is: at ratios 0 and 1 all curricula are the same run, stored under seq."""
        return replace(self, curriculum="seq") if self.ratio in (0, 1) else self


@dataclass(frozen=True, order=True)
class CellVariant(Cell):
    """A cell of the grid that answers in another way than under the study's settings.

    A subclass adds one setting, as its last field. The last part of the path is ``suffix`` and the setting's value.
    """

    suffix: ClassVar[str]

    @property
    def cell(self) -> Cell:
        """The same cell under the study's settings."""
        return Cell(self.corpus, self.student, self.curriculum, self.ratio, self.seed)

    @property
    def model_id(self) -> str:
        return f"{self.cell.model_id}/{self.setting_part}"

    @property
    def setting_part(self) -> str:
        """The last part of the path, such as ``max-tokens-32768``."""
        return f"{self.suffix}-{getattr(self, fields(self)[-1].name)}"


def _variant(suffix: str, setting: str) -> str:
    """The pattern of a cell with a further setting; ``setting`` is the pattern of its value."""
    return rf"{_MIXTURE}/seed-(?P<seed>{NUMBER})/{suffix}-{setting}"


@dataclass(frozen=True, order=True)
class LimitedCell(CellVariant):
    """A cell of the grid evaluated with a limit of ``max_tokens`` tokens per answer instead of the study's limit."""

    max_tokens: int = field(kw_only=True)

    kind: ClassVar[str] = "limited"
    suffix: ClassVar[str] = "max-tokens"
    pattern: ClassVar[str] = _variant(suffix, rf"(?P<max_tokens>{COUNT})")


@dataclass(frozen=True, order=True)
class BudgetedCell(CellVariant):
    """A cell of the grid whose thoughts are cut at a budget; it answers from what it has thought."""

    budget: ThinkingBudget = field(kw_only=True)

    kind: ClassVar[str] = "budgeted"
    suffix: ClassVar[str] = "think-tokens"
    pattern: ClassVar[str] = _variant(suffix, rf"(?P<budget>{BUDGET})")


@dataclass(frozen=True, order=True)
class SampledCell(CellVariant):
    """The further answers of a cell of the grid: those that it lacks of ``samples`` answers to an item."""

    samples: int = field(kw_only=True)

    kind: ClassVar[str] = "sampled"
    suffix: ClassVar[str] = "samples"
    pattern: ClassVar[str] = _variant(suffix, rf"(?P<samples>{COUNT})")


@dataclass(frozen=True, order=True)
class HybridCell(Cell):
    """A student trained on a mixture whose prompts carry the mode: one training that answers in either mode.

    It has no answers of its own; its two modes (:meth:`modes`) have.
    """

    kind: ClassVar[str] = "hybrid"
    pattern: ClassVar[str] = rf"{_mixture(PART)}/hybrid/seed-(?P<seed>{NUMBER})"

    @property
    def model_id(self) -> str:
        return f"{self.corpus}/{self.student}/{self.mixture_part}/hybrid/seed-{self.seed}"

    @property
    def cell(self) -> HybridCell:
        """The training, which both modes share."""
        return HybridCell(self.corpus, self.student, self.curriculum, self.ratio, self.seed)

    def modes(self) -> tuple[HybridMode, ...]:
        """The student in each of its modes: plain answers, and reasoning."""
        return tuple(mode(self.corpus, self.student, self.curriculum, self.ratio, self.seed) for mode in HYBRID_MODES)


@dataclass(frozen=True, order=True)
class HybridMode(HybridCell):
    """A hybrid student that answers in one of its modes; subclasses say which."""

    #: The last part of the path, and the format of the answers.
    mode: ClassVar[str]
    format: ClassVar[str]

    @property
    def model_id(self) -> str:
        return f"{self.cell.model_id}/{self.mode}"


@dataclass(frozen=True, order=True)
class Think(HybridMode):
    """A hybrid student that reasons, since the prompt says so."""

    mode: ClassVar[str] = "think"
    format: ClassVar[str] = "reasoning"
    kind: ClassVar[str] = "hybrid-think"
    pattern: ClassVar[str] = rf"{HybridCell.pattern}/think"


@dataclass(frozen=True, order=True)
class NoThink(HybridMode):
    """A hybrid student that answers plainly, since the prompt says so."""

    mode: ClassVar[str] = "no-think"
    format: ClassVar[str] = "ift"
    kind: ClassVar[str] = "hybrid-no-think"
    pattern: ClassVar[str] = rf"{HybridCell.pattern}/no-think"


#: The modes of a hybrid student, plain answers first.
HYBRID_MODES: tuple[type[HybridMode], ...] = (NoThink, Think)
HYBRID_KINDS = tuple(mode.kind for mode in HYBRID_MODES)


@dataclass(frozen=True, order=True)
class Adaptation(_Model):
    """A general checkpoint of format ``first``, trained further on math in format ``second`` (v1 section 3.3)."""

    student: str
    first: str
    second: str
    seed: int = 0

    kind: ClassVar[str] = "adapted"
    pattern: ClassVar[str] = (
        rf"adapted/(?P<student>{NAME})/(?P<first>{'|'.join(FORMATS)})-then-(?P<second>{'|'.join(FORMATS)})"
        rf"/seed-(?P<seed>{NUMBER})"
    )

    @property
    def model_id(self) -> str:
        return f"adapted/{self.student}/{self.first}-then-{self.second}/seed-{self.seed}"

    def columns(self) -> dict[str, Any]:
        ratio = float(FORMATS.index(self.second))
        return super().columns() | {"curriculum": f"{self.first}-then-{self.second}", "ratio": ratio}


@dataclass(frozen=True, order=True)
class BaseStudent(_Model):
    """An untrained base student, evaluated with ``shots`` few-shot examples."""

    student: str
    shots: int

    kind: ClassVar[str] = "base"
    pattern: ClassVar[str] = rf"base/(?P<student>{NAME})/shots-(?P<shots>{NUMBER})"

    @property
    def model_id(self) -> str:
        return f"base/{self.student}/shots-{self.shots}"


@dataclass(frozen=True, order=True)
class Teacher(_Model):
    """The teacher in one of its two modes: ``ift`` (thinking off) or ``reasoning`` (thinking on)."""

    student: str
    format: str

    kind: ClassVar[str] = "teacher"
    pattern: ClassVar[str] = rf"teacher/(?P<student>{NAME})/(?P<format>{'|'.join(FORMATS)})"

    @property
    def model_id(self) -> str:
        return f"teacher/{self.student}/{self.format}"

    def columns(self) -> dict[str, Any]:
        return super().columns() | {"ratio": float(FORMATS.index(self.format))}


@dataclass(frozen=True, order=True)
class Adopted(_Model):
    """A finished model that was not trained here, evaluated in its own chat format."""

    student: str

    kind: ClassVar[str] = "adopted"
    pattern: ClassVar[str] = rf"adopted/(?P<student>{NAME})"

    @property
    def model_id(self) -> str:
        return f"adopted/{self.student}"


#: The kinds of cells that answer in another way than under the study's settings.
CELL_VARIANTS: tuple[type[CellVariant], ...] = (LimitedCell, BudgetedCell, SampledCell)
#: Kinds of models that were trained here, as in tables.
TRAINED_KINDS = (Cell.kind, Adaptation.kind, *HYBRID_KINDS)
AnyModel = Cell | LimitedCell | BudgetedCell | SampledCell | HybridCell | Adaptation | BaseStudent | Teacher | Adopted
_OTHERS = (Adaptation, BaseStudent, Teacher, Adopted)
_ANSWERING: tuple[type[_Model], ...] = (Cell, *CELL_VARIANTS, *HYBRID_MODES, *_OTHERS)
_KINDS: tuple[type[_Model], ...] = (*_ANSWERING, HybridCell)


def parse_model_id(model_id: str) -> AnyModel:
    """The model that ``model_id`` names. Raises :class:`StudyError` if it matches no kind of model."""
    for kind in _KINDS:
        model = kind.from_model_id(model_id)
        if model is not None:
            return model  # type: ignore[return-value]
    raise StudyError(
        "invalid model id",
        found=model_id,
        expected=f"CORPUS/STUDENT/{'|'.join(CURRICULA)}/rho-R/seed-N, the same with /max-tokens-N, /think-tokens-N, "
        "/think-tokens-pN or /samples-N, "
        "CORPUS/STUDENT/CURRICULUM/rho-R/data-F/seed-N, CORPUS/STUDENT/CURRICULUM/rho-R/hybrid/seed-N/think|no-think, "
        "adapted/STUDENT/ift|reasoning-then-ift|reasoning/seed-N, "
        "base/STUDENT/shots-K, teacher/TEACHER/ift|reasoning or adopted/NAME",
        remedy="use a path that `snakemake -n` lists",
    )


def _anonymous(pattern: str) -> str:
    return re.sub(r"\(\?P<\w+>", "(?:", pattern)


#: Regular expressions without named groups, for Snakemake's wildcard constraints.
FULL_CELL_PATTERN = _anonymous(rf"{_MIXTURE}/seed-{NUMBER}")
MODEL_ID_PATTERN = "(?:" + "|".join(_anonymous(kind.pattern) for kind in _KINDS) + ")"
#: Models that have answers: all but the trainings of hybrid students, whose modes have them.
ANSWERING_PATTERN = "(?:" + "|".join(_anonymous(kind.pattern) for kind in _ANSWERING) + ")"
