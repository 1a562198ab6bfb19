"""The two programs that prepare benchmarks and questions, run as a rule runs them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from programs import run

from scale_or_reason.common.tables import read_table


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    lines = [
        json.dumps({"question": f"{number} and nothing?", "answer": f"#### {number}"}) + "\n" for number in range(9)
    ]
    (tmp_path / "gsm8k.jsonl").write_text("".join(lines), encoding="utf-8")
    return tmp_path


def files(table: Path, audit: bool = False) -> tuple[object, ...]:
    """Options for a table and what is written beside it."""
    beside = ("--audit", table.with_suffix(".csv")) if audit else ()
    return ("--output", table, "--manifest", table.with_suffix(".json"), *beside)


@pytest.mark.slow
def test_items_and_pool(root: Path, rows: Path) -> None:
    source = ("--benchmark", "gsm8k", "--kind", "jsonl", "--path", rows, "--max-items", 6, "--seed", 0)
    assert run(root, "prepare_benchmark.py", *source, "--no-pool", *files(rows / "items.parquet")).returncode == 0
    assert run(root, "prepare_benchmark.py", *source, "--pool", *files(rows / "pool.parquet")).returncode == 0
    items, pool = read_table(rows / "items.parquet", "items"), read_table(rows / "pool.parquet", "items")
    assert (items.height, pool.height) == (6, 3)
    assert not set(items["item_id"]) & set(pool["item_id"])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("--benchmark", "gsm8"), "did you mean gsm8k"),
        (("--max-items", 0), "is not positive"),
        (("--path", "nowhere"), "a data file is missing"),
    ],
)
def test_benchmark_errors_leave_no_file(root: Path, rows: Path, change: tuple[object, ...], message: str) -> None:
    output = rows / "items.parquet"
    source = ("--benchmark", "gsm8k", "--kind", "jsonl", "--path", rows, "--seed", 0, *files(output))
    result = run(root, "prepare_benchmark.py", *source, *change)
    assert result.returncode == 2 and message in result.stderr and "Traceback" not in result.stderr
    assert not output.exists()


@pytest.mark.slow
def test_rows_in_no_folder(root: Path, tmp_path: Path) -> None:
    source = ("--benchmark", "gsm8k", "--kind", "jsonl", "--seed", 0)
    result = run(root, "prepare_benchmark.py", *source, *files(tmp_path / "items.parquet"))
    assert result.returncode == 2 and "kind jsonl requires a folder" in result.stderr


@pytest.mark.slow
def test_questions(root: Path, tmp_path: Path) -> None:
    rows = [{"input": [{"role": "user", "content": f"What is {number}?"}]} for number in (1, 2, 2, 3)]
    (tmp_path / "math.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    source = ("--corpus", "math", "--kind", "jsonl", "--path", tmp_path / "math.jsonl", "--num-prompts", 2, "--seed", 0)
    output = files(tmp_path / "math.parquet", audit=True)
    result = run(root, "prepare_prompts.py", *source, "--schema", "llama_nemotron", *output)
    assert result.returncode == 0 and "4 rows: 1 duplicate, 1 not_sampled, 2 kept" in result.stdout
    assert "kept,2" in (tmp_path / "math.csv").read_text()
    assert read_table(tmp_path / "math.parquet", "prompts").height == 2
    result = run(root, "prepare_prompts.py", *source, "--schema", "infinity_instruct", *output)
    assert result.returncode == 2 and "row 1: conversations" in result.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("--num-prompts", 0), "is not positive"),
        (("--rows", -1), "is not positive"),
        (("--jaccard", 0), "similarity is out of range"),
        (("--min-chars", 9, "--max-chars", 8), "--max-chars is below --min-chars"),
        (("--path", "nowhere.jsonl"), "a data file is missing"),
        (("--languages", "en"), "which language"),
    ],
)
def test_questions_errors_leave_no_file(root: Path, tmp_path: Path, change: tuple[object, ...], message: str) -> None:
    (tmp_path / "rows.jsonl").write_text('{"prompt": "Who?"}\n', encoding="utf-8")
    source = ("--corpus", "c", "--schema", "released_pairs", "--kind", "jsonl", "--path", tmp_path / "rows.jsonl")
    output = ("--seed", 0, *files(tmp_path / "prompts.parquet", audit=True))
    result = run(root, "prepare_prompts.py", *source, *output, *change)
    assert result.returncode == 2 and message in result.stderr and "Traceback" not in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["rows.jsonl"]


@pytest.mark.slow
def test_first_rows_and_too_few_questions(root: Path, tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text("".join(f'{{"prompt": "Who is {i}?"}}\n' for i in range(9)), encoding="utf-8")
    source = ("--corpus", "c", "--schema", "released_pairs", "--kind", "jsonl", "--path", tmp_path / "rows.jsonl")
    output = ("--seed", 0, *files(tmp_path / "prompts.parquet", audit=True))
    result = run(root, "prepare_prompts.py", *source, *output, "--rows", 4, "--num-prompts", 5)
    assert result.returncode == 0 and "note: the source has only 4 of the 5 requested prompts" in result.stderr
    assert set(read_table(tmp_path / "prompts.parquet", "prompts")["prompt"]) == {f"Who is {i}?" for i in range(4)}


@pytest.mark.slow
def test_overlaps(root: Path, rows: Path) -> None:
    source = ("--benchmark", "gsm8k", "--kind", "jsonl", "--path", rows, "--seed", 0)
    assert run(root, "prepare_benchmark.py", *source, *files(rows / "items.parquet")).returncode == 0
    (rows / "math.jsonl").write_text('{"prompt": "7 and nothing?"}\n{"prompt": "8 and something?"}\n', encoding="utf-8")
    source = ("--corpus", "c", "--schema", "released_pairs", "--kind", "jsonl", "--path", rows / "math.jsonl")
    output = ("--seed", 0, *files(rows / "math.parquet", audit=True))
    assert run(root, "prepare_prompts.py", *source, *output).returncode == 0
    options = ("--prompts", rows / "math.parquet", "--items", rows / "items.parquet")
    result = run(root, "decontaminate_prompts.py", *options, "--ngram", 3, "--output", rows / "overlaps.parquet")
    assert result.returncode == 0 and "overlaps in 1 prompt: 1 gsm8k" in result.stdout
    assert read_table(rows / "overlaps.parquet", "overlaps")["shared_words"].to_list() == ["7 and nothing"]
    result = run(root, "decontaminate_prompts.py", *options, "--ngram", 0, "--output", rows / "none.parquet")
    assert result.returncode == 2 and "at least one word" in result.stderr
    assert not (rows / "none.parquet").exists()
