"""The benchmark of the analysis runs the workflow's own rules on a made-up study, and says when an aim is missed."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.workflow, pytest.mark.long]

SMALL = {
    "students": ["Qwen2.5-3B"],
    "corpora": ["general"],
    "ratios": [0, 1],
    "curricula": ["seq"],
    "adaptations": [],
    "base_shots": [],
    "judges": ["Llama-3.3-70B-Instruct", "gpt-oss-120b"],
    "families": [{"name": "Math-OE", "benchmarks": ["gsm8k"]}],
    "length_limits": {"max_tokens": []},
    "figures": ["v2/fig02"],
    "tables": ["table1", "findings"],
}


def test_a_small_study_from_verdicts_to_figures(root: Path, tmp_path: Path) -> None:
    options = {"items": 30, "pairs": 1e-4, "study": json.dumps(SMALL), "folder": tmp_path / "place", "seconds": 0.1}
    words = [str(word) for name, value in options.items() for word in (f"--{name}", value)]
    command = [sys.executable, "tests/benchmarks/analysis_scale.py", *words]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    # two students, and the teacher in two modes; two judges and the graders
    assert "benchmarks of 30 items: 120 answers, 360 verdicts" in done.stdout, done.stdout + done.stderr
    jobs = dict(re.findall(r"^(\w+) +(\d+) +[\d.]+ +[\d.]+ +[\d.]+ +[\d.]+$", done.stdout, re.M))
    once = {"score_models", "compute_flops", "tabulate_outcomes", "compare_judges", "jury_sensitivity", "figures"}
    assert {jobs[rule] for rule in once | {"table1", "compute_findings"}} == {"1"}
    assert re.search(r"^all: \d+ s, \d+ s of computing in all processes, 0\.[1-9] GB at most$", done.stdout, re.M)
    # the aim for time is missed, that for memory is not, and the program fails
    assert done.returncode == 1
    assert re.fullmatch(r"time: \d+\.\d s, the aim is 0\.1\n", done.stderr)
    scores = (tmp_path / "place" / "results" / "made_up" / "tables" / "scores.csv").read_text().splitlines()
    assert len(scores) == 1 + 4
