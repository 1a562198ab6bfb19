"""The papers' statements from the papers' tables; what the check does when a number is another one."""

from __future__ import annotations

import shutil
from pathlib import Path

import polars as pl
import pytest
from programs import call

from scale_or_reason.claims.findings import CONTRADICTED, SUPPORTED
from scale_or_reason.claims.paper_results import reference_evidence, reference_findings
from scale_or_reason.claims.statements import STATEMENTS
from scale_or_reason.common.errors import StudyError


@pytest.fixture
def folder(root: Path, tmp_path: Path) -> Path:
    """A copy of the papers' tables, to be changed."""
    for file in (root / "resources" / "papers").glob("*.csv"):
        shutil.copy(file, tmp_path)
    return tmp_path


@pytest.fixture
def table1(folder: Path) -> dict[tuple, tuple[float, float]]:
    """(corpus, domain, format, size) -> IFT, reasoning: the file itself, read without any code of ours."""
    lines = [line.split(",") for line in (folder / "v2_table1.csv").read_text().split()[1:]]
    return {(c, d, f, float(size)): (float(ift), float(reasoning)) for c, d, f, size, ift, reasoning in lines}


def row(folder: Path, name: str) -> dict:
    return reference_findings(folder, STATEMENTS).row(by_predicate=pl.col("name") == name, named=True)


def test_every_statement_that_the_tables_allow_agrees(folder: Path) -> None:
    table = reference_findings(folder, STATEMENTS)
    assert table["agrees"].count() == sum(statement.reference is not None for statement in STATEMENTS) == 29
    assert table["agrees"].drop_nulls().all()
    assert table.filter(pl.col("agrees").is_null())["note"].str.starts_with("missing: ").all()


@pytest.mark.slow
def test_rates_of_the_papers_searches(folder: Path) -> None:
    found = row(folder, "learning-rates")
    assert (found["value"], found["unit"], found["verdict"]) == (8, "students", SUPPORTED)
    (folder / "learning_rates.csv").unlink()
    assert row(folder, "learning-rates")["note"].startswith("missing: students with a learning-rate search")


@pytest.mark.parametrize("rate", ["", "0", "-1e-5", "fast"])
def test_a_published_rate_that_is_none(folder: Path, rate: str) -> None:
    path = folder / "learning_rates.csv"
    path.write_text(f"student,reasoning,ift\nQwen2.5-3B,{rate},5e-6\n")
    with pytest.raises(StudyError, match="is no learning rate"):
        reference_findings(folder, STATEMENTS)


@pytest.mark.slow
def test_values_are_those_of_the_file(folder: Path, table1: dict) -> None:
    shift = {key: reasoning - ift for key, (ift, reasoning) in table1.items()}
    assert row(folder, "wins")["value"] == sum(gap > 0 for gap in shift.values()) == 28
    lead = table1["general", "math", "OE", 3][1] - table1["general", "math", "OE", 14][0]
    assert row(folder, "middle-passes-largest")["value"] == pytest.approx(lead)
    behind = table1["general", "general", "OE", 14][0] - table1["general", "general", "OE", 3][1]
    assert row(folder, "middle-near-largest")["value"] == pytest.approx(behind)
    general = [
        gap
        for (corpus, domain, form, _), gap in shift.items()
        if corpus == "general" and (domain, form) != ("general", "MC")
    ]
    assert row(folder, "general-wins")["value"] == pytest.approx(min(general))
    late = [gap for (corpus, domain, _, size), gap in shift.items() if corpus == domain == "math" and size >= 1.5]
    assert row(folder, "math-wins")["value"] == pytest.approx(min(late))
    small = [
        gap for (corpus, domain, _, size), gap in shift.items() if (corpus, domain) == ("math", "general") and size <= 3
    ]
    assert row(folder, "math-lags")["value"] == pytest.approx(max(small))
    gains = {
        (domain, form): sum(gap for (c, d, f, _), gap in shift.items() if (c, d, f) == ("general", domain, form)) / 5
        for domain in ("general", "math")
        for form in ("OE", "MC")
    }
    least = gains.pop(("general", "MC"))
    assert row(folder, "general-mc-gains-least")["value"] == pytest.approx(min(gains.values()) - least)
    last = [
        shift["general", domain, form, 14] - shift["general", domain, form, 7]
        for domain in ("general", "math")
        for form in ("OE", "MC")
    ]
    assert row(folder, "ift-plateau")["value"] == pytest.approx(sum(last) / 4)
    assert row(folder, "math-no-advantage")["value"] == pytest.approx(
        max(shift["math", "math", form, 0.5] for form in ("OE", "MC"))
    )


@pytest.mark.slow
def test_frontiers_are_those_of_table_1_and_the_power_laws(folder: Path, table1: dict) -> None:
    """Domination by definition, over the numbers of the files."""
    laws = {}
    for line in (folder / "v2_inference_power_law.csv").read_text().split()[1:]:
        domain, form, supervision, alpha, beta = line.split(",")
        laws[domain, form, supervision] = float(alpha), float(beta)
    on = {"ift": 0, "reasoning": 0, "reasoning MC": 0, "large OE": 0}
    for domain, form in {(domain, form) for _, domain, form, _ in table1}:
        points = []
        for (corpus, d, f, size), values in table1.items():
            if (corpus, d, f) == ("general", domain, form):
                for name, accuracy in zip(("ift", "reasoning"), values, strict=True):
                    alpha, beta = laws[domain, form, name]
                    points.append((alpha * size**beta, accuracy, name, size))
        for cost, accuracy, name, size in points:
            beaten = any(c <= cost and a >= accuracy and (c, a) != (cost, accuracy) for c, a, _, _ in points)
            on[name] += not beaten
            on["reasoning MC"] += not beaten and name == "reasoning" and form == "MC"
            on["large OE"] += not beaten and name == "reasoning" and form == "OE" and size >= 7
    assert row(folder, "inference-frontier-ift")["value"] == on["ift"] == 20
    assert row(folder, "inference-frontier-mc")["value"] == on["reasoning MC"] == 4
    assert row(folder, "inference-frontier-reasoning")["value"] == on["large OE"] == 4


@pytest.mark.slow
def test_where_words_and_tables_of_the_papers_differ_the_verdict_says_so(folder: Path) -> None:
    table = reference_findings(folder, STATEMENTS)
    against = table.filter(verdict=CONTRADICTED)
    assert set(against["name"]) == {
        "middle-approaches-largest",
        "math-gains-where-large",
        "math-comparable-where-large",
        "ift-plateau",
        "inference-frontier-mc",
    }
    assert against["remark"].null_count() == 0
    assert table.filter(verdict=SUPPORTED).height == 24


def test_the_program(folder: Path, root: Path, capsys) -> None:
    call(root, "reference_check.py", "--reference", folder, "--output", folder / "check.csv")
    out = capsys.readouterr().out
    assert "29 of 62 statements computed from the papers' tables; 0 differ" in out
    assert out.count("not in the tables") == 62 - 29
    assert pl.read_csv(folder / "check.csv").height == 62


@pytest.mark.slow
@pytest.mark.parametrize(
    ("before", "after", "name"),
    [
        ("general,math,OE,3,39.9,55.4", "general,math,OE,3,39.9,53.4", "middle-passes-largest"),
        ("general,general,MC,1.5,65.2,65.0", "general,general,MC,1.5,65.2,65.4", "wins"),
    ],
)
def test_a_number_that_differs_ends_the_check(
    folder: Path, root: Path, capsys, before: str, after: str, name: str
) -> None:
    file = folder / "v2_table1.csv"
    assert before in file.read_text()
    file.write_text(file.read_text().replace(before, after))
    with pytest.raises(SystemExit) as ended:
        call(root, "reference_check.py", "--reference", folder)
    assert ended.value.code == 1
    differing = [line for line in capsys.readouterr().out.splitlines() if "DIFFERS" in line]
    assert any(f" {name} " in line for line in differing)


def test_cells_that_are_not_in_the_table_differ_by_name(folder: Path, root: Path, capsys) -> None:
    file = folder / "v2_table1.csv"
    file.write_text(
        "\n".join(line for line in file.read_text().splitlines() if not line.startswith("general,math,OE,3,"))
    )
    with pytest.raises(SystemExit):
        call(root, "reference_check.py", "--reference", folder)
    assert "nothing (expected 1.8, supported)" in capsys.readouterr().out


def test_missing_tables_and_columns(folder: Path) -> None:
    (folder / "v2_teacher.csv").write_text("domain,format,accuracy\n")
    with pytest.raises(StudyError, match="lacks columns"):
        reference_evidence(folder)
    (folder / "v2_teacher.csv").unlink()
    with pytest.raises(StudyError, match="missing"):
        reference_evidence(folder)
