"""A table of advice as text: columns for a terminal, and three sentences."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import polars as pl

from scale_or_reason.common.wording import listed

#: Heading -> what stands below it, of a row of the table.
_COLUMNS = {
    "family": lambda row: row["family"],
    "best": lambda row: _model(row, "best") or "none",
    "accuracy": lambda row: _percent(row["best_accuracy"]),
    "probability": lambda row: _share(row["best_probability"]),
    "runner-up": lambda row: _model(row, "runner_up") or "",
    "behind by": lambda row: _percent(row["lead"]),
    "reasoning ahead": lambda row: {None: "", True: "yes", False: "no"}[row["reasoning_leads"]],
    "at answers": lambda row: _ranges(row) or "",
    "last": lambda row: _bounded(row, "break_even_queries"),
}
#: The same for the costs of the best model.
_COSTS = {
    "cost of the best": lambda row: row["family"],
    "training": lambda row: _cost(row["training"]),
    "teacher": lambda row: _cost(row["teacher"]),
    "search": lambda row: _cost(row["search"]),
    "judging": lambda row: _cost(row["judging"]),
    "answers": lambda row: _cost(row["answer"] and row["queries"] * row["answer"]),
    "all": lambda row: _cost(row["best_lifetime"]),
}
#: The same in measured GPU-hours.
_HOURS = {
    "measured GPU-hours": lambda row: row["family"],
    "training": lambda row: _cost(row["training_hours"]),
    "teacher": lambda row: _cost(row["teacher_hours"]),
    "search": lambda row: _cost(row["search_hours"]),
    "judging": lambda row: _cost(row["judging_hours"]),
    "answers": lambda row: _cost(row["answer_hours"] and row["queries"] * row["answer_hours"]),
}


def screen(table: pl.DataFrame) -> str:
    """The rows of an ``advice`` table as lines of text; accuracies in per cent, numbers of answers with intervals.

    Without the column of probabilities if none is known, as for the papers' numbers.
    """
    unknown = {"probability"} if table["best_probability"].null_count() == table.height else set()
    columns = {name: show for name, show in _COLUMNS.items() if name not in unknown}
    return _aligned(columns, table.to_dicts())


def costs_on_screen(table: pl.DataFrame) -> str:
    """The costs of the best models in an ``advice`` table as lines of text, with a dash for what is not counted.

    Empty if no model is affordable.
    """
    rows = table.filter(pl.col("best").is_not_null()).to_dicts()
    return _aligned(_COSTS, rows) if rows else ""


def hours_on_screen(table: pl.DataFrame) -> str:
    """The measured GPU-hours of the best models as lines of text; empty if nothing was timed."""
    timed = pl.col("best").is_not_null() & pl.any_horizontal(pl.col("training_hours", "answer_hours").is_not_null())
    rows = table.filter(timed).to_dicts()
    return _aligned(_HOURS, rows) if rows else ""


def _aligned(columns: Mapping[str, Callable[[Mapping[str, Any]], str]], rows: Sequence[Mapping[str, Any]]) -> str:
    lines = [list(columns), *([show(row) for show in columns.values()] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in lines)


def sentences(table: pl.DataFrame) -> list[str]:
    """Three sentences: what to train, where reasoning and IFT break even, and how far the measured models reach.

    ``table`` is an ``advice`` table of one budget with a row per family.
    """
    rows = table.to_dicts()
    return [_best(rows), _break_even(rows), _reach(rows)]


def hybrid_note(table: pl.DataFrame) -> list[str]:
    """A note if a hybrid student is best for a family: its training is one for both modes and for all families."""
    trainings = table["best"].drop_nulls().str.extract(r"^(.*/hybrid)/", 1).drop_nulls().unique(maintain_order=True)
    if trainings.is_empty():
        return []
    return [
        f"Both modes of {listed(trainings.to_list())} are one training, chosen by a word behind the prompt: each line "
        "counts it in full, and whoever serves several families with it pays it once."
    ]


def count(value: float) -> str:
    """``1.2e+21``, ``250,000`` or ``0.5``."""
    if value >= 1e7 or 0 < value < 0.01:
        return f"{value:.3g}"
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _model(row: Mapping[str, Any], name: str) -> str | None:
    """The model, with its way to answer unless it answers once; a percentile with the tokens to serve with."""
    serving, tokens = row[f"{name}_serving"], row[f"{name}_budget"]
    if serving in (None, "single"):
        return row[name]
    in_tokens = f", {count(tokens)} tokens" if "budget-p" in serving and tokens is not None else ""
    return f"{row[name]} ({serving}{in_tokens})"


def _percent(value: float | None) -> str:
    return "" if value is None else f"{100 * value:.1f}"


def _cost(value: float | None) -> str:
    return "-" if value is None else count(value)


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _bounded(row: Mapping[str, Any], name: str) -> str:
    value, low, high = (row[f"{name}{bound}"] for bound in ("", "_low", "_high"))
    if value is None:
        return ""
    return count(value) + (f" [{count(low)}, {count(high)}]" if low is not None else "")


def _best(rows: Sequence[Mapping[str, Any]]) -> str:
    head = f"{count(rows[0]['budget'])} {rows[0]['unit']} for training and {count(rows[0]['queries'])} answers"
    by_model: dict[str | None, list[str]] = {}
    for row in rows:
        by_model.setdefault(_model(row, "best"), []).append(row["family"])
    none = by_model.pop(None, [])
    if not by_model:
        cheapest = [row["cheapest"] for row in rows if row["cheapest"] is not None]
        return f"{head} pay none of the measured models: the cheapest takes {count(min(cheapest))}."
    found = "; ".join(f"{model} for {listed(families)}" for model, families in by_model.items())
    return f"With {head}, train {found}" + (f"; nothing is affordable for {listed(none)}." if none else ".")


def _break_even(rows: Sequence[Mapping[str, Any]]) -> str:
    known = [row for row in rows if row["break_even_queries"] is not None]
    if not known:
        return "Reasoning and IFT cannot be compared, since students of one of them have no accuracy or cost."
    never = [row["family"] for row in known if not row["break_even_queries"]]
    if len(never) == len(known):
        return f"Within this budget reasoning is ahead of IFT at no number of answers ({listed(never)})."
    parts = [f"{_ranges(row)} answers on {row['family']}" for row in known if row["break_even_queries"]]
    text = f"Within this budget the best reasoning student is ahead of the best IFT student {', '.join(parts)}"
    return f"{text}; at no number of answers on {listed(never)}." if never else f"{text}."


def _ranges(row: Mapping[str, Any]) -> str:
    """``up to 140``, ``from 10 up to 100`` or ``up to 20 and from 140 up to 300``."""
    texts = []
    for part in filter(None, (row["reasoning_ranges"] or "").split("; ")):
        start, end = map(float, part.split(" to "))
        above = f"from {count(start)} " if start else ""
        texts.append(f"{above}up to {'any number of' if end == float('inf') else count(end)}")
    return listed(texts) if texts else ""


def _reach(rows: Sequence[Mapping[str, Any]]) -> str:
    reach = [row["extrapolation"] for row in rows if row["extrapolation"] is not None]
    if max(reach) <= 1:
        return "The most expensive measured models cost more than this budget, so nothing is extrapolated."
    least, most = (f"{value:.3g}" for value in (max(1.0, min(reach)), max(reach)))
    times = most if least == most else f"up to {most}"
    return (
        f"The budget is {times} times what the most expensive measured model costs: a larger student or"
        " more training may be better, but was not measured."
    )
