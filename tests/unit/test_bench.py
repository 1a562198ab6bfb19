"""The ratios that benchmarks hand to `make bench`, and the page that it writes."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture
def benchmarks(root: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, ModuleType]:
    monkeypatch.syspath_prepend(str(root / "tests" / "benchmarks"))
    return {name: importlib.import_module(name) for name in ("ratios", "bench")}


def test_outside_of_bench_nothing_is_written(benchmarks, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.delenv(benchmarks["ratios"].VARIABLE, raising=False)
    monkeypatch.chdir(tmp_path)
    benchmarks["ratios"].record("work", "peer", [1.0])
    assert list(tmp_path.iterdir()) == []


def test_the_page_has_the_median_and_the_bounds_of_the_rounds(benchmarks, tmp_path: Path, monkeypatch) -> None:
    ratios, bench = benchmarks["ratios"], benchmarks["bench"]
    path = tmp_path / "ratios.jsonl"
    assert ratios.recorded(path) == []
    monkeypatch.setenv(ratios.VARIABLE, str(path))
    ratios.record("training", "TRL", [3.0, 1.0, 2.5])
    ratios.record("answers", "vLLM", [0.5])
    page = bench.page(ratios.recorded(path), ["broken.py"], 3)
    assert "| training | TRL | 2.50 (1.00 to 3.00) |" in page and "| answers | vLLM | 0.50 (0.50 to 0.50) |" in page
    assert "Failed: broken.py." in page


def test_every_benchmark_of_bench_exists(benchmarks, root: Path) -> None:
    for name in benchmarks["bench"].commands(1):
        assert "record(" in (root / "tests" / "benchmarks" / name).read_text()


def test_a_benchmark_that_fails_or_hangs_is_named_and_its_rows_are_kept(benchmarks, tmp_path: Path) -> None:
    run, path = benchmarks["bench"].run, tmp_path / "ratios.jsonl"
    append = "import os; open(os.environ['BENCHMARK_RATIOS'], 'a').write('row\\n'); "
    assert run([sys.executable, "-c", append], path, 60) is None
    assert run([sys.executable, "-c", append + "raise SystemExit(3)"], path, 60) == "status 3"
    assert path.read_text() == "row\nrow\n"
    hanging = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import time; time.sleep(600)'])"
    assert run([sys.executable, "-c", hanging], path, 0.3) == "stopped after 0.005 min"
