"""Real rows of the real datasets go through every reader. They lie beside the project, not in it."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from scale_or_reason.benchmarks.base import LETTERS
from scale_or_reason.benchmarks.loading import evaluation_items
from scale_or_reason.benchmarks.names import BENCHMARK_NAMES
from scale_or_reason.benchmarks.registry import get_benchmark
from scale_or_reason.benchmarks.row_sources import JsonlFolder
from scale_or_reason.common.seeds import stable_id

#: Benchmarks of which no real rows are at hand.
ABSENT = ("aime", "c_code_summarization")


#: Hashes of prompt, accepted answers and extras of the first real row of each benchmark. A person has read all of these
#: prompts as they are now; whoever changes one reads it again.
READ = {
    "aqua_rat": "ff8d641931c6fbe2",
    "consumer_qa": "2c13e3c3c1ea1041",
    "coqa": "5c4a0cf82424ce4c",
    "gsm8k": "ca18029d47c8faf9",
    "ifeval": "6e3ca69ac065d76f",
    "math_500": "f4d5a318c4e9bd28",
    "mmlu_math": "eba28d1a687ce417",
    "mmlu_misc": "ee8ca17846a9f226",
    "mmlu_pro_code": "f16b64226013c0fd",
    "mmlu_pro_law": "a419ee1e5284059e",
    "mmlu_pro_math": "13b9c718c412a9f6",
    "mmlu_pro_physics": "00e59959c665c6f6",
    "openbookqa": "8fef716d8ab91f73",
    "scibench": "a81cdb62f8e3953d",
    "squad": "dbf3b0f5471107a0",
    "winogrande": "31d60ac977748270",
}


@pytest.fixture(scope="module")
def rows_dir(shared_dir: Path) -> Path:
    return shared_dir / "data" / "benchmark_rows"


def raw(rows_dir: Path, name: str) -> list[dict]:
    return [json.loads(line) for line in (rows_dir / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]


def items_of(rows_dir: Path, name: str) -> pl.DataFrame:
    return evaluation_items(get_benchmark(name), JsonlFolder(rows_dir))


@pytest.mark.parametrize("name", [name for name in BENCHMARK_NAMES if name not in ABSENT])
def test_every_real_row_becomes_an_item(rows_dir: Path, name: str) -> None:
    benchmark = get_benchmark(name)
    items = items_of(rows_dir, name)
    assert items.height == (10 if name in ("coqa", "consumer_qa") else 40)
    assert items["item_id"].n_unique() == items.height
    assert (items["gold"].list.len() > 0).all() == benchmark.shots
    for prompt, question in items.select("prompt", "question").iter_rows():
        assert prompt == f"{benchmark.instruction}\n\n{question}"
    if benchmark.style == "MC":
        for gold, choices in items.select("gold", "choices").iter_rows():
            assert gold[0] in LETTERS[: len(choices)]
            assert choices[LETTERS.index(gold[0])] == gold[1]


@pytest.mark.parametrize("name", READ)
def test_prompts_are_those_that_were_read(rows_dir: Path, name: str) -> None:
    prompt, gold, extra = items_of(rows_dir, name).select("prompt", "gold", "extra").row(0)
    assert stable_id(prompt, *gold, extra) == READ[name], f"read it again:\n{prompt}\n-> {gold} {extra}"


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("aqua_rat", "correct"),
        ("openbookqa", "answerKey"),
        *((f"mmlu_pro_{category}", "answer") for category in ("math", "law", "code", "physics")),
    ],
)
def test_letters_are_those_of_the_rows(rows_dir: Path, name: str, column: str) -> None:
    letters = [row[column] for row in raw(rows_dir, name)]
    assert [gold[0] for gold in items_of(rows_dir, name)["gold"]] == letters


def test_winogrande_gold_names_the_right_option(rows_dir: Path) -> None:
    expected = [row[f"option{row['answer']}"] for row in raw(rows_dir, "winogrande")]
    assert [gold[1] for gold in items_of(rows_dir, "winogrande")["gold"]] == expected


def test_aqua_options_lose_their_own_letters(rows_dir: Path) -> None:
    for row, choices in zip(raw(rows_dir, "aqua_rat"), items_of(rows_dir, "aqua_rat")["choices"], strict=True):
        for letter, option, choice in zip("ABCDE", row["options"], choices, strict=True):
            assert option.replace(" ", "") == f"{letter}){choice}".replace(" ", "")


def test_gsm8k_golds_are_integers(rows_dir: Path) -> None:
    for (gold,) in items_of(rows_dir, "gsm8k")["gold"]:
        int(gold)


def test_scibench_powers_of_ten(rows_dir: Path) -> None:
    items = items_of(rows_dir, "scibench")
    for row, extra in zip(raw(rows_dir, "scibench"), items["extra"], strict=True):
        assert (json.loads(extra)["power_of_ten"] != 0) == ("10^" in row["unit"])


def test_ifeval_arguments_are_those_of_the_rows(rows_dir: Path) -> None:
    for row, extra in zip(raw(rows_dir, "ifeval"), items_of(rows_dir, "ifeval")["extra"], strict=True):
        assert json.loads(extra) == {"instruction_id_list": row["instruction_id_list"], "kwargs": row["kwargs"]}
