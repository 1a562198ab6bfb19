"""Compute scores from answers and verdicts: one row per model and benchmark."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.intervals import effective_trials, mid_p_interval
from scale_or_reason.common.tables import table_from_rows
from scale_or_reason.common.wording import counted
from scale_or_reason.judging.jury import KEY, JuryRule
from scale_or_reason.study.cells import parse_model_id
from scale_or_reason.study.families import family_of

#: The columns that scoring reads of each table.
ITEM_COLUMNS = ["benchmark", "item_id"]
ANSWER_COLUMNS = [*KEY, "answer_tokens", "finish_reason"]
VERDICT_COLUMNS = [*KEY, "judge", "verdict"]
#: Measures of the rule graders alone; a score is the mean over all answers.
MEASURES = ["strict", "lenient", "exact_match", "f1"]
GRADE_COLUMNS = [*VERDICT_COLUMNS, *MEASURES]


def score_model(
    model_id: str,
    families: Sequence[Mapping[str, Any]],
    items: pl.DataFrame,
    answers: pl.DataFrame,
    verdicts: pl.DataFrame,
    graders: pl.DataFrame,
    jury: JuryRule,
) -> pl.DataFrame:
    """A ``scores`` table: one row per benchmark in ``answers``, in the families' order.

    Frames have ``ITEM_COLUMNS``, ``ANSWER_COLUMNS`` and ``VERDICT_COLUMNS``, the ``graders`` ``GRADE_COLUMNS``.
    Accuracy is the share of "yes" among all answers; "unparsable" is not "no" but does not count as right either. It
    has a mid-P interval, with the effective number of trials if items have several samples. The judges of
    ``verdicts`` decide by the rule ``jury``; without them the ``graders`` decide.

    Raises :class:`StudyError` if an item has no answer, an answer no verdict, or a benchmark no family.
    """
    family = family_of(families)
    _check_items(model_id, items, answers, family)
    for judge, given in [*verdicts.group_by("judge"), *graders.group_by("judge")]:
        _check_verdicts(f"{model_id}, judge {judge[0]}", answers, given)
    if verdicts.is_empty() and graders.is_empty():
        raise StudyError(
            "answers have no verdicts", found=model_id, remedy="set study.judges, or study.rule_graders to true"
        )
    rules = graders.select(*KEY, *MEASURES, rule_graders="verdict")
    decided = graders.select(*KEY, "verdict") if verdicts.is_empty() else jury.decide(verdicts)
    outcomes = answers.join(decided, on=KEY).join(rules, on=KEY, how="left")
    compared = not (verdicts.is_empty() or graders.is_empty())
    cell = parse_model_id(model_id).columns()
    rows = []
    for benchmark in [name for name in family if name in outcomes["benchmark"]]:
        measured = _measure(outcomes.filter(pl.col("benchmark") == benchmark), compared)
        rows.append(cell | {"benchmark": benchmark, "family": family[benchmark]} | measured)
    return table_from_rows(rows, "scores")


def _measure(outcomes: pl.DataFrame, compared: bool) -> dict[str, Any]:
    """The measured columns of one row; ``outcomes`` are the answers to one benchmark with their verdicts."""
    yes = (pl.col("verdict") == "yes").sum()
    per_item = outcomes.group_by("item_id", maintain_order=True).agg(yes=yes, samples=pl.len())
    accuracy = int(per_item["yes"].sum()) / outcomes.height
    trials = effective_trials(per_item["yes"].to_numpy(), per_item["samples"].to_numpy())
    low, high = mid_p_interval(accuracy, trials)
    return {
        "n": outcomes.height,
        "accuracy": accuracy,
        "ci_low": float(low),
        "ci_high": float(high),
        "answer_tokens_mean": outcomes["answer_tokens"].mean(),
        "truncated": int((outcomes["finish_reason"] == "length").sum()),
        "refused": int((outcomes["finish_reason"] == "refused").sum()),
        "empty": int((outcomes["finish_reason"] == "empty").sum()),
        "unparsable": int((outcomes["verdict"] == "unparsable").sum()),
        "judge_agreement": _agreement(outcomes) if compared else None,
        **{measure: outcomes[measure].mean() for measure in MEASURES},
    }


def _agreement(outcomes: pl.DataFrame) -> float | None:
    """Share of answers on which jury and rule graders agree, among those that the jury decides.

    Rule graders mark an answer without a result as unparsable, whereas a judge's verdict on it is no.
    """
    decided = outcomes.filter(pl.col("verdict") != "unparsable")
    same = (decided["verdict"] == "yes") == (decided["rule_graders"] == "yes")
    return same.cast(pl.Float64).mean()  # type: ignore[return-value]


def _check_items(model_id: str, items: pl.DataFrame, answers: pl.DataFrame, family: Mapping[str, str]) -> None:
    if answers.is_empty():
        remedy = "run evaluate_model.py for this model first"
        raise StudyError("there are no answers to score", found=model_id, remedy=remedy)
    for benchmark in answers["benchmark"].unique().sort():
        if benchmark not in family:
            raise StudyError("a benchmark belongs to no family", found=benchmark, expected=", ".join(family))
    _refuse(model_id, answers.filter(answers.select(KEY).is_duplicated()), "an answer is duplicated")
    evaluated = items.filter(pl.col("benchmark").is_in(answers["benchmark"].unique().to_list()))
    _refuse(model_id, evaluated.join(answers, on=ITEM_COLUMNS, how="anti"), "an item has no answer")
    _refuse(model_id, answers.join(items, on=ITEM_COLUMNS, how="anti"), "an answer belongs to no item")


def _check_verdicts(source: str, answers: pl.DataFrame, verdicts: pl.DataFrame) -> None:
    _refuse(source, verdicts.filter(verdicts.select(KEY).is_duplicated()), "a verdict is duplicated")
    _refuse(source, answers.join(verdicts, on=KEY, how="anti"), "an answer has no verdict")
    _refuse(source, verdicts.join(answers, on=KEY, how="anti"), "a verdict belongs to no answer")


def _refuse(source: str, rows: pl.DataFrame, problem: str) -> None:
    if rows.height:
        key = [name for name in KEY if name in rows.columns]
        raise StudyError(
            problem,
            found=f"{source}: {counted(rows.height, 'row')}; the first: {rows.select(key).row(0)}",
            expected=f"exactly one row for each {', '.join(key)}",
            remedy="delete the files of this model and benchmark and rerun their rules",
        )
