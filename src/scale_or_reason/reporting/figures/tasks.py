"""Tasks, one per panel: a family of benchmarks or a single benchmark, and the models' results on them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from scale_or_reason.common.table_schemas import CELL_COLUMNS
from scale_or_reason.reporting.figures.results import Results
from scale_or_reason.scoring import model_points
from scale_or_reason.scoring.families import CELL, family_scores, training_costs
from scale_or_reason.study.families import MAIN_FAMILIES

#: Values of a model on a task that are averaged over seeds.
VALUES = ("accuracy", "ci_low", "ci_high", "answer_tokens", "inference_flops", "training_flops")
_SCHEMA = {
    **CELL_COLUMNS,
    "task": pl.String(),
    "family": pl.String(),
    **{name: pl.Float64() for name in VALUES},
}


@dataclass(frozen=True)
class Task:
    """A panel: the mean over the ``benchmarks`` of a family, or a single benchmark."""

    name: str
    family: str
    benchmarks: tuple[str, ...]


def select_tasks(results: Results, tasks: str) -> list[Task]:
    """The study's ``main families``, all ``families``, the ``main benchmarks``, ``other benchmarks`` or ``benchmarks``.

    The main families are the four of both versions, or all families of a study that has none of these. Law, code and
    physics are shown per benchmark, since both answer formats occur in each. If the study has no matching benchmark,
    there is one task without benchmarks, so that the figure shows a note.
    """
    main = [name for name in MAIN_FAMILIES if name in results.families] or list(results.families)
    others = [name for name in results.families if name not in main]
    which, _, what = tasks.rpartition(" ")
    families = {"main": main, "other": others, "": [*main, *others]}[which]
    if what == "families":
        selected = [Task(name, name, tuple(results.families[name])) for name in families]
    else:
        selected = [Task(benchmark, name, (benchmark,)) for name in families for benchmark in results.families[name]]
    return selected or [Task(tasks, tasks, ())]


def task_points(results: Results, tasks: Sequence[Task]) -> pl.DataFrame:
    """One row per model and task: ``CELL_COLUMNS, task, family``, ``VALUES``, ``size_b`` and ``format``.

    FLOPs are those of training the model and of one of its answers, null if not counted. A family with a missing
    benchmark has no mean, since a mean over the others would be another quantity. Raises :class:`StudyError` for a
    student of unknown size.
    """
    scores, costs = results.table("scores"), results.table("costs")
    points = pl.concat([pl.DataFrame(schema=_SCHEMA), *(_points(scores, costs, task) for task in tasks)])
    return model_points.with_format(model_points.with_sizes(points, results.sizes))


def _points(scores: pl.DataFrame, costs: pl.DataFrame, task: Task) -> pl.DataFrame:
    own = scores.filter(pl.col("benchmark").is_in(task.benchmarks)).with_columns(family=pl.lit(task.name))
    complete = pl.len() == len(task.benchmarks)
    if len(task.benchmarks) == 1:
        accuracies = own.select(*CELL, "accuracy", "ci_low", "ci_high")
    else:
        whole = own.filter(complete.over("model_id"))
        accuracies = family_scores(whole).select(*CELL, "accuracy", "ci_low", "ci_high")
    tokens = own.group_by("model_id").agg(answer_tokens=pl.col("answer_tokens_mean").mean())
    answering = costs.filter((pl.col("stage") == "evaluation") & pl.col("benchmark").is_in(task.benchmarks))
    each = answering.group_by("model_id").agg(
        inference_flops=pl.when(complete).then((pl.col("flops") / pl.col("sequences")).mean())
    )
    points = accuracies
    for more in (tokens, each, training_costs(costs)):
        points = points.join(more, on="model_id", how="left", maintain_order="left")
    return points.with_columns(task=pl.lit(task.name), family=pl.lit(task.family)).select(list(_SCHEMA))


def students_of(points: pl.DataFrame, corpus: str | None, ratios: Iterable[float] | None = None) -> pl.DataFrame:
    """The rows of trained students on ``corpus``: of these reasoning ratios, or of all."""
    own = (pl.col("kind") == "distilled") & (pl.col("corpus") == pl.lit(corpus, pl.String()))
    return points.filter(own if ratios is None else own & pl.col("ratio").is_in(list(map(float, ratios))))


def teacher_of(points: pl.DataFrame, task: Task) -> list[dict[str, Any]]:
    """The teacher's row on a task: in reasoning mode if evaluated, else in IFT mode; empty if missing."""
    rows = points.filter((pl.col("kind") == "teacher") & (pl.col("task") == task.name))
    teacher = rows.sort("ratio", descending=True).head(1).with_columns(format=pl.lit(None, pl.String()))
    return [{**row, "element": "teacher"} for row in teacher.to_dicts()]
