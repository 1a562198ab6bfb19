"""Paths of results: there and back, and as the rules write them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scale_or_reason.common.errors import StudyError
from scale_or_reason.study.cells import (
    Adaptation,
    BaseStudent,
    BudgetedCell,
    Cell,
    HybridCell,
    LimitedCell,
    SampledCell,
    Teacher,
    Think,
)
from scale_or_reason.study.result_paths import PATTERNS, parse_result_path, result_path, verdict_files
from scale_or_reason.study.thinking_budgets import ThinkingBudget

NAMES = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,12}", fullmatch=True)
MODELS = [
    Cell("general", "s", "seq", 0.25, 1),
    LimitedCell("general", "s", "mix", 0.5, 0, max_tokens=64),
    SampledCell("general", "s", "mix", 0.5, 0, samples=4),
    BudgetedCell("general", "s", "mix", 0.5, 0, budget=ThinkingBudget.of_tokens(64)),
    Cell("general", "s", "mix", 0.5, 0, 0.25),
    HybridCell("general", "s", "mix", 0.5),
    Think("general", "s", "mix", 0.5),
    Adaptation("s", "ift", "reasoning"),
    BaseStudent("s", 3),
    Teacher("t", "ift"),
]
VALUES = {
    "format": st.sampled_from(["ift", "reasoning"]),
    "shards": st.integers(1, 999).map(str),
    "shard": st.integers(0, 999).map(str),
    "curriculum": st.sampled_from(["seq", "mix", "seq-reversed"]),
    "ratio": st.sampled_from(["0", "0.25", "1"]),
    "rate": st.sampled_from(["2e-05", "0.001"]),
    "model_id": st.sampled_from([model.model_id for model in MODELS]),
    "benchmark": st.sampled_from(["gsm8k", "math_500"]),
}


@pytest.mark.slow
@given(st.data())
@pytest.mark.parametrize("kind", PATTERNS)
def test_a_path_gives_its_result_back(kind: str, data: st.DataObject) -> None:
    names = re.findall(r"\{(\w+)\}", PATTERNS[kind])
    values = {name: data.draw(VALUES.get(name, NAMES.filter(lambda text: "." not in text))) for name in names}
    assert parse_result_path(result_path(kind, **values)) == (kind, values)


@pytest.mark.parametrize(
    "path", ["pairs/general", "prompts/../x.parquet", "answers/general/s/seq/rho-0.50/a.parquet", ""]
)
def test_other_paths_are_refused(path: str) -> None:
    with pytest.raises(StudyError, match="belongs to no result"):
        parse_result_path(path)


def test_verdicts_of_judges_models_and_benchmarks() -> None:
    files = verdict_files(Path("r/verdicts"), ["a", "b"], ["base/s/shots-0"], ["gsm8k"])
    assert files == [Path(f"r/verdicts/{judge}/base/s/shots-0/gsm8k.parquet") for judge in "ab"]


def test_the_rules_write_the_same_patterns(root: Path) -> None:
    rules = "".join(file.read_text() for file in (root / "workflow" / "rules").glob("*.smk")).replace("{{", "{")
    rules = rules.replace("}}", "}")
    for kind, pattern in PATTERNS.items():
        folder = pattern.rpartition("/")[0]
        plain = re.sub(r"\{(\w+)\}", "{}", pattern)
        written = {re.sub(r"\{\w+\}", "{}", text) for text in re.findall(r"<(?:results|summary)>/([^\"' ]+)", rules)}
        assert plain in written or re.sub(r"\{(\w+)\}", "{}", folder) in written, kind
