"""Tables for people: rounding changes digits, and nothing that the numbers say."""

from __future__ import annotations

import math
import re
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scale_or_reason.common.rounding import rounded
from scale_or_reason.common.table_schemas import SCHEMAS
from scale_or_reason.common.tables import write_rounded_csv

#: One column of each kind.
NAMES = ("accuracy", "answer_tokens_mean", "flops", "held_out_loss", "p")
EDGES = st.sampled_from([0.0, -0.0, 5e-5, 9.99996e-5, 1e-4, 0.05])
NUMBERS = st.one_of(st.floats(-1e30, 1e30), st.floats(-1, 1), EDGES)


def column(name: str, numbers: list[float | None]) -> list[float | None]:
    return rounded(pl.DataFrame({name: pl.Series(numbers, dtype=pl.Float64)}))[name].to_list()


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=40)
@given(numbers=st.lists(NUMBERS, min_size=2, max_size=12))
def test_order_sign_and_idempotence(name: str, numbers: list[float]) -> None:
    result = column(name, numbers)
    assert column(name, result) == result
    pairs = sorted(zip(numbers, result, strict=True))
    assert [after for _, after in pairs] == sorted(result)
    assert all((before > 0) - (before < 0) == (after > 0) - (after < 0) for before, after in pairs)
    assert all(abs(after - before) <= max(0.05, 5.1e-4 * abs(before)) for before, after in pairs)
    assert all(math.copysign(1, after) == 1 for after in result if after == 0)


@settings(max_examples=40)
@given(numbers=st.lists(NUMBERS, min_size=3, max_size=3))
def test_an_interval_holds_its_estimate(numbers: list[float]) -> None:
    for schema in SCHEMAS.values():
        for name in (name for name in schema if {f"{name}_low", f"{name}_high"} <= set(schema)):
            row = dict(zip((f"{name}_low", name, f"{name}_high"), sorted(numbers), strict=True))
            ((low, estimate, high),) = rounded(pl.DataFrame([row], schema_overrides=schema)).rows()
            assert low <= estimate <= high


def test_digits_by_meaning(tmp_path: Path) -> None:
    frame = pl.DataFrame(
        {
            "accuracy": [0.39444444, 0.00003161, None, math.nan],
            "gap_low": [-0.08566314, -0.00004, 1.0, 0.99999],
            "answer_tokens_mean": [14.81666667, 0.0421, 16384.0, None],
            "flops": [922276722.215742, 83903667204.0, math.inf, -math.inf],
            "q": [0.069565217, 1.2345678e-09, 1.0, None],
            "ratio": [1 / 3, 0.25, 0.0, 1.0],
            "size_b": [0.00007, 0.134515, 3.0, None],
            "n": [123456789, 1, 2, 3],
            "model_id": ["a/0.123456", "b", "c", "d"],
        }
    )
    write_rounded_csv(frame, tmp_path / "table.csv")
    found = pl.read_csv(tmp_path / "table.csv").to_dict(as_series=False)
    accuracies = found.pop("accuracy")
    assert accuracies[:3] == [0.3944, 3e-05, None]
    assert math.isnan(accuracies[3])
    assert found == {
        "gap_low": [-0.0857, -4e-05, 1.0, 1.0],
        "answer_tokens_mean": [14.8, 0.04, 16384.0, None],
        "flops": [922300000.0, 83900000000.0, math.inf, -math.inf],
        "q": [0.06957, 1.235e-09, 1.0, None],
        "ratio": [1 / 3, 0.25, 0.0, 1.0],
        "size_b": [0.00007, 0.134515, 3.0, None],
        "n": [123456789, 1, 2, 3],
        "model_id": ["a/0.123456", "b", "c", "d"],
    }


@pytest.mark.parametrize("schema", SCHEMAS)
def test_bounds_are_rounded_as_their_estimate(schema: str) -> None:
    """Digits of an estimate and of its bounds differ if a pattern forgets one of the names."""
    names = list(SCHEMAS[schema])
    for bound in (name for name in names if name.endswith(("_low", "_high"))):
        estimate = re.sub(r"(_benchmarks)?_(low|high)$", "", bound)
        if estimate in names:
            assert column(bound, [123.456789, 0.00123456789]) == column(estimate, [123.456789, 0.00123456789])


def test_what_identifies_a_model_is_exact() -> None:
    keys = {"ratio", "data_fraction", "size_b", "budget", "queries"}
    assert all(column(name, [1 / 3]) == [1 / 3] for name in keys)


def test_no_rule_reads_a_rounded_table(root: Path) -> None:
    scripts = {file.stem: file.read_text() for file in (root / "workflow/scripts").glob("*.py")}
    rounding = {name for name, text in scripts.items() if "write_rounded_csv(" in text}
    assert {"score_models", "compute_flops", "measure_uncertainty", "plan_study"} < rounding
    text = "\n".join(file.read_text() for file in sorted((root / "workflow/rules").glob("*.smk")))
    inputs = re.findall(r"^ *input:\n(.*?)^ *(?:output|params|localrule|log)\b", text, re.M | re.S)
    inputs = [block for block in inputs if "rules.scores.input" not in block]  # of the target that requests all tables
    assert {name for block in inputs for name in re.findall(r"tables/(\w+)\.csv", block)} == {"early_stopping"}
    assert "tabulate_outcomes" not in rounding
