"""Ours beside the papers' numbers, on small tables written here."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from programs import call

from scale_or_reason.claims.reproduction import Tolerance, reproduction
from scale_or_reason.common.tables import table_from_rows, write_table

TOLERANCE = Tolerance(points=3, factor=1.5)
DISTILLED = {
    "kind": "distilled",
    "data_fraction": 1.0,
    "corpus": "general",
    "curriculum": "seq",
    "family": "Math-OE",
    "seeds": 1,
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "v2_table1.csv").write_text(
        "corpus,domain,format,size_b,ift,reasoning\ngeneral,math,OE,3,40,50\ngeneral,math,OE,7,45,60\n"
    )
    (tmp_path / "v2_teacher.csv").write_text("domain,format,teacher\nmath,OE,92\n")
    (tmp_path / "v2_inference_power_law.csv").write_text(
        "domain,format,supervision,alpha,beta\nmath,OE,ift,1e12,1\nmath,OE,reasoning,9e12,0.5\n"
    )
    return tmp_path


def accuracies(*rows: tuple[float, float, float, float, float]) -> pl.DataFrame:
    """Size, ratio, and accuracy with its interval; gaps are to 0.40."""
    given = [
        DISTILLED
        | {"student": f"{size}B", "size_b": size, "ratio": ratio, "accuracy": value, "accuracy_low": low}
        | {"accuracy_high": high}
        | ({"gap": value - 0.4, "gap_low": low - 0.4, "gap_high": high - 0.4} if ratio else {})
        for size, ratio, value, low, high in rows
    ]
    return table_from_rows(given, "uncertainty")


def flops(*rows: tuple[float, float, float]) -> pl.DataFrame:
    given = [
        DISTILLED | {"cost": "inference", "among": "formats", "size_b": size, "ratio": ratio, "flops": value}
        for size, ratio, value in rows
    ]
    return table_from_rows(given, "frontier_membership")


OURS = accuracies((3.0, 0.0, 0.41, 0.39, 0.425), (3.0, 1.0, 0.55, 0.52, 0.58))


def rows(table: pl.DataFrame, **key: object) -> dict:
    return table.filter(version="v2", **key).row(0, named=True)


def test_accuracies_and_shifts(folder: Path) -> None:
    table = reproduction(folder, OURS, flops(), TOLERANCE)
    ift = rows(table, quantity="accuracy", size_b=3.0, format="ift")
    assert (ift["paper"], ift["ours"], ift["difference"], ift["agrees"]) == (40.0, 41.0, pytest.approx(1.0), "yes")
    reasoning = rows(table, quantity="accuracy", size_b=3.0, format="reasoning")
    assert (reasoning["low"], reasoning["high"]) == (pytest.approx(52), pytest.approx(58))
    assert reasoning["agrees"] == "undecided"
    shift = rows(table, quantity="shift", size_b=3.0)
    assert (shift["paper"], shift["ours"], shift["agrees"]) == (10.0, pytest.approx(15.0), "undecided")


def test_an_interval_beyond_the_tolerance_disagrees(folder: Path) -> None:
    table = reproduction(folder, accuracies((3.0, 0.0, 0.5, 0.44, 0.56)), flops(), TOLERANCE)
    assert rows(table, quantity="accuracy", size_b=3.0, format="ift")["agrees"] == "no"


def test_what_this_study_does_not_have_is_said(folder: Path) -> None:
    table = reproduction(folder, OURS, flops(), TOLERANCE)
    for key in ({"quantity": "accuracy", "size_b": 7.0}, {"quantity": "teacher"}, {"quantity": "inference FLOPs"}):
        row = rows(table, **key)
        assert (row["ours"], row["agrees"], row["note"]) == (None, None, "not in this study")
    assert table.filter(version="v1")["note"].to_list() == ["the folder has no tables of v1"]


def test_flops_are_compared_by_their_ratio(folder: Path) -> None:
    table = reproduction(folder, OURS, flops((4.0, 0.0, 5e12), (4.0, 1.0, 9e12)), TOLERANCE)
    ift = rows(table, quantity="inference FLOPs", format="ift")
    assert (ift["paper"], ift["difference"], ift["agrees"]) == (4e12, 1.25, "yes")
    reasoning = rows(table, quantity="inference FLOPs", format="reasoning")
    assert (reasoning["paper"], reasoning["difference"], reasoning["agrees"]) == (18e12, 0.5, "no")


def test_exact_flops_are_not_compared_with_the_papers(folder: Path) -> None:
    exact = flops((4.0, 0.0, 5e12)).with_columns(flops_by=pl.lit("exact"))
    row = rows(reproduction(folder, OURS, exact, TOLERANCE), quantity="inference FLOPs", format="ift")
    assert (row["ours"], row["agrees"]) == (None, None)
    assert row["note"] == "this study counts FLOPs exactly, the papers by their formulas"


def test_both_versions(folder: Path) -> None:
    (folder / "v1_teacher.csv").write_text("domain,format,teacher\nmath,OE,90\n")
    table = reproduction(folder, OURS, flops(), TOLERANCE)
    assert table.filter(version="v1").select("quantity", "paper").rows() == [("teacher", 90.0)]


def test_the_program(folder: Path, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_table(OURS, folder / "uncertainty.parquet", "uncertainty")
    write_table(flops((3.0, 0.0, 3e12)), folder / "frontiers.parquet", "frontier_membership")
    options = ["--reference", folder, "--uncertainty", folder / "uncertainty.parquet", "--points", 3, "--factor", 1.5]
    options += ["--frontiers", folder / "frontiers.parquet", "--output", folder / "reproduction.csv"]
    call(root, "compare_with_papers.py", *options)
    table = pl.read_csv(folder / "reproduction.csv")
    assert table["agrees"].drop_nulls().sort().to_list() == ["undecided", "undecided", "yes", "yes"]
    assert f"{table.height} numbers of the papers" in capsys.readouterr().out
