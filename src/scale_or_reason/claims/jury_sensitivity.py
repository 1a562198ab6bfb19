"""What the comparison of formats would find if others decided which answers are right."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import polars as pl

from scale_or_reason.analysis.contrasts import GAIN, LOSS, UNDECIDED
from scale_or_reason.analysis.table1 import table1
from scale_or_reason.claims.findings import SUPPORTED, findings
from scale_or_reason.claims.statements import STATEMENTS
from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.intervals import effective_trials, mid_p_interval
from scale_or_reason.common.table_schemas import CELL_COLUMNS
from scale_or_reason.common.tables import table_from_rows
from scale_or_reason.judging.jury import JuryRule, count_votes
from scale_or_reason.judging.jury_settings import MAJORITIES, TIES
from scale_or_reason.scoring.evidence import evidence_from_tables
from scale_or_reason.study.catalogue import RULE_GRADERS
from scale_or_reason.study.cells import parse_model_id
from scale_or_reason.study.selection import models_of_jury

_CELL = ["corpus", "family", "student"]


def decided_scores(
    verdicts: Iterable[pl.DataFrame], jury: JuryRule, families: Mapping[str, str], jurors: Sequence[str]
) -> dict[str, pl.DataFrame]:
    """Accuracies with their intervals by model and benchmark, by the name of who decides; the study's own come first.

    ``verdicts`` are the verdicts on each benchmark, one after the other, with ``model_id``, the key of an answer,
    ``judge`` and ``verdict``; the judge ``rule_graders`` stands for the graders. ``jurors`` are those who decide in the
    study.

    Raises :class:`StudyError` if there are no verdicts.
    """
    scores: dict[str, list[pl.DataFrame]] = {}
    for given in verdicts:
        for name, decided in _decisions(given, jury, jurors).items():
            scores.setdefault(name, []).append(_scores(decided, families))
    if not any(part.height for parts in scores.values() for part in parts):
        raise StudyError(
            "there are no verdicts", where="--verdicts", found="no rows", remedy="name judges or switch the graders on"
        )
    return {name: pl.concat(parts) for name, parts in scores.items()}


def jury_sensitivity(
    scores: Mapping[str, pl.DataFrame],
    families: Mapping[str, str],
    *,
    sizes: Mapping[str, float],
    corpora: Sequence[str],
) -> pl.DataFrame:
    """Table 1's shift in each cell that was run, for every way to decide (:func:`decided_scores`).

    Columns: ``decided_by``, the cell and its size, ``shift`` with its interval in points, ``finding`` (gain or loss
    where the interval lies on one side of zero, else undecided) and ``changed``, against the study's own.
    """
    tables = []
    for name, decided in scores.items():
        named = list(dict.fromkeys(families.values()))
        shifts = table1(decided, sizes=sizes, corpora=corpora, families=named)
        tables.append(shifts.select(pl.lit(name).alias("decided_by"), *_CELL, "size_b", "^shift.*$"))
    table = pl.concat(tables).drop_nulls("shift").with_columns(finding=_finding())
    own = tables[0].drop_nulls("shift").select(*_CELL, own=_finding())
    table = table.join(own, on=_CELL, how="left", maintain_order="left")
    return table.with_columns(changed=pl.col("finding") != pl.col("own")).drop("own")


def jury_findings(
    scores: Mapping[str, pl.DataFrame],
    families: Mapping[str, str],
    *,
    sizes: Mapping[str, float],
    corpora: Sequence[str],
) -> pl.DataFrame:
    """The papers' statements about accuracy for every way to decide, by measured values; the study's own come first.

    Arguments as of :func:`jury_sensitivity`. Columns: ``decided_by``, the statement's ``name`` and ``statement``, its
    ``value``, whether it ``holds``, and whether that is ``changed`` against the study's own. Statements for which these
    models do not suffice are left out.
    """
    tables = []
    for name, decided in scores.items():
        evidence = evidence_from_tables(decided, table_from_rows([], "costs"), families, sizes)
        rows = findings(evidence, STATEMENTS, corpora).drop_nulls("value")
        holds = pl.col("verdict") == SUPPORTED
        tables.append(rows.select(pl.lit(name).alias("decided_by"), "name", "statement", "value", holds=holds))
    table = pl.concat(tables)
    own = tables[0].select("name", own="holds")
    table = table.join(own, on="name", how="left", maintain_order="left")
    return table.with_columns(changed=pl.col("holds") != pl.col("own")).drop("own")


def _decisions(verdicts: pl.DataFrame, jury: JuryRule, jurors: Sequence[str]) -> dict[str, pl.DataFrame]:
    """The verdict on each answer, by the name of who decides."""
    graders, judged = verdicts.filter(pl.col("judge") == RULE_GRADERS), verdicts.filter(pl.col("judge").is_in(jurors))
    votes = count_votes(judged)
    decisions = {"the study": jury.of_votes(votes)}
    if graders.height and list(jurors) != [RULE_GRADERS]:
        decisions["rule graders"] = graders
    if len(jurors) == 1:  # has neither majorities nor ties
        return decisions
    decisions |= {f"{judge} alone": judged.filter(pl.col("judge") == judge) for judge in models_of_jury(jurors)}
    rules = [JuryRule(majority, tie) for majority in MAJORITIES for tie in TIES]
    return decisions | {
        f"majority of {rule.majority} judges, ties {rule.tie}": rule.of_votes(votes) for rule in rules if rule != jury
    }


def _scores(decided: pl.DataFrame, families: Mapping[str, str]) -> pl.DataFrame:
    """Accuracies with their intervals, by model and benchmark, as in the table of scores."""
    items = decided.group_by("model_id", "benchmark", "item_id", maintain_order=True).agg(
        yes=(pl.col("verdict") == "yes").sum(), asked=pl.len()
    )
    rows = []
    for (model_id, benchmark), part in items.group_by("model_id", "benchmark", maintain_order=True):
        yes, asked = part["yes"].to_numpy(), part["asked"].to_numpy()
        accuracy = float(yes.sum() / asked.sum())
        low, high = mid_p_interval(accuracy, effective_trials(yes, asked))
        cell = parse_model_id(str(model_id)).columns()
        measured = {"accuracy": accuracy, "ci_low": float(low), "ci_high": float(high)}
        rows.append(cell | {"benchmark": benchmark, "family": families[str(benchmark)]} | measured)
    shares = {name: pl.Float64() for name in ("accuracy", "ci_low", "ci_high")}
    return pl.DataFrame(rows, schema=CELL_COLUMNS | {"benchmark": pl.String(), "family": pl.String(), **shares})


def _finding() -> pl.Expr:
    gain, loss = pl.col("shift_low") > 0, pl.col("shift_high") < 0
    return pl.when(gain).then(pl.lit(GAIN)).when(loss).then(pl.lit(LOSS)).otherwise(pl.lit(UNDECIDED))
