"""Gradients that are infinite, NaN or zero never end in a model: real DeepSpeed, all stages, both number formats."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from training_runs import PATIENCE, run

pytestmark = pytest.mark.integration

#: Two phases, of two steps and of one.
PHASES = [0, 0, 1]
LAST, FIRST = {"steps": [2], "rank": 1}, {"steps": [0], "rank": 1}
#: Every stage and number format, and every fault.
CASES: list[dict[str, Any]] = [
    {"stage": 0, "dtype": "float32", "bad": "inf", **LAST},
    {"stage": 0, "dtype": "float32", "bad": "nan", "steps": [2], "clipping": 0},
    {"stage": 1, "dtype": "bfloat16", "bad": "inf"},
    {"stage": 1, "dtype": "float32", "bad": "nan", **FIRST},
    {"stage": 1, "dtype": "float32", "rate": 0.0},
    {"stage": 2, "dtype": "bfloat16", "bad": "inf", **LAST},
    {"stage": 2, "dtype": "float32", "bad": "zero", "steps": [2]},
    {"stage": 3, "dtype": "bfloat16", "bad": "nan", **LAST},
    {"stage": 3, "dtype": "float32", "bad": "zero", "steps": [1]},
]
SETTINGS = [(0, "float32"), *product((1, 2, 3), ("float32", "bfloat16"))]
FAULTS = [*product(("inf", "nan"), ([0], [1], [2])), ("zero", [2]), ("zero", [1])]
ALL: list[dict[str, Any]] = [
    {"stage": stage, "dtype": dtype, "bad": bad, "steps": steps}
    for (stage, dtype), (bad, steps) in product(SETTINGS, FAULTS)
]


def run_cases(folder: Path, student: Path, cases: list[dict[str, Any]], processes: int) -> list[dict[str, Any]]:
    (folder / "cases.json").write_text(json.dumps([case | {"phases": PHASES} for case in cases]))
    program = [str(Path(__file__).with_name("injected_gradients.py")), str(folder), str(student)]
    done = run([*program, str(folder / "cases.json")], processes)
    assert done.returncode == 0, done.stderr
    return json.loads((folder / "results.json").read_text())


def check(case: dict[str, Any], result: dict[str, Any]) -> None:
    step = case.get("steps", [0])[0] + 1
    if "bad" not in case:
        assert "the training has changed no weight" in result["error"] and "all 26 tensors" in result["error"]
    elif case["bad"] != "zero":  # also at the last step, which no other step with a bad loss follows
        assert f"at step {step} of 3" in result["error"] and result["marked"], (case, result)
        assert "the gradient norm is" in result["error"] or "DeepSpeed has skipped" in result["error"]
    elif step == 3:
        assert "all gradients of this phase were zero (1 step) at step 3 of 3" in result["error"], (case, result)
    else:
        assert result["error"] is None, (case, result)
        checks = {"skipped_steps": 0, "zero_gradient_steps": 1, "tensors": 26, "unchanged_tensors": 0}
        assert result["checks"] == checks, (case, result)


def test_every_stage_and_fault_on_two_processes(tiny_model: Path, tmp_path: Path) -> None:
    for case, result in zip(CASES, run_cases(tmp_path, tiny_model, CASES, 2), strict=True):
        check(case, result)


@pytest.mark.long
@pytest.mark.timeout(2 * PATIENCE)
@pytest.mark.parametrize("processes", [1, 2])
def test_all_faults_in_all_stages(tiny_model: Path, tmp_path: Path, processes: int) -> None:
    cases = [case | ({"rank": 1} if processes > 1 and case["bad"] != "zero" else {}) for case in ALL]
    for case, result in zip(cases, run_cases(tmp_path, tiny_model, cases, processes), strict=True):
        check(case, result)
