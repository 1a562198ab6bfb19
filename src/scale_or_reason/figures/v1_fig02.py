"""v1 figure 2: accuracy of mono-phasic models by student size, one panel per family.

Base students with a few shots; students trained on one corpus in one format (IFT or reasoning); the teacher's line.
Colour and marker say the format, filled markers and full lines the first corpus, open markers and broken lines the
others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.ticker as ticker
import polars as pl
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from scale_or_reason.cells import FORMATS
from scale_or_reason.families import family_scores
from scale_or_reason.figures import parts
from scale_or_reason.figures.style import Style

_SCHEMA = {
    "family": pl.String(),
    "element": pl.String(),  # point | run (of several seeds) | teacher | note
    "corpus": pl.String(),  # null for base students
    "format": pl.String(),  # base | ift | reasoning
    "student": pl.String(),
    "size_b": pl.Float64(),
    "accuracy": pl.Float64(),
    "ci_low": pl.Float64(),
    "ci_high": pl.Float64(),
    "note": pl.String(),
}
_VALUES = ("accuracy", "ci_low", "ci_high")
_CORPUS_LINES = ("-", "--", ":")
#: Series stand side by side by this factor in size, so that their bars can be told apart.
_DODGE = 1.05


def table(
    scores: pl.DataFrame,
    *,
    sizes: Mapping[str, float],
    corpora: Sequence[str] = ("general", "math"),
    shots: int = 3,
    families: Sequence[str] | None = None,
) -> pl.DataFrame:
    """Everything that :func:`draw` draws, accuracies as shares.

    ``sizes`` (student -> billions) and ``corpora`` say what should be there; what has no results gets a note.
    """
    points = parts.with_format(parts.with_sizes(family_scores(scores), sizes))
    base = points.filter((pl.col("kind") == "base") & (pl.col("shots") == shots)).with_columns(format=pl.lit("base"))
    trained = (pl.col("kind") == "distilled") & pl.col("corpus").is_in(list(corpora)) & pl.col("format").is_not_null()
    evaluated = pl.concat([base, points.filter(trained)])
    students = parts.mean_over_seeds(evaluated, _VALUES).sort("size_b")
    runs = parts.single_runs(evaluated, _VALUES)
    rows: list[dict[str, Any]] = []
    for family in parts.main_families(scores, families):
        teacher = parts.teacher_accuracy(points, family).with_columns(format=pl.lit(None, pl.String()))
        there = set()
        for corpus, name in _series(corpora):
            own = students.filter(
                (pl.col("family") == family) & pl.col("corpus").eq_missing(corpus) & (pl.col("format") == name)
            )
            there |= {(corpus, name, student) for student in own["student"]}
            rows += [{**row, "element": "point"} for row in own.to_dicts()]
        single = runs.filter(pl.col("family") == family)
        rows += [{**row, "element": "run"} for row in single.to_dicts()]
        rows += [{**row, "element": "teacher"} for row in teacher.to_dicts()]
        rows += [{"family": family, "element": "note", "note": note} for note in _notes(there, sizes, corpora, teacher)]
        if single.height:
            rows.append({"family": family, "element": "note", "note": parts.RUNS_NOTE})
    return pl.DataFrame([{name: row.get(name) for name in _SCHEMA} for row in rows], schema=_SCHEMA)


def _series(corpora: Sequence[str]) -> list[tuple[str | None, str]]:
    return [(None, "base"), *((corpus, name) for corpus in corpora for name in FORMATS)]


def _notes(there: set, sizes: Mapping[str, float], corpora: Sequence[str], teacher: pl.DataFrame) -> list[str]:
    missing = []
    for corpus, name in _series(corpora):
        absent = [student for student in sizes if (corpus, name, student) not in there]
        if len(absent) == len(sizes):
            missing.append(parts.model_label(name, corpus=corpus))
        else:
            missing += [parts.model_label(name, sizes[student], corpus) for student in absent]
    notes = [parts.missing_note(missing)] if missing else []
    return notes + ([] if teacher.height else ["no teacher"])


def draw(table: pl.DataFrame, style: Style) -> Figure:
    """The figure of ``table``, one row of panels; call it within ``style.applied()``."""
    families = table["family"].unique(maintain_order=True).to_list()
    points = table.filter(pl.col("element") == "point")
    corpora = points["corpus"].drop_nulls().unique(maintain_order=True).to_list()
    figure = Figure(figsize=(style.width_in, style.panel_height_in), layout="constrained")
    for axes, family in zip(figure.subplots(1, len(families), squeeze=False)[0], families, strict=True):
        panel = table.filter(pl.col("family") == family)
        _draw_panel(axes, panel, corpora, points["size_b"].unique().sort().to_list(), style)
        axes.set_title(family)
        axes.set_xlabel("Student size (parameters)")
    figure.axes[0].set_ylabel("Accuracy (%)")
    sns.despine(figure)
    notes = table.filter(pl.col("element") == "note").select("family", "note")
    text = parts.footnotes(notes, [(family,) for family in families])
    parts.write_below(figure, _legend(table, corpora, style), text, style)
    return figure


def _draw_panel(axes: Axes, panel: pl.DataFrame, corpora: Sequence[str], sizes: Sequence[float], style: Style) -> None:
    points, runs = (panel.filter(pl.col("element") == element) for element in ("point", "run"))
    series = [key for key in _series(corpora) if key in set(points.select("corpus", "format").rows())]
    grid = pl.DataFrame({"size_b": sizes}, schema={"size_b": pl.Float64()})
    for rank, (corpus, name) in enumerate(series):
        own = points.filter(pl.col("corpus").eq_missing(corpus) & (pl.col("format") == name))
        # All sizes, so that the line has a gap where a student is missing.
        own = grid.join(own, on="size_b", how="left", maintain_order="left")
        dodged = pl.col("size_b") * _DODGE ** (rank - (len(series) - 1) / 2)
        own = own.with_columns(x=dodged)
        single = runs.filter(pl.col("corpus").eq_missing(corpus) & (pl.col("format") == name)).with_columns(x=dodged)
        parts.run_marks(axes, single, "x", style.colours[name], style)
        parts.interval_bars(axes, own, "x", style.colours[name], style)
        axes.plot(own["x"], own["accuracy"], zorder=4, **_look(corpus, name, corpora, style))
    parts.teacher_line(axes, panel.filter(pl.col("element") == "teacher"), style)
    parts.accuracy_axis(axes, panel)
    if series:
        axes.set_xscale("log")
        axes.set_xlim(sizes[0] / 1.4, sizes[-1] * 1.4)
        axes.xaxis.set_major_locator(ticker.FixedLocator(list(sizes)))
        axes.xaxis.set_major_formatter(ticker.FixedFormatter([parts.size_label(size) for size in sizes]))
        axes.xaxis.set_minor_locator(ticker.NullLocator())
    else:
        parts.empty_panel(axes, style)


def _look(corpus: str | None, name: str, corpora: Sequence[str], style: Style) -> dict[str, Any]:
    rank = corpora.index(corpus) if corpus in corpora else 0
    line = style.lines["base"] if corpus is None else _CORPUS_LINES[rank % len(_CORPUS_LINES)]
    colour = style.colours[name]
    face = "white" if rank else colour
    return {"color": colour, "marker": style.markers[name], "ls": line, "ms": 3.5, "mfc": face, "mew": 0.8}


def _legend(table: pl.DataFrame, corpora: Sequence[str], style: Style) -> list[Line2D]:
    points = table.filter(pl.col("element") == "point")
    series = points.select("corpus", "format").unique(maintain_order=True).rows()
    handles = []
    for corpus, name in series:
        title = style.labels[name] if corpus is None else f"{corpus.capitalize()}, {style.labels[name]}"
        handles.append(Line2D([], [], label=title, **_look(corpus, name, corpora, style)))
    return handles + parts.teacher_handle(table, style)
