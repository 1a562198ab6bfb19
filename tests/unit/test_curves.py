"""Tables of curves: known laws come out, gaps have a status."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest
from paper_numbers import cost_table, score_table
from programs import call

from scale_or_reason.analysis.curves import power_laws, saturating_fits
from scale_or_reason.common.tables import write_table
from scale_or_reason.study.cells import Cell, Teacher

SIZES = {"a": 0.5, "b": 1.5, "c": 3.0, "d": 7.0, "e": 14.0}
TEACHER = Teacher("t", "reasoning")


def accuracy(flops, top):
    return 0.2 + top * (1 - np.exp(-((flops / 4e12) ** 0.5)))


@pytest.fixture
def study():
    """IFT of five sizes and reasoning of three: cost = 1e12 x^0.9 and 7e12 x^0.8 per answer."""
    scores, inference, training = [(TEACHER, "Math-OE", 0.9)], {}, {}
    for name, size in SIZES.items():
        for ratio, law in ((0.0, (1e12, 0.9)), (1.0, (7e12, 0.8))):
            if ratio == 0 or size > 1.5:
                model, flops = Cell("general", name, "seq", ratio), law[0] * size ** law[1]
                scores.append((model, "Math-OE", accuracy(flops, 0.6)))
                inference[model, "Math-OE"], training[model] = flops, 1e18 * size
    return score_table(scores), cost_table(training, inference)


def test_power_laws_are_those_of_the_data(study):
    table = power_laws(*study, sizes=SIZES)
    assert table.select("family", "format", "status", "points").rows() == [
        ("Math-OE", "ift", "ok", 5),
        ("Math-OE", "reasoning", "ok", 3),
    ]
    assert table["coefficient"].to_list() == pytest.approx([1e12, 7e12])
    assert table["exponent"].to_list() == pytest.approx([0.9, 0.8])
    assert table["extended_to_b"].to_list() == [70.0, 70.0]
    assert table["extended_flops"].to_list() == pytest.approx([1e12 * 70**0.9, 7e12 * 70**0.8])


@pytest.mark.slow
def test_fits_meet_the_curve_and_say_why_not(study):
    table = saturating_fits(*study, sizes=SIZES, seed=0)
    rows = {(row["cost"], row["format"]): row for row in table.iter_rows(named=True)}
    assert rows["inference", "ift"]["status"] == "ok"
    assert rows["inference", "ift"]["mean_absolute_error"] < 1e-3
    assert rows["inference", "ift"]["ceiling"] == 0.9
    assert (
        rows["training", "reasoning"] | {"status": "too few points", "points": 3, "alpha": None}
        == rows["training", "reasoning"]
    )


def test_a_study_without_costs_has_no_curves(study):
    scores, costs = study
    laws = power_laws(scores, costs.clear(), sizes=SIZES)
    assert laws["status"].to_list() == ["too few points"] * 2
    assert laws["points"].to_list() == [0, 0]
    fits = saturating_fits(scores, costs.clear(), sizes=SIZES, seed=0)
    assert set(fits["status"]) == {"too few points"}


@pytest.mark.slow
def test_the_program(study, root, tmp_path):
    for frame, name in zip(study, ("scores", "costs"), strict=True):
        write_table(frame, tmp_path / f"{name}.parquet", name)
    files = [f"--{name}={tmp_path / name}.parquet" for name in ("scores", "costs")]
    files += [f"--{name}={tmp_path / name}.csv" for name in ("fits", "laws")]
    call(root, "fit_curves.py", *files, "--sizes", json.dumps(SIZES), "--seed", "0")
    assert pl.read_csv(tmp_path / "laws.csv")["exponent"].to_list() == pytest.approx([0.9, 0.8])
    assert pl.read_csv(tmp_path / "fits.csv").height == 4
