"""The scripts from answers to table 1, run one after the other on files made here."""

from __future__ import annotations

import json
import shutil
from functools import partial

import polars as pl
import pytest
from programs import call

from scale_or_reason.common.tables import read_table, table_from_rows, write_table
from scale_or_reason.study.cells import FORMATS, Adaptation, BaseStudent, Cell

MODELS = [Cell("general", "small", "seq", ratio).model_id for ratio in (0.0, 1.0)]
ADAPTED = Adaptation("small", "ift", "reasoning").model_id
FAMILIES = json.dumps([{"name": "Math-OE", "benchmarks": ["gsm8k"]}])
CONFIG = {
    "vocab_size": 10,
    "hidden_size": 4,
    "intermediate_size": 8,
    "num_attention_heads": 2,
    "num_hidden_layers": 3,
}


@pytest.fixture
def run(root):
    return partial(call, root)


def key(model_id, item):
    return {"model_id": model_id, "benchmark": "gsm8k", "item_id": item, "sample": 0}


@pytest.fixture
def results(tmp_path):
    """Two items, two models; the IFT student has one right, the reasoning student both; a judge and the graders."""
    item = {"benchmark": "gsm8k", "prompt": "1 + 1 = ?", "question": "1 + 1 = ?", "gold": ["2"], "choices": []}
    save(tmp_path / "benchmarks" / "gsm8k.parquet", "items", [item | {"item_id": name, "extra": "{}"} for name in "ab"])
    pair = {"prompt_id": "a", "prompt_tokens": 3, "ift_tokens": 1, "reasoning_tokens": 2}
    for corpus in ("general", "math"):
        save(tmp_path / "pairs" / f"{corpus}.parquet", "pairs", [pair])
        for ratio, answer_format in enumerate(FORMATS):
            row = {"position": 0, "phase": 0, "prompt_id": "a", "format": answer_format}
            save(tmp_path / "mixtures" / corpus / "seq" / f"rho-{ratio}.parquet", "mixture", [row])
    for model_id, right in zip(MODELS, (["a"], ["a", "b"]), strict=True):
        evaluated(tmp_path, model_id, right)
        trained(tmp_path, model_id)
    return tmp_path


def save(path, schema, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    write_table(table_from_rows(rows, schema), path, schema)


def evaluated(results, model_id, right):
    answer = {"prompt_tokens": 3, "answer": "2", "answer_tokens": 2, "finish_reason": "stop"}
    folder = results / "answers" / model_id
    save(folder / "gsm8k.parquet", "answers", [key(model_id, item) | answer for item in "ab"])
    (folder / "manifest.json").write_text(json.dumps({"seconds": 2.0}))
    for judge, tokens in (("one", 2), ("rule_graders", 0)):
        verdicts = [
            key(model_id, item)
            | {"judge": judge, "verdict": "yes" if item in right else "no", "reply": ""}
            | {"judge_prompt_tokens": 3, "judge_tokens": tokens}
            for item in "ab"
        ]
        folder = results / "verdicts" / judge / model_id
        save(folder / "gsm8k.parquet", "verdicts", verdicts)
        (folder / "manifest.json").write_text(json.dumps({"seconds": 2.0}))


def trained(results, model_id):
    folder = results / "models" / model_id
    folder.mkdir(parents=True)
    lengths = pl.DataFrame({"prompt_tokens": [2, 2], "completion_tokens": [3, 3]})
    lengths.write_parquet(folder / "sequence_lengths.parquet")
    (folder / "manifest.json").write_text(json.dumps({"training": {"seconds": 7.5}}))
    (folder / "config.json").write_text(json.dumps(CONFIG))


def shape(results):
    """A folder with the shape that all models here have."""
    return results / "models" / MODELS[0]


def score(run, results, model_ids, **changes):
    options = {
        "model-ids": model_ids,
        "benchmarks": ["gsm8k"],
        "families": [FAMILIES],
        "items": [results / "benchmarks"],
        "answers": [results / "answers"],
        "verdicts": [results / "verdicts"],
        "jurors": ["one"],
        "rule-graders": [],
        "parquet": [results / "scores.parquet"],
        "csv": [results / "scores.csv"],
    }
    run("score_models.py", *(part for name, values in (options | changes).items() for part in (f"--{name}", *values)))
    return read_table(results / "scores.parquet", "scores")


def count(run, results, model_ids, **changes):
    options = {
        "model-ids": model_ids,
        "benchmarks": ["gsm8k"],
        "families": [FAMILIES],
        "results": [results],
        "adaptation-corpora": ['{"from": "general", "to": "math"}'],
        "architectures": [],
        "teacher": [f"teacher={shape(results)}"],
        "judges": [f"one={shape(results)}"],
        "parquet": [results / "costs.parquet"],
        "csv": [results / "costs.csv"],
    }
    run("compute_flops.py", *(part for name, values in (options | changes).items() for part in (f"--{name}", *values)))
    return read_table(results / "costs.parquet", "costs")


def test_from_answers_to_table_1(run, results):
    scores = score(run, results, MODELS[::-1])
    assert scores.select("model_id", "accuracy", "judge_agreement").rows() == [(MODELS[0], 0.5, 1), (MODELS[1], 1, 1)]
    costs = count(run, results, MODELS[::-1])
    # Numbers of test_flops: two sequences of five tokens; two answers of two tokens to prompts of three.
    assert costs.filter(pl.col("stage") != "teacher").select("model_id", "stage", "flops", "seconds").rows() == [
        (model_id, *row)
        for model_id in MODELS
        for row in (("training", 37_740.0, 7.5), ("evaluation", 11_336.0, 2.0), ("judging", 11_336.0, 2.0))
    ]
    for name, table in (("scores", scores), ("costs", costs)):
        assert pl.read_csv(results / f"{name}.csv")["model_id"].to_list() == table["model_id"].to_list()
    sizes = ["--sizes", '{"small": 0.5}', "--corpora", "general"]
    run("table1.py", "--scores", results / "scores.parquet", *sizes, "--output", results / "table1.csv")
    table = pl.read_csv(results / "table1.csv")
    assert table.select("family", "ift", "reasoning", "shift").rows() == [("Math-OE", 50.0, 100.0, 50.0)]


def test_the_graders_decide_where_nobody_else_does(run, results):
    assert score(run, results, MODELS, jurors=[])["accuracy"].to_list() == [0.5, 1.0]


def test_two_stages_of_training_add_up(run, results):
    evaluated(results, ADAPTED, ["a"])
    trained(results, ADAPTED)
    costs = count(run, results, [ADAPTED])
    training = costs.row(by_predicate=pl.col("stage") == "training", named=True)
    assert (training["flops"], training["seconds"], training["sequences"]) == (2 * 37_740.0, 15.0, 4)
    # one answer of each format was learnt from, the second of them in the second stage
    assert costs.filter(stage="teacher").select("format", "completion_tokens").rows() == [("ift", 1), ("reasoning", 2)]


def test_a_model_on_a_part_of_the_data_costs_what_a_run_of_that_length_does(run, results):
    # the mixture has both prompts; half of it is the first, which the part's own mixture lists
    mixture = [{"position": at, "phase": 0, "prompt_id": name, "format": "reasoning"} for at, name in enumerate("ab")]
    pair = {"prompt_tokens": 3, "ift_tokens": 1, "reasoning_tokens": 2}
    save(results / "pairs" / "general.parquet", "pairs", [pair | {"prompt_id": name} for name in "ab"])
    save(results / "mixtures" / "general" / "seq" / "rho-1.parquet", "mixture", mixture)
    half = Cell("general", "small", "seq", 1.0, 0, 0.5).model_id
    evaluated(results, half, ["a"])
    trained(results, half)
    folder = results / "models" / half
    save(folder / "mixture.parquet", "mixture", mixture[:1])
    pl.read_parquet(folder / "sequence_lengths.parquet")[:1].write_parquet(folder / "sequence_lengths.parquet")
    costs = count(run, results, [MODELS[1], half])
    of_training = costs.filter(stage="training").select("data_fraction", "flops", "sequences").rows()
    assert of_training == [(0.5, 37_740.0 / 2, 1), (1.0, 37_740.0, 2)]
    of_teacher = costs.filter(stage="teacher").select("data_fraction", "flops", "sequences").rows()
    assert of_teacher == [(0.5, 5668.0, 1), (1.0, 2 * 5668.0, 2)]
    exact = dict(costs.filter(stage="training").select("data_fraction", "exact_flops").rows())
    assert exact[0.5] == exact[1.0] / 2


def test_what_a_model_learnt_from_is_its_teachers_cost(run, results):
    teacher = count(run, results, MODELS).filter(stage="teacher")
    assert teacher.select("model_id", "format").rows() == [(MODELS[0], "ift"), (MODELS[1], "reasoning")]
    assert teacher["flops"].to_list()[1] == 5668.0  # of test_costs
    unknown = count(run, results, MODELS, teacher=["teacher="]).filter(stage="teacher")
    assert unknown["flops"].to_list() == [None, None]


def test_a_model_without_training_has_no_training_row(run, results):
    model_id = BaseStudent("small", 0).model_id
    evaluated(results, model_id, ["a"])
    table = count(run, results, [model_id], architectures=[f"small={shape(results)}"])
    assert table.select("stage", "flops", "seconds").rows() == [
        ("evaluation", 11_336.0, 2.0),
        ("judging", 11_336.0, 2.0),
    ]


def test_what_was_not_timed_has_no_seconds(run, results):
    (results / "models" / MODELS[0] / "manifest.json").write_text("{}")
    costs = count(run, results, MODELS).filter(stage="training")
    assert costs["seconds"].to_list() == [None, 7.5]


def _another_models_answers(results):
    shutil.copy(results / "answers" / MODELS[1] / "gsm8k.parquet", results / "answers" / MODELS[0])


def _no_answers(results):
    (results / "answers" / MODELS[0] / "gsm8k.parquet").unlink()


def _no_manifest(results):
    (results / "answers" / MODELS[0] / "manifest.json").unlink()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("program", "spoil", "changes", "error"),
    [
        (score, _another_models_answers, {}, "rows of another model"),
        (score, _no_answers, {}, "the answers table is missing"),
        (score, None, {"jurors": ["two"]}, "the verdicts table is missing"),
        (score, None, {"model-ids": [MODELS[0], MODELS[0]]}, "the scores table has duplicate rows"),
        (score, None, {"families": ['[{"name": "Math-OE", "benchmarks": ["aime"]}]']}, "belongs to no family"),
        (count, _no_manifest, {}, "a manifest is missing"),
        (count, None, {"judges": ["one"]}, "a model has no architecture"),
        (count, None, {"model-ids": [BaseStudent("small", 0).model_id]}, "a model has no architecture"),
        (count, None, {"model-ids": ["small"]}, "invalid model id"),
        (count, None, {"model-ids": [ADAPTED], "adaptation-corpora": ["{}"]}, "corpora of an adaptation are unknown"),
    ],
)
def test_bad_input_ends_with_one_clear_error(run, results, capsys, program, spoil, changes, error):
    if spoil:
        spoil(results)
    with pytest.raises(SystemExit) as ended:
        program(run, results, MODELS, **changes)
    assert ended.value.code == 2
    assert error in capsys.readouterr().err
    assert not (results / "scores.parquet").exists() and not (results / "costs.parquet").exists()
