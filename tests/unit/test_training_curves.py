"""The figure of training curves: what is drawn of given logs, and the script on files."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import polars as pl
import pytest
from programs import run_script

from scale_or_reason.common.errors import StudyError
from scale_or_reason.reporting.figures import drawing, training_curves
from scale_or_reason.reporting.figures.style import Style
from scale_or_reason.study.cells import Cell

SIZES = {"small": 0.5, "large": 7.0}


def log(steps: int, loss: float = 1.0) -> pl.DataFrame:
    """A log whose loss is ``loss`` times the step."""
    step = pl.int_range(1, steps + 1, eager=True)
    columns = {"step": step, "loss": step * loss, "learning_rate": [1e-5] * steps, "grad_norm": [0.5] * steps}
    return pl.DataFrame({**columns, "tokens_per_second": [1e5] * steps})


@pytest.fixture(scope="module")
def style(root: Path) -> Style:
    return Style.from_file(root / "config" / "style.yaml")


def test_short_runs_are_drawn_step_by_step_and_long_ones_as_means():
    runs = [(Cell("general", "large", "seq", 0.0), log(3)), (Cell("general", "small", "seq", 1.0), log(301, 2.0))]
    table = training_curves.table(runs, SIZES)
    assert table["student"].unique(maintain_order=True).to_list() == ["small", "large"]  # by size
    short = table.filter(student="large", measure="loss")
    assert short.select("step", "value").rows() == [(1, 1), (2, 2), (3, 3)]
    long = table.filter(student="small", measure="loss")
    # 301 steps in stretches of three; the last one has one step
    assert long.height == 101
    assert long.select("step", "value").rows()[:2] == [(2, 4), (5, 10)]
    assert long.row(-1, named=True)["step"] == 301
    assert set(table["measure"]) == set(training_curves.MEASURES)


def test_every_run_is_a_line_in_its_ratios_colour_and_its_curricula_style(style: Style):
    runs = [
        (Cell("general", "small", curriculum, 0.5, seed), log(5)) for curriculum in ("seq", "mix") for seed in (0, 1)
    ]
    runs += [(Cell(corpus, "small", "seq", 0.0), log(5)) for corpus in ("general", "math")]
    table = training_curves.table(runs, SIZES)
    with style.applied():
        figure = training_curves.draw(table, style)
    assert len(figure.axes) == 2 * len(training_curves.MEASURES)
    lines = [(line.get_color(), line.get_linestyle()) for line in figure.axes[0].lines]
    colours = drawing.ratio_colours([0.0, 0.5, 1.0], style)
    assert sorted(lines) == sorted([(colours[0.0], "-"), *2 * [(colours[0.5], "-")], *2 * [(colours[0.5], ":")]])
    assert [len(axes.lines) for axes in figure.axes[4:]] == [1] * 4
    assert [axes.get_title() for axes in figure.axes] == ["0.5B, general", "", "", "", "0.5B, math", "", "", ""]
    entries = [text.get_text() for legend in figure.legends for text in legend.get_texts()]
    assert entries == ["ρ = 0", "ρ = 0.5", "seq", "mix"]


def test_the_ends_have_the_colours_of_the_formats(style: Style):
    colours = drawing.ratio_colours([0, 0.25, 0.5, 0.75, 1], style)
    assert colours[0].upper() == style.colours["ift"] and colours[1].upper() == style.colours["reasoning"]
    assert len(set(colours.values())) == 5


def test_a_student_of_unknown_size_is_refused():
    with pytest.raises(StudyError, match="size of a student is unknown"):
        training_curves.table([(Cell("general", "huge", "seq", 0.0), log(3))], SIZES)


def draw(root: Path, folder: Path, *model_ids: str) -> subprocess.CompletedProcess[str]:
    options = ["--models", folder, "--model-ids", *model_ids, "--sizes", json.dumps(SIZES)]
    options += ["--output-stem", folder / "curves"]
    return run_script(root / "workflow/scripts/figure_training_curves.py", *options, cwd=root)


@pytest.mark.slow
def test_the_script_draws_logs_and_an_empty_figure_without_any(root: Path, tmp_path: Path):
    model_id = "general/small/seq/rho-0.25/seed-0"
    (tmp_path / model_id).mkdir(parents=True)
    log(4).write_csv(tmp_path / model_id / "training_log.csv")
    for model_ids, rows in (((model_id,), 4 * 4), ((), 0)):
        done = draw(root, tmp_path, *model_ids)
        assert (done.returncode, done.stderr) == (0, "")
        assert pl.read_csv(tmp_path / "curves.csv").height == rows
        assert (tmp_path / "curves.pdf").stat().st_size > 1000 < (tmp_path / "curves.png").stat().st_size


@pytest.mark.slow
def test_the_script_refuses_what_has_no_curves(root: Path, tmp_path: Path):
    model_id = "general/small/seq/rho-0.25/seed-0"
    (tmp_path / model_id).mkdir(parents=True)
    log(4).drop("tokens_per_second").write_csv(tmp_path / model_id / "training_log.csv")
    for wrong, said in ((model_id, "no tokens_per_second"), ("base/small/shots-3", "only cells of the grid")):
        done = draw(root, tmp_path, wrong)
        assert done.returncode == 2
        assert said in done.stderr
