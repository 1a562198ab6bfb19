"""Single answers, stopped answers, and the programs from verdicts to tables of contrasts."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from programs import call

from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.rounding import rounded
from scale_or_reason.common.table_schemas import SCHEMAS
from scale_or_reason.common.tables import read_csv_table, read_table, table_from_rows, write_csv, write_table
from scale_or_reason.flops.architectures import Architecture
from scale_or_reason.flops.exact import Decoder
from scale_or_reason.flops.formulas import generation_flops
from scale_or_reason.judging.jury import JuryRule
from scale_or_reason.scoring.outcomes import ANSWER_COLUMNS, VERDICT_COLUMNS, early_stopping, model_outcomes
from scale_or_reason.study.cells import Cell

MODEL = Architecture(vocabulary=10, hidden=4, feed_forward=8, heads=2, layers=3)
CONFIG = {"vocab_size": 10, "hidden_size": 4, "intermediate_size": 8, "num_attention_heads": 2, "num_hidden_layers": 3}
IFT, REASONING = (Cell("general", "small", "seq", ratio).model_id for ratio in (0.0, 1.0))
FAMILIES = {"gsm8k": "Math-OE", "aime": "Math-OE"}
LENGTHS = [4, 8, 12, 16, 20]


def answers(benchmark: str = "gsm8k") -> pl.DataFrame:
    rows = [(benchmark, f"q{number}", 0, 10, length) for number, length in enumerate(LENGTHS)]
    return pl.DataFrame(rows, {name: SCHEMAS["answers"][name] for name in ANSWER_COLUMNS}, orient="row")


def verdicts(*words: str, judge: str = "one", benchmark: str = "gsm8k") -> pl.DataFrame:
    rows = [(benchmark, f"q{number}", 0, judge, word) for number, word in enumerate(words)]
    return pl.DataFrame(rows, {name: SCHEMAS["verdicts"][name] for name in VERDICT_COLUMNS}, orient="row")


def test_only_a_yes_of_the_jury_is_right() -> None:
    said = pl.concat(
        [verdicts("yes", "yes", "no", "unparsable", "yes"), verdicts(*["yes", "no"] * 2, "yes", judge="b")]
    )
    table = model_outcomes(IFT, answers(), said, JuryRule(), MODEL)
    assert table["right"].to_list() == [True, False, False, False, True]
    assert table["answer_tokens"].to_list() == LENGTHS
    assert table["flops"].to_list() == pytest.approx([float(generation_flops(MODEL, 10, length)) for length in LENGTHS])


def test_the_exact_count_of_a_decoder() -> None:
    """Two FLOPs per weight and token, and attention to the tokens so far; all lengths by the same model."""
    model = Decoder.from_config(CONFIG)
    table = model_outcomes(IFT, answers(), verdicts(*["yes"] * 5), JuryRule(), model)
    weights, head = 3 * (4 * 4 * 4 + 3 * 4 * 8), 4 * 10
    for length, flops in zip(LENGTHS, table["flops"], strict=True):
        attention = 4 * 4 * 3 * (10 + length) * (11 + length) / 2
        assert flops == pytest.approx((10 + length) * 2 * weights + (1 + length) * 2 * head + attention)
    stopped = early_stopping(table, FAMILIES, model)
    assert stopped["flops"][-1] == pytest.approx(table["flops"].mean())
    assert set(stopped["flops_by"]) == {"exact"}


def test_an_answer_without_a_verdict_is_an_error() -> None:
    with pytest.raises(StudyError, match="no verdict"):
        model_outcomes(IFT, answers(), verdicts("yes", "no"), JuryRule(), MODEL)


def test_stopped_answers_are_wrong_and_cheaper() -> None:
    outcomes = model_outcomes(IFT, answers(), verdicts("yes", "yes", "no", "yes", "yes"), JuryRule(), MODEL)
    table = early_stopping(outcomes, FAMILIES, MODEL)
    assert table.select("percentile", "max_tokens", "accuracy").rows() == [
        (0, 4, 0.2),
        (25, 8, 0.4),
        (50, 12, 0.4),
        (75, 16, pytest.approx(0.6)),
        (100, 20, pytest.approx(0.8)),
    ]
    stopped = [min(length, 12) for length in LENGTHS]
    expected = sum(float(generation_flops(MODEL, 10, length)) for length in stopped) / 5
    assert table["flops"][2] == pytest.approx(expected)
    assert table["flops"][4] == pytest.approx(outcomes["flops"].mean())


def save(folder: Path, model_id: str, benchmark: str, words: list[str]) -> None:
    """The files of one model and benchmark: answers and verdicts of one judge."""
    rest = {"answer": "", "finish_reason": "stop"}
    rows = [row | {"model_id": model_id} | rest for row in answers(benchmark).to_dicts()]
    path = folder / "answers" / model_id / f"{benchmark}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_table(table_from_rows(rows, "answers"), path, "answers")
    rest = {"reply": "", "judge_prompt_tokens": 1, "judge_tokens": 1}
    rows = [row | {"model_id": model_id} | rest for row in verdicts(*words, benchmark=benchmark).to_dicts()]
    path = folder / "verdicts" / "one" / model_id / f"{benchmark}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_table(table_from_rows(rows, "verdicts"), path, "verdicts")


@pytest.fixture
def study(tmp_path: Path, root: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """Outcomes of two models, one of which has no AIME, tabulated by the program; ``log.txt`` has what it said."""
    save(tmp_path, IFT, "gsm8k", ["yes", "no", "no", "no", "no"])
    save(tmp_path, IFT, "aime", ["no"] * 5)
    save(tmp_path, REASONING, "gsm8k", ["yes", "yes", "yes", "yes", "no"])
    (tmp_path / "config.json").write_text(json.dumps(CONFIG))
    call(
        root, "tabulate_outcomes.py",
        "--answers", tmp_path / "answers", "--verdicts", tmp_path / "verdicts", "--jurors", "one", "--jury", "{}",
        "--model-ids", IFT, REASONING, "--families", families(), "--architectures", f"small={tmp_path / 'config.json'}",
        "--output", tmp_path / "outcomes.parquet", "--early-stopping", tmp_path / "stopped.csv",
    )  # fmt: skip
    (tmp_path / "log.txt").write_text(capsys.readouterr().out)
    return tmp_path


def families() -> str:
    return json.dumps([{"name": "Math-OE", "benchmarks": ["gsm8k", "aime"]}])


def test_from_verdicts_to_outcomes(study: Path) -> None:
    table = read_table(study / "outcomes.parquet", "outcomes")
    right = table.group_by("model_id", "benchmark", maintain_order=True).agg(pl.col("right").sum())
    assert right.rows() == [(IFT, "gsm8k", 1), (IFT, "aime", 0), (REASONING, "gsm8k", 4)]
    assert pl.read_csv(study / "stopped.csv").height == 3 * 5


def test_what_is_left_out_is_said(study: Path) -> None:
    said = (study / "log.txt").read_text()
    assert "2 models; omitted files: 1" in said
    assert f"omitted, since it is missing: {study / 'verdicts' / 'one' / REASONING / 'aime.parquet'}" in said


def test_a_model_of_unknown_architecture(study: Path, root: Path, capsys) -> None:
    with pytest.raises(SystemExit):
        call(
            root, "tabulate_outcomes.py",
            "--answers", study / "answers", "--verdicts", study / "verdicts", "--jurors", "one", "--jury", "{}",
            "--model-ids", IFT, "--families", families(), "--architectures", "other=",
            "--output", study / "no.parquet", "--early-stopping", study / "no.csv",
        )  # fmt: skip
    assert "a model has no architecture" in capsys.readouterr().err
    assert not (study / "no.parquet").exists()
    call(
        root, "tabulate_outcomes.py",
        "--answers", study / "answers", "--verdicts", study / "verdicts", "--jurors", "one", "--jury", "{}",
        "--model-ids", IFT, "--families", families(), "--architectures", "small=",
        "--output", study / "unknown.parquet", "--early-stopping", study / "unknown.csv",
    )  # fmt: skip
    assert read_csv_table(study / "unknown.csv", "early_stopping")["flops_by"].null_count() == 10
    outcomes = pl.read_parquet(study / "unknown.parquet")
    assert outcomes["flops"].null_count() == outcomes.height > 0
    assert outcomes["right"].null_count() == 0


def test_from_outcomes_to_intervals(study: Path, root: Path) -> None:
    write_table(table_from_rows([], "costs"), study / "costs.parquet", "costs")
    call(
        root, "measure_uncertainty.py",
        "--outcomes", study / "outcomes.parquet", "--costs", study / "costs.parquet", "--families", families(),
        "--sizes", '{"small": 1}', "--seed", "0", "--replicates", "500", "--contrasts", study / "contrasts.csv",
        "--uncertainty", study / "uncertainty.parquet", study / "uncertainty.csv",
        "--frontiers", study / "frontiers.parquet", study / "frontiers.csv",
    )  # fmt: skip
    gaps = read_table(study / "uncertainty.parquet", "uncertainty").filter(benchmark="gsm8k", ratio=1.0)
    assert gaps["gap"].to_list() == pytest.approx([0.6])
    # three of five items differ, all in one direction: three equal throws of a coin prove nothing
    assert -0.2 < gaps["gap_low"][0] < 0 < 0.6 < gaps["gap_high"][0] < 1
    assert gaps["finding"].to_list() == ["undecided"]
    assert set(pl.read_csv(study / "contrasts.csv")["note"]) == {
        "no accuracy",
        "fewer than two IFT students",
        "no FLOPs",
    }
    for name, schema in (("uncertainty", "uncertainty"), ("frontiers", "frontier_membership")):
        exact = read_table(study / f"{name}.parquet", schema)
        assert read_csv_table(study / f"{name}.csv", schema).equals(rounded(exact))
    # equal FLOPs of answering and better: alone on the frontier
    frontier = pl.read_csv(study / "frontiers.csv").filter(benchmark="gsm8k", among="formats", cost="inference")
    assert dict(frontier.select("ratio", "on_frontier").rows()) == {0.0: False, 1.0: True}


@pytest.mark.slow
def test_from_outcomes_to_findings(study: Path, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_table(table_from_rows([], "costs"), study / "costs.parquet", "costs")
    write_table(table_from_rows([], "length_limits"), study / "limits.parquet", "length_limits")
    families = json.dumps([{"name": "Math-OE", "benchmarks": ["gsm8k"]}])
    call(
        root, "compute_findings.py",
        "--outcomes", study / "outcomes.parquet", "--costs", study / "costs.parquet", "--families", families,
        "--sizes", '{"small": 1}', "--corpora", "general", "--seed", "0", "--replicates", "500",
        "--stopped", study / "stopped.csv", "--limits", study / "limits.parquet", "--output", study / "findings.csv",
    )  # fmt: skip
    table = pl.read_csv(study / "findings.csv")
    wins = table.row(by_predicate=pl.col("name") == "wins", named=True)
    assert (wins["value"], wins["verdict"]) == (1.0, "undecided")  # one cell of five items
    assert wins["cells"] == "general/small/seq/rho-1, general/small/seq/rho-0"
    assert table.filter(name="middle-passes-largest")["note"].to_list() == ["missing: five students (there are 1)"]
    assert "undecided: wins" in capsys.readouterr().out
    stopped = read_csv_table(study / "stopped.csv", "early_stopping")
    assert set(stopped["flops_by"]) == {"papers"}
    write_csv(stopped.with_columns(flops_by=pl.lit("exact")), study / "stopped.csv")
    with pytest.raises(SystemExit):
        call(
            root, "compute_findings.py",
            "--outcomes", study / "outcomes.parquet", "--costs", study / "costs.parquet", "--families", families,
            "--sizes", '{"small": 1}', "--corpora", "general", "--seed", "0", "--replicates", "5",
            "--stopped", study / "stopped.csv", "--output", study / "no.csv",
        )  # fmt: skip
    assert f"file: {study / 'stopped.csv'}" in capsys.readouterr().err
