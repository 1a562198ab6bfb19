"""The figures of a small study whose numbers are given here: what is drawn, what is noted, and the files."""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import pairwise

import polars as pl
import pytest
import yaml
from paper_numbers import cost_table, score_table

from scale_or_reason.cells import BaseStudent, Cell, Teacher
from scale_or_reason.errors import StudyError
from scale_or_reason.figures import parts, v1_fig02, v2_fig02
from scale_or_reason.figures.style import Style, save_figure
from scale_or_reason.frontiers import pareto_frontier
from scale_or_reason.tables import write_table

SIZES = {"s": 0.0002, "m": 0.001, "l": 0.003, "xl": 0.02}
#: IFT and reasoning accuracy of Math-OE by student, and FLOPs of training and of one answer.
MATH = {"s": (0.10, 0.08), "m": (0.25, 0.30), "l": (0.35, 0.50), "xl": (0.40, 0.62)}
TRAINING = {"s": (1e9, 8e9), "m": (5e9, 4e10), "l": (2e10, 1.6e11), "xl": (9e10, 7e11)}
INFERENCE = {"s": (1e6, 7e6), "m": (4e6, 3e7), "l": (1.5e7, 1e8), "xl": (7e7, 5e8)}


def cell(student, ratio, corpus="general", schedule="seq", seed=0):
    return Cell(corpus, student, schedule, float(ratio), seed)


def study(students=tuple(SIZES), families=("General-MC", "Math-OE"), teacher=True):
    rows, training, inference = [], {}, {}
    for family in families:
        for student in students:
            rows.append((BaseStudent(student, 3), family, 0.05))
            for ratio in (0, 1):
                model = cell(student, ratio)
                rows.append((model, family, MATH[student][ratio]))
                training[model] = TRAINING[student][ratio]
                inference[model, family] = INFERENCE[student][ratio]
        if teacher:
            rows += [(Teacher("t", "ift"), family, 0.6), (Teacher("t", "reasoning"), family, 0.8)]
    return score_table(rows), cost_table(training, inference)


@pytest.fixture(scope="module")
def style(root):
    return Style.from_file(root / "config" / "style.yaml")


def rows_of(table, element, **where):
    return table.filter(pl.col("element") == element, **where)


def test_v2_fig02_holds_points_teacher_fits_and_frontier():
    table = v2_fig02.table(*study(), sizes=SIZES)
    assert table["family"].unique(maintain_order=True).to_list() == ["General-MC", "Math-OE"]
    points = rows_of(table, "point", family="Math-OE", cost="inference")
    assert points.select("student", "format", "flops", "accuracy").rows() == [
        (student, name, INFERENCE[student][ratio], MATH[student][ratio])
        for ratio, name in enumerate(("ift", "reasoning"))
        for student in SIZES
    ]
    assert (points["ci_low"] < points["accuracy"]).all()
    # s, m, l IFT are the cheapest of their accuracy; m reasoning costs more than l IFT; xl IFT loses to m IFT's like.
    assert points["on_frontier"].to_list() == pareto_frontier(points["flops"], points["accuracy"]).tolist()
    assert points.filter("on_frontier").select("student", "format").rows() == [
        ("s", "ift"),
        ("m", "ift"),
        ("l", "ift"),
        ("xl", "ift"),
        ("l", "reasoning"),
        ("xl", "reasoning"),
    ]
    assert rows_of(table, "teacher")["accuracy"].to_list() == [0.8] * 4
    assert rows_of(table, "fit parameters").height == 8
    curve = rows_of(table, "fit", family="Math-OE", cost="training", format="ift")
    assert curve["flops"].min() == pytest.approx(1e9)
    assert curve["accuracy"].max() <= 0.8 + 1e-9
    assert rows_of(table, "note").height == 0


def test_v2_fig02_ignores_other_models():
    scores, costs = study()
    others = score_table(
        [
            (cell("s", 0.5), "Math-OE", 0.9),
            (cell("s", 1, "math"), "Math-OE", 0.9),
            (cell("s", 0, seed=1), "Math-OE", 0.2),
        ]
    )
    replica = cost_table({cell("s", 0, seed=1): 3e9}, {(cell("s", 0, seed=1), "Math-OE"): 3e6})
    table = v2_fig02.table(pl.concat([scores, others]), pl.concat([costs, replica]), sizes=SIZES)
    points = rows_of(table, "point", family="Math-OE", cost="training")
    assert points.height == 8
    # Two seeds are one point, at their means.
    assert points.row(0, named=True)["accuracy"] == pytest.approx((0.10 + 0.2) / 2)
    assert points.row(0, named=True)["flops"] == pytest.approx(2e9)
    runs = rows_of(table, "run", family="Math-OE", cost="training")
    assert runs.select("student", "format", "flops", "accuracy").rows() == [
        ("s", "ift", 1e9, 0.10),
        ("s", "ift", 3e9, 0.2),
    ]
    assert rows_of(table, "run", family="General-MC").height == 0
    assert rows_of(table, "note")["family"].to_list() == ["Math-OE", "Math-OE"]


@pytest.mark.parametrize("figure", [v1_fig02, v2_fig02])
def test_every_seed_is_drawn(figure, style):
    """Dashes of single runs stand where the runs do, whatever else the panel holds."""
    scores, costs = study(families=("Math-OE",))
    second = cell("m", 1, seed=1)
    scores = pl.concat([scores, score_table([(second, "Math-OE", 0.55)])])
    costs = pl.concat([costs, cost_table({second: 4e10}, {(second, "Math-OE"): 3e7})])
    tables = (scores, costs) if figure is v2_fig02 else (scores,)
    table = figure.table(*tables, sizes=SIZES)
    with style.applied():
        drawn = figure.draw(table, style)
        heights = {
            round(float(height), 6)
            for axes in drawn.axes
            for marks in axes.collections
            if marks.get_zorder() == 3.5
            for height in marks.get_offsets()[:, 1]
        }
    assert heights == {0.3, 0.55}
    assert parts.RUNS_NOTE in table["note"].to_list()


def test_v2_fig02_says_what_is_missing():
    scores, costs = study(students=("s", "m", "l"), teacher=False)
    gone = (pl.col("student") == "m") & (pl.col("ratio") == 1) & (pl.col("family") == "Math-OE")
    sizes = {name: SIZES[name] for name in ("s", "m", "l")}
    table = v2_fig02.table(
        scores.filter(~gone.fill_null(False)), costs, sizes=sizes, families=["General-MC", "Math-OE", "Law"]
    )
    notes = rows_of(table, "note")
    assert rows_of(notes, "note", family="Math-OE", cost="training")["note"].to_list() == [
        "no fit: too few points",
        "missing: 1M reasoning",
        "no teacher",
    ]
    assert rows_of(table, "fit").height == 0
    text = parts.footnotes(
        notes.select("family", "cost", "note"),
        [(f, c) for f in ("General-MC", "Math-OE", "Law") for c in v2_fig02.COSTS],
    )
    assert text == "no fit: too few points; no teacher; missing: 1M reasoning (Math-OE)"


def test_v1_fig02_has_a_series_per_corpus_and_format():
    scores, _ = study()
    table = v1_fig02.table(scores, sizes=SIZES, corpora=["general", "math"])
    points = rows_of(table, "point", family="Math-OE")
    assert points.select("corpus", "format").unique(maintain_order=True).rows() == [
        (None, "base"),
        ("general", "ift"),
        ("general", "reasoning"),
    ]
    reasoning = points.filter(pl.col("format") == "reasoning")
    assert reasoning.select("student", "accuracy").rows() == [(name, MATH[name][1]) for name in SIZES]
    assert rows_of(table, "note", family="Math-OE")["note"].to_list() == ["missing: math IFT, math reasoning"]


def test_v1_fig02_shows_the_wanted_shots():
    scores = score_table([(BaseStudent("s", shots), "Law", shots / 10) for shots in (0, 3, 5)])
    table = v1_fig02.table(scores, sizes={"s": 0.0002}, corpora=[], shots=5)
    assert rows_of(table, "point")["accuracy"].to_list() == [0.5]


@pytest.mark.parametrize("figure", [v1_fig02, v2_fig02])
def test_nothing_at_all_is_drawn_as_gaps(figure, style, tmp_path):
    tables = (score_table([]),) if figure is v1_fig02 else (score_table([]), cost_table({}, {}))
    table = figure.table(*tables, sizes=SIZES, families=["Math-OE"])
    save_figure(tmp_path / "empty", table, figure.draw, style)
    assert (tmp_path / "empty.pdf").stat().st_size > 1000


@pytest.mark.parametrize("count", [3, 8, 16])
def test_legends_are_no_wider_than_the_figure(style, count):
    """They hold one entry per size, so they grow with the study."""
    sizes = {f"s{rank}": 0.001 * 1.7**rank for rank in range(count)}
    models = {
        cell(student, ratio): 10.0 ** (9 + ratio + rank / 4) for rank, student in enumerate(sizes) for ratio in (0, 1)
    }
    scores = score_table([(model, "Math-OE", 0.5) for model in models])
    table = v2_fig02.table(scores, cost_table(models, {(model, "Math-OE"): 1e7 for model in models}), sizes=sizes)
    with style.applied():
        drawn = v2_fig02.draw(table, style)
        drawn.draw_without_rendering()  # places the words of a legend
        boxes = [legend.get_window_extent() for legend in drawn.legends]
        words = [[text.get_window_extent() for text in legend.get_texts()] for legend in drawn.legends]
    labels = [text.get_text() for legend in drawn.legends for text in legend.get_texts()]
    assert labels[-count:] == [parts.size_label(size) for size in sizes.values()]
    assert all(box.x0 >= 0 and box.x1 <= drawn.bbox.width and box.y0 >= 0 for box in boxes)
    lines = [(min(box.y0 for box in line), max(box.y1 for box in line)) for line in words]
    assert all(lower_top < upper_bottom for (upper_bottom, _), (_, lower_top) in pairwise(lines))


def test_a_student_of_unknown_size_is_refused():
    with pytest.raises(StudyError, match="size of a student") as caught:
        v2_fig02.table(*study(), sizes={"s": 1.0})
    assert "l, m, xl" in str(caught.value)


def run_script(root, name, *arguments, hash_seed="0"):
    environment = os.environ | {"PYTHONHASHSEED": hash_seed, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, str(root / "workflow" / "scripts" / name), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=root, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""


@pytest.mark.slow
def test_scripts_draw_the_same_bytes_again(root, style, tmp_path):
    scores, costs = study()
    write_table(scores, tmp_path / "scores.parquet", "scores")
    write_table(costs, tmp_path / "costs.parquet", "costs")
    sizes = '{"s": 0.0002, "m": 0.001, "l": 0.003, "xl": 0.02}'
    inputs = ["--scores", tmp_path / "scores.parquet", "--sizes", sizes]
    run_script(
        root, "figure_v2_fig02.py", *inputs, "--costs", tmp_path / "costs.parquet", "--output-stem", tmp_path / "v2"
    )
    run_script(
        root, "figure_v1_fig02.py", *inputs, "--corpora", "general", "--output-stem", tmp_path / "v1", hash_seed="1"
    )
    drawn = {"v2": (v2_fig02, v2_fig02.table(scores, costs, sizes=SIZES))}
    drawn["v1"] = (v1_fig02, v1_fig02.table(scores, sizes=SIZES, corpora=["general"]))
    for name, (figure, table) in drawn.items():
        save_figure(tmp_path / "again", table, figure.draw, style)
        for suffix in (".pdf", ".png", ".csv"):
            assert (tmp_path / f"again{suffix}").read_bytes() == (tmp_path / f"{name}{suffix}").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith(".")) == []


def test_the_style_leaves_no_trace(style):
    import matplotlib

    before = matplotlib.rcParams["font.size"]
    with style.applied():
        assert matplotlib.rcParams["font.size"] == style.font_size
    assert matplotlib.rcParams["font.size"] == before


def test_colours_are_of_the_okabe_ito_palette(style):
    palette = {"#000000", "#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7"}
    series = {"ift", "reasoning", "teacher", "frontier", "suboptimal"}
    assert {style.colours[name] for name in series} <= palette
    assert len({style.colours[name] for name in series}) == len(series)


@pytest.mark.parametrize(
    "change", [{"widht_in": 5}, {"colours": {"ift": "red"}}, {"markers": None}], ids=["unknown", "lacking", "no map"]
)
def test_a_wrong_style_file_is_refused(root, tmp_path, change):
    content = yaml.safe_load((root / "config" / "style.yaml").read_text())
    (tmp_path / "style.yaml").write_text(yaml.safe_dump(content | change))
    with pytest.raises(StudyError, match="style file"):
        Style.from_file(tmp_path / "style.yaml")


def test_a_missing_style_file_is_refused(tmp_path):
    with pytest.raises(StudyError, match="style file is missing"):
        Style.from_file(tmp_path / "style.yaml")


@pytest.mark.parametrize(
    ("size_b", "label"), [(14, "14B"), (0.5, "0.5B"), (0.1, "0.1B"), (0.0041, "4.1M"), (0.001, "1M"), (0.0002, "200K")]
)
def test_size_labels(size_b, label):
    assert parts.size_label(size_b) == label
