"""Rows become tables of items: identified, sub-sampled, disjoint from the pool, with errors that say where."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scale_or_reason.benchmarks.loading import evaluation_items, pool_items, sample_items
from scale_or_reason.benchmarks.registry import get_benchmark
from scale_or_reason.benchmarks.row_sources import Hub, JsonlFolder
from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.tables import check_table, table_from_rows

GSM8K, IFEVAL, MATH, MMLU = (get_benchmark(name) for name in ("gsm8k", "ifeval", "math_500", "mmlu_misc"))


def gsm8k_row(number: int) -> dict[str, Any]:
    return {"question": f"Ann has {number} apples and gets none. How many?", "answer": f"None.\n#### {number}"}


def math_row(number: int) -> dict[str, Any]:
    return {"problem": f"Compute ${number}$.", "answer": str(number), "unique_id": f"test/{number}.json"}


def write(folder: Path, name: str, rows: list[dict[str, Any]]) -> Path:
    path = folder / name
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_items_of_a_jsonl_file(tmp_path: Path) -> None:
    write(tmp_path, "gsm8k.jsonl", [gsm8k_row(3), gsm8k_row(4)])
    items = evaluation_items(GSM8K, JsonlFolder(tmp_path))
    check_table(items, "items", "test")
    assert items["gold"].to_list() == [["3"], ["4"]]
    assert items["prompt"][0] == (
        "Solve the following math problem. Make sure to put the answer (and only answer) inside \\boxed{}.\n\n"
        "Ann has 3 apples and gets none. How many?"
    )
    assert items["question"][0] == "Ann has 3 apples and gets none. How many?"
    assert items["extra"].to_list() == ["{}", "{}"]
    assert items["item_id"].n_unique() == 2


def test_item_id_depends_on_the_row_only(tmp_path: Path) -> None:
    write(tmp_path, "gsm8k.jsonl", [gsm8k_row(3), gsm8k_row(4)])
    first = evaluation_items(GSM8K, JsonlFolder(tmp_path))
    write(tmp_path, "gsm8k.jsonl", [gsm8k_row(5), gsm8k_row(4), gsm8k_row(3)])
    second = evaluation_items(GSM8K, JsonlFolder(tmp_path))
    assert set(first["item_id"]) < set(second["item_id"])


def test_copies_of_a_row_without_own_id_are_kept_apart(tmp_path: Path) -> None:
    write(tmp_path, "gsm8k.jsonl", [gsm8k_row(3), gsm8k_row(3), gsm8k_row(3)])
    ids = evaluation_items(GSM8K, JsonlFolder(tmp_path))["item_id"].to_list()
    assert len(set(ids)) == 3 and ids[1:] == [f"{ids[0]}-2", f"{ids[0]}-3"]


def test_own_id_twice(tmp_path: Path) -> None:
    path = write(tmp_path, "math_500.jsonl", [math_row(1), math_row(2), math_row(1)])
    with pytest.raises(StudyError, match="rows 1 and 3") as caught:
        evaluation_items(MATH, JsonlFolder(tmp_path))
    assert str(path) in str(caught.value) and "test/1.json" in str(caught.value)


def test_second_file_name(tmp_path: Path) -> None:
    write(tmp_path, "math500.jsonl", [math_row(1)])
    assert evaluation_items(MATH, JsonlFolder(tmp_path))["item_id"].to_list() == ["test/1.json"]


def test_missing_column_names_file_row_and_column(tmp_path: Path) -> None:
    path = write(tmp_path, "gsm8k.jsonl", [gsm8k_row(1), {"question": "How many?"}])
    with pytest.raises(StudyError, match="lacks a column") as caught:
        evaluation_items(GSM8K, JsonlFolder(tmp_path))
    assert caught.value.where == str(path) and caught.value.key == "row 2: answer"


def test_row_without_gold_names_file_row_and_column(tmp_path: Path) -> None:
    path = write(tmp_path, "gsm8k.jsonl", [gsm8k_row(1), gsm8k_row(2), {"question": "How many?", "answer": "Four."}])
    with pytest.raises(StudyError, match="gsm8k: the row has no gold answer") as caught:
        evaluation_items(GSM8K, JsonlFolder(tmp_path))
    assert caught.value.where == str(path) and caught.value.key == "row 3: answer"


def test_missing_file_says_what_to_write(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="a data file is missing") as caught:
        evaluation_items(GSM8K, JsonlFolder(tmp_path))
    assert caught.value.where == tmp_path / "gsm8k.jsonl"
    assert "question, answer" in str(caught.value) and "openai/gsm8k" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "problem"),
    [("", "no rows of gsm8k"), ("\n\n", "no rows of gsm8k"), ("{\n", "not JSON"), ("[1]\n", "not a JSON object")],
)
def test_files_at_fault(tmp_path: Path, text: str, problem: str) -> None:
    (tmp_path / "gsm8k.jsonl").write_text(text, encoding="utf-8")
    with pytest.raises(StudyError, match=problem) as caught:
        evaluation_items(GSM8K, JsonlFolder(tmp_path))
    assert str(caught.value.where) == str(tmp_path / "gsm8k.jsonl")


def test_only_rows_of_other_subjects(tmp_path: Path) -> None:
    write(tmp_path, "mmlu_misc.jsonl", [{"question": "?", "subject": "law", "choices": ["a", "b"], "answer": 0}])
    with pytest.raises(StudyError, match="no rows of mmlu_misc"):
        evaluation_items(MMLU, JsonlFolder(tmp_path))


def items_table(ids: list[str]) -> pl.DataFrame:
    empty = {"benchmark": "gsm8k", "prompt": "p", "gold": ["1"], "choices": [], "extra": "{}"}
    return table_from_rows([empty | {"item_id": name, "question": name} for name in ids], "items")


@pytest.mark.slow
@given(
    ids=st.lists(st.text("abcdef", min_size=1, max_size=6), unique=True, max_size=30),
    small=st.integers(1, 30),
    growth=st.integers(0, 30),
    seed=st.integers(0, 5),
)
def test_sample_is_stable_under_growth(ids: list[str], small: int, growth: int, seed: int) -> None:
    items = items_table(ids)
    first, second = (sample_items(items, limit, seed)["item_id"].to_list() for limit in (small, small + growth))
    assert len(first) == min(small, len(ids))
    assert set(first) <= set(second)
    assert second == [name for name in ids if name in set(second)]
    # more items in the source can only push items out, never change the order of preference
    fewer = sample_items(items_table(ids[::2]), small, seed)["item_id"].to_list()
    assert set(first) & set(ids[::2]) <= set(fewer)


def test_sample_depends_on_the_seed() -> None:
    items = items_table([str(number) for number in range(50)])
    assert sample_items(items, 10, 0)["item_id"].to_list() != sample_items(items, 10, 1)["item_id"].to_list()


def test_pool_of_held_out_rows(tmp_path: Path) -> None:
    write(tmp_path, "gsm8k.jsonl", [gsm8k_row(number) for number in range(10)])
    items = evaluation_items(GSM8K, JsonlFolder(tmp_path), limit=6, seed=3)
    pool = pool_items(GSM8K, JsonlFolder(tmp_path), limit=6, seed=3)
    check_table(pool, "items", "test")
    assert items.height == 6 and pool.height == 4
    assert not set(items["question"]) & set(pool["question"])


def test_no_rows_left_for_the_pool(tmp_path: Path) -> None:
    write(tmp_path, "gsm8k.jsonl", [gsm8k_row(number) for number in range(3)])
    with pytest.raises(StudyError, match="few-shot") as caught:
        pool_items(GSM8K, JsonlFolder(tmp_path))
    assert "gsm8k.pool.jsonl" in str(caught.value)


def test_pool_file_without_the_evaluation_rows(tmp_path: Path) -> None:
    write(tmp_path, "gsm8k.jsonl", [gsm8k_row(1), gsm8k_row(2)])
    write(tmp_path, "gsm8k.pool.jsonl", [gsm8k_row(number) for number in (2, 3, 4, 4, 5)])
    pool = pool_items(GSM8K, JsonlFolder(tmp_path), limit=1)
    assert sorted(pool["gold"].to_list()) == [["3"], ["4"], ["5"]]  # 2 is an item of the full set
    smaller = pool_items(GSM8K, JsonlFolder(tmp_path), limit=1, size=2)
    assert smaller.height == 2 and set(smaller["item_id"]) < set(pool["item_id"])


def test_pool_of_a_benchmark_without_answers_is_empty(tmp_path: Path) -> None:
    pool = pool_items(IFEVAL, JsonlFolder(tmp_path))
    check_table(pool, "items", "test")
    assert pool.is_empty()


class FakeHub:
    """Stands for ``datasets.load_dataset``: remembers what was asked for and gives made-up rows."""

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        self.rows, self.calls = rows, []

    def __call__(self, path: str, **options: Any) -> list[dict[str, Any]]:
        self.calls.append((path, options))
        return self.rows


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> FakeHub:
    fake = FakeHub([gsm8k_row(number) for number in range(1319)])
    monkeypatch.setitem(sys.modules, "datasets", type("module", (), {"load_dataset": fake}))
    return fake


def test_hub_rows_and_file_rows_give_the_same_items(tmp_path: Path, hub: FakeHub) -> None:
    write(tmp_path, "gsm8k.jsonl", hub.rows)
    assert evaluation_items(GSM8K, Hub(), limit=20).equals(evaluation_items(GSM8K, JsonlFolder(tmp_path), limit=20))
    path, options = hub.calls[0]
    assert (path, options["name"], options["split"], options["revision"]) == ("openai/gsm8k", "main", "test", "main")


def test_hub_with_another_number_of_rows(hub: FakeHub) -> None:
    hub.rows = hub.rows[:-1]
    with pytest.raises(StudyError, match="on the hub has changed") as caught:
        evaluation_items(GSM8K, Hub())
    assert (caught.value.found, caught.value.expected) == (1318, 1319)


def test_each_config_is_read(hub: FakeHub) -> None:
    hub.rows = [{"question": "?", "subject": "abstract_algebra", "choices": ["a", "b"], "answer": 0}]
    with pytest.raises(StudyError, match="on the hub has changed") as caught:
        evaluation_items(get_benchmark("mmlu_math"), Hub())
    assert caught.value.found == 5 and caught.value.expected == 1064
    assert [options["name"] for _, options in hub.calls] == list(get_benchmark("mmlu_math").hub.configs)


def test_hub_out_of_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise ConnectionError("Couldn't reach the hub")

    monkeypatch.setitem(sys.modules, "datasets", type("module", (), {"load_dataset": staticmethod(fail)}))
    with pytest.raises(StudyError, match="cannot be read") as caught:
        evaluation_items(GSM8K, Hub())
    assert "openai/gsm8k" in str(caught.value) and "ConnectionError" in str(caught.value)
    assert "jsonl" in str(caught.value)


def test_benchmark_that_is_on_no_hub() -> None:
    with pytest.raises(StudyError, match="not on the hub") as caught:
        evaluation_items(get_benchmark("c_code_summarization"), Hub())
    assert "c_code_summarization.jsonl" in str(caught.value)
