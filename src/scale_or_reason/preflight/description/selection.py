"""Sections `study`, `jury` and `paper_results`: what a study selects, how it is graded, what it is compared with."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from scale_or_reason.flops.counts import COUNTS
from scale_or_reason.judging.jury_settings import MAJORITIES, TIES
from scale_or_reason.preflight.description.parts import (
    Count,
    Name,
    Percentile,
    Positive,
    PositiveShare,
    Section,
    Share,
    Size,
    Text,
    key,
    one_of,
)
from scale_or_reason.study.cells import CURRICULA, FORMATS
from scale_or_reason.study.study import JURY_TABLES

#: The figures of both versions, v2's table, and our own one.
FIGURES = [
    *(f"v1/fig{number:02}" for number in range(1, 19)),
    *(f"v2/fig{number:02}" for number in range(1, 22)),
    "v2/table1",
    "data_fractions",
    "test_time",
    "training_curves",
]
TABLES = (
    "table1",
    "findings",
    "uncertainty",
    "contrasts",
    "frontier_membership",
    "early_stopping",
    "saturating_fits",
    "power_laws",
    *JURY_TABLES,
)
ADAPTATIONS = [f"{first}-then-{second}" for first in FORMATS for second in FORMATS]


class Family(Section):
    """A family of benchmarks."""

    name: Name = key("The name of the family, as figures and tables show it.")
    benchmarks: list[str] = key("The benchmarks of the family.", unique=True, min_length=1)


class AdaptationCorpora(Section):
    """The two corpora of the adaptations."""

    from_: Name = key("The corpus that the student was trained on before.", alias="from")
    to: Name = key("The corpus that the training continues on.")


class CellChoice(Section):
    """Some cells of the grid, by values of the study; a key that is absent stands for all of them."""

    curricula: list[Annotated[str, one_of(CURRICULA)]] | None = key(
        "The curricula of the cells; at ratios 0 and 1 any of them.", unique=True, min_length=1, default=None
    )
    students: list[str] | None = key(
        "The students, of those in `study.students`.", unique=True, min_length=1, default=None
    )
    corpora: list[str] | None = key(
        "The corpora, of those in `study.corpora`.", unique=True, min_length=1, default=None
    )


class DataFractions(CellChoice):
    """The parts of the mixture, for some cells only."""

    fractions: list[PositiveShare] = key("The parts; 1 is one of them.", unique=True)
    ratios: list[Share] | None = key(
        "The reasoning ratios of the cells, of those in `study.ratios`.", unique=True, min_length=1, default=None
    )


class LengthLimits(Section):
    """Further limits on the length of answers than `evaluation.sampling.max_tokens`.

    Students of these ratios answer these benchmarks again, which shows whose answers a limit cuts (v1 figure 10, v2
    figure 13).
    """

    max_tokens: list[Size] = key("The limits.", unit="tokens", unique=True)
    ratios: list[Share] = key(
        "The reasoning ratios of the students that answer again; those outside `study.ratios` are ignored.", unique=True
    )
    benchmarks: list[str] = key(
        "The benchmarks that they answer again; those outside `study.families` are ignored.", unique=True
    )


class ThinkingBudgets(CellChoice):
    """Numbers of tokens and percentiles at which the thoughts of students are cut.

    The students of these ratios continue their own answers to these benchmarks from the cut, behind a closing think
    tag.
    """

    tokens: list[Size] = key("The budgets, counted from the opening think tag on.", unit="tokens", unique=True)
    percentiles: list[Percentile] = key(
        "Further budgets: percentiles of the lengths of the student's own thoughts on the benchmark.",
        when="They fit every student and benchmark, while a number of tokens fits some. The tables have their tokens.",
        unique=True,
    )
    ratios: list[Share] = key(
        "The reasoning ratios of the students, of those in `study.ratios`; ratio 0 does not think.", unique=True
    )
    benchmarks: list[str] = key("The benchmarks; those outside `study.families` are ignored.", unique=True)


class Votes(CellChoice):
    """Further answers of some students to an item, for majority votes and pass@k.

    The existing answers stay: only those that a student lacks are generated, as files of their own.
    """

    samples_per_item: Size = key(
        "Answers to an item altogether: of votes up to this number the tables have accuracy and FLOPs. 1 for none."
    )
    ratios: list[Share] | None = key(
        "The reasoning ratios of the cells, of those in `study.ratios`.", unique=True, min_length=1, default=None
    )
    benchmarks: list[str] = key("The benchmarks; those outside `study.families` are ignored.", unique=True)


class HybridStudents(CellChoice):
    """Students whose prompts carry the mode, in training and in the evaluation, as those of Qwen3 do.

    They are trained on the mixtures of these ratios and curricula. A prompt with a reasoning answer ends with `/think`,
    one with a plain answer with `/no_think`, and a plain answer begins with an empty thought. Each of them answers the
    benchmarks in both modes: two models in tables and figures, for the cost of one training.
    """

    ratios: list[Share] = key(
        "The shares of reasoning answers, above 0 and below 1. At most six decimals.", unique=True
    )
    curricula: list[Annotated[str, one_of(CURRICULA)]] = key(
        "The orders of their answers, as in `study.curricula`.", unique=True, min_length=1
    )


class Study(Section):
    """What the study consists of. Each list selects from the catalogues (`students`, `corpora`, ...)."""

    name: Name = key(
        "The name of the study; its results are written to `results/NAME`.",
        when="Give every study its own name, so that no other study overwrites its files.",
    )
    seed: Count = key(
        "The root of all random seeds.",
        when="Change it to repeat the whole study with other samples, mixtures and orders.",
    )
    seeds: list[Count] = key(
        "The replicas of every trained model, one number each. Replica 0 trains in the order of the mixture; the "
        "others shuffle it within each phase.",
        when="Add numbers to measure how much a result depends on chance.",
        unique=True,
        min_length=1,
    )
    students: list[str] = key(
        "Names from `students`: the base models to train.",
        when="Remove students to fit a budget; cost grows with size.",
        unique=True,
    )
    corpora: list[str] = key(
        "Names from `corpora`: the prompt sets to train on.",
        when="Keep a single corpus if the difference between a narrow and a general domain does not matter to you.",
        unique=True,
    )
    ratios: list[Share] = key(
        "The shares of reasoning answers: 0 is plain instruction answers (IFT) only, 1 is reasoning only. At most "
        "six decimals.",
        when="Keep 0 and 1: every comparison needs both.",
        unique=True,
    )
    data_fractions: list[PositiveShare] | DataFractions = key(
        "The parts of its mixture that every cell is trained on. 1 is the whole mixture and always one of them. A "
        "smaller part is a model of its own, trained as a branch of the run on the whole mixture. At most six "
        "decimals. A map has `fractions`, and restricts the smaller parts to some cells.",
        when="Add parts to let data compete with size for the same budget: config/studies/compute_optimal.yaml. Each "
        "part costs the decay of another schedule, and all evaluations again.",
        unique=True,
    )
    curricula: list[Annotated[str, one_of(CURRICULA)]] = key(
        "`seq` trains on IFT answers first and on reasoning answers after them; `mix` shuffles them; `seq-reversed` "
        "trains on reasoning answers first. At ratios 0 and 1 all are the same training run, stored under `seq`.",
        when="Add `seq-reversed`, which the papers do not have, to see whether the order matters.",
        unique=True,
    )
    adaptations: list[Annotated[str, one_of(ADAPTATIONS)]] = key(
        "`FIRST-then-SECOND`: a student trained in format FIRST on one corpus continues in format SECOND on another.",
        when="Set it to `[]` unless you study how general students adapt to one domain.",
        unique=True,
    )
    adaptation_corpora: AdaptationCorpora = key(when="Name a corpus of your own to adapt to your domain.")
    base_shots: list[Count] = key(
        "The numbers of few-shot examples that untrained students see, with one evaluation for each.",
        when="The paper's main figures use 3; the others belong to its ablation (v2 figure 21).",
        unique=True,
    )
    teacher: str | None = key(
        "A name from `teachers`; `null` for a study without a teacher.",
        when="Another teacher makes another study: change `name` too.",
    )
    adopted: list[str] = key(
        "Names from `adopted`: finished models that are evaluated, judged and drawn beside the students.",
        when="Name published students or checkpoints of your own to compare yours with them.",
        unique=True,
    )
    judges: list[str] = key(
        "Names from `judges`: the jury. `rule_graders` gives the rule graders a vote, `human` the labels of people.",
        when="An odd number of judges avoids ties. With `[]` the rule graders decide alone.",
        unique=True,
    )
    rule_graders: bool = key(
        "Whether rule graders also grade every answer.",
        when="They cost nothing and expose errors of the judges. Turn them off for a benchmark of yours without rules.",
    )
    flops: Annotated[str, one_of(COUNTS)] = key(
        "How FLOPs are counted in frontiers, contrasts, findings, figures and advice: `papers` by the papers' formulas "
        "(equations 1-6), `exact` by the matrix products of the actual architectures.",
        when="Use `exact` to compare architectures, or for hardware budgets; the papers' numbers need `papers`.",
    )
    families: list[Family] = key(
        "The benchmarks in families; scores are averaged within a family. A benchmark belongs to one family.",
        when="Remove benchmarks to save compute.",
        min_length=1,
    )
    length_limits: LengthLimits = key(
        when="Set `max_tokens` to `[]` to skip this ablation.",
    )
    thinking_budgets: ThinkingBudgets = key(
        when="Set `tokens`, for example to `[1024, 4096]`, or `percentiles`, for example to `[25, 50]`, to see what "
        "shorter thoughts are worth at their FLOPs.",
    )
    votes: Votes = key(
        when="Set `samples_per_item` to compare one reasoning trace with votes of plain answers. `benchmarks."
        "samples_per_item` has all models answer several times instead.",
    )
    hybrid_students: HybridStudents = key(
        when="Set `ratios`, for example to `[0.5]`, for students that reason on request: config/studies/hybrid.yaml.",
    )
    figures: list[Annotated[str, one_of(FIGURES)]] = key(
        "The figures that a plain `snakemake` draws: `v1/fig01` to `v1/fig18`, `v2/fig01` to `v2/fig21`, "
        "`v2/table1`, `data_fractions`, `test_time` and `training_curves`. Any other figure can be requested by its "
        "path.",
        when="v2's figures 9 to 11 belong to its second pair of teacher and students: config/studies/gemma.yaml.",
        unique=True,
    )
    tables: list[Annotated[str, one_of(TABLES)]] = key(
        "The tables that a plain `snakemake` writes in addition to scores, costs, judge agreement and searches.",
        unique=True,
    )
    explorer: bool = key(
        "Whether to build `explorer.html`, a page for browsing the study cell by cell.",
        when="Turn it off if nobody will open the page; it needs the `uncertainty` table.",
    )
    style: Text | None = key(
        "A file with the look of this study's figures and explorer; `null` for `config/style.yaml`.",
        when="Copy `config/style.yaml` and change it, for example `width_in: 5.5` for a one-column paper.",
    )


class Jury(Section):
    """How the verdicts of several judges become one."""

    majority: Annotated[str, one_of(MAJORITIES)] = key(
        "`readable`: more than half of the readable verdicts decide; `all`: more than half of all judges decide, so "
        "an unreadable verdict counts as a vote for neither side."
    )
    tie: Annotated[str, one_of(TIES)] = key(
        "The outcome of an answer without a majority. An answer without any readable verdict is always undecided."
    )


class Labels(Section):
    """Labels that people give to answers: they are compared with the judges, and may vote."""

    path: Text | None = key(
        "A file of labels (CSV or Parquet), such as a filled-in sheet; `null` without labels. They join "
        "`judge_agreement` as the judge `human`, and each person as `human-NAME`; named in `study.judges`, they vote.",
        when="Set it when a sheet is filled in.",
    )
    answers: Size = key("Answers on the sheet that `snakemake label_sheet` writes.")
    disputed: Share = key(
        "Share of the sheet from answers that one judge calls right and another one wrong.",
        when="Set it to 0 for agreement on all answers: a sheet with more disputed answers shows less of it.",
    )


class Tolerance(Section):
    """How far two numbers may differ and still agree."""

    points: Positive = key("For accuracies and their differences.", unit="points")
    factor: Annotated[float, Field(gt=1)] = key("For FLOPs: the largest ratio of two numbers.")


class PaperResults(Section):
    """The papers' own numbers, for comparison. They are not part of this project."""

    path: Text | None = key(
        "A folder with the papers' tables as CSV files; `null` for no comparison.",
        when="Set it to compare a study of the papers' models with the papers: `tables/reproduction.csv`.",
    )
    tolerance: Tolerance = key()
