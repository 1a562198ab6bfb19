"""Jobs with a made-up engine: what is asked again after kills, edits and other cuts of the work, and what is not."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest
from programs import load_program

from scale_or_reason.common.errors import Interrupted
from scale_or_reason.common.seeds import derive_seed
from scale_or_reason.common.tables import read_table, table_from_rows, write_table
from scale_or_reason.inference import resumable, stopping
from scale_or_reason.inference.requests import Completion, OnCompletion, SamplingParameters, ThinkingMode
from scale_or_reason.inference.stopping import stop_if_requested

SAMPLING = '{"temperature": 1.0, "top_p": 1.0, "max_tokens": 8}'


class Bytes:
    """A tokenizer with a token for each byte."""

    is_fast = False

    def __call__(self, text: str, **_: Any) -> dict[str, list[int]]:
        return {"input_ids": list(text.encode())}


class MadeUpEngine:
    """Answers with prompt and seed, and remembers what it was asked. ``stop_after``: the number of replies after which
    it meets ``event``."""

    asked: ClassVar[list[str]] = []
    loaded = 0
    stop_after: int | None = None
    event: Callable[[], None] = staticmethod(lambda: None)
    context_tokens = 2048
    startup_seconds = 1.0
    tokenizer = Bytes()

    def __init__(self, *_: Any) -> None:
        type(self).loaded += 1

    def __enter__(self) -> MadeUpEngine:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def chat(
        self,
        prompts: Sequence[str],
        seeds: Sequence[int],
        sampling: SamplingParameters,
        mode: ThinkingMode,
        on_completion: OnCompletion,
        patterns: Sequence[str] | None = None,
    ) -> None:
        # not in order, as from a real engine
        for number in sorted(range(len(prompts)), key=lambda i: seeds[i]):
            stop_if_requested()
            if len(self.asked) == self.stop_after:
                self.event()
                stop_if_requested()
            self.asked.append(prompts[number])
            on_completion(number, Completion(3, f"{prompts[number]} {seeds[number]} {mode.system}", 2, "stop"))

    def complete(
        self,
        prompts: Sequence[str],
        seeds: Sequence[int],
        sampling: SamplingParameters,
        stop: Sequence[str],
        on_completion: OnCompletion,
    ) -> None:
        self.chat(prompts, seeds, sampling, ThinkingMode(), on_completion)


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> type[MadeUpEngine]:
    fresh = type("Fresh", (MadeUpEngine,), {"asked": [], "loaded": 0})
    monkeypatch.setattr(resumable, "VllmEngine", fresh)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return fresh


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    folder.mkdir()
    for name in ("config.json", "model.safetensors", "tokenizer.json"):
        (folder / name).write_text("{}")
    return folder


class Teacher:
    """Runs generate_teacher_answers.py in this process."""

    def __init__(self, root: Path, folder: Path, model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.script, self.folder, self.model, self.patch = (
            load_program(root / "workflow/scripts/generate_teacher_answers.py"),
            folder,
            model,
            monkeypatch,
        )

    def prompts(self, count: int) -> None:
        rows = [{"prompt_id": f"q{i}", "corpus": "general", "prompt": f"why {i}?"} for i in range(count)]
        write_table(table_from_rows(rows, "prompts"), self.folder / "prompts.parquet", "prompts")

    def answer(self, shard: int, shards: int, **changed: str) -> list[dict[str, Any]]:
        output = self.folder / "pairs" / "ift" / f"shard-{shard}.parquet"
        options = {
            "prompts": str(self.folder / "prompts.parquet"),
            "model": str(self.model),
            "format": "ift",
            "shard": str(shard),
            "shards": str(shards),
            "sampling": SAMPLING,
            "seed": "0",
            "output": str(output),
            **changed,
        }
        words = [word for name, value in options.items() for word in (f"--{name}", value)]
        self.patch.setattr(sys, "argv", ["program", *words])
        output.unlink(missing_ok=True)  # as Snakemake does before a job
        self.script.main()
        return read_table(output, "generations").to_dicts()

    def all(self, shards: int, **changed: str) -> list[dict[str, Any]]:
        return [row for shard in range(shards) for row in self.answer(shard, shards, **changed)]


@pytest.fixture
def teacher(
    root: Path, tmp_path: Path, model: Path, engine: type[MadeUpEngine], monkeypatch: pytest.MonkeyPatch
) -> Teacher:
    made = Teacher(root, tmp_path, model, monkeypatch)
    made.prompts(10)
    return made


@pytest.mark.slow
def test_answers_belong_to_prompts_and_not_to_shards(teacher: Teacher, engine: type[MadeUpEngine]) -> None:
    """Numbers of shards and prompts change; only new prompts are asked, and a job without any loads no model."""
    rows = teacher.all(shards=2)
    assert rows[3]["answer"] == f"why 3? {derive_seed(0, 'teacher', 'ift', 'q3')} None"
    assert (len(engine.asked), engine.loaded) == (10, 2)
    assert teacher.all(shards=3) == rows
    assert (len(engine.asked), engine.loaded) == (10, 2)
    teacher.prompts(12)
    more = teacher.all(shards=4)
    assert more[:10] == rows and len(more) == 12
    assert engine.asked[10:] == sorted(
        ["why 10?", "why 11?"], key=lambda p: derive_seed(0, "teacher", "ift", f"q{p[4:-1]}")
    )
    teacher.prompts(5)
    assert teacher.all(shards=1) == rows[:5]
    assert len(engine.asked) == 12


SPEED = '{"max_num_seqs": 4, "tensor_parallel_size": 8, "gpu_memory_utilization": 0.5, "max_model_len": 1024}'


@pytest.mark.slow
@pytest.mark.parametrize(
    ("changed", "asked"),
    [
        ({}, 0),
        ({"engine": SPEED}, 0),
        ({"engine": '{"dtype": "float32"}'}, 10),
        ({"seed": "1"}, 10),
        ({"sampling": SAMPLING.replace("1.0", "0.5")}, 10),
        ({"modes": '{"ift": {"system": "/no_think"}, "reasoning": {}}'}, 10),
        ({"format": "reasoning"}, 10),
    ],
)
def test_what_makes_answers_old(
    teacher: Teacher, engine: type[MadeUpEngine], changed: dict[str, str], asked: int
) -> None:
    teacher.all(shards=1)
    teacher.all(shards=1, **changed)
    assert len(engine.asked) == 10 + asked


def test_a_changed_model_answers_again_and_a_copied_study_does_not(
    teacher: Teacher, engine: type[MadeUpEngine], tmp_path: Path
) -> None:
    rows = teacher.all(shards=1)
    for name in ("pairs", "model"):
        shutil.copytree(tmp_path / name, tmp_path / "copy" / name, copy_function=shutil.copy)
    teacher.folder, teacher.model = tmp_path / "copy", tmp_path / "copy" / "model"
    teacher.prompts(10)
    assert teacher.all(shards=1) == rows
    assert len(engine.asked) == 10
    (teacher.model / "model.safetensors").write_text("{ }")
    teacher.all(shards=1)
    assert len(engine.asked) == 20


@pytest.mark.parametrize("event", ["sigterm", "failure"])
def test_a_stopped_job_keeps_every_finished_answer(teacher: Teacher, engine: type[MadeUpEngine], event: str) -> None:
    def fail() -> None:
        raise RuntimeError("CUDA error")

    engine.stop_after = 7
    engine.event = staticmethod(fail if event == "failure" else lambda: os.kill(os.getpid(), signal.SIGTERM))
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(RuntimeError if event == "failure" else Interrupted):
        teacher.all(shards=1)
    assert signal.getsignal(signal.SIGTERM) == before
    assert len(engine.asked) == 7
    log = teacher.folder / "pairs" / "ift" / ".shard-0.parquet.engine.log"
    assert log.exists()
    engine.stop_after = None
    assert len(teacher.all(shards=1)) == 10
    assert sorted(engine.asked) == sorted({f"why {i}?" for i in range(10)})
    assert not log.exists()


def test_sigterm_when_the_loading_begins_does_not_wait_for_its_end(
    teacher: Teacher, engine: type[MadeUpEngine], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Behind the last look at signals and before the handler can end the process by itself."""
    seen = iter([lambda: os.kill(os.getpid(), signal.SIGTERM)])

    class Flags(stopping._State):
        def __setattr__(self, name: str, value: object) -> None:
            if name == "idle_screen":
                next(seen, lambda: None)()
            super().__setattr__(name, value)

    monkeypatch.setattr(stopping, "_State", Flags())
    with pytest.raises(Interrupted):
        teacher.all(shards=1)
    assert engine.asked == [] and engine.loaded == 0


def test_equal_requests_are_sent_once(engine: type[MadeUpEngine], model: Path, tmp_path: Path) -> None:
    generation = resumable.Generation(str(model), None, SamplingParameters(1.0, 1.0, 8), {}, seed=0)
    with resumable.SharedEngine(generation, tmp_path / "log") as shared:
        run = shared.with_replies(tmp_path / "replies", "t")
        replies = run.chat(["a", "b", "a"], [1, 1, 1])
    assert engine.asked == ["a", "b"]
    assert [reply.text[0] for reply in replies] == ["a", "b", "a"]
    assert run.speed(6)["startup_seconds"] == 1.0


def test_equal_messages_under_greedy_decoding_are_sent_once(
    engine: type[MadeUpEngine], model: Path, tmp_path: Path
) -> None:
    """Whatever their seeds, also in another run of the same engine, but not in another mode or with other limits."""
    greedy = SamplingParameters(0.0, 1.0, 8)
    generation = resumable.Generation(str(model), None, greedy, {}, seed=0)
    with resumable.SharedEngine(generation, tmp_path / "log") as shared:
        first, second = (shared.with_replies(tmp_path / name, name) for name in ("first", "second"))
        replies = first.chat(["a", "b", "a"], [3, 1, 2])
        assert [reply.text[0] for reply in replies] == ["a", "b", "a"] and replies[0] == replies[2]
        assert second.chat(["a", "c"], [4, 5])[0] == replies[0]
        assert engine.asked == ["b", "a", "c"]
        shared.with_replies(tmp_path / "mode", "m", ThinkingMode(system="think")).chat(["a"], [1])
        shared.with_replies(tmp_path / "short", "s", sampling=SamplingParameters(0.0, 1.0, 4)).chat(["a"], [1])
        shared.with_replies(tmp_path / "drawn", "d", sampling=SamplingParameters(1.0, 1.0, 8)).chat(["a", "a"], [1, 2])
        assert engine.asked[3:] == ["a"] * 4
        second.chat(["c"], [6], ["[0-9]"])
        assert engine.asked[7:] == ["c"]
    with resumable.SharedEngine(generation, tmp_path / "log") as shared:
        again = shared.with_replies(tmp_path / "first", "first")
        assert again.chat(["a", "b", "a"], [3, 1, 2]) == replies
        assert len(engine.asked) == 8


def test_a_server_gets_every_message(
    engine: type[MadeUpEngine], model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Servers do not repeat themselves, even at temperature 0: a retry can bring a reply that can be parsed."""
    generation = resumable.Generation(str(model), None, SamplingParameters(0.0, 1.0, 8), {}, seed=0)
    with resumable.SharedEngine(generation, tmp_path / "log") as shared:
        shared._engine = engine()  # type: ignore[assignment]
        monkeypatch.setattr(resumable, "VllmEngine", type("Local", (), {}))
        shared.with_replies(tmp_path / "r", "r").chat(["a", "a"], [1, 2])
    assert engine.asked == ["a", "a"]


@pytest.mark.slow
def test_one_more_benchmark_asks_only_its_questions(
    root: Path, engine: type[MadeUpEngine], model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = load_program(root / "workflow/scripts/evaluate_model.py")
    tables = []
    for name in ("gsm8k", "aime", "squad"):
        row = {"benchmark": name, "prompt": "p", "question": "q", "gold": ["3"], "choices": [], "extra": "{}"}
        rows = [row | {"item_id": f"{name}-{i}", "prompt": f"{name} {i}"} for i in range(3)]
        tables.append(tmp_path / f"{name}.parquet")
        write_table(table_from_rows(rows, "items"), tables[-1], "items")

    def evaluate(*items: Path) -> dict[str, Any]:
        words = ["--model", model, "--model-ids", "general/tiny/seq/rho-1/seed-0", "--items", *items]
        words += ["--sampling", SAMPLING, "--seed", "0", "--output-dir", tmp_path / "answers"]
        monkeypatch.setattr(sys, "argv", ["program", *map(str, words)])
        script.main()
        return json.loads((tmp_path / "answers/general/tiny/seq/rho-1/seed-0/manifest.json").read_text())

    first = evaluate(*tables[:2])
    assert (len(engine.asked), first["startup_seconds"]) == (6, 1.0)
    second = evaluate(*tables)
    assert sorted(engine.asked[6:]) == ["squad 0", "squad 1", "squad 2"]
    assert second["benchmarks"]["gsm8k"] == first["benchmarks"]["gsm8k"]
    assert second["seconds"] >= first["seconds"]
    third = evaluate(tables[2])
    assert (len(engine.asked), third["startup_seconds"]) == (9, 0.0)


@pytest.mark.slow
def test_a_judge_is_asked_only_about_what_has_changed(
    root: Path, engine: type[MadeUpEngine], model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another speed setting and another time of the file change nothing; verdicts that are there need no engine."""
    script = load_program(root / "workflow/scripts/judge_answers.py")
    row = {"benchmark": "gsm8k", "prompt": "p", "question": "q", "gold": ["3"], "choices": [], "extra": "{}"}
    items = tmp_path / "items.parquet"
    write_table(table_from_rows([row | {"item_id": f"i{i}"} for i in range(4)], "items"), items, "items")
    verdicts = tmp_path / "verdicts" / "m"

    def judge(*texts: str, settings: str = "{}") -> int:
        """How many requests the engine gets."""
        before = len(engine.asked)
        rows = [
            {"model_id": "m", "benchmark": "gsm8k", "item_id": f"i{i}", "sample": 0, "prompt_tokens": 5}
            | {"answer": text, "answer_tokens": 2, "finish_reason": "stop"}
            for i, text in enumerate(texts)
        ]
        answers = tmp_path / "answers.parquet"
        write_table(table_from_rows(rows, "answers"), answers, "answers")
        os.utime(answers, (0, len(engine.asked)))
        words = ["--judge", "j", "--model", model, "--items", items, "--answers", answers, "--protocol", "v1"]
        words += ["--answer-tail-tokens", "99", "--sampling", SAMPLING, "--engine", settings, "--seed", "0"]
        monkeypatch.setattr(sys, "argv", ["program", *map(str, words), "--output-dir", str(verdicts.parent)])
        script.main()
        return len(engine.asked) - before

    assert (judge("a", "b"), engine.loaded) == (2, 1)
    assert (judge("a", "b", settings=SPEED.replace(', "max_model_len": 1024', "")), engine.loaded) == (0, 1)
    (verdicts / "gsm8k.parquet").unlink()
    assert judge("a", "b") == 0
    assert judge("a", "c", "d") == 2
    assert judge("a", "b", settings='{"dtype": "float16"}') == 2
    assert read_table(verdicts / "gsm8k.parquet", "verdicts")["item_id"].to_list() == ["i0", "i1"]
    checked: list[Path] = []
    monkeypatch.setattr(script, "check_content", checked.append)
    assert judge("a", "b", settings='{"dtype": "float16"}') == 0
    assert checked == [verdicts / "gsm8k.parquet"]  # once, not for each of its answers
