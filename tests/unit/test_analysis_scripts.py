"""The scripts from answers to table 1, run one after the other on files made here."""

from __future__ import annotations

import json
import runpy
import sys

import polars as pl
import pytest

from scale_or_reason.cells import Cell
from scale_or_reason.tables import read_table, table_from_rows, write_table

MODELS = [Cell("general", "small", "seq", ratio).model_id for ratio in (0.0, 1.0)]
FAMILIES = json.dumps([{"name": "Math-OE", "benchmarks": ["gsm8k"]}])
CONFIG = {
    "vocab_size": 10,
    "hidden_size": 4,
    "intermediate_size": 8,
    "num_attention_heads": 2,
    "num_hidden_layers": 3,
}


@pytest.fixture
def run(root, monkeypatch):
    def call(script, *arguments):
        monkeypatch.setattr(sys, "argv", [script, *map(str, arguments)])
        runpy.run_path(str(root / "workflow" / "scripts" / script), run_name="__main__")

    return call


def key(model_id, item):
    return {"model_id": model_id, "benchmark": "gsm8k", "item_id": item, "sample": 0}


@pytest.fixture
def files(tmp_path):
    """Two items, two models; the IFT student has one right, the reasoning student both; a judge and the graders."""
    write_table(
        table_from_rows(
            [
                {"benchmark": "gsm8k", "item_id": item, "prompt": "1 + 1 = ?", "question": "1 + 1 = ?"}
                | {"gold": ["2"], "choices": [], "extra": "{}"}
                for item in ("a", "b")
            ],
            "items",
        ),
        tmp_path / "items.parquet",
        "items",
    )
    for model_id, right in zip(MODELS, (["a"], ["a", "b"]), strict=True):
        folder = tmp_path / model_id
        folder.mkdir(parents=True)
        answer = {"prompt_tokens": 3, "answer": "2", "answer_tokens": 2, "finish_reason": "stop"}
        answers = [key(model_id, item) | answer for item in ("a", "b")]
        write_table(table_from_rows(answers, "answers"), folder / "answers.parquet", "answers")
        for judge, tokens in (("one", 2), ("rules", 0)):
            verdicts = [
                key(model_id, item)
                | {"judge": judge, "verdict": "yes" if item in right else "no", "reply": ""}
                | {"judge_prompt_tokens": 3, "judge_tokens": tokens}
                for item in ("a", "b")
            ]
            write_table(table_from_rows(verdicts, "verdicts"), folder / f"{judge}.parquet", "verdicts")
        lengths = pl.DataFrame({"prompt_tokens": [2, 2], "completion_tokens": [3, 3]})
        lengths.write_parquet(folder / "sequence_lengths.parquet")
        (folder / "manifest.json").write_text(json.dumps({"training": {"seconds": 7.5}}))
        (folder / "answers.json").write_text(json.dumps({"seconds": 2.0}))
        (folder / "config.json").write_text(json.dumps(CONFIG))
    return tmp_path


def score(run, files, model_id, **changes):
    folder = files / model_id
    options = {
        "--model-id": [model_id],
        "--families": [FAMILIES],
        "--items": [files / "items.parquet"],
        "--answers": [folder / "answers.parquet"],
        "--verdicts": [folder / "one.parquet"],
        "--graders": [folder / "rules.parquet"],
        "--output": [folder / "scores.parquet"],
    }
    options |= {f"--{name}": values for name, values in changes.items()}
    run("score_model.py", *(part for name, values in options.items() for part in (name, *values)))


def count(run, files, model_id, *more):
    folder = files / model_id
    run(
        "count_costs.py", "--model-id", model_id, "--families", FAMILIES, "--architecture", folder / "config.json",
        "--answers", folder / "answers.parquet", "--verdicts", folder / "one.parquet", folder / "rules.parquet",
        "--output", folder / "costs.parquet", *more,
    )  # fmt: skip


def test_from_answers_to_table_1(run, files):
    for model_id in MODELS:
        folder = files / model_id
        score(run, files, model_id)
        trained = ["--lengths", folder / "sequence_lengths.parquet", "--training-manifests", folder / "manifest.json"]
        judged = ["--judge-architecture", f"one={folder}", "--judging-manifests", folder / "answers.json"]
        count(run, files, model_id, *trained, *judged, "--answers-manifest", folder / "answers.json")
    for schema in ("scores", "costs"):
        inputs = [files / model_id / f"{schema}.parquet" for model_id in MODELS[::-1]]
        outputs = ["--parquet", files / f"{schema}.parquet", "--csv", files / f"{schema}.csv"]
        run("collect_tables.py", "--schema", schema, "--inputs", *inputs, *outputs)
    scores, costs = (read_table(files / f"{schema}.parquet", schema) for schema in ("scores", "costs"))
    assert scores.select("model_id", "accuracy", "judge_agreement").rows() == [(MODELS[0], 0.5, 1), (MODELS[1], 1, 1)]
    # Numbers of test_flops: two sequences of five tokens; two answers of two tokens to prompts of three.
    assert costs.select("stage", "flops", "seconds").rows() == 2 * [
        ("training", 37_740.0, 7.5),
        ("evaluation", 11_336.0, 2.0),
        ("judging", 11_336.0, 2.0),
    ]
    sizes = ["--sizes", '{"small": 0.5}', "--corpora", "general"]
    run("table1.py", "--scores", files / "scores.parquet", *sizes, "--output", files / "table1.csv")
    table = pl.read_csv(files / "table1.csv")
    assert table.select("family", "ift", "reasoning", "shift").rows() == [("Math-OE", 50.0, 100.0, 50.0)]


def test_two_stages_of_training_add_up(run, files):
    model_id, folder = MODELS[1], files / MODELS[1]
    both = [folder / "sequence_lengths.parquet"] * 2
    manifests = [folder / "manifest.json", files / MODELS[0] / "manifest.json"]
    judge = ["--judge-architecture", f"one={folder}"]
    count(run, files, model_id, "--lengths", *both, "--training-manifests", *manifests, *judge)
    training = read_table(folder / "costs.parquet", "costs").row(0, named=True)
    assert (training["flops"], training["seconds"], training["sequences"]) == (2 * 37_740.0, 15.0, 4)


def test_what_a_model_learnt_from_is_its_teachers_cost(run, files):
    pair = {"prompt_id": "a", "prompt_tokens": 3, "ift_tokens": 1, "reasoning_tokens": 2}
    write_table(table_from_rows([pair], "pairs"), files / "pairs.parquet", "pairs")
    mixture = [{"position": 0, "phase": 0, "prompt_id": "a", "format": "reasoning"}]
    write_table(table_from_rows(mixture, "mixture"), files / "mixture.parquet", "mixture")
    folder = files / MODELS[1]
    taught = ["--mixtures", files / "mixture.parquet", "--pairs", files / "pairs.parquet"]
    judge = ["--judge-architecture", f"one={folder}"]
    count(run, files, MODELS[1], *taught, *judge, "--teacher-architecture", f"teacher={folder}")
    rows = read_table(folder / "costs.parquet", "costs").filter(stage="teacher").select("format", "flops").rows()
    assert rows == [("reasoning", 5668.0)]  # of test_costs
    count(run, files, MODELS[1], *taught, *judge)
    assert read_table(folder / "costs.parquet", "costs").filter(stage="teacher")["flops"].to_list() == [None]


def test_a_model_without_training_has_no_training_row(run, files):
    count(run, files, MODELS[0], "--judge-architecture", f"one={files / MODELS[0]}")
    table = read_table(files / MODELS[0] / "costs.parquet", "costs")
    assert table["stage"].to_list() == ["evaluation", "judging"]
    assert table["seconds"].to_list() == [None, None]


def test_bad_input_ends_with_one_clear_error(run, files, capsys):
    with pytest.raises(SystemExit) as ended:
        score(run, files, MODELS[0], answers=[files / MODELS[1] / "answers.parquet"])
    assert ended.value.code == 2
    assert "rows of another model" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        count(run, files, MODELS[0], "--judge-architecture", "one")
    assert "a model has no architecture" in capsys.readouterr().err
    assert not (files / MODELS[0] / "scores.parquet").exists()
