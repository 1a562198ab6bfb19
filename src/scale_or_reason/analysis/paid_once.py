"""What a model costs once besides its training, each part only if the config's ``advise`` counts it.

- ``teacher``: its share of the teacher's answers that it learnt from (equation 6; dropped answers are not counted).
- ``search``: the learning-rate search of its size, for the formats whose rates it uses: the number of rates times the
  training on the search's samples.
- ``judging``: the verdicts of all judges on its answers to all benchmarks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from scale_or_reason.scoring.evidence import CELL, Evidence
from scale_or_reason.study.cells import FORMATS, TRAINED_KINDS
from scale_or_reason.study.learning_rates import Search, formats_at

Floats = NDArray[np.float64]

#: Part -> what it is, the setting that counts it, and what its absence means.
PARTS = {
    "teacher": ("the teacher's answers", "advise.teacher_share: 1 counts them", "no model learnt from any"),
    "search": ("the learning-rate search", "advise.search: true counts it", "the study has none"),
    "judging": ("judging", "advise.judging: true counts it", "no judge is a model"),
}


_HEADS = ("Counted besides training and answers", "Not counted", "Not counted, since unknown", "Costs nothing")


@dataclass(frozen=True)
class PaidOnce:
    """``parts``: name -> costs (cells,) of the parts that are counted; ``notes``: which are and which are not."""

    parts: Mapping[str, Floats]
    notes: Sequence[str]


def asked_for(advise: Mapping[str, Any]) -> dict[str, float]:
    """The share of each part that is to be counted, 0 for none; ``advise`` is the section of the config."""
    settings = {"teacher": "teacher_share", "search": "search", "judging": "judging"}
    return {part: float(advise[setting]) for part, setting in settings.items()}


def paid_once(
    evidence: Evidence,
    candidates: Sequence[int],
    values: Mapping[str, Floats],
    shares: Mapping[str, float],
    why_unknown: Mapping[str, str] | None = None,
) -> PaidOnce:
    """The parts of ``values`` (cells,) of which ``shares`` (:func:`asked_for`) count something.

    A part that is NaN for one of the ``candidates``, cells of the evidence, is left out for all, and a note states it:
    with it some models would be compared without a cost that others have. ``why_unknown`` adds reasons by part.
    """
    parts: dict[str, Floats] = {}
    lines: dict[str, list[str]] = {head: [] for head in _HEADS}
    for name, share in shares.items():
        what, setting, without = PARTS[name]
        if not share:
            lines["Not counted"].append(f"{what} ({setting})")
            continue
        lacking = [evidence.name(cell) for cell in candidates if np.isnan(values[name][cell])]
        if lacking:
            others = f" and {len(lacking) - 1} more" if len(lacking) > 1 else ""
            reason = (why_unknown or {}).get(name, f"no cost is known for {lacking[0]}{others}")
            lines["Not counted, since unknown"].append(f"{what} ({reason})")
            continue
        parts[name] = share * values[name]
        if not parts[name][list(candidates)].any():
            lines["Costs nothing"].append(f"{what} ({without})")
        else:
            lines["Counted besides training and answers"].append(_counted(what, share))
    return PaidOnce(parts, [f"{head}: {', '.join(listed)}." for head, listed in lines.items() if listed])


def _counted(what: str, share: float) -> str:
    return what if share == 1 else f"{100 * share:.3g} % of {what}"


def flops_paid_once(evidence: Evidence, costs: pl.DataFrame, search: Search, judges: int) -> dict[str, Floats]:
    """FLOPs of every part in full, (cells,) of the evidence, from a ``costs`` table; NaN where they are unknown.

    ``judges`` is the number of judges that are models: without any, judging costs nothing.
    """
    nothing = np.zeros(evidence.cells.height)
    return {
        "teacher": teacher_flops(evidence, costs),
        "search": _search_flops(evidence, costs, search),
        "judging": by_cell(evidence, _totals(costs.filter(stage="judging"))) if judges else nothing,
    }


def teacher_flops(evidence: Evidence, costs: pl.DataFrame) -> Floats:
    """FLOPs of the teacher's answers that each cell learnt from, (cells,); NaN where they are unknown."""
    return by_cell(evidence, _totals(costs.filter(stage="teacher")))


def by_cell(evidence: Evidence, values: Mapping[tuple[Any, ...], float]) -> Floats:
    """Values by cell key as an array (cells,); NaN for cells without one."""
    return np.array([values.get(key, np.nan) for key in evidence.cells.select(CELL).iter_rows()], float)


def _totals(costs: pl.DataFrame) -> dict[tuple[Any, ...], float]:
    """Cell -> FLOPs of a model, the mean over its replicas; cells with an unknown count are left out."""
    known = pl.col("flops").null_count() == 0
    models = costs.group_by("model_id", *CELL).agg(pl.when(known).then(pl.col("flops").sum()))
    return {row[:-1]: row[-1] for row in models.group_by(CELL).agg(pl.col("flops").mean()).drop_nulls("flops").rows()}


def _search_flops(evidence: Evidence, costs: pl.DataFrame, search: Search) -> Floats:
    trained = costs.filter(
        pl.col("stage") == "training", pl.col("kind") == "distilled", pl.col("corpus") == search.corpus
    )
    each = trained.group_by("student", "ratio").agg(pl.col("flops").sum() / pl.col("sequences").sum())
    per_sequence = {(student, ratio): flops for student, ratio, flops in each.iter_rows()}
    found = np.full(evidence.cells.height, np.nan)
    for cell, row in enumerate(evidence.cells.select(CELL).iter_rows(named=True)):
        if row["kind"] not in TRAINED_KINDS:
            continue
        if row["student"] not in search.students:
            found[cell] = 0.0
            continue
        formats = formats_at(row["kind"], row["curriculum"], row["ratio"], search.mixture_rule)
        costs_of = [per_sequence.get((row["student"], float(FORMATS.index(name)))) for name in formats]
        if None not in costs_of:
            found[cell] = search.sequences * sum(costs_of)  # type: ignore[arg-type]
    return found
