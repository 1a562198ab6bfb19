"""Thoughts cut at a budget: where, what follows, what is counted, and what stays as it was."""

from __future__ import annotations

import importlib.util
import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.tables import read_table, table_from_rows, write_table
from scale_or_reason.inference import resumable
from scale_or_reason.inference.requests import Completion
from scale_or_reason.inference.thinking_budgets import budget_in_tokens, thought_within
from scale_or_reason.study.thinking_budgets import ThinkingBudget

CELL = "general/tiny/seq/rho-1/seed-0"
TAG = re.compile(r"</?think>|\S+|\s")


class Words:
    """A tokenizer with a token per word, white space and tag; ids are places in a list that grows."""

    is_fast = False

    def __init__(self) -> None:
        self.known: list[str] = []

    def __call__(self, text: str, add_special_tokens: bool = True) -> dict[str, list[int]]:
        pieces = TAG.findall(text)
        self.known += [piece for piece in dict.fromkeys(pieces) if piece not in self.known]
        return {"input_ids": [self.known.index(piece) for piece in pieces]}

    def decode(self, ids: Sequence[int], skip_special_tokens: bool = True) -> str:
        return "".join(self.known[number] for number in ids)


def count(text: str) -> int:
    return len(TAG.findall(text))


LONG = "<think>\none two three four\n</think>\n\n\\boxed{7}"


@pytest.mark.parametrize(
    ("answer", "budget", "kept", "begun"),
    [
        (LONG, 5, 5, "<think>\none two\n</think>\n\n"),
        (LONG, 2, 2, "<think>\n</think>\n\n"),  # no second line break
        (LONG, 10, 10, None),  # just within
        (LONG, 9, 9, "<think>\none two three four\n</think>\n\n"),
        ("<think>\nnever ends", 3, 3, "<think>\none".replace("one", "never") + "\n</think>\n\n"),
        ("<think>\nnever ends", 99, 5, None),
    ],
)
def test_where_a_thought_is_cut(answer: str, budget: int, kept: int, begun: str | None) -> None:
    thought = thought_within(answer, budget, Words())
    assert thought is not None
    assert (thought.kept_tokens, thought.begun) == (kept, begun)


@pytest.mark.parametrize("answer", ["\\boxed{7}", "", "The tag <think> opens a thought.", "7</think>"])
def test_answers_without_a_thought_are_not_cut(answer: str) -> None:
    assert thought_within(answer, 1, Words()) is None


class Bytes:
    """A token per byte: a cut may split a character."""

    def __call__(self, text: str, add_special_tokens: bool = True) -> dict[str, list[int]]:
        return {"input_ids": list(text.encode())}

    def decode(self, ids: Sequence[int], skip_special_tokens: bool = True) -> str:
        return bytes(ids).decode(errors="replace")


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet="aé\U0001f600\n ", max_size=12), st.integers(1, 40))
def test_a_cut_thought_is_a_prefix_within_the_budget(text: str, budget: int) -> None:
    answer = f"<think>{text}</think>x"
    thought = thought_within(answer, budget, Bytes())
    assert thought is not None
    whole = len(f"<think>{text}".encode())
    assert (thought.begun is None) == (whole <= budget)
    if thought.begun is not None:
        kept = re.sub(r"\n?</think>\n\n\Z", "", thought.begun)
        assert answer.startswith(kept)
        # nothing is lost but the bytes of a split character
        assert budget - 4 < len(kept.encode()) + thought.begun.endswith("\n\n</think>\n\n") + kept.endswith("\n") + 1
        assert len(kept.encode()) <= budget


class FakeEngine:
    """Continues every answer in the same words; counts words as tokens."""

    asked: ClassVar[list[list[str]]] = []
    context_tokens = None
    startup_seconds = 0.0

    def __init__(self, *arguments: Any) -> None: ...

    def __enter__(self) -> FakeEngine:
        return self

    def __exit__(self, *exception: object) -> None: ...

    def resume(self, prompts: list[str], begun: list[str], seeds: list[int], sampling: Any, done: Any) -> None:
        self.asked.append([f"{prompt} {sampling.max_tokens}" for prompt in prompts])
        for number, (prompt, text) in enumerate(zip(prompts, begun, strict=True)):
            ends = "" if "silent" in prompt else "\\boxed{3} so"
            done(number, Completion(5 + count(text), ends, count(ends) + 1, "stop"))


@pytest.fixture
def script(root: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    spec = importlib.util.spec_from_file_location("budget", root / "workflow/scripts/evaluate_within_budget.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "budget", module)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "load_tokenizer", lambda model: Words())
    monkeypatch.setattr(resumable, "VllmEngine", FakeEngine)
    monkeypatch.setattr(FakeEngine, "asked", [])
    return module


ANSWERS = {"long": LONG, "short": "<think>\none\n</think>\n\n\\boxed{1}", "plain": "\\boxed{2}", "silent": LONG}


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Any]:
    model = tmp_path / "model"
    model.mkdir()
    for name in ("config.json", "model.safetensors", "tokenizer.json"):
        (model / name).write_text("{}")
    item = {"benchmark": "gsm8k", "question": "q", "gold": ["3"], "choices": [], "extra": "{}"}
    items = [item | {"item_id": name, "prompt": f"prompt {name}"} for name in ANSWERS]
    write_table(table_from_rows(items, "items"), tmp_path / "gsm8k.parquet", "items")
    key = {"model_id": CELL, "benchmark": "gsm8k", "sample": 0, "prompt_tokens": 5, "finish_reason": "stop"}
    rows = [key | {"item_id": n, "answer": text, "answer_tokens": count(text) + 1} for n, text in ANSWERS.items()]
    write_table(table_from_rows(rows, "answers"), tmp_path / "answers" / CELL / "gsm8k.parquet", "answers")
    return {
        "--model": model,
        "--model-ids": f"{CELL}/think-tokens-5",
        "--items": tmp_path / "gsm8k.parquet",
        "--answers": tmp_path / "answers",
        "--sampling": '{"temperature": 1.0, "top_p": 1.0, "max_tokens": 20}',
        "--seed": 0,
        "--output-dir": tmp_path / "answers",
    }


def run(script: ModuleType, files: dict[str, Any], monkeypatch: pytest.MonkeyPatch, **changed: Any) -> None:
    words = [part for name, value in files.items() for part in (name, *str(changed.get(name, value)).split(" & "))]
    monkeypatch.setattr(sys, "argv", ["evaluate_within_budget", *words])
    script.main()


def test_long_thoughts_are_cut_and_the_rest_stays(
    script: ModuleType, files: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    run(script, files, monkeypatch)
    folder = files["--output-dir"] / CELL / "think-tokens-5"
    answers = read_table(folder / "gsm8k.parquet", "answers")
    cut = "<think>\none two\n</think>\n\n"
    assert answers.select("item_id", "answer", "answer_tokens", "finish_reason").rows() == [
        ("long", f"{cut}\\boxed{{3}} so", count(cut) + 3 + 1, "stop"),
        ("short", ANSWERS["short"], count(ANSWERS["short"]) + 1, "stop"),
        ("plain", "\\boxed{2}", 2, "stop"),
        ("silent", cut, count(cut) + 1, "empty"),
    ]
    assert set(answers["model_id"]) == {f"{CELL}/think-tokens-5"}
    assert set(answers["prompt_tokens"]) == {5}
    cuts = read_table(folder / "cuts.parquet", "cuts").drop("model_id", "benchmark", "sample")
    assert cuts.rows() == [
        ("long", True, 5, 5, count(cut) - 5, 4),
        ("short", False, 5, 4, 0, 0),
        ("plain", False, 5, None, 0, 0),
        ("silent", True, 5, 5, count(cut) - 5, 1),
    ]
    # thought, tag and continuation are all of the answer's tokens
    both = answers.filter(pl.col("item_id").is_in(["long", "silent"]))["answer_tokens"].to_list()
    parts = cuts.filter("cut").select(pl.sum_horizontal("thought_tokens", "closing_tokens", "continued_tokens"))
    assert parts.to_series().to_list() == both
    # what the budget leaves of the limit
    assert FakeEngine.asked == [["prompt long 15", "prompt silent 15"]]
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["thoughts"] == {"answers": 4, "cut": 2}


@pytest.mark.slow
def test_continuations_are_kept_and_one_model_takes_several_budgets(
    script: ModuleType, files: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    run(script, files, monkeypatch)
    both = f"{CELL}/think-tokens-5 & {CELL}/think-tokens-12"
    run(script, files, monkeypatch, **{"--model": f"{files['--model']} & {files['--model']}", "--model-ids": both})
    # the second run takes the first one's replies, and nothing is longer than twelve tokens
    assert len(FakeEngine.asked) == 1
    answers = read_table(files["--output-dir"] / CELL / "think-tokens-12" / "gsm8k.parquet", "answers")
    assert answers["answer"].to_list() == list(ANSWERS.values())


def thought_of(words: int) -> str:
    """An answer whose thought has this number of tokens, opening tag and line break included."""
    return "<think>\n" + " ".join("w" * (words - 2)) + "\n</think>\n\nend"


def test_a_percentile_is_that_of_the_thoughts_alone() -> None:
    lengths = [count(thought_of(words).partition("</think>")[0]) for words in (5, 9, 3, 7)]
    answers = [thought_of(5), "plain answer without a thought", thought_of(9), thought_of(3), thought_of(7), ""]
    first, second, third, fourth = sorted(lengths)
    # of four, the 25th percentile lies between the first two, the 50th between the middle two: the longer one counts
    for percentile, tokens in ((1, second), (25, second), (33, second), (34, third), (50, third), (67, fourth)):
        assert budget_in_tokens(ThinkingBudget.at_percentile(percentile), answers, Words()) == tokens
    assert first < second < third < fourth
    assert budget_in_tokens(ThinkingBudget.of_tokens(4), answers, Words()) == 4
    assert budget_in_tokens(ThinkingBudget.at_percentile(50), ["none", ""], Words()) is None
    # a thought without an end counts with all of its tokens
    unclosed = "<think>\nand on and on"
    assert budget_in_tokens(ThinkingBudget.at_percentile(9), [unclosed], Words()) == count(unclosed)


@given(st.lists(st.integers(1, 60), min_size=1, max_size=12), st.integers(1, 99))
def test_a_percentile_cuts_no_more_than_the_rest(lengths: list[int], percentile: int) -> None:
    answers = [f"<think>{'x' * length}</think>y" for length in lengths]
    tokens = budget_in_tokens(ThinkingBudget.at_percentile(percentile), answers, Bytes())
    assert tokens == int(np.percentile([len("<think>") + length for length in lengths], percentile, method="higher"))
    cut = [thought_within(answer, tokens, Bytes()) for answer in answers]
    longer = sum(thought is not None and thought.begun is not None for thought in cut)
    assert longer <= len(lengths) * (1 - percentile / 100)
    assert tokens > len("<think>") and (len(set(lengths)) > 1 or not longer)  # the opening tag is never cut


def rewrite(files: dict[str, Any], texts: dict[str, str]) -> None:
    """Other answers, with the same items in the same order."""
    path = files["--answers"] / CELL / "gsm8k.parquet"
    own = read_table(path, "answers")
    write_table(own.with_columns(answer=pl.Series([texts.get(name, "") for name in own["item_id"]])), path, "answers")


def test_a_percentile_has_its_own_cell_seeds_and_tokens(
    script: ModuleType, files: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    seeds: list[list[int]] = []
    monkeypatch.setattr(FakeEngine, "resume", seen(seeds, FakeEngine.resume))
    texts = {"long": thought_of(12), "short": thought_of(4), "plain": thought_of(4), "silent": thought_of(4)}
    rewrite(files, texts)
    tokens = count(texts["short"].partition("</think>")[0])
    run(script, files, monkeypatch, **{"--model-ids": f"{CELL}/think-tokens-p50"})
    folder = files["--output-dir"] / CELL / "think-tokens-p50"
    answers = read_table(folder / "gsm8k.parquet", "answers")
    assert set(answers["model_id"]) == {f"{CELL}/think-tokens-p50"}
    assert read_table(folder / "cuts.parquet", "cuts").filter("cut")["item_id"].to_list() == ["long"]
    assert FakeEngine.asked == [[f"prompt long {20 - tokens}"]]
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["settings"]["think_percentile"] == 50 and "think_tokens" not in manifest["settings"]
    assert manifest["settings"]["resolved_tokens"] == {"gsm8k": tokens}
    # the same cut by tokens: same text, another seed
    run(script, files, monkeypatch, **{"--model-ids": f"{CELL}/think-tokens-{tokens}"})
    assert [len(each) for each in seeds] == [1, 1] and seeds[0] != seeds[1]


def seen(seeds: list[list[int]], resume: Any) -> Any:
    """``resume``, with the seeds of every call kept."""

    def kept(self: FakeEngine, prompts: Any, begun: Any, own: list[int], sampling: Any, done: Any) -> None:
        seeds.append(own)
        resume(self, prompts, begun, own, sampling, done)

    return kept


@pytest.mark.parametrize(
    ("texts", "tokens"),
    [
        (dict.fromkeys(ANSWERS, "\\boxed{2}"), None),  # nobody thinks
        (dict.fromkeys(ANSWERS, thought_of(7)), count(thought_of(7).partition("</think>")[0])),  # all alike
        (dict.fromkeys(ANSWERS, "<think>\n" + "on " * 40), None),  # longer than the limit on answers
    ],
)
def test_a_percentile_that_cuts_nothing_leaves_every_answer(
    script, files, monkeypatch, texts: dict[str, str], tokens: int | None
) -> None:
    rewrite(files, texts)
    run(script, files, monkeypatch, **{"--model-ids": f"{CELL}/think-tokens-p50"})
    folder = files["--output-dir"] / CELL / "think-tokens-p50"
    assert read_table(folder / "gsm8k.parquet", "answers")["answer"].to_list() == list(texts.values())
    assert FakeEngine.asked == [] and not read_table(folder / "cuts.parquet", "cuts")["cut"].any()
    settings = json.loads((folder / "manifest.json").read_text())["settings"]
    unclosed = texts["long"].endswith("on ")
    assert settings["resolved_tokens"] == {"gsm8k": count(texts["long"]) if unclosed else tokens}


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"--model-ids": CELL}, "no budget below the limit"),
        ({"--model-ids": f"{CELL}/think-tokens-20"}, r"no budget below the limit[\s\S]*N below 20"),
        ({"--model-ids": f"{CELL}/think-tokens-5 & {CELL}/think-tokens-6"}, "does not match --model"),
    ],
)
def test_bad_budgets_are_refused(script, files, monkeypatch, changed: dict[str, str], problem: str) -> None:
    with pytest.raises(StudyError, match=problem):
        run(script, files, monkeypatch, **changed)


def test_an_answer_without_item_is_refused(script, files, monkeypatch) -> None:
    items = read_table(files["--items"], "items").filter(pl.col("item_id") != "long")
    write_table(items, files["--items"], "items")
    with pytest.raises(StudyError, match=r"belongs to no item[\s\S]*gsm8k / long"):
        run(script, files, monkeypatch)
