"""A study: its config as frozen dataclasses, and the lists of models that it trains and evaluates.

:mod:`preflight.validation` has checked the config; nothing is checked again here. Standard library only: every cluster
job imports this module through the Snakefile.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

from scale_or_reason.common.wording import counted
from scale_or_reason.study.catalogue import (
    HUMAN,
    RULE_GRADERS,
    SEARCH,
    UNKNOWN,
    AdoptedModel,
    Corpus,
    DataFractions,
    HybridStudents,
    Judge,
    LengthLimits,
    Settings,
    Student,
    TeacherModel,
    ThinkingBudgets,
    Votes,
)
from scale_or_reason.study.cells import (
    CURRICULA,
    FORMATS,
    Adaptation,
    Adopted,
    AnyModel,
    BaseStudent,
    BudgetedCell,
    Cell,
    HybridCell,
    HybridMode,
    LimitedCell,
    SampledCell,
    Teacher,
    format_ratio,
)
from scale_or_reason.study.learning_rates import rate_at
from scale_or_reason.study.lineage import Training, lineage
from scale_or_reason.study.selection import (
    by_size,
    cells_of,
    corpus_of,
    data_fractions_of,
    formats_of,
    formats_with_rates,
    is_human,
    length_limits_of,
    models_of_jury,
    thinking_budgets_of,
    undecidable,
    votes_of,
)

#: The tables that compare verdicts: made wherever an answer has two or more.
JURY_TABLES = ("judge_agreement", "jury_sensitivity", "jury_findings")


def as_json(value: Any) -> str:
    """``value`` as JSON with sorted keys, so that the order of keys in a config reruns nothing."""
    return json.dumps(value, sort_keys=True)


@dataclass(frozen=True)
class Study:
    """The entries that a study selects from the catalogues, and the models that follow from the selection."""

    name: str
    seed: int
    seeds: tuple[int, ...]
    students: Mapping[str, Student]
    corpora: Mapping[str, Corpus]
    grid_corpora: tuple[str, ...]
    ratios: tuple[float, ...]
    data_fractions: DataFractions
    curricula: tuple[str, ...]
    adaptations: tuple[tuple[str, str], ...]
    adaptation_corpora: Mapping[str, str]
    base_shots: tuple[int, ...]
    teacher: TeacherModel | None
    adopted: Mapping[str, AdoptedModel]
    judges: Mapping[str, Judge]
    jurors: tuple[str, ...]  # the judges, rule graders and people that vote
    labels: str | None  # the file of people's labels
    rule_graders: bool
    families: Mapping[str, tuple[str, ...]]
    length_limits: LengthLimits
    thinking_budgets: ThinkingBudgets
    votes: Votes
    hybrid_students: HybridStudents
    figures: tuple[str, ...]
    tables: tuple[str, ...]
    explorer: bool
    style: str | None
    mixture_learning_rate: str
    formats_with_rates: tuple[str, ...]

    @classmethod
    def from_config(cls, config: Settings) -> Study:
        """The study of a validated config.

        The order of students, ratios, curricula, seeds, shots, adaptations, length limits and thinking budgets in a
        config means nothing; here each list has a fixed order.
        """
        chosen, engine = config["study"], config["engine"]

        def merged(entry: Settings) -> dict[str, Any]:
            unknown = {"architecture": UNKNOWN} if entry.get("architecture", UNKNOWN) is None else {}
            return {**entry, **unknown, "engine": {**engine, **entry.get("engine", {})}}

        corpus_names = list(chosen["corpora"])
        if chosen["adaptations"] and chosen["adaptation_corpora"]["to"] not in corpus_names:
            corpus_names.append(chosen["adaptation_corpora"]["to"])
        teacher = chosen["teacher"]
        return cls(
            name=chosen["name"],
            seed=chosen["seed"],
            seeds=tuple(sorted(chosen["seeds"])),
            students=by_size(Student(name=name, **merged(config["students"][name])) for name in chosen["students"]),
            corpora={
                name: corpus_of(name, config["corpora"][name], config["pairs"]["source"]) for name in corpus_names
            },
            grid_corpora=tuple(chosen["corpora"]),
            ratios=tuple(sorted(chosen["ratios"])),
            data_fractions=DataFractions(
                tuple(sorted(map(float, data_fractions_of(chosen)["fractions"]))),
                cells_of(chosen, data_fractions_of(chosen)),
            ),
            curricula=tuple(sorted(chosen["curricula"], key=CURRICULA.index)),
            adaptations=tuple(sorted(formats_of(text) for text in chosen["adaptations"])),
            adaptation_corpora=chosen["adaptation_corpora"],
            base_shots=tuple(sorted(chosen["base_shots"])),
            teacher=TeacherModel(name=teacher, **merged(config["teachers"][teacher])) if teacher else None,
            adopted=by_size(AdoptedModel(name=name, **merged(config["adopted"][name])) for name in chosen["adopted"]),
            judges={
                name: Judge(name=name, **merged(config["judges"][name])) for name in models_of_jury(chosen["judges"])
            },
            jurors=tuple(chosen["judges"]) or (RULE_GRADERS,),
            labels=config["labels"]["path"],
            rule_graders=chosen["rule_graders"] or RULE_GRADERS in chosen["judges"],
            families={family["name"]: tuple(family["benchmarks"]) for family in chosen["families"]},
            length_limits=length_limits_of(chosen),
            thinking_budgets=thinking_budgets_of(chosen),
            votes=votes_of(chosen, config["benchmarks"]["samples_per_item"]),
            hybrid_students=HybridStudents(cells_of(chosen, chosen["hybrid_students"])),
            figures=tuple(chosen["figures"]),
            tables=tuple(name for name in chosen["tables"] if name != "findings" or not undecidable(config)),
            explorer=chosen["explorer"],
            style=chosen["style"],
            mixture_learning_rate=config["training"]["mixture_learning_rate"],
            formats_with_rates=formats_with_rates(chosen),
        )

    @property
    def benchmarks(self) -> tuple[str, ...]:
        """All benchmarks of the study, family by family."""
        return tuple(benchmark for benchmarks in self.families.values() for benchmark in benchmarks)

    @property
    def verdict_sources(self) -> tuple[str, ...]:
        """The judges, people if there are labels, and ``rule_graders`` if the study uses the rule graders.

        People are ``human``, and every person that is a juror.
        """
        people = [HUMAN, *(name for name in self.jurors if is_human(name) and name != HUMAN)] if self.labels else []
        return (*self.judges, *people, *([RULE_GRADERS] if self.rule_graders else []))

    @property
    def shown_shots(self) -> int:
        """The number of shots of base students in the main figures: the paper's 3, otherwise the largest."""
        return 3 if 3 in self.base_shots else max(self.base_shots, default=0)

    def cells(self) -> list[Cell]:
        """Every cell of the grid, including those that share a training run: 100 in the paper's study."""
        grid = product(self.grid_corpora, self.students, self.curricula, self.ratios, self.seeds)
        return [Cell(*values) for values in grid]

    def trainings(self) -> list[Cell]:
        """The cells that are trained on their whole mixture, each once: 80 in the paper's study."""
        return list(dict.fromkeys(cell.trained_as for cell in self.cells()))

    def branches(self) -> list[Cell]:
        """The cells that are trained on a part of their mixture; none in the paper's study."""
        return [branch for cell in self.trainings() for branch in self.branches_of(cell)]

    def branches_of(self, cell: Cell) -> list[Cell]:
        """The same cell, trained on each smaller part of its mixture; none if the study has no parts of it."""
        chosen = self.data_fractions.fractions if self.data_fractions.cells.has(cell) else ()
        return [replace(cell, data_fraction=fraction) for fraction in chosen if fraction < 1]

    def part_cells(self) -> dict[str, Settings]:
        """``part_cells``: students and ratios of the main corpus with parts of the data; empty if all have them."""
        chosen = self.data_fractions.cells
        there = self.grid_corpora[:1] == chosen.corpora[:1] and set(self.curricula) & set(chosen.curricula)
        own = {
            "students": [name for name in self.students if there and name in chosen.students],
            "ratios": [ratio for ratio in self.ratios if ratio in chosen.ratios],
        }
        return {} if own == {"students": [*self.students], "ratios": [*self.ratios]} else {"part_cells": own}

    def hybrids(self) -> list[HybridCell]:
        """The students whose prompts carry the mode, one training each; none in the paper's study."""
        chosen = self.hybrid_students.cells
        students = [name for name in self.students if name in chosen.students]
        grid = product(chosen.corpora, students, chosen.curricula, chosen.ratios, self.seeds)
        return [HybridCell(*values) for values in grid]

    def hybrid_modes(self) -> list[HybridMode]:
        """The same students, each once in either mode."""
        return [mode for cell in self.hybrids() for mode in cell.modes()]

    def hybrid_variants(self) -> list[str]:
        """The variants of a hybrid student: curriculum and ratio, as in a model id."""
        return list(dict.fromkeys(f"{cell.mixture_part}/hybrid" for cell in self.hybrids()))

    def limited(self) -> list[LimitedCell]:
        """The trained cells that are also evaluated under other length limits (v1 figure 10, v2 figure 13)."""
        limits = self.length_limits
        chosen = [cell for cell in self.trainings() if cell.ratio in limits.ratios]
        return [LimitedCell(**vars(cell), max_tokens=count) for cell, count in product(chosen, limits.max_tokens)]

    def budgeted(self) -> list[BudgetedCell]:
        """The trained cells that also answer with their thoughts cut."""
        budgets = self.thinking_budgets
        chosen = [cell for cell in self.trainings() if budgets.cells.has(cell)]
        return [BudgetedCell(**vars(cell), budget=budget) for cell, budget in product(chosen, budgets.budgets)]

    def sampled(self) -> list[SampledCell]:
        """The further answers of the trained cells that vote."""
        votes = self.votes
        chosen = [cell for cell in self.trainings() if votes.benchmarks and votes.cells.has(cell)]
        return [SampledCell(**vars(cell), samples=votes.samples) for cell in chosen]

    def answering(self) -> list[AnyModel]:
        """Every model with answers: those that answer the benchmarks, and cells that answer in other ways, too."""
        return [*self.evaluated(), *self.limited(), *self.budgeted(), *self.sampled()]

    def benchmarks_of(self, model: AnyModel) -> tuple[str, ...]:
        """The benchmarks on which a model is evaluated."""
        if isinstance(model, BudgetedCell):
            return self.thinking_budgets.benchmarks
        if isinstance(model, SampledCell):
            return self.votes.benchmarks
        return self.length_limits.benchmarks if isinstance(model, LimitedCell) else self.benchmarks

    def adapted(self) -> list[Adaptation]:
        """The adaptations of general students (section 3.3): 20 in the paper's study."""
        grid = product(self.students, self.adaptations, self.seeds)
        return [Adaptation(student, first, second, seed) for student, (first, second), seed in grid]

    def variants(self) -> list[str]:
        """The variants of a student trained on one corpus: curriculum and ratio, as in a model id."""
        return list(dict.fromkeys(cell.mixture_part for cell in self.trainings()))

    def branch_variants(self) -> list[str]:
        """The variants of a student trained on a part of one corpus: those of :meth:`variants` and the part."""
        return list(
            dict.fromkeys(f"{cell.mixture_part}/data-{format_ratio(cell.data_fraction)}" for cell in self.branches())
        )

    def adapted_variants(self) -> list[str]:
        """The variants of a student's adaptations."""
        return [f"{first}-then-{second}" for first, second in self.adaptations]

    def base_students(self) -> list[BaseStudent]:
        """The untrained students, once for each number of shots."""
        return [BaseStudent(student, shots) for student, shots in product(self.students, self.base_shots)]

    def teachers(self) -> list[Teacher]:
        """The teacher in both modes; empty if the study has none."""
        return [Teacher(self.teacher.name, answer_format) for answer_format in FORMATS] if self.teacher else []

    def evaluated(self) -> list[AnyModel]:
        """Every model that answers the benchmarks."""
        trained: list[AnyModel] = [*self.trainings(), *self.branches(), *self.adapted(), *self.hybrid_modes()]
        return [*trained, *self.base_students(), *self.teachers(), *self.adopted_models()]

    def adopted_models(self) -> list[Adopted]:
        """The finished models that were not trained here."""
        return [Adopted(name) for name in self.adopted]

    def lineage(self, model: AnyModel) -> tuple[Training, ...]:
        """The trainings that a model goes through, the last one last; none for models that are not trained here."""
        return lineage(model, self.adaptation_corpora)

    def learning_rate(self, student: str, ratio: float) -> float:
        """The peak learning rate of a student (v1 table 1, v2 table 2) at a reasoning ratio.

        The papers give a rate per format; ``training.mixture_learning_rate`` selects that of a mixture.
        """
        rates = self.students[student].learning_rate
        if isinstance(rates, str):
            raise AssertionError(f"the learning rate of {student} is known only after its search")
        return rate_at(rates, ratio, self.mixture_learning_rate)

    @property
    def searched(self) -> tuple[str, ...]:
        """The students with a learning-rate search."""
        return tuple(name for name, student in self.students.items() if student.learning_rate == SEARCH)

    def announcement(self) -> str:
        """A line that summarises the study."""
        trainings = [*self.trainings(), *self.branches(), *self.adapted(), *self.hybrids()]
        counts = (
            counted(len(self.students), "student"),
            counted(len(trainings), "training"),
            counted(len(self.evaluated()), "model to evaluate", "models to evaluate"),
            counted(len(self.benchmarks), "benchmark"),
            counted(len(self.judges), "judge"),
        )
        return f"study {self.name}: {', '.join(counts)} -> results/{self.name}"
