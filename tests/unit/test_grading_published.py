"""Agreement with published labels of real answers (third-party data beside the project), and hostile noise.

The thresholds are the project's aims. Measured: 100 % on five files and 96.84 % on the equivalence cases, where one
label demands a parse error, one accepts 0.33 for a third, and one takes a later number over the box.
"""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from programs import load_program

from scale_or_reason.common.errors import StudyError
from scale_or_reason.grading import GRADERS

THRESHOLDS = {
    "gsm8k_openai": 0.99,
    "gsm8k_tora": 0.99,
    "math_qwen": 0.98,
    "mmlu_pro": 0.99,
    "ifeval_gpt4": 0.99,
    "equivalence_cases": 0.95,
}
PIECES = [
    "\\boxed{",
    "}",
    "{",
    "$",
    "\\frac",
    "^",
    "10^",
    "!",
    "9",
    "x",
    "<think>",
    "</think>",
    "A",
    "B.",
    "(",
    ")",
    ",",
    "=",
]
PIECES += [
    "answer is ",
    "\n",
    " ",
    "\\sqrt",
    "\\int",
    "_",
    "*",
    "[",
    "<<",
    ">>",
    "yes",
    "%",
    "\\text{",
    "&",
    "\\begin{",
    "É",
]


@pytest.fixture(scope="module")
def grade_check(root: Path) -> ModuleType:
    return load_program(root / "workflow/scripts/grade_check.py")


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(THRESHOLDS))
def test_agreement_with_published_labels(name: str, grade_check: ModuleType, shared_dir: Path) -> None:
    path = shared_dir / "data/graded_answers" / f"{name}.jsonl"
    if not path.is_file():
        pytest.skip(f"{path.name} is not there")
    found = grade_check.agreement(path)
    assert 1 - len(found.different) / found.answers >= THRESHOLDS[name], [
        (row["source"], grade) for row, grade in found.different
    ]


def test_the_check_lists_what_differs(grade_check: ModuleType, tmp_path: Path) -> None:
    row = {"question": "1 + 1?", "gold": "2", "source": "made up"}
    answers = [(r"\boxed{2}", True), ("The answer is 2.", True), (r"\boxed{3}", True), (r"\boxed{3}", False)]
    lines = [json.dumps({**row, "answer_text": text, "label": label}) for text, label in answers]
    (tmp_path / "gsm8k_made_up.jsonl").write_text("\n".join(lines))
    found = grade_check.agreement(tmp_path / "gsm8k_made_up.jsonl")
    assert [(row["answer_text"], grade.verdict) for row, grade in found.different] == [(r"\boxed{3}", "no")]
    assert (found.answers, found.strict, found.lenient) == (4, 2, 3)
    assert "agreement  75.00%   strict  50.00%   lenient  75.00%" in found.line("gsm8k_made_up", 1.0)
    (tmp_path / "poems.jsonl").write_text(lines[0])
    with pytest.raises(StudyError, match="no grader is known"):
        grade_check.agreement(tmp_path / "poems.jsonl")


@pytest.mark.slow
@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join))
def test_noise_gets_a_verdict_from_every_grader(answer: str) -> None:
    item = {
        "benchmark": "made-up",
        "item_id": "1",
        "gold": ["A", "2.5"],
        "choices": ["2.5", "x^2"],
        "extra": '{"instruction_id_list": ["detectable_format:title"], "kwargs": [{}]}',
    }
    for grader in GRADERS.values():
        assert grader(item, answer).verdict in ("yes", "no")
