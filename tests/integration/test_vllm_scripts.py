"""The programs that generate text, run as a workflow runs them: tables in, tables out, and kills survived."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest
from tiny_generator import build_generator
from warm_engines import warm_vllm

from scale_or_reason.benchmarks.instructions import zero_shot_prompt
from scale_or_reason.benchmarks.registry import get_benchmark
from scale_or_reason.common.tables import read_table, table_from_rows, write_table
from scale_or_reason.judging.verdicts import parse_verdict

pytestmark = pytest.mark.integration

SAMPLING = '{"temperature": 1.0, "top_p": 0.95, "max_tokens": 40}'
#: Threads of several processes that wait for each other in turns would make a busy machine crawl.
ENVIRONMENT = os.environ | {"OMP_NUM_THREADS": "1"}
COMMON = ["--sampling", SAMPLING, "--engine", '{"dtype": "float32"}', "--seed", "0"]


@pytest.fixture(scope="module")
def generator(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "generator"
    build_generator(folder)
    return folder


@pytest.fixture(scope="module")
def questions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("prompts") / "general.parquet"
    rows = [{"prompt_id": f"q{i}", "corpus": "general", "prompt": f"what is {i} + 1?"} for i in range(60)]
    write_table(table_from_rows(rows, "prompts"), path, "prompts")
    return path


@pytest.fixture(scope="module")
def benchmarks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("benchmarks")
    gold = {"gsm8k": (["3"], []), "openbookqa": (["A", "cat"], ["cat", "dog"]), "ifeval": ([], [])}
    for name, (accepted, choices) in gold.items():
        rows = [
            {
                "benchmark": name,
                "item_id": f"{name}-{i}",
                "prompt": zero_shot_prompt(get_benchmark(name).instruction, f"question {i}"),
                "question": f"question {i}" + (" too long" * 300 if (name, i) == ("gsm8k", 4) else ""),
                "gold": accepted,
                "choices": choices,
                "extra": "{}",
            }
            for i in range(5)
        ]
        write_table(table_from_rows(rows, "items"), folder / f"{name}.parquet", "items")
        pool = [row | {"item_id": f"pool-{i}", "question": f"easy {i}"} for i, row in enumerate(rows)]
        write_table(table_from_rows(pool if accepted else [], "items"), folder / f"{name}.pool.parquet", "items")
    return folder


@pytest.fixture
def script(root: Path) -> Path:
    return root / "workflow/scripts"


def run(program: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    done = warm_vllm().run([str(program), *COMMON, *map(str, arguments)], environment=ENVIRONMENT)
    assert done.returncode == 0, done.stderr[-4000:]
    return done


@pytest.mark.parametrize("signal_number", [signal.SIGTERM, pytest.param(signal.SIGKILL, marks=pytest.mark.long)])
def test_a_stopped_shard_goes_on_and_ends_the_same(
    script: Path, generator: Path, questions: Path, tmp_path: Path, signal_number: signal.Signals
) -> None:
    def arguments(output: Path) -> list[object]:
        options = ["--prompts", questions, "--model", generator, "--format", "reasoning", "--shard", 0, "--shards", 1]
        # two at a time, so that the kill comes between two answers
        return [*options, "--engine", '{"dtype": "float32", "max_num_seqs": 2}', "--output", output]

    program = script / "generate_teacher_answers.py"
    whole = tmp_path / "whole" / "shard.parquet"
    done = run(program, *arguments(whole))
    assert "tokens/s" in done.stderr
    assert "INFO" not in done.stdout + done.stderr

    killed = tmp_path / "killed" / "shard.parquet"

    def lines() -> int:
        return sum(log.read_bytes().count(b"\n") for log in killed.parent.glob(".replies/*/*.log"))

    log = tmp_path / "log.txt"
    signalled = [str(Path(__file__).with_name("signal_at_record.py")), "11", str(int(signal_number)), str(program)]
    process = warm_vllm().start([*signalled, *COMMON, *map(str, arguments(killed))], log, ENVIRONMENT)
    assert process.wait(600) == (75 if signal_number == signal.SIGTERM else -signal.SIGKILL)
    assert "INFO" not in log.read_text()
    assert not killed.exists()
    finished = lines() - 1  # without the header
    assert finished in (11, 12)  # one more may have ended in the same step

    resumed = run(program, *arguments(killed))
    assert f"60 requests, {finished} already done" in resumed.stderr
    assert killed.read_bytes() == whole.read_bytes()
    assert read_table(killed, "generations")["prompt_id"].to_list() == [f"q{i}" for i in range(60)]


def test_a_student_answers_and_is_judged(script: Path, generator: Path, benchmarks: Path, tmp_path: Path) -> None:
    items = [benchmarks / f"{name}.parquet" for name in ("gsm8k", "openbookqa", "ifeval")]
    model_id = "general/tiny/seq/rho-1/seed-0"
    answers = tmp_path / "answers" / model_id
    samples = ["--samples", '{"gsm8k": 2}']
    options = ["--model", generator, "--model-ids", model_id, "--output-dir", tmp_path / "answers"]
    run(script / "evaluate_model.py", "--items", *items, *samples, *options)

    gsm8k = read_table(answers / "gsm8k.parquet", "answers")
    assert list(gsm8k.select("item_id", "sample").iter_rows()) == [(f"gsm8k-{i}", s) for i in range(5) for s in (0, 1)]
    assert gsm8k["model_id"].unique().to_list() == [model_id]
    firsts, seconds = gsm8k.filter(sample=0)["answer"], gsm8k.filter(sample=1)["answer"]
    assert (firsts != seconds).any()
    manifest = json.loads((answers / "manifest.json").read_text())
    assert manifest["benchmarks"]["gsm8k"]["answer_tokens"] == gsm8k["answer_tokens"].sum()
    assert manifest["benchmarks"]["gsm8k"]["truncated"] == (gsm8k["finish_reason"] == "length").sum()
    assert {"seconds", "startup_seconds", "tokens_per_second", "packages", "hardware", "inputs"} <= set(manifest)

    verdicts = tmp_path / "verdicts" / model_id
    tables = [answers / f"{name}.parquet" for name in ("gsm8k", "openbookqa", "ifeval")]
    judge = ["--judge", "tiny", "--protocol", "v1", "--answer-tail-tokens", 8, "--retries", 1]
    judge += ["--model", generator, "--output-dir", tmp_path / "verdicts"]
    run(script / "judge_answers.py", "--items", *items, "--answers", *tables, *judge)
    judged = read_table(verdicts / "gsm8k.parquet", "verdicts")
    assert judged.select("item_id", "sample").equals(gsm8k.select("item_id", "sample"))
    assert judged["verdict"].to_list() == [parse_verdict(reply) for reply in judged["reply"]]
    # Random replies: all are unparsable and asked for twice, up to 40 tokens each; the last question leaves no room.
    assert judged["judge_tokens"].is_between(41, 80).to_list() == [True] * 8 + [False] * 2
    counts = json.loads((verdicts / "manifest.json").read_text())["verdicts"]["gsm8k"]
    assert counts["unparsable"] == (judged["verdict"] == "unparsable").sum()


def test_a_longer_limit_only_lengthens_what_the_shorter_one_cut(
    script: Path, generator: Path, benchmarks: Path, tmp_path: Path
) -> None:
    cell, options = "general/tiny/seq/rho-1/seed-0", ["--items", benchmarks / "gsm8k.parquet", "--model", generator]
    answers = []
    for model_id, limit in ((cell, 12), (f"{cell}/max-tokens-30", 30)):
        sampling = ["--sampling", json.dumps({"temperature": 1.0, "top_p": 1.0, "max_tokens": limit})]
        out = ["--model-ids", model_id, "--output-dir", tmp_path]
        run(script / "evaluate_model.py", *options, *sampling, *out)
        answers.append(read_table(tmp_path / model_id / "gsm8k.parquet", "answers"))
    shorter, longer = answers
    assert shorter["item_id"].equals(longer["item_id"])
    assert (shorter["finish_reason"] == "length").any()
    for short, long in zip(shorter.iter_rows(named=True), longer.iter_rows(named=True), strict=True):
        assert long["answer"].startswith(short["answer"].rstrip("\ufffd"))
        assert short["finish_reason"] == "length" or long["answer"] == short["answer"]


def test_a_base_student_is_asked_in_several_ways_and_judged_in_one_go(
    script: Path, generator: Path, benchmarks: Path, tmp_path: Path
) -> None:
    names = ("gsm8k", "openbookqa", "ifeval")
    items = [benchmarks / f"{name}.parquet" for name in names]
    pools = [benchmarks / f"{name}.pool.parquet" for name in names]
    model_ids = ["base/tiny/shots-0", "base/tiny/shots-2"]
    options = ["--model", generator, "--model-ids", *model_ids, "--pools", *pools]
    run(script / "evaluate_model.py", "--items", *items, *options, "--output-dir", tmp_path)
    # Layout by hand, one token per byte; ifeval has no examples to show.
    shot = {"gsm8k": len("Question: easy 1\nAnswer: \\boxed{3}\n\n"), "ifeval": 0}
    shot["openbookqa"] = len("Question: easy 1\nAnswer: \\boxed{A}\n\n")
    for name, size in shot.items():
        alone = len(f"{get_benchmark(name).instruction}\n\nQuestion: question 0\nAnswer:")
        for model_id, shots in zip(model_ids, (0, 2), strict=True):
            answers = read_table(tmp_path / model_id / f"{name}.parquet", "answers")
            assert answers["model_id"].unique().to_list() == [model_id]
            assert answers["prompt_tokens"][0] == alone + shots * size
            assert not answers["answer"].str.contains("\nQuestion:", literal=True).any()
    folder = tmp_path / model_ids[1]
    gsm8k = read_table(folder / "gsm8k.parquet", "answers")
    assert gsm8k.row(4, named=True)["finish_reason"] == "length"
    assert gsm8k.row(4, named=True)["answer"] == ""
    manifests = [json.loads((tmp_path / model_id / "manifest.json").read_text()) for model_id in model_ids]
    assert manifests[1]["benchmarks"]["gsm8k"]["prompt_too_long"] == 1
    assert [manifest["startup_seconds"] > 0 for manifest in manifests] == [True, False]
    assert [any(key.startswith("pools/") for key in manifest["inputs"]) for manifest in manifests] == [False, True]

    tables = [tmp_path / model_id / "gsm8k.parquet" for model_id in model_ids]
    judge = ["--judge", "tiny", "--protocol", "v1", "--answer-tail-tokens", 8, "--retries", 0, "--model", generator]
    run(script / "judge_answers.py", "--items", *items, "--answers", *tables, *judge, "--output-dir", tmp_path / "j")
    for model_id in model_ids:
        judged = read_table(tmp_path / "j" / model_id / "gsm8k.parquet", "verdicts")
        assert judged["model_id"].to_list() == [model_id] * 5
        inputs = json.loads((tmp_path / "j" / model_id / "manifest.json").read_text())["inputs"]
        assert Path(inputs["answers/gsm8k.parquet"]["path"]) == tmp_path / model_id / "gsm8k.parquet"


def test_models_one_after_the_other_answer_as_if_alone(
    script: Path, generator: Path, benchmarks: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    build_generator(other, seed=1)
    items = ["--items", benchmarks / "gsm8k.parquet"]
    ids = [f"general/tiny/seq/rho-{ratio}/seed-0" for ratio in (0, 1)]
    together, alone = tmp_path / "together", tmp_path / "alone"
    run(
        script / "evaluate_model.py",
        *items,
        *("--model", generator, other, "--model-ids", *ids, "--output-dir", together),
    )
    run(script / "evaluate_model.py", *items, "--model", other, "--model-ids", ids[1], "--output-dir", alone)
    first, second = ((together / model_id / "gsm8k.parquet").read_bytes() for model_id in ids)
    assert second == (alone / ids[1] / "gsm8k.parquet").read_bytes()
    assert first != second
