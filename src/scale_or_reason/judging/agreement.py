"""Agreement of the judges with each other and with the rule graders.

Statistics are computed from sums over answers. So a bootstrap replicate, which draws items with replacement, is one row
of a matrix product, and all pairs of judges share the draws.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.intervals import LEVEL
from scale_or_reason.common.seeds import derive_seed
from scale_or_reason.common.table_schemas import SCHEMAS
from scale_or_reason.common.wording import counted
from scale_or_reason.judging.jury import KEY
from scale_or_reason.study.catalogue import HUMAN, RULE_GRADERS
from scale_or_reason.study.selection import is_human, models_of_jury

Floats = NDArray[np.float64]

#: Columns of ``verdicts`` that are read.
VERDICT_COLUMNS = ["model_id", *KEY, "judge", "verdict"]
#: The value of column ``first`` for all judges together.
JURY = "jury"
#: The same for all persons together.
PEOPLE = "people"
REPLICATES = 2000
#: Number of replicates whose draws are in memory at a time.
_CHUNK = 100
_ANSWER = ["model_id", *KEY]
#: Sums over the answers that both judges of a pair decide: number, yes by both, yes by the first, yes by the second.
_PAIR = ("answers", "both", "first", "second")
#: Sums over the answers that at least two judges decide: number, unanimous ones, and the inputs of Krippendorff's
#: alpha.
_ALL = ("answers", "same", "disagreement", "yes", "decided")


@dataclass(frozen=True)
class _Comparison:
    """A comparison of two judges or of all: expressions summed over answers, and statistics of the sums."""

    first: str
    second: str | None
    sums: Mapping[str, pl.Expr]
    statistics: Callable[[Floats], dict[str, Any]]


def judge_agreement(
    verdicts: Iterable[pl.DataFrame], families: Mapping[str, str], seed: int, replicates: int = REPLICATES
) -> pl.DataFrame:
    """A ``judge_agreement`` table: for each pair of judges a row per benchmark and one for all of them.

    ``verdicts`` yields the verdicts on one benchmark after another, since those of the papers' study do not fit into
    memory together. They have ``VERDICT_COLUMNS``; the judge ``rule_graders`` stands for the rule graders. An
    unparsable verdict of a judge is missing; one of the rule graders counts as no. People (``human``, their majority,
    and each person) have unparsable verdicts on answers without a label. With three or more judges, the jury as a whole
    also has rows, and so have three or more persons. Intervals resample items within each benchmark.

    Raises :class:`StudyError` for fewer than two judges, and if a judge lacks a verdict on an answer.
    """
    judges: list[str] = []
    shares: list[pl.DataFrame] = []
    seen: dict[str | None, Floats] = {}
    drawn: dict[str | None, Floats] = {}
    for given in verdicts:
        judges = judges or _judges(given)
        by_judge = _by_judge(given, judges)
        shares.append(_shares(by_judge, judges))
        for benchmark in [benchmark for benchmark in families if benchmark in by_judge["benchmark"]]:
            by_item = _item_sums(by_judge.filter(pl.col("benchmark") == benchmark), _comparisons(judges))
            seen[benchmark] = by_item.sum(axis=0)
            drawn[benchmark] = _resampled(by_item, derive_seed(seed, "agreement", benchmark), replicates)
    if not judges:
        raise _no_judges([])
    comparisons, differences = _comparisons(judges), _differences(pl.concat(shares), judges)
    seen[None], drawn[None] = np.sum(list(seen.values()), axis=0), np.sum(list(drawn.values()), axis=0)
    rows = []
    for name in seen:
        start = 0
        for comparison in comparisons:
            here = slice(start, start := start + len(comparison.sums))
            key = {"benchmark": name, "first": comparison.first, "second": comparison.second}
            statistics = comparison.statistics(seen[name][here]), comparison.statistics(drawn[name][:, here].T)
            rows.append(key | _with_intervals(*statistics) | {"difference": differences.get(tuple(key.values()))})
    table = pl.DataFrame(rows, schema=SCHEMAS["judge_agreement"])
    family = pl.col("benchmark").replace_strict(families, default=None, return_dtype=pl.String())
    return table.with_columns(family.alias("family"), pl.col(pl.Float64).fill_nan(None))


def cohens_kappa(answers: Any, both: Any, first: Any, second: Any) -> Any:
    """Agreement beyond chance of two judges (Cohen 1960), from the sums ``_PAIR``; nan if chance agreement is 1."""
    observed = (answers - first - second + 2 * both) / answers
    chance = (first * second + (answers - first) * (answers - second)) / answers**2
    return (observed - chance) / (1 - chance)


def krippendorffs_alpha(disagreement: Any, yes: Any, decided: Any) -> Any:
    """Krippendorff's alpha for yes and no (2011, nominal data with missing values); nan if all verdicts are equal.

    ``decided`` is the number of verdicts on answers that at least two judges decide, ``yes`` that of yes among them.
    ``disagreement`` is the sum over these answers of (yes x no) / (verdicts - 1).
    """
    return 1 - disagreement * (decided - 1) / (yes * (decided - yes))


def _judges(verdicts: pl.DataFrame) -> list[str]:
    """The names of the judges, in the order given; the rule graders last."""
    judges = sorted(verdicts["judge"].unique(maintain_order=True), key=lambda judge: judge == RULE_GRADERS)
    if len(judges) < 2:
        raise _no_judges(judges)
    return judges


def _no_judges(judges: Sequence[str]) -> StudyError:
    return StudyError(
        "agreement needs two judges",
        found=", ".join(judges) or "no verdicts",
        expected="two judges, or one judge and the rule graders",
        remedy="add judges to study.judges, or set study.rule_graders to true",
    )


def _by_judge(verdicts: pl.DataFrame, judges: Sequence[str]) -> pl.DataFrame:
    """One row per answer, one column per judge: right, wrong, or null for undecided."""
    right, unreadable = pl.col("verdict") == "yes", pl.col("verdict") == "unparsable"
    decision = pl.when(unreadable & (pl.col("judge") != RULE_GRADERS)).then(None).otherwise(right)
    table = verdicts.select(*_ANSWER, "judge", decision=decision)
    counts_of_judges = table.group_by(_ANSWER).agg(pl.len(), others=(~pl.col("judge").is_in(list(judges))).any())
    partial = counts_of_judges.filter((pl.col("len") != len(judges)) | pl.col("others"))
    if partial.height:
        raise StudyError(
            "answers do not have exactly one verdict of every judge",
            found=f"{counted(partial.height, 'answer')}; the first, with {partial['len'][0]}: "
            f"{partial.select(_ANSWER).row(0)}",
            expected=f"one verdict each of {', '.join(judges)}",
            remedy="delete the verdicts of this model and run their rules again",
        )
    return table.pivot(on="judge", index=_ANSWER, values="decision")


def _comparisons(judges: Sequence[str]) -> list[_Comparison]:
    """All pairs, and the jury if it has at least three judges; neither rule graders nor people are part of it.

    The same for people, of whom nobody is compared with the majority that has the own labels.
    """
    persons = [judge for judge in judges if is_human(judge) and judge != HUMAN]
    groups = {JURY: models_of_jury(judges), PEOPLE: persons}
    pairs = [pair for pair in combinations(judges, 2) if not (HUMAN in pair and all(map(is_human, pair)))]
    return [
        *(_Comparison(*pair, _pair_sums(*pair), _pair_statistics) for pair in pairs),
        *(
            _Comparison(name, None, _jury_sums(members), _jury_statistics)
            for name, members in groups.items()
            if len(members) > 2
        ),
    ]


def _item_sums(by_judge: pl.DataFrame, comparisons: Sequence[_Comparison]) -> Floats:
    """One row per item, with the columns of all comparisons side by side."""
    columns = [
        expression.alias(f"{index} {name}")
        for index, comparison in enumerate(comparisons)
        for name, expression in comparison.sums.items()
    ]
    return by_judge.group_by("item_id").agg(columns).sort("item_id").drop("item_id").to_numpy().astype(float)


def _pair_sums(first: str, second: str) -> dict[str, pl.Expr]:
    a, b = pl.col(first), pl.col(second)
    decided = a.is_not_null() & b.is_not_null()
    parts = (decided, a & b, a & decided, b & decided)
    return {name: part.sum() for name, part in zip(_PAIR, parts, strict=True)}


def _jury_sums(judges: Sequence[str]) -> dict[str, pl.Expr]:
    decided = pl.sum_horizontal(pl.col(judge).is_not_null() for judge in judges)
    yes = pl.sum_horizontal(pl.col(judge).fill_null(value=False) for judge in judges)
    counts = decided >= 2
    parts = (
        counts,
        counts & ((yes == 0) | (yes == decided)),
        pl.when(counts).then(yes * (decided - yes) / (decided - 1)).otherwise(0.0),
        pl.when(counts).then(yes).otherwise(0),
        pl.when(counts).then(decided).otherwise(0),
    )
    return {name: part.sum() for name, part in zip(_ALL, parts, strict=True)}


def _resampled(values: Floats, seed: int, replicates: int) -> Floats:
    """Sums over items drawn with replacement: a row for each replicate."""
    generator, count = np.random.default_rng(seed), len(values)
    parts = [
        generator.multinomial(count, np.full(count, 1 / count), size=min(_CHUNK, replicates - start)) @ values
        for start in range(0, replicates, _CHUNK)
    ]
    return np.concatenate(parts)


def _pair_statistics(sums: Floats) -> dict[str, Any]:
    answers, both, first, second = sums
    with np.errstate(invalid="ignore", divide="ignore"):
        return {
            "answers": answers,
            "first_only": first - both,
            "second_only": second - both,
            "agreement": (answers - first - second + 2 * both) / answers,
            "kappa": cohens_kappa(answers, both, first, second),
            "alpha": krippendorffs_alpha(first + second - 2 * both, first + second, 2 * answers),
        }


def _jury_statistics(sums: Floats) -> dict[str, Any]:
    answers, same, disagreement, yes, decided = sums
    with np.errstate(invalid="ignore", divide="ignore"):
        return {
            "answers": answers,
            "agreement": same / answers,
            "alpha": krippendorffs_alpha(disagreement, yes, decided),
        }


def _with_intervals(seen: Mapping[str, Any], drawn: Mapping[str, Any]) -> dict[str, Any]:
    """Integer counts, and statistics with quantiles of their defined replicates."""
    row: dict[str, Any] = {}
    for name, value in seen.items():
        if name not in ("agreement", "kappa", "alpha"):
            row[name] = int(value)
            continue
        row[name] = float(value)
        defined = drawn[name][np.isfinite(drawn[name])]
        bounds = np.quantile(defined, [(1 - LEVEL) / 2, (1 + LEVEL) / 2]) if len(defined) else (None, None)
        row[f"{name}_low"], row[f"{name}_high"] = bounds
    return row


def _shares(by_judge: pl.DataFrame, judges: Sequence[str]) -> pl.DataFrame:
    """Accuracy by each judge, in points: the share of yes among all answers, as in the scores."""
    return by_judge.group_by("model_id", "benchmark").agg(
        (100 * pl.col(judge).fill_null(value=False).mean()).alias(judge) for judge in judges
    )


def _differences(shares: pl.DataFrame, judges: Sequence[str]) -> dict[tuple, float]:
    """The median over models of the absolute difference of two judges' accuracies on a benchmark, in points.

    Over all benchmarks: the median over models and benchmarks, as in the papers. People label a part of the answers, so
    an accuracy by them is not comparable.
    """
    found = {}
    for pair in combinations([judge for judge in judges if not is_human(judge)], 2):
        differences = shares.select("benchmark", difference=(pl.col(pair[0]) - pl.col(pair[1])).abs())
        medians = differences.group_by("benchmark").agg(pl.col("difference").median())
        for name, value in [*medians.rows(), (None, differences["difference"].median())]:
            found[(name, *pair)] = value
    return found
