"""What each type of figures draws, against numbers worked out by hand."""

from __future__ import annotations

import re
from math import sqrt
from pathlib import Path

import matplotlib.pyplot as plt
import polars as pl
import pytest
from documentation import Page
from figure_grid import ACCURACY, FAMILIES, INFERENCE, SIZES, cell, grid, notes, points, study
from paper_numbers import cost_table, score_table

from scale_or_reason.common.errors import StudyError
from scale_or_reason.reporting.figures import (
    accuracy_by_flops,
    accuracy_by_size,
    parts,
)
from scale_or_reason.reporting.figures.results import Results
from scale_or_reason.reporting.figures.style import Style
from scale_or_reason.study.cells import Adopted, BaseStudent


@pytest.mark.slow
def test_accuracy_by_flops_has_points_teacher_fits_and_frontier():
    table = accuracy_by_flops.table(study(grid()), **FAMILIES)
    chosen = points(table, "student", "ratio", "flops", "accuracy", cost="inference")
    assert chosen == [
        (student, float(ratio), INFERENCE[student][ratio], ACCURACY[student][ratio])
        for ratio in (0, 1)
        for student in SIZES
    ]
    # s, m, l IFT are the cheapest of their accuracy; m reasoning costs more than l IFT and is less accurate.
    assert points(table, "student", "ratio", cost="inference", on_frontier=True) == [
        ("s", 0.0),
        ("m", 0.0),
        ("l", 0.0),
        ("xl", 0.0),
        ("l", 1.0),
        ("xl", 1.0),
    ]
    assert table.filter(pl.col("element") == "teacher")["accuracy"].to_list() == [0.8, 0.8]
    assert table.filter(pl.col("element") == "fit parameters").height == 4
    curve = table.filter(pl.col("element") == "fit", cost="training", ratio=0.0)
    assert curve["flops"].min() == pytest.approx(1e9)
    assert curve["flops"].max() == pytest.approx(1.6 * 7e11)
    assert curve["accuracy"].max() <= 0.8 + 1e-9
    assert notes(table) == []


@pytest.mark.slow
def test_accuracy_by_flops_ignores_other_models_and_joins_seeds():
    tables = grid()
    others = [
        (cell("s", 0.5), "Math-OE", 0.9),
        (cell("s", 1, "math"), "Math-OE", 0.9),
        (cell("s", 0, seed=1), "Math-OE", 0.2),
    ]
    replica = cost_table({cell("s", 0, seed=1): 3e9}, {(cell("s", 0, seed=1), "Math-OE"): 3e6})
    tables = {
        "scores": pl.concat([tables["scores"], score_table(others)]),
        "costs": pl.concat([tables["costs"], replica]),
    }
    table = accuracy_by_flops.table(study(tables), **FAMILIES, costs=["training"])
    assert len(points(table, "student")) == 8
    # two seeds are one point, at their means, and two dashes
    assert points(table, "accuracy", "flops", student="s", ratio=0.0) == [(pytest.approx(0.15), pytest.approx(2e9))]
    assert table.filter(pl.col("element") == "run").select("flops", "accuracy").rows() == [(1e9, 0.10), (3e9, 0.2)]
    assert notes(table) == [parts.RUNS_NOTE]


@pytest.mark.slow
def test_accuracy_by_flops_shows_adopted_models_outside_of_the_frontier():
    """By training FLOPs only where these are known; better and cheaper than all, and yet no part of the frontier."""
    tables = grid()
    known, unknown = Adopted("theirs"), Adopted("ours")
    scores = score_table([(known, "Math-OE", 0.95), (unknown, "Math-OE", 0.5)])
    costs = cost_table({known: 2e8}, {(known, "Math-OE"): 1e5, (unknown, "Math-OE"): 7e6})
    with_them = {"scores": pl.concat([tables["scores"], scores]), "costs": pl.concat([tables["costs"], costs])}
    table = accuracy_by_flops.table(study(with_them), **FAMILIES)
    adopted = table.filter(pl.col("element") == "adopted")
    assert adopted.select("cost", "student", "flops", "accuracy").rows() == [
        ("training", "theirs", 2e8, 0.95),
        ("inference", "ours", 7e6, 0.5),
        ("inference", "theirs", 1e5, 0.95),
    ]
    alone = accuracy_by_flops.table(study(tables), **FAMILIES)
    assert table.filter(pl.col("element") != "adopted").equals(alone)


@pytest.mark.slow
def test_accuracy_by_flops_says_what_is_missing():
    tables = grid(families=("General-MC", "Math-OE"), teacher=False)
    gone = (pl.col("student") == "m") & (pl.col("ratio") == 1) & (pl.col("family") == "Math-OE")
    tables["scores"] = tables["scores"].filter(~gone.fill_null(False))
    families = ("General-MC", "Math-OE", "Math-MC")
    table = accuracy_by_flops.table(study(tables, families), **FAMILIES)
    assert notes(table, task="Math-OE", cost="training") == [
        "missing: 1M reasoning",
        "no teacher",
        "no reasoning fit: too few points",
    ]
    assert notes(table, task="Math-MC", cost="training") == ["no results", "no teacher"]
    frame = table.filter(pl.col("element") == "note").select("task", "cost", "note")
    text = parts.footnotes(frame, [(task, cost) for task in families for cost in ("training", "inference")])
    assert text == (
        "no teacher; no results (Math-MC); missing: 1M reasoning (Math-OE); no reasoning fit: too few points (Math-OE)"
    )


def test_accuracy_by_flops_shows_all_sequential_ratios():
    tables = grid()
    half = {cell("m", 0.5): 2e10, cell("m", 0.5, curriculum="mix"): 1e10}
    more = score_table([(model, "Math-OE", 0.33) for model in half])
    tables = {
        "scores": pl.concat([tables["scores"], more]),
        "costs": pl.concat([tables["costs"], cost_table(half, {})]),
    }
    table = accuracy_by_flops.table(
        study(tables, ratios=(0, 0.5, 1)), **FAMILIES, costs=["training"], sequential=True, fits=False
    )
    assert points(table, "student", "flops", ratio=0.5) == [("m", 2e10)]
    assert "fit" not in table["element"]
    assert notes(table) == ["missing: 200K 50 %, 3M 50 %, 20M 50 %"]


def test_a_student_of_unknown_size_is_refused():
    with pytest.raises(StudyError, match="size of a student") as caught:
        accuracy_by_flops.table(study(grid(), sizes={"s": 1.0}), **FAMILIES)
    assert "l, m, xl" in str(caught.value)


def test_a_family_without_one_of_its_benchmarks_is_not_averaged():
    row = grid()["scores"].filter(pl.col("kind") == "distilled", student="m", ratio=0.0)
    scores = pl.concat(
        [
            row.with_columns(benchmark=pl.lit("a"), accuracy=pl.lit(0.2), ci_low=pl.lit(0.1), ci_high=pl.lit(0.3)),
            row.with_columns(benchmark=pl.lit("b"), accuracy=pl.lit(0.4), ci_low=pl.lit(0.3), ci_high=pl.lit(0.5)),
        ]
    )
    families = {"Math-OE": ("a", "b"), "General-MC": ("a", "c")}
    table = accuracy_by_size.table(study({"scores": scores}, sizes={"m": 1.0}), **FAMILIES)
    assert notes(table)[0] == "no results"  # of another benchmark
    whole = Results({"scores": scores}, sizes={"m": 1.0}, families=families, corpora=("general",))
    table = accuracy_by_size.table(whole, **FAMILIES)
    # both intervals reach 0.1 to each side: their mean's reaches sqrt(2 * 0.1^2) / 2
    half = sqrt(0.02) / 2
    expected = ("Math-OE", pytest.approx(0.3), pytest.approx(0.3 - half), pytest.approx(0.3 + half))
    assert points(table, "task", "accuracy", "ci_low", "ci_high") == [expected]
    assert "no results" in notes(table, task="General-MC")


def test_accuracy_by_size_has_a_series_per_corpus_and_format():
    table = accuracy_by_size.table(study(grid(), corpora=("general", "math")), **FAMILIES)
    chosen = table.filter(pl.col("element") == "point")
    assert chosen.select("corpus", "format").unique(maintain_order=True).rows() == [
        (None, "base"),
        ("general", "ift"),
        ("general", "reasoning"),
    ]
    assert points(table, "student", "accuracy", format="reasoning") == [(name, ACCURACY[name][1]) for name in SIZES]
    assert notes(table) == ["missing: math IFT, math reasoning"]


def test_accuracy_by_size_shows_the_wanted_shots():
    scores = score_table([(BaseStudent("s", count), "Law", count / 10) for count in (0, 3, 5)])
    table = accuracy_by_size.table(study({"scores": scores}, ("Law",), sizes={"s": 0.0002}, shots=5), **FAMILIES)
    assert points(table, "accuracy") == [(0.5,)]


@pytest.mark.slow
@pytest.mark.parametrize("figure_type", [accuracy_by_size, accuracy_by_flops])
def test_every_seed_is_drawn(figure_type, root):
    """Dashes of single runs stand where the runs do, whatever else the panel holds."""
    tables, second = grid(), cell("m", 1, seed=1)
    tables = {
        "scores": pl.concat([tables["scores"], score_table([(second, "Math-OE", 0.55)])]),
        "costs": pl.concat([tables["costs"], cost_table({second: 4e10}, {(second, "Math-OE"): 3e7})]),
    }
    table = figure_type.table(study(tables), **FAMILIES)
    style = Style.from_file(root / "config" / "style.yaml")
    with style.applied():
        heights = {
            round(float(height), 6)
            for axes in figure_type.draw(table, style).axes
            for marks in axes.collections
            if marks.get_zorder() == 3.5
            for height in marks.get_offsets()[:, 1]
        }
    assert heights == {0.3, 0.55}
    assert parts.RUNS_NOTE in notes(table)


@pytest.mark.slow
def test_the_plot_of_the_page_reads_the_table_of_a_figure(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (block,) = (each for each in Page(root / "docs/how-to/make_one_figure.md").marked_blocks if each.needs == "results")
    (path,) = re.findall(r'read_csv\("([^"]+)"\)', block.content)
    (tmp_path / path).parent.mkdir(parents=True)
    accuracy_by_flops.table(study(grid()), **FAMILIES).write_csv(tmp_path / path)
    monkeypatch.chdir(tmp_path)
    plt.figure()
    exec(block.content, {})
    lines = plt.gca().containers
    plt.close("all")
    expected = [[ACCURACY[student][ratio] for student in SIZES] for ratio in (0, 1)]
    assert [list(line[0].get_ydata()) for line in lines] == expected
    assert (tmp_path / "mine.png").stat().st_size > 0
