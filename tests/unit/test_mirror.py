"""Every benchmark through the hub's own library: copies of its datasets, made in their schemas, in a mirror folder."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from example_rows import EXAMPLES
from programs import run_script

import scale_or_reason.common.dataset_rows as sources
from scale_or_reason.benchmarks.base import Benchmark, HubRows
from scale_or_reason.benchmarks.loading import evaluation_items, pool_items
from scale_or_reason.benchmarks.names import BENCHMARK_NAMES
from scale_or_reason.benchmarks.registry import get_benchmark
from scale_or_reason.benchmarks.row_sources import Hub, at_commits
from scale_or_reason.common.dataset_rows import read_hub
from scale_or_reason.common.errors import StudyError

datasets = pytest.importorskip("datasets")
ON_HUB = [name for name in BENCHMARK_NAMES if get_benchmark(name).hub]


@pytest.fixture(autouse=True)
def caches_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")


def copy_repository(mirror: Path, source: HubRows, rows: list[dict[str, Any]]) -> None:
    """What a download of the whole repository leaves: Parquet files, and a card that says which is which."""
    folder = mirror / source.path
    folder.mkdir(parents=True, exist_ok=True)
    if source.data_files:
        for name in source.data_files:
            file = folder / name.replace("*", "0000")
            file.parent.mkdir(parents=True, exist_ok=True)
            if file.suffix == ".json":
                file.write_text(json.dumps(rows))
            else:
                datasets.Dataset.from_list(rows).to_parquet(file)
        return
    card = folder / "README.md"
    configs = yaml.safe_load(card.read_text().split("---")[1])["configs"] if card.is_file() else []
    for config in source.configs or ("default",):
        file = Path(config) / f"{source.split}.parquet"
        datasets.Dataset.from_list(rows).to_parquet(folder / file)
        entry = next((entry for entry in configs if entry["config_name"] == config), None)
        if entry is None:
            entry = {"config_name": config, "data_files": []}
            configs.append(entry)
        entry["data_files"].append({"split": source.split, "path": str(file)})
    card.write_text(f"---\n{yaml.safe_dump({'configs': configs})}---\n")


def uncounted(benchmark: Benchmark) -> Benchmark:
    """Without the published numbers of rows: a mirror of one row is no mirror of the dataset."""
    hub, pool = (replace(rows, rows=None) if rows else None for rows in (benchmark.hub, benchmark.pool))
    return replace(benchmark, hub=hub, pool=pool)


@pytest.mark.slow
@pytest.mark.parametrize("name", ON_HUB)
def test_every_benchmark_is_read_from_its_copies(tmp_path: Path, name: str) -> None:
    benchmark = uncounted(get_benchmark(name))
    row, _, gold, choices, _ = EXAMPLES[name]
    copy_repository(tmp_path, benchmark.hub, [row])
    items = evaluation_items(benchmark, Hub(tmp_path))
    parts = len(benchmark.hub.configs or benchmark.hub.data_files or "1") if name != "consumer_qa" else 1
    assert items.height >= 1 and parts >= items.height
    assert items["gold"][0].to_list() == gold and items["choices"][0].to_list() == choices
    if benchmark.pool and benchmark.pool.path != benchmark.hub.path:
        copy_repository(tmp_path, benchmark.pool, [{**row, "problem": "Another one?"}])
        assert pool_items(benchmark, Hub(tmp_path))["gold"][0].to_list() == gold


@pytest.mark.slow
@pytest.mark.parametrize("name", ON_HUB)
def test_a_column_that_is_gone_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    benchmark = uncounted(get_benchmark(name))
    row = EXAMPLES[name][0]
    for number, column in enumerate(benchmark.columns):
        mirror = tmp_path / str(number)
        # the library tells copies of one dataset apart by the time of their files, and these are made at once
        monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", mirror / "cache")
        copy_repository(mirror, benchmark.hub, [{key: value for key, value in row.items() if key != column}])
        with pytest.raises(StudyError, match="lacks a column") as caught:
            evaluation_items(benchmark, Hub(mirror))
        assert caught.value.key == f"row 1: {column}"


def test_a_mirror_without_the_dataset(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="mirror has no copy") as caught:
        evaluation_items(get_benchmark("gsm8k"), Hub(tmp_path))
    assert "hf download --repo-type dataset openai/gsm8k" in str(caught.value)


def test_a_mirror_without_the_split(tmp_path: Path) -> None:
    copy_repository(tmp_path, HubRows("openai/gsm8k", "train", configs=("main",)), [EXAMPLES["gsm8k"][0]])
    with pytest.raises(StudyError, match="cannot be read") as caught:
        evaluation_items(get_benchmark("gsm8k"), Hub(tmp_path))
    assert str(tmp_path) in str(caught.value) and "README.md" in str(caught.value)


@pytest.mark.slow
def test_columns_are_selected_where_they_are_all_there(tmp_path: Path) -> None:
    copy_repository(tmp_path, HubRows("a/b", "train"), [{"prompt": "Who?", "ift": "Ann", "reasoning": "<think>"}])
    (row,) = read_hub("a/b", "train", config="default", mirror=tmp_path, columns=("prompt",))
    assert row == (1, {"prompt": "Who?"})
    (row,) = read_hub("a/b", "train", config="default", mirror=tmp_path, columns=("prompt", "gone"), streaming=True)
    assert set(row[1]) == {"prompt", "ift", "reasoning"}


class GatedRepoError(Exception):
    pass


def test_a_gated_dataset(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> Iterator[None]:
        raise RuntimeError("Access is restricted") from GatedRepoError("403")

    monkeypatch.setattr(datasets, "load_dataset", refuse)
    with pytest.raises(StudyError, match="cannot be read") as caught:
        list(read_hub("a/b", "train"))
    assert "https://huggingface.co/datasets/a/b, accept its terms" in str(caught.value)


def test_branches_become_commits_where_the_hub_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def resolve(path: str, revision: str) -> str | None:
        asked.append((path, revision))
        return "c0ffee" if path == "math-ai/aime25" else None

    monkeypatch.setattr("scale_or_reason.benchmarks.row_sources.resolve_commit", resolve)
    aime = at_commits(get_benchmark("aime"))
    assert asked == [("math-ai/aime25", "main"), ("HuggingFaceH4/aime_2024", "main")]
    assert aime.hub is not None and aime.hub.revision == "c0ffee" and "revision c0ffee" in str(aime.hub)
    assert aime.pool == get_benchmark("aime").pool


def test_without_a_network_there_is_no_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    class Unreachable:
        def dataset_info(self, *_: Any, **__: Any) -> None:
            raise ConnectionError("no network")

    monkeypatch.setattr("huggingface_hub.HfApi", Unreachable)
    assert sources.resolve_commit("openai/gsm8k", "main") is None


@pytest.mark.slow
def test_the_programs_read_mirrors(root: Path, tmp_path: Path) -> None:
    mirror = tmp_path / "mirror"
    row = {"prompt": "Who?", "ift": "Ann", "reasoning": "<think>\n</think>\n\nAnn"}
    copy_repository(mirror, HubRows("a/b", "train"), [row])
    options = {"--corpus": "c", "--schema": "released_pairs", "--kind": "hub", "--path": "a/b", "--config": "default"}
    options |= {"--mirror": mirror, "--seed": 0, "--output": tmp_path / "q.parquet", "--audit": tmp_path / "q.csv"}
    options |= {"--manifest": tmp_path / "q.json"}
    words = [word for option in options.items() for word in option]
    done = run_script(root / "workflow" / "scripts" / "prepare_prompts.py", *words)
    assert done.returncode == 0 and "1 kept" in done.stdout
    made = json.loads((tmp_path / "q.json").read_text())
    assert made["commit"] is None and made["settings"]["path"] == "a/b" and made["rows"]["kept"] == 1
