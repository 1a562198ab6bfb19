"""Models and their paths: one path for each model, one model for each path."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scale_or_reason.common.errors import StudyError
from scale_or_reason.study.cells import (
    ANSWERING_PATTERN,
    CURRICULA,
    FORMATS,
    MODEL_ID_PATTERN,
    RESERVED_NAMES,
    Adaptation,
    AnyModel,
    BaseStudent,
    BudgetedCell,
    Cell,
    HybridCell,
    LimitedCell,
    NoThink,
    SampledCell,
    Teacher,
    Think,
    format_ratio,
    parse_model_id,
)
from scale_or_reason.study.thinking_budgets import ThinkingBudget

NAMES = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,12}", fullmatch=True)
CORPORA = NAMES.filter(lambda name: name not in RESERVED_NAMES)
RATIOS = st.integers(0, 1_000_000).map(lambda millionths: millionths / 1_000_000)
PARTS = RATIOS.filter(bool)
SEEDS = st.integers(0, 10**6)
FORMAT = st.sampled_from(FORMATS)
BUDGETS = st.one_of(
    st.integers(1, 10**6).map(ThinkingBudget.of_tokens), st.integers(1, 99).map(ThinkingBudget.at_percentile)
)
MODELS = st.one_of(
    st.builds(Cell, CORPORA, NAMES, st.sampled_from(CURRICULA), RATIOS, SEEDS, PARTS),
    st.builds(LimitedCell, CORPORA, NAMES, st.sampled_from(CURRICULA), RATIOS, SEEDS, max_tokens=st.integers(1, 10**6)),
    st.builds(SampledCell, CORPORA, NAMES, st.sampled_from(CURRICULA), RATIOS, SEEDS, samples=st.integers(1, 99)),
    st.builds(BudgetedCell, CORPORA, NAMES, st.sampled_from(CURRICULA), RATIOS, SEEDS, budget=BUDGETS),
    *(
        st.builds(kind, CORPORA, NAMES, st.sampled_from(CURRICULA), RATIOS.filter(lambda ratio: 0 < ratio < 1), SEEDS)
        for kind in (HybridCell, NoThink, Think)
    ),
    st.builds(Adaptation, NAMES, FORMAT, FORMAT, SEEDS),
    st.builds(BaseStudent, NAMES, st.integers(0, 64)),
    st.builds(Teacher, NAMES, FORMAT),
)


@pytest.mark.slow
@given(MODELS)
def test_a_path_names_its_model(model: AnyModel) -> None:
    assert parse_model_id(model.model_id) == model
    assert re.fullmatch(MODEL_ID_PATTERN, model.model_id)


@pytest.mark.parametrize(
    ("model", "path"),
    [
        (Cell("general", "Qwen2.5-3B", "seq", 0.25), "general/Qwen2.5-3B/seq/rho-0.25/seed-0"),
        (Cell("math", "Qwen2.5-14B", "mix", 1.0, 3), "math/Qwen2.5-14B/mix/rho-1/seed-3"),
        (Cell("math", "Qwen2.5-3B", "seq-reversed", 0.5), "math/Qwen2.5-3B/seq-reversed/rho-0.5/seed-0"),
        (Cell("math", "Qwen2.5-3B", "mix", 0.5, 0, 0.125), "math/Qwen2.5-3B/mix/rho-0.5/data-0.125/seed-0"),
        (
            LimitedCell("general", "Qwen2.5-3B", "seq", 1.0, max_tokens=32768),
            "general/Qwen2.5-3B/seq/rho-1/seed-0/max-tokens-32768",
        ),
        (
            BudgetedCell("general", "Qwen2.5-3B", "seq", 1.0, budget=ThinkingBudget.of_tokens(1024)),
            "general/Qwen2.5-3B/seq/rho-1/seed-0/think-tokens-1024",
        ),
        (
            SampledCell("general", "Qwen2.5-3B", "seq", 1.0, samples=4),
            "general/Qwen2.5-3B/seq/rho-1/seed-0/samples-4",
        ),
        (
            BudgetedCell("general", "Qwen2.5-3B", "seq", 1.0, budget=ThinkingBudget.at_percentile(50)),
            "general/Qwen2.5-3B/seq/rho-1/seed-0/think-tokens-p50",
        ),
        (HybridCell("general", "Qwen2.5-3B", "mix", 0.5), "general/Qwen2.5-3B/mix/rho-0.5/hybrid/seed-0"),
        (Think("general", "Qwen2.5-3B", "mix", 0.5), "general/Qwen2.5-3B/mix/rho-0.5/hybrid/seed-0/think"),
        (NoThink("general", "Qwen2.5-3B", "mix", 0.5), "general/Qwen2.5-3B/mix/rho-0.5/hybrid/seed-0/no-think"),
        (Adaptation("Qwen2.5-3B", "ift", "reasoning"), "adapted/Qwen2.5-3B/ift-then-reasoning/seed-0"),
        (BaseStudent("Qwen2.5-3B", 5), "base/Qwen2.5-3B/shots-5"),
        (Teacher("Qwen3-235B-A22B", "ift"), "teacher/Qwen3-235B-A22B/ift"),
    ],
)
def test_paths_of_the_documentation(model: AnyModel, path: str) -> None:
    assert model.model_id == path


@pytest.mark.parametrize(
    "path",
    [
        "general/Qwen2.5-3B/seq/rho-0.250/seed-0",  # one spelling only
        "general/Qwen2.5-3B/seq/rho-1/seed-01",
        "base/Qwen2.5-3B/shots-03",
        "adapted/Qwen2.5-3B/ift-then-ift/seed-00",
        "general/Qwen2.5-3B/seq/rho-1.5/seed-0",
        "general/Qwen2.5-3B/seq/rho-1/data-1/seed-0",  # the whole mixture has no part of the path
        "general/Qwen2.5-3B/seq/rho-1/data-0/seed-0",
        "general/Qwen2.5-3B/seq/rho-1/data-0.50/seed-0",
        "general/Qwen2.5-3B/seq/rho-1/data-0.5/seed-0/max-tokens-9",  # length limits are for runs on all data
        "general/Qwen2.5-3B/shuffled/rho-1/seed-0",
        "general/Qwen2.5-3B/mix/rho-1/hybrid/seed-0",  # of one mode only
        "general/Qwen2.5-3B/mix/rho-0.5/hybrid/seed-0/max-tokens-9",
        "general/Qwen2.5-3B/mix/rho-0.5/hybrid/seed-0/no_think",
        "general/Qwen2.5-3B/mix/rho-0.5/hybrid/data-0.5/seed-0",
        "general/Qwen2.5-3B/mix/rho-0.5/seed-0/think",
        "general/Qwen2.5-3B/seq/rho-1",
        "base/Qwen2.5-3B/seq/rho-1/seed-0",  # a corpus may not be called base
        "adapted/Qwen2.5-3B/ift-then-both/seed-0",
        "adapted/Qwen2.5-3B/ift-then-ift/seed-0/max-tokens-32768",  # cells of the grid only
        "general/Qwen2.5-3B/seq/rho-1/seed-0/max-tokens-0",
        "general/Qwen2.5-3B/seq/rho-1/seed-0/max-tokens-9/think-tokens-5",
        "general/Qwen2.5-3B/seq/rho-1/seed-0/samples-0",
        "general/Qwen2.5-3B/seq/rho-1/seed-0/samples-4/think-tokens-5",
        *(
            f"general/Qwen2.5-3B/seq/rho-1/seed-0/think-tokens-{text}"
            for text in ("0", "05", "p0", "p100", "p05", "p2.5")
        ),
        "",
    ],
)
def test_other_paths_are_refused(path: str) -> None:
    with pytest.raises(StudyError, match="invalid model id"):
        parse_model_id(path)


def test_both_curricula_are_one_training_at_the_ends() -> None:
    for ratio in (0, 1):
        for curriculum in ("mix", "seq-reversed"):
            assert Cell("general", "s", curriculum, ratio).trained_as == Cell("general", "s", "seq", ratio)
    assert Cell("general", "s", "mix", 0.5).trained_as == Cell("general", "s", "mix", 0.5)


@pytest.mark.parametrize(("ratio", "text"), [(0, "0"), (0.0, "0"), (0.1, "0.1"), (0.25, "0.25"), (1, "1"), (1.0, "1")])
def test_ratios_have_one_spelling(ratio: float, text: str) -> None:
    assert format_ratio(ratio) == text


def test_columns_say_what_applies() -> None:
    columns = Adaptation("s", "ift", "reasoning", 2).columns()
    assert columns == {
        "model_id": "adapted/s/ift-then-reasoning/seed-2",
        "kind": "adapted",
        "corpus": None,
        "student": "s",
        "curriculum": "ift-then-reasoning",
        "ratio": 1.0,
        "data_fraction": 1.0,
        "seed": 2,
        "shots": None,
    }
    assert Cell("c", "s", "seq", 0.5, 0, 0.25).columns()["data_fraction"] == 0.25
    hybrids = [model.columns() for model in HybridCell("c", "s", "seq", 0.5, 1).modes()]
    assert [columns["kind"] for columns in hybrids] == ["hybrid-no-think", "hybrid-think"]
    assert {(columns["curriculum"], columns["ratio"], columns["seed"]) for columns in hybrids} == {("seq", 0.5, 1)}
    assert not re.fullmatch(ANSWERING_PATTERN, HybridCell("c", "s", "seq", 0.5).model_id)
    assert re.fullmatch(ANSWERING_PATTERN, Think("c", "s", "seq", 0.5).model_id)
