"""Targets that name what the study does not select."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from configs import load

from scale_or_reason.common.errors import StudyError
from scale_or_reason.preflight.targets import check_targets, refuse_unknown


@pytest.fixture(scope="module")
def config(root: Path) -> dict[str, Any]:
    return load(root, "micro", "demo")


@pytest.mark.parametrize(
    ("target", "kind", "key", "found"),
    [
        ("models/general/micro-0.19M/seq/rho-1/seed-0", "student", "study.students", "micro-0.19M"),
        ("verdicts/micro-judge/base/Qwen2.5-3B/shots-3/gsm8k.parquet", "student", "study.students", "Qwen2.5-3B"),
        ("learning_rates/micro-0.19M.json", "student", "study.students", "micro-0.19M"),
        ("pairs/math.parquet", "corpus", "study.corpora", "math"),
        ("scores/math/micro-1M/seq/rho-1/seed-0.parquet", "corpus", "study.corpora", "math"),
        ("verdicts/gpt-oss-120b/base/micro-1M/shots-3/manifest.json", "judge", "study.judges", "gpt-oss-120b"),
        ("answers/teacher/Qwen3-235B-A22B/ift/gsm8k.parquet", "teacher", "study.teacher", "Qwen3-235B-A22B"),
    ],
)
def test_the_error_names_what_is_selected(config: dict[str, Any], target: str, kind: str, key: str, found: str) -> None:
    with pytest.raises(StudyError, match=f"does not select this {kind}") as caught:
        check_targets(["-n", "--", f"results/micro/{target}"], config)
    assert (caught.value.key, caught.value.found) == (key, found)
    assert f"add {found} to {key}" in str(caught.value.remedy)


def test_a_benchmark_outside_the_families(config: dict[str, Any]) -> None:
    smaller = {**config, "study": {**config["study"], "families": [{"name": "A", "benchmarks": ["squad"]}]}}
    with pytest.raises(StudyError, match="does not select this benchmark"):
        check_targets(["results/micro/benchmarks/gsm8k.pool.parquet"], smaller)


def test_a_result_of_another_study(config: dict[str, Any]) -> None:
    with pytest.raises(StudyError, match="another study") as caught:
        check_targets(["--", "results/v2/tables/scores.csv"], config)
    assert (caught.value.found, caught.value.expected) == ("v2", "micro")
    check_targets(["--", "results/v2/tables/scores.csv"], config, as_module=True)


@pytest.mark.parametrize(
    "words",
    [
        ["--", "results/micro/models/general/micro-1M/mix/rho-0.3/seed-7", "all"],
        ["--", "results/micro/figures/v2/fig06.pdf", "results/micro/inspect/items/gsm8k/micro-0.19M.html"],
        ["--report", "results/v2/report.html"],
        ["-n", "--directory", "results/other/x"],
        ["--configfile", "config/studies/micro.yaml", "--", "models"],
    ],
)
def test_other_command_lines_pass(config: dict[str, Any], words: list[str]) -> None:
    check_targets(words, config)


def test_an_adaptation_selects_its_second_corpus(root: Path) -> None:
    check_targets(["results/micro/pairs/math.parquet"], load(root, "micro"))


@pytest.mark.parametrize(
    ("target", "remedy"),
    [
        ("figurs", "did you mean 'figures'?"),
        ("results/micro/figures/v2/fg05.pdf", "did you mean 'results/micro/figures/v2/fig05.pdf'?"),
        ("results/micro/tables/score.csv", "did you mean 'results/micro/tables/scores.csv'?"),
        ("qqqq", "values of --config and --configfile end"),
        ("results/micro/qqqq", "values of --config and --configfile end"),
    ],
)
def test_a_target_that_nothing_makes_gets_the_nearest_name(target: str, remedy: str) -> None:
    made = [f"results/micro/{name}" for name in ("figures/v2/fig05.pdf", "figures/v2/fig02.pdf", "tables/scores.csv")]
    with pytest.raises(StudyError, match="nothing makes this target") as caught:
        refuse_unknown(target, ["figures", "tables", "advise"], made, "results/micro")
    assert remedy in str(caught.value.remedy) and caught.value.found == target
