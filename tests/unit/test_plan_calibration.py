"""What a plan takes from a finished study, against means and sums of a small one written here by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from configs import load, merge, plan_of

from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.tables import table_from_rows, write_table
from scale_or_reason.flops.costs import cost_table
from scale_or_reason.planning import calibration
from scale_or_reason.planning.assumptions import Assumptions
from scale_or_reason.planning.calibration import Calibration, answer_groups, read_calibration
from scale_or_reason.planning.report import summary
from scale_or_reason.planning.shapes import shape_of
from scale_or_reason.study.cells import parse_model_id
from scale_or_reason.study.study import Study

STUDENT = "micro-0.49M"
PLAIN, REASONING, MIXED = (f"general/{STUDENT}/{cell}/seed-0" for cell in ("seq/rho-0", "seq/rho-1", "mix/rho-0.5"))
BASE = f"base/{STUDENT}/shots-1"
TEACHER = "teacher/micro-teacher/reasoning"
FAMILIES = {"gsm8k": "Math-OE", "squad": "General-OE"}


def row(
    stage: str, sequences: int, prompt: int, completion: int, seconds: float, benchmark: str | None
) -> dict[str, Any]:
    """Tokens are those of one sequence."""
    counts = {"sequences": sequences, "prompt_tokens": sequences * prompt, "completion_tokens": sequences * completion}
    return counts | {"stage": stage, "benchmark": benchmark, "flops": 1e6 * sequences, "seconds": seconds}


#: Model -> its training (sequences, prompt, completion, seconds); its answers (prompt, tokens, seconds): gsm8k, squad.
MODELS: dict[str, tuple[tuple[int, int, int, float] | None, tuple[int, int, float], tuple[int, int, float]]] = {
    PLAIN: ((80, 10, 5, 4.0), (30, 4, 1.0), (50, 3, 1.0)),
    REASONING: ((80, 10, 50, 20.0), (30, 40, 6.0), (50, 9, 2.0)),
    MIXED: ((80, 10, 28, 12.0), (30, 12, 2.0), (50, 6, 1.0)),
    BASE: (None, (70, 7, 2.0), (90, 8, 2.0)),
    TEACHER: (None, (33, 44, 7.0), (53, 13, 3.0)),
}
HEADER = "s\th:m:s\tmax_rss\tmax_vms\tmax_uss\tmax_pss\tio_in\tio_out\tmean_load\tcpu_time\n"
TIMINGS = {
    # 36 s of training in three jobs of 40 s together, 27 s of answering in three jobs of 57 s
    "train_student/a": 6.0,
    "train_student/b": 21.0,
    "train_student/c": 13.0,
    "evaluate_model/a": 30.0,
    "evaluate_model/b": 15.0,
    "evaluate_model/c": 12.0,
    "judge_answers/a": 12.0,
    "build_mixture/a": 2.0,
    "build_mixture/b": 4.0,
}


@pytest.fixture
def pilot(tmp_path: Path) -> Path:
    folder = tmp_path / "results" / "pilot"
    tables = []
    for model_id, (training, gsm8k, squad) in MODELS.items():
        rows = [row("training", *training, None)] if training else []
        rows += [row("evaluation", 20, *values, name) for name, values in (("gsm8k", gsm8k), ("squad", squad))]
        tables.append(cost_table(model_id, FAMILIES, rows))
        answers = folder / "answers" / model_id / "manifest.json"
        answers.parent.mkdir(parents=True)
        answers.write_text(json.dumps({"seconds": gsm8k[2] + squad[2]}))
        verdict = {"item_id": "q", "sample": 0, "verdict": "yes", "reply": "", "judge_prompt_tokens": 100}
        for judge in ("micro-judge", "rule_graders"):
            verdicts = [
                verdict | {"model_id": model_id, "benchmark": name, "judge": judge, "judge_tokens": tokens}
                for name, tokens in (("gsm8k", 8), ("squad", 4))
            ]
            here = folder / "verdicts" / judge / model_id
            write_table(table_from_rows(verdicts, "verdicts"), here / "all.parquet", "verdicts")
            (here / "manifest.json").write_text(json.dumps({"seconds": 2.0}))
    write_table(pl.concat(tables), folder / "tables" / "costs.parquet", "costs")
    (folder / "pairs").mkdir()
    (folder / "pairs" / "general.audit.json").write_text(json.dumps({"prompts": 100, "kept": 85, "dropped": 15}))
    shard = {"prompt_id": "p", "prompt": "", "prompt_tokens": 10, "answer": "", "finish_reason": "stop"}
    for number, tokens in enumerate((40, 80)):
        generated = table_from_rows([shard | {"answer_tokens": tokens}], "generations")
        write_table(generated, folder / "pairs" / "general" / "reasoning" / f"shard-{number}.parquet", "generations")
    for name, seconds in TIMINGS.items():
        file = folder / "timings" / f"{name}.tsv"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(HEADER + f"{seconds}\t0\t1\t0\t0\t0\t0\t0\t90\t1\n")
    return folder


@pytest.fixture
def measured(pilot: Path, root: Path) -> Calibration:
    judge = shape_of(str(root / "resources" / "micro" / "judge"), {})
    return read_calibration(pilot, "pilot", lambda *_: 1, {STUDENT: 1}, lambda _: judge)


def test_lengths_are_means(measured: Calibration) -> None:
    assert measured.training == {("general", "prompt"): 10, ("general", "ift"): 5, ("general", "reasoning"): 50}
    assert measured.kept == {"general": 0.8}
    assert measured.generated == {("general", "reasoning"): 60}
    assert measured.questions["gsm8k", None] == 30
    assert measured.questions["gsm8k", 1] == 70
    assert measured.answers["general/mix/rho-0.5", "gsm8k"] == measured.answers["mix/rho-0.5", "gsm8k"] == 12
    assert measured.answers["reasoning", "squad"] == 9
    assert measured.answers["shots-1", "squad"] == 8
    assert measured.answers["teacher/reasoning", "gsm8k"] == 44
    assert measured.verdicts["micro-judge", "ift", "gsm8k"] == (100, 8)
    assert not any(judge == "rule_graders" for judge, _, _ in measured.verdicts)


def test_what_jobs_take_beside_their_work(measured: Calibration) -> None:
    assert measured.starts["training"] == pytest.approx((40 - 36) / 3)
    assert measured.starts["evaluation"] == measured.starts["generation"] == pytest.approx((57 - 27) / 3)
    assert measured.starts["judging"] == pytest.approx(12 - 5 * 2)
    assert measured.cpu_jobs["build_mixture"] == 3


def test_speeds_add_up_to_the_measured_seconds(measured: Calibration) -> None:
    for stage, work in (("training", [(800, 400, 8e7), (800, 4000, 8e7), (800, 2240, 8e7)]),):
        predicted = [np.dot(measured.speeds[stage], amounts) for amounts in work]
        assert sum(predicted) == pytest.approx(36)
    assert all(min(speed) >= 0 for speed in measured.speeds.values())
    assert measured.speeds["learning_rates"] == measured.speeds["training"]


def test_speeds_are_found_again() -> None:
    true = (2e-3, 5e-2, 3e-9)
    amounts = [(1e3, 2e2, 4e9), (5e2, 9e2, 1e9), (3e3, 1e2, 9e9), (1e2, 5e2, 2e10)]
    work = [calibration._Work(*one, gpu_seconds=float(np.dot(true, one))) for one in amounts]
    assert calibration._speed(work) == pytest.approx(true, rel=1e-6)


@pytest.mark.parametrize(
    ("model_id", "groups"),
    [
        (MIXED, ["general/mix/rho-0.5", "mix/rho-0.5"]),
        (REASONING, ["general/seq/rho-1", "seq/rho-1", "reasoning"]),
        ("adapted/s/ift-then-reasoning/seed-0", ["ift-then-reasoning"]),
        (BASE, ["shots-1"]),
        (TEACHER, ["teacher/reasoning"]),
    ],
)
def test_who_answers_alike(model_id: str, groups: list[str]) -> None:
    assert answer_groups(model_id) == groups


def test_measurements_take_the_place_of_assumptions(root: Path, measured: Calibration) -> None:
    config = load(root, "micro")
    assumed = Assumptions(config, Study.from_config(config), measured)
    assert assumed.training_lengths("general") == (10, {"ift": 5, "reasoning": 50})
    assert assumed.generated_tokens("general", "reasoning") == 60
    # a ratio that the pilot did not have answers as its format does
    other = parse_model_id(f"general/{STUDENT}/seq/rho-0.25/seed-0")
    assert assumed.answer_tokens(other, "gsm8k") == 40
    assert assumed.answer_tokens(parse_model_id(MIXED), "gsm8k") == 12
    judge = assumed.study.judges["micro-judge"]
    (call,) = assumed.judging_calls(judge, other, "squad", 60)
    assert (call.count, call.prompt, call.completion) == (60, 100, 4)
    # what it has not measured stays assumed
    assert assumed.training_lengths("math")[0] == config["plan"]["tokens"]["training"]["math"]["prompt"]
    sources = {note.assumption: note.source for note in assumed.notes.values()}
    assert sources["plan.tokens.training.general.ift"] == "measured in pilot"
    assert sources["plan.tokens.training.math.ift"] == "config"


def test_predicted_against_measured(root: Path, measured: Calibration, tmp_path: Path, monkeypatch: Any) -> None:
    """A study of the pilot's own cells, of which the trainings are done."""
    monkeypatch.chdir(root)
    families = {"families": [{"name": name, "benchmarks": [key]} for key, name in FAMILIES.items()]}
    own = {"students": [STUDENT], "corpora": ["general"], "ratios": [0, 1], "adaptations": [], "base_shots": [1]}
    config = merge(load(root, "micro"), {"study": own | families, "corpora": {"general": {"num_prompts": 100}}})
    for cell in (PLAIN, REASONING):
        folder = tmp_path / "models" / cell
        folder.mkdir(parents=True)
        (folder / "manifest.json").write_text("{}")
    plan = plan_of(config, tmp_path, measured, train_student=27.0, build_mixture=1.0)
    stages = {row["stage"]: row for row in plan.stages.to_dicts()}
    training = stages["training"]
    assert training["measured_seconds"] == 27.0
    assert training["predicted_seconds"] == pytest.approx(24 + 2 * (40 - 36) / 3, rel=0.1)
    assert training["jobs_left"] == 0
    assert stages["evaluation"]["measured_seconds"] is None
    text = summary(plan, None, "plan")
    assert "predicted / measured" in text and "measured in pilot:" in text


def test_a_study_without_tables_cannot_calibrate(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="no costs table") as caught:
        read_calibration(tmp_path / "nothing", "nothing", lambda *_: 1, {}, lambda _: None)
    assert caught.value.key == "plan.calibrate_from" and caught.value.found == "nothing"


def test_nor_one_without_timings(pilot: Path) -> None:
    for file in (pilot / "timings").rglob("*.tsv"):
        file.unlink()
    with pytest.raises(StudyError, match="there are no job timings"):
        read_calibration(pilot, "pilot", lambda *_: 1, {}, lambda _: None)


def test_models_that_the_study_does_not_know_have_no_times(pilot: Path) -> None:
    read = read_calibration(pilot, "pilot", lambda *_: None, {}, lambda _: None)
    assert read.speeds == {}
    assert read.answers["reasoning", "squad"] == 9
