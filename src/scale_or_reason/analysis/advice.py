"""Which model to train for a budget: the most accurate one whose training and answers together stay within it.

The *lifetime* cost of a model is what is paid once (its training, and further parts if the config counts them:
:mod:`analysis.paid_once`) and a number of answers (*queries*), all in one unit, FLOPs or GPU-hours. Only models that
were measured are advised, never one between them or beyond.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from scale_or_reason.analysis.replicates import interval
from scale_or_reason.analysis.serving import SINGLE, CutAt, Serving, budget_columns, place_in
from scale_or_reason.common.tables import table_from_rows
from scale_or_reason.scoring.evidence import Evidence
from scale_or_reason.study.cells import TRAINED_KINDS

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Offers:
    """The models that may be chosen for a task, the most accurate first.

    ``cells`` are rows of the evidence, ``reasons`` says which learnt from reasoning answers. ``accuracy`` has the shape
    (1 + replicates, models); ``training`` and ``answer`` (models,) are the costs of training and of one answer.
    ``parts`` (models,) are what else is paid once, by name. ``hours`` (models,) are measured GPU-hours of the same
    names, of ``training`` and of one ``answer``; NaN where nothing was timed. A model is offered once for each of its
    ``servings``, the ways to answer an item, at whose ``budgets`` in tokens thoughts are cut; both are empty where all
    answer once.
    """

    task: str
    cells: tuple[int, ...]
    reasons: Flags
    accuracy: Floats
    training: Floats
    answer: Floats
    parts: Mapping[str, Floats] = field(default_factory=dict)
    hours: Mapping[str, Floats] = field(default_factory=dict)
    servings: tuple[str, ...] = ()
    budgets: tuple[int | None, ...] = ()

    def serving(self, place: int) -> str | None:
        """The way to answer of a model; None where all answer once."""
        return self.servings[place] if self.servings else None

    def budget(self, place: int) -> int | None:
        """The tokens at which a model's thoughts are cut; None for whole thoughts."""
        return self.budgets[place] if self.budgets else None

    def __len__(self) -> int:
        return len(self.cells)

    @property
    def once(self) -> Floats:
        """What is paid once, (models,)."""
        return self.training + sum(self.parts.values(), np.zeros(len(self)))

    def lifetime(self, queries: ArrayLike) -> Floats:
        """What is paid once and for ``queries`` answers, shape (..., models)."""
        return self.once + np.asarray(queries, float)[..., None] * self.answer

    def most_queries(self, budget: float) -> Floats:
        """How many answers of each model the budget pays, (models,); negative where it pays no finished one."""
        left = budget - self.once
        most = np.divide(left, self.answer, out=np.full(len(self), np.inf), where=self.answer > 0)
        return np.where(left < 0, -1.0, most)


@dataclass(frozen=True)
class ReasoningLead:
    """The numbers of queries at which reasoning is ahead of IFT.

    ``ranges`` are those of the measured values, in ascending order: above the first number, up to and including the
    second one. ``last`` (1 + replicates,) is the largest number at which reasoning is ahead: 0 where it never is,
    infinite where it is at any number.
    """

    ranges: tuple[tuple[float, float], ...]
    last: Floats


def offers(
    evidence: Evidence,
    task: str,
    training: Floats | None = None,
    answer: Floats | None = None,
    parts: Mapping[str, Floats] | None = None,
    hours: Mapping[str, Floats] | None = None,
    servings: Mapping[Serving, Evidence] | None = None,
    tokens: CutAt | None = None,
) -> Offers:
    """The trained models whose accuracy on ``task`` and whose costs are known.

    Costs are FLOPs of the evidence, or those given: ``training`` and ``answer``, (cells,) with NaN for unknown ones.
    ``parts`` are what else is paid once (:class:`~scale_or_reason.analysis.paid_once.PaidOnce`), ``hours`` measured
    GPU-hours. ``servings`` are the evidence of further ways to answer (:mod:`~scale_or_reason.analysis.serving`), with
    FLOPs per item; a model is offered with each that is known for it. ``tokens`` are those of their budgets.
    """
    if training is None:
        training = np.array([evidence.cost("training", cell, task)[0] for cell in range(evidence.cells.height)])
    if answer is None:
        answer = np.array([evidence.cost("inference", cell, task)[0] for cell in range(evidence.cells.height)])
    ways = [(cell, SINGLE, evidence.get("accuracy", cell, task), float(answer[cell])) for cell in candidates(evidence)]
    for serving, other in (servings or {}).items():
        for cell in candidates(evidence):
            if (place := place_in(other, evidence, cell)) is not None:
                cost = float(other.cost("inference", place, task)[0])
                ways.append((cell, serving, other.get("accuracy", place, task), cost))
    ways = [way for way in ways if np.isfinite(training[way[0]] + way[3] + way[2][0])]
    # of equal accuracy the cheaper one first
    ways.sort(key=lambda way: (-way[2][0], training[way[0]], way[3]))
    there = [cell for cell, _, _, _ in ways]
    single = np.array([serving == SINGLE for _, serving, _, _ in ways], bool)
    budgets = [budget_columns(serving, evidence, cell, task, tokens or {})["budget"] for cell, serving, _, _ in ways]
    return Offers(
        task=task,
        cells=tuple(there),
        reasons=np.array([_learnt_from_reasoning(evidence, cell) for cell in there], bool),
        accuracy=np.stack([values for _, _, values, _ in ways], -1) if ways else np.empty((evidence.replicates + 1, 0)),
        training=training[there],
        answer=np.array([cost for _, _, _, cost in ways]),
        parts={name: values[there] for name, values in (parts or {}).items()},
        # only single answers were timed
        hours={
            name: np.where((name != "answer") | single, values[there], np.nan) for name, values in (hours or {}).items()
        },
        servings=tuple(serving.name for _, serving, _, _ in ways) if servings else (),
        budgets=tuple(budgets) if servings else (),
    )


def candidates(evidence: Evidence) -> list[int]:
    """The cells that were trained here; base students and the teacher are not for choice."""
    return [cell for cell, kind in enumerate(evidence.cells["kind"]) if kind in TRAINED_KINDS]


def _learnt_from_reasoning(evidence: Evidence, cell: int) -> bool:
    row = evidence.cells.row(cell, named=True)
    return "reasoning" in row["curriculum"] if row["kind"] == "adapted" else row["ratio"] > 0


def probabilities_of_best(offered: Offers, affordable: Flags) -> Floats | None:
    """How probable it is that each model is the most accurate of the ``affordable`` ones, (models,).

    None without replicates, or if nothing is affordable.
    """
    replicates = offered.accuracy[1:]
    if not len(replicates) or not affordable.any():
        return None
    winners = np.where(affordable, replicates, -np.inf).argmax(axis=1)
    return np.bincount(winners, minlength=len(offered)) / len(replicates)


def probability_of_reasoning(offered: Offers, affordable: Flags) -> float | None:
    """How probable it is that the best affordable model learnt from reasoning; None as above."""
    each = probabilities_of_best(offered, affordable)
    return None if each is None else float(each[offered.reasons].sum())


def reasoning_ahead(offered: Offers, budget: float) -> ReasoningLead:
    """Where the best reasoning student within ``budget`` is more accurate than the best IFT student within it.

    The more answers, the fewer models the budget pays. A lead can be lost and come back, since either kind can lose its
    best student first. Between two numbers at which a model drops out nothing changes, so that the bounds are exact.
    """
    limits = offered.most_queries(budget)
    order = np.argsort(limits, kind="stable")
    order = order[limits[order] > 0]
    if not len(order):
        return ReasoningLead((), np.zeros(len(offered.accuracy)))
    ends, first = np.unique(limits[order], return_index=True)
    starts = np.append(0.0, ends[:-1])
    reasoning, ift = (_best_from(offered, order, kind)[:, first] for kind in (offered.reasons, ~offered.reasons))
    ahead = reasoning > ift
    last = ahead.shape[1] - 1 - ahead[:, ::-1].argmax(axis=1)
    ranges: list[tuple[float, float]] = []
    for start, end in zip(starts[ahead[0]], ends[ahead[0]], strict=True):
        if ranges and ranges[-1][1] == start:
            start = ranges.pop()[0]
        ranges.append((float(start), float(end)))
    return ReasoningLead(tuple(ranges), np.where(ahead.any(axis=1), ends[last], 0.0))


def _best_from(offered: Offers, order: NDArray[np.int64], kind: Flags) -> Floats:
    """Best accuracy of a kind among the models from each place of ``order`` on, (1 + replicates, places)."""
    accuracy = np.where(kind[order], offered.accuracy[:, order], -np.inf)
    return np.maximum.accumulate(accuracy[:, ::-1], axis=1)[:, ::-1]


def advice(evidence: Evidence, offered: Sequence[Offers], budget: float, queries: float, unit: str) -> pl.DataFrame:
    """An ``advice`` table: for each task the best model within ``budget``, ``queries`` answers included.

    ``unit`` names that of the budget and of all costs.
    """
    head = {"budget": budget, "unit": unit, "queries": queries}
    return table_from_rows([{**head, **_advised(evidence, each, budget, queries)} for each in offered], "advice")


def _advised(evidence: Evidence, offered: Offers, budget: float, queries: float) -> dict[str, Any]:
    row: dict[str, Any] = {"family": offered.task, "offers": len(offered)}
    if not len(offered):
        return row | {"affordable": 0, "note": "no trained model has an accuracy and known costs"}
    lifetime = offered.lifetime(queries)
    affordable = lifetime <= budget
    row |= {"affordable": int(affordable.sum()), "most_expensive": float(lifetime.max())}
    row |= {"cheapest": float(lifetime.min())}
    row |= {"extrapolation": budget / row["most_expensive"]} | _break_even(offered, budget, affordable)
    if not affordable.any():
        return row | {"note": "the budget pays none of the models"}
    ranking = np.flatnonzero(affordable)  # the most accurate come first
    each = probabilities_of_best(offered, affordable)
    row |= _named(evidence, offered, int(ranking[0]), "best", lifetime, each)
    row |= {"training": float(offered.training[ranking[0]]), "answer": float(offered.answer[ranking[0]])}
    row |= {name: float(values[ranking[0]]) for name, values in offered.parts.items()}
    hours = {f"{name}_hours": float(values[ranking[0]]) for name, values in offered.hours.items()}
    row |= {name: value for name, value in hours.items() if np.isfinite(value)}
    row |= {"reasoning_probability": probability_of_reasoning(offered, affordable)}
    if len(ranking) == 1:
        return row | {"note": "the only one that the budget pays"}
    row |= _named(evidence, offered, int(ranking[1]), "runner_up", lifetime, each)
    lead = offered.accuracy[:, ranking[0]] - offered.accuracy[:, ranking[1]]
    low, high = interval(lead)
    return row | {"lead": float(lead[0]), "lead_low": low, "lead_high": high}


def _named(
    evidence: Evidence, offered: Offers, place: int, name: str, lifetime: Floats, probabilities: Floats | None
) -> dict[str, Any]:
    return {
        name: evidence.name(offered.cells[place]),
        f"{name}_serving": offered.serving(place),
        f"{name}_budget": offered.budget(place),
        f"{name}_accuracy": float(offered.accuracy[0, place]),
        f"{name}_lifetime": float(lifetime[place]),
        f"{name}_probability": None if probabilities is None else float(probabilities[place]),
    }


def _break_even(offered: Offers, budget: float, affordable: Flags) -> dict[str, Any]:
    """Where reasoning is ahead of IFT; null where only one kind of student is offered."""
    if offered.reasons.all() or not offered.reasons.any():
        return {}
    lead = reasoning_ahead(offered, budget)
    low, high = interval(lead.last)
    kinds = (offered.reasons, ~offered.reasons)
    reasoning, ift = (max(offered.accuracy[0, affordable & kind], default=-np.inf) for kind in kinds)
    return {
        "reasoning_leads": bool(reasoning > ift),
        "reasoning_ranges": "; ".join(f"{start:.6g} to {end:.6g}" for start, end in lead.ranges),
        "break_even_queries": float(lead.last[0]),
        "break_even_queries_low": low,
        "break_even_queries_high": high,
    }


def regions(evidence: Evidence, offered: Offers, budgets: Floats, queries: Floats) -> pl.DataFrame:
    """A ``regions`` table: the best model at every budget (budgets,) and number of answers (queries,).

    ``best`` is null where the budget pays no model.
    """
    lifetime = offered.lifetime(queries)
    names = [evidence.name(cell) for cell in offered.cells]
    facts = evidence.cells.select("student", "size_b", "ratio", "data_fraction").rows(named=True)
    sure: dict[bytes, float | None] = {}  # most points of the grid pay the same models as others
    rows = []
    for budget in budgets:
        for number, affordable in zip(queries, lifetime <= budget, strict=True):
            row: dict[str, Any] = {"family": offered.task, "budget": float(budget), "queries": float(number)}
            if affordable.any():
                best = int(affordable.argmax())
                key = affordable.tobytes()
                if key not in sure:
                    sure[key] = probability_of_reasoning(offered, affordable)
                row |= {"best": names[best], "serving": offered.serving(best)} | facts[offered.cells[best]]
                row |= {"reasons": bool(offered.reasons[best]), "accuracy": float(offered.accuracy[0, best])}
                row |= {"reasoning_probability": sure[key]}
            rows.append(row)
    return table_from_rows(rows, "regions")


def grid_around(offered: Sequence[Offers], budget: float, queries: float, steps: int = 96) -> tuple[Floats, Floats]:
    """Budgets and numbers of queries for :func:`regions`, evenly spaced over their logarithms.

    From answers that cost next to nothing beside what is paid once to answers that cost far more, and the point asked
    about.
    """
    once = np.concatenate([each.once for each in offered])
    answer = np.concatenate([each.answer for each in offered])
    numbers = np.append(once / np.maximum(answer, np.finfo(float).tiny), queries)
    low, high = max(1.0, np.min(numbers) / 30), np.max(numbers) * 30
    costs = np.append(once, budget)
    most = max(budget, np.max(once) * 3)
    return np.geomspace(np.min(costs) / 1.5, most * 1.5, steps), np.geomspace(low, high, steps)
