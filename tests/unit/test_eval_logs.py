"""Logs of inspect_ai: their samples by hand, and, where inspect_ai is installed, what it reads back from a file.

inspect_ai has an environment of its own (docs/how-to/inspect_with_inspect_ai.md). Tests that need it take
``.venv-inspect/bin/python``, or the Python that the variable INSPECT_PYTHON names.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from documentation import Page
from hypothesis import given
from hypothesis import strategies as st
from programs import call, call_script

from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.files import write_json
from scale_or_reason.common.tables import table_from_rows, write_table
from scale_or_reason.judging.jury import JuryRule
from scale_or_reason.judging.labels import human_verdicts, read_labels
from scale_or_reason.reporting.eval_logs.edits import labels_in
from scale_or_reason.reporting.eval_logs.log import header, not_installed, results, stats
from scale_or_reason.reporting.eval_logs.samples import Asked, Tables, content_of, samples
from scale_or_reason.study.cells import Cell
from scale_or_reason.study.result_paths import result_path

MODEL, OTHER = (Cell("general", "small", "seq", ratio).model_id for ratio in (1.0, 0.0))
BASE = "base/small/shots-1"
ASKED = Asked({"small": "chatml"}, {}, None, 0)
CREATED = "2026-01-02T03:04:05+00:00"
MANIFEST = {
    "created": CREATED,
    "settings": {"sampling": {"temperature": 0.5, "max_tokens": 40, "min_p": 0.1}, "model": "m"},
    "packages": {"polars": "2.1.0"},
}
#: Item, sample, text, reason to end, the judge's and the other judge's verdict, the rule graders' verdict.
ROWS = [
    ("a", 0, "<think>1+1=2</think>\n\\boxed{2}", "stop", "yes", "yes", "yes"),
    ("a", 1, "<think>1+1=3</think>\n\\boxed{3}", "stop", "no", "yes", "no"),
    ("b", 0, "<think>2+2 is", "length", "no", "no", "unparsable"),
    ("b", 1, "", "refused", "unparsable", "unparsable", "unparsable"),
]
ITEM = {"benchmark": "gsm8k", "choices": [], "extra": "{}"}
ITEMS = [
    ITEM | {"item_id": "a", "prompt": "Box it. 1+1?", "question": "1+1?", "gold": ["2", "two"]},
    ITEM | {"item_id": "b", "prompt": "Box it. 2+2?", "question": "2+2?", "gold": ["4"]},
]
FAMILIES = [{"name": "Math-OE", "benchmarks": ["gsm8k"]}]


def tables(model_id: str = MODEL) -> Tables:
    rows = [(*row[:4], "yes", *row[5:]) if model_id == OTHER and row[:2] == ("a", 1) else row for row in ROWS]
    key = [{"model_id": model_id, "benchmark": "gsm8k", "item_id": row[0], "sample": row[1]} for row in rows]
    length = {"prompt_tokens": 7, "answer_tokens": 9}
    answers = [own | length | {"answer": row[2], "finish_reason": row[3]} for own, row in zip(key, rows, strict=True)]
    verdicts = []
    for own, row in zip(key, rows, strict=True):
        for judge, word in (("one", row[4]), ("two", row[5])):
            said = {"judge": judge, "verdict": word, "reply": f"{judge} says {word}", "extracted": "3"}
            verdicts.append(own | said | {"extraction": "it is 3", "judge_prompt_tokens": 20, "judge_tokens": 4})
        graded = {"judge": "rule_graders", "verdict": row[6], "reply": "", "extracted": "2", "how": "box"}
        right = row[6] == "yes"
        verdicts.append(own | graded | {"strict": right, "lenient": right, "judge_prompt_tokens": 0, "judge_tokens": 0})
    return Tables(
        model_id,
        table_from_rows(ITEMS, "items"),
        table_from_rows(answers, "answers"),
        table_from_rows(verdicts, "verdicts"),
    )


def made(jurors: tuple[str, ...] = ("one", "two"), model_id: str = MODEL) -> list[dict[str, Any]]:
    return list(samples(tables(model_id), jurors, JuryRule(), ASKED))


def test_samples_by_hand() -> None:
    first, second, cut, refused = made()
    assert [(one["id"], one["epoch"]) for one in (first, second, cut, refused)] == [
        ("a", 1),
        ("a", 2),
        ("b", 1),
        ("b", 2),
    ]
    assert (first["input"], first["target"]) == ("Box it. 1+1?", "2 or two")
    assert first["messages"][0]["content"] == "<|im_start|>user\nBox it. 1+1?<|im_end|>\n<|im_start|>assistant\n"
    parts = [{"type": "reasoning", "reasoning": "1+1=2"}, {"type": "text", "text": "\n\\boxed{2}"}]
    assert first["messages"][1]["content"] == parts and first["output"]["completion"] == "\n\\boxed{2}"
    assert first["output"]["usage"] == {"input_tokens": 7, "output_tokens": 9, "total_tokens": 16}
    scores = first["scores"]
    assert {name: score["value"] for name, score in scores.items()} == dict.fromkeys(
        ("jury", "one", "two", "rule_graders"), "C"
    )
    assert (scores["one"]["explanation"], scores["one"]["answer"]) == ("one says yes", "3")
    assert scores["one"]["metadata"] == {"extraction_reply": "it is 3", "prompt_tokens": 20, "reply_tokens": 4}
    assert scores["rule_graders"]["metadata"] == {"how": "box", "strict": True, "lenient": True}
    # one judge against the other: the jury is undecided, which counts as not right
    assert [second["scores"][name]["value"] for name in ("jury", "one", "two")] == ["N", "I", "C"]
    assert cut["output"]["choices"][0]["stop_reason"] == "max_tokens" and cut["metadata"]["truncated"]
    assert cut["messages"][1]["content"] == [{"type": "reasoning", "reasoning": "2+2 is"}]
    assert cut["output"]["completion"] == ""
    assert refused["output"]["choices"][0]["stop_reason"] == "content_filter"
    assert refused["scores"]["jury"] == {"value": "N", "reason": "refusal"}
    assert refused["scores"]["one"]["reason"] == "grader_failed"


def test_sample_ids_are_those_of_the_items_in_the_logs_of_all_models() -> None:
    here, there = made(), made(model_id=OTHER)
    assert [(one["id"], one["epoch"]) for one in here] == [(one["id"], one["epoch"]) for one in there]
    assert not {one["uuid"] for one in here} & {one["uuid"] for one in there}
    assert len({one["uuid"] for one in here}) == 4 and made() == here


def test_a_base_student_receives_no_chat() -> None:
    asked = Asked({}, {}, [], 0)
    first = next(samples(tables("base/small/shots-0"), ("one",), JuryRule(), asked))
    assert first["messages"][0]["content"].endswith("Question: 1+1?\nAnswer:")


def test_the_header_and_the_metrics() -> None:
    written = made()
    spec = header("s", "gsm8k", MODEL, MANIFEST, written)
    assert (spec["task"], spec["model"], spec["created"]) == ("gsm8k", MODEL, CREATED)
    assert spec["dataset"]["sample_ids"] == ["a", "b"] and spec["config"]["epochs"] == 2
    assert spec["model_generate_config"] == {"temperature": 0.5, "max_tokens": 40}
    assert spec["metadata"]["ratio"] == 1.0 and spec["metadata"]["study"] == "s"
    assert spec["eval_id"] != header("s", "gsm8k", OTHER, MANIFEST, written)["eval_id"]
    score = dict.fromkeys(("strict", "lenient"), 0.25) | dict.fromkeys(("exact_match", "f1"))
    score |= {"n": 4, "accuracy": 0.25, "ci_low": 0.0, "ci_high": 0.7, "truncated": 1, "refused": 1, "empty": 0}
    score |= {"unparsable": 2, "answer_tokens_mean": 9.0, "judge_agreement": 1.0}
    found = results(written, score)
    by_name = {one["name"]: {name: each["value"] for name, each in one["metrics"].items()} for one in found["scores"]}
    assert by_name["jury"] == {"accuracy": 0.25, "ci_low": 0.0, "ci_high": 0.7}
    assert (by_name["one"], by_name["two"]) == ({"accuracy": 0.25}, {"accuracy": 0.5})
    assert by_name["rule_graders"] == {"accuracy": 0.25, "strict": 0.25, "lenient": 0.25}
    assert found["metadata"]["truncated"] == 1 and found["metadata"]["unparsable"] == 2
    used = stats(written, CREATED)
    assert used["model_usage"] == {MODEL: {"input_tokens": 28, "output_tokens": 36, "total_tokens": 64}}
    assert used["role_usage"]["two"]["output_tokens"] == 16 and "rule_graders" not in used["role_usage"]


@given(st.lists(st.sampled_from(["<think>", "</think>", "\\boxed{2}", "\n", " x "]), max_size=6))
def test_parts_of_an_answer_are_cut_at_its_tags_only(pieces: list[str]) -> None:
    answer = "".join(pieces)
    content = content_of(answer)
    if isinstance(content, str):
        assert content == answer and "</think>" not in answer
        return
    reasoning, text = content[0]["reasoning"], content[1]["text"] if len(content) > 1 else ""
    opened = "<think>" if answer.startswith("<think>") else ""
    assert opened + reasoning + ("</think>" if "</think>" in answer else "") + text == answer
    assert "</think>" not in text


@pytest.mark.parametrize("part", ["items", "verdicts"])
def test_an_answer_without_an_item_or_a_verdict_is_an_error(part: str) -> None:
    whole = tables()
    frames = {"items": whole.items, "verdicts": whole.verdicts}
    frames[part] = frames[part].filter(pl.col("item_id") != "b")
    cut = Tables(MODEL, frames["items"], whole.answers, frames["verdicts"])
    with pytest.raises(StudyError, match="no item" if part == "items" else "no verdict"):
        list(samples(cut, ("one",), JuryRule(), ASKED))


# ---- the program and inspect_ai ----


@pytest.fixture
def write(tmp_path: Path, root: Path) -> Callable[..., list[str]]:
    """Tables of two models; returns the program's arguments for one of them."""
    results_folder = tmp_path / "results"
    write_table(tables().items, ready(results_folder / "benchmarks/gsm8k.parquet"), "items")
    for model_id in (MODEL, OTHER):
        own = tables(model_id)
        place = {"model_id": model_id, "benchmark": "gsm8k"}
        write_table(own.answers, ready(results_folder / result_path("answers", **place)), "answers")
        write_json(MANIFEST, results_folder / result_path("evaluation", model_id=model_id))
        for judge in ("one", "two", "rule_graders"):
            file = ready(results_folder / result_path("verdicts", judge=judge, **place))
            write_table(own.verdicts.filter(judge=judge), file, "verdicts")

    def arguments(model_id: str) -> list[str]:
        options = {"results": results_folder, "study": "s", "model-id": model_id, "benchmark": "gsm8k", "seed": 0}
        options |= {"jury": "{}", "families": json.dumps(FAMILIES), "templates": '{"small": "chatml"}'}
        options |= {"output": tmp_path / "logs" / model_id / "gsm8k.eval"}
        words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
        script = str(root / "workflow/scripts/write_inspect_log.py")
        return [script, *words, "--judges", "one", "two", "rule_graders", "--jurors", "one", "two"]

    return arguments


def ready(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def test_without_inspect_ai_the_error_names_the_command_that_installs_it(
    write: Callable[..., list[str]], root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(root)
    monkeypatch.setitem(sys.modules, "inspect_ai.log", None)
    monkeypatch.setitem(sys.modules, "inspect_ai", None)
    script, *words = write(MODEL)
    with pytest.raises(SystemExit):
        call_script(Path(script), *words)
    said = capsys.readouterr().err
    assert "inspect_ai is not installed in this environment" in said
    assert "what to do: make venv-inspect, then repeat the command with .venv-inspect/bin/snakemake" in said
    assert "\nvenv-inspect:" in (root / "Makefile").read_text()


def test_the_remedy_fits_the_place_of_the_project(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    elsewhere = str(not_installed(ImportError("none"), "python", root).remedy)
    assert elsewhere.startswith(f"make -C {root} venv-inspect") and elsewhere.endswith(
        f"{root}/.venv-inspect/bin/python"
    )
    package = str(not_installed(ImportError("none"), "python", tmp_path / "lib").remedy)  # has no Makefile
    assert "pip install 'FOLDER[inspect]'" in package and "make" not in package


#: What inspect_ai reads from the logs in a folder: JSON.
READ = """
import json, sys
from inspect_ai.analysis import evals_df, samples_df
from inspect_ai.log import edit_score, list_eval_logs, read_eval_log, recompute_metrics, write_eval_log
from inspect_ai.scorer import Score
from inspect_ai.scorer._metric import ScoreEdit

found = {}
for info in list_eval_logs(sys.argv[1]):
    log = read_eval_log(info)
    said = {score.name: {name: metric.value for name, metric in score.metrics.items()} for score in log.results.scores}
    recompute_metrics(log)
    again = {score.name: score.metrics["accuracy"].value for score in log.results.scores}
    replies = [sample.messages[1].content for sample in log.samples]
    texts = [[type(part).__name__ for part in parts] for parts in replies if isinstance(parts, list)]
    found[log.eval.model] = {"status": log.status, "said": said, "again": again, "texts": texts,
        "ids": [[sample.id, sample.epoch] for sample in log.samples], "metadata": log.eval.metadata,
        "usage": log.stats.model_usage[log.eval.model].output_tokens, "counts": log.results.metadata,
        "replies": [sample.scores["one"].explanation for sample in log.samples]}
table = samples_df(sys.argv[1], quiet=True)
wrong = table[(table["score_jury"] != "C")]
found["wrong"] = sorted(map(list, zip(wrong["id"], wrong["epoch"].map(int))))
evals = evals_df(sys.argv[1], quiet=True)
found["evals"] = sorted(evals["model"])
print(json.dumps(found))
"""


#: Edits of another person, who first errs, of a score of a judge, and a score that is new; a comment alone is no label.
FURTHER = """
import inspect_ai.scorer as scorer
log = read_eval_log(path)
def edited(item, epoch, name, **parts):
    edit_score(log, item, name, ScoreEdit(**parts), epoch=epoch)
ben = ProvenanceData(author="ben")
edited("a", 2, "jury", value="C", provenance=ben)
edited("a", 2, "jury", value="I", provenance=ben)
edited("b", 1, "one", value="C", explanation="so it is", provenance=ben)
edited("b", 2, "two", explanation="no verdict", provenance=ben)
log.samples[0].scores["match"] = scorer.Score(value=0.0)
write_eval_log(log, path)
"""


def edits(**scores: Any) -> dict[str, Any]:
    """A log with one sample as inspect_ai's ``model_dump`` has it."""
    sample = {"id": "a", "epoch": 1, "scores": scores, "metadata": {"sample": 0, "answer_hash": "0" * 16}}
    return {"eval": {"model": MODEL, "task": "gsm8k"}, "samples": [sample]}


def edited(value: Any, author: str | None = None) -> dict[str, Any]:
    return {"value": value, "provenance": {"author": author, "reason": None} if author else None}


def score(*history: dict[str, Any]) -> dict[str, Any]:
    return {"value": history[-1]["value"], "history": list(history)}


def test_labels_of_edits_by_hand() -> None:
    history = [edited("I"), edited("C", "anna"), edited("N", "ben"), edited("I", "anna"), edited("UNCHANGED", "carl")]
    log = edits(jury=score(*history), one={"value": "C", "history": []}, new=score(edited(1.0, "dora")))
    found = [(row["person"], row["label"], row["score"]) for row in labels_in(log, "log")]
    assert found == [("anna", "no", "jury"), ("ben", "unsure", "jury"), ("dora", "yes", "new")]
    # without an author the option names the person; a scorer's own value is no edit
    log = edits(jury=score(edited("I"), edited("C")), match={"value": True, "history": []})
    assert [row["person"] for row in labels_in(log, "log", person="eve")] == ["eve"]
    assert [(row["person"], row["label"]) for row in labels_in(log, "log", "eve", ["match"])] == [
        ("eve", "yes"), ("match", "yes")
    ]  # fmt: skip
    assert list(labels_in(edits(), "log")) == []


@pytest.mark.parametrize(
    ("log", "parts"),
    [
        (edits(jury=score(edited("I"), edited("C"))), ["without a person", "--person NAME"]),
        (edits(jury=score(edited("I"), edited("P", "anna"))), ["no verdict", "found: P", "C (right)"]),
        (edits(jury=score(edited("I"), edited([1], "anna"))), ["no verdict", "found: [1]"]),
        (edits(jury=score(edited("C", "anna")), one=score(edited("I", "anna"))), ["contradicts", "yes as score jury"]),
        (edits(jury=score(edited("C", "anna"))) | {"samples": [
            {"id": 1, "epoch": 1, "scores": {"jury": score(edited("C", "anna"))}, "metadata": {"sample": 0}}
        ]}, ["not of a study", "no answer_hash"]),
    ],
)  # fmt: skip
def test_edits_that_are_no_labels_are_refused(log: dict[str, Any], parts: list[str]) -> None:
    with pytest.raises(StudyError) as caught:
        list(labels_in(log, "x.eval"))
    for part in [*parts, "file: x.eval", "gsm8k ", "epoch 1, score "]:
        assert part in str(caught.value)


def test_labels_of_another_source_are_not_overwritten(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sheet = tmp_path / "sheet.csv"
    sheet.write_text("model_id,label\nm,yes\n")
    with pytest.raises(SystemExit):
        call(root, "read_inspect_labels.py", "--logs", tmp_path, "--output", sheet)
    assert "labels of another source" in capsys.readouterr().err and sheet.read_text().endswith("m,yes\n")


def inspect_python(root: Path) -> str:
    found = os.environ.get("INSPECT_PYTHON") or root / ".venv-inspect" / "bin" / "python"
    if not Path(found).is_file():
        pytest.skip("needs inspect_ai: make venv-inspect")
    return str(found)


@pytest.mark.slow
def test_inspect_ai_reads_what_was_written(write: Callable[..., list[str]], root: Path, tmp_path: Path) -> None:
    python = inspect_python(root)
    environment = os.environ | {"PYTHONPATH": str(root / "src")}

    def run(*words: str) -> str:
        done = subprocess.run([python, *words], env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout

    for model_id in (MODEL, OTHER):
        assert "4 answers" in run(*write(model_id))
    before = (tmp_path / "logs" / MODEL / "gsm8k.eval").stat().st_size
    found = json.loads(run("-c", READ, str(tmp_path / "logs")).splitlines()[-1])
    here = found[MODEL]
    assert here["status"] == "success" and before > 1000
    # by hand: one of four answers has both judges' yes
    assert here["said"]["jury"]["accuracy"] == here["again"]["jury"] == 0.25
    assert here["again"] == {"jury": 0.25, "one": 0.25, "two": 0.5, "rule_graders": 0.25}
    # inspect_ai reads one epoch after the other
    assert here["ids"] == [["a", 1], ["b", 1], ["a", 2], ["b", 2]]
    assert here["texts"][:2] == [["ContentReasoning", "ContentText"], ["ContentReasoning"]]
    assert here["replies"] == ["one says yes", "one says no", "one says no", "one says unparsable"]
    assert (here["usage"], here["counts"]["truncated"], here["metadata"]["student"]) == (36, 1, "small")
    # the other model has the judges' yes for the second answer to the first item
    assert found["wrong"] == [["a", 2], *[["b", 1]] * 2, *[["b", 2]] * 2]
    assert found["evals"] == sorted([MODEL, OTHER])
    page = Page(root / "docs" / "how-to" / "inspect_with_inspect_ai.md")
    shutil.copytree(tmp_path / "logs", tmp_path / "edited")
    code = "".join(page.blocks("python")).replace("micro-1M", "small").replace('"edited/', f'"{tmp_path}/edited/')
    printed = run("-c", code.replace("results/micro/inspect_logs", str(tmp_path / "logs")) + FURTHER).splitlines()
    # wrong answers of the first model, then the only answer on which the two differ
    rows = [line.split() for line in printed if "gsm8k" in line]
    assert sorted(row[2:4] for row in rows[:3]) == [["a", "2"], ["b", "1"], ["b", "2"]]
    assert rows[3:] == [["gsm8k", "a", "2", "C", "N"]]
    # the edits come back as labels of the page's person and another one, and nothing else does
    output = tmp_path / "labels.csv"
    reading = [str(root / "workflow/scripts/read_inspect_labels.py"), "--logs", str(tmp_path / "edited")]
    assert "4 labels: 1 by anna, 2 by ben, 1 by match" in run(*reading, "--output", str(output), "--scorers", "match")
    labels = read_labels(output)
    told = [(label.key[2:], label.person, label.label) for label in labels]
    assert sorted(told) == [
        (("a", 0), "anna", "yes"), (("a", 0), "match", "no"), (("a", 1), "ben", "no"), (("b", 0), "ben", "yes")
    ]  # fmt: skip
    own = tables()
    people = human_verdicts(own.answers, [label for label in labels if label.person != "match"], output)
    assert people["verdict"].to_list() == ["yes", "no", "yes", "unparsable"]
    columns = ["model_id", "benchmark", "item_id", "sample", "judge", "verdict"]
    judges = own.verdicts.filter(pl.col("judge") != "rule_graders").select(columns)
    before, after = (JuryRule().decide(part) for part in (judges, pl.concat([judges, people.select(columns)])))
    decisions = [part.sort("item_id", "sample")["verdict"].to_list() for part in (before, after)]
    # the tie on the second answer is decided by ben, who is outvoted on the third
    assert decisions == [["yes", "unparsable", "no", "unparsable"], ["yes", "no", "no", "unparsable"]]
