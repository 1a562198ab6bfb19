"""Table 1 of a small study whose numbers are given here."""

from __future__ import annotations

import csv

import pytest
from paper_numbers import score_table

from scale_or_reason.analysis.table1 import table1
from scale_or_reason.common.intervals import difference_interval, mid_p_interval
from scale_or_reason.common.tables import write_csv
from scale_or_reason.study.cells import Cell, Teacher

SIZES = {"large": 3.0, "small": 0.5}


def model(student, ratio, corpus="general"):
    return Cell(corpus, student, "seq", float(ratio))


@pytest.fixture
def scores():
    return score_table(
        [
            (model("small", 0), "Math-OE", 0.177),
            (model("small", 1), "Math-OE", 0.224),
            (model("large", 1), "Math-OE", 0.554),
            (model("small", 0.5), "Math-OE", 0.99),
            (Teacher("t", "reasoning"), "Math-OE", 0.921),
        ]
    )


def test_rows_by_corpus_family_and_size(scores):
    table = table1(scores, sizes=SIZES, corpora=["general", "math"])
    assert table.select("corpus", "family", "student", "size_b").rows() == [
        ("general", "Math-OE", "small", 0.5),
        ("general", "Math-OE", "large", 3.0),
        ("math", "Math-OE", "small", 0.5),
        ("math", "Math-OE", "large", 3.0),
    ]
    assert table.select("ift", "reasoning", "shift", "teacher").rows() == [
        (17.7, 22.4, 4.7, 92.1),
        (None, 55.4, None, 92.1),
        (None, None, None, 92.1),
        (None, None, None, 92.1),
    ]


def test_intervals_of_accuracy_and_shift(scores):
    row = table1(scores, sizes=SIZES, corpora=["general"]).row(0, named=True)
    bounds = [tuple(100 * float(bound) for bound in mid_p_interval(share, 500)) for share in (0.177, 0.224)]
    assert (row["ift_low"], row["ift_high"]) == pytest.approx(bounds[0], abs=0.051)
    _, low, high = difference_interval((17.7, *bounds[0]), (22.4, *bounds[1]))
    assert (row["shift_low"], row["shift_high"]) == pytest.approx((low, high), abs=0.051)


def test_empty_cells_are_empty_in_the_file(scores, tmp_path):
    write_csv(table1(scores, sizes=SIZES, corpora=["math"]), tmp_path / "table1.csv")
    with (tmp_path / "table1.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert {row["ift"] for row in rows} == {""}
