"""What failed jobs keep from being made, and what is made in spite of them."""

from __future__ import annotations

import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from scale_or_reason.study.gaps import Gap, PartialRun, gap_note, model_of_path, write_gaps
from snakemake_study.again import changed
from snakemake_study.failures import FailedJobs, has_gone_as_far_as_possible

GAP = Gap("general/s/seq/rho-1/seed-0", "train_student general s seq 1 0", "logs/a.log")


@pytest.mark.parametrize(
    ("path", "model"),
    [
        ("results/v2/models/general/s/seq/rho-1/seed-0", "general/s/seq/rho-1/seed-0"),
        ("results/v2/answers/general/s/seq/rho-1/seed-0/gsm8k.parquet", "general/s/seq/rho-1/seed-0"),
        ("results/v2/verdicts/judge/base/s/shots-3/manifest.json", "base/s/shots-3"),
        ("results/v2/verdicts/j/general/s/mix/rho-0.5/seed-2/max-tokens-80/squad.parquet", None),
        ("results/v2/mixtures/general/seq/rho-1.parquet", None),
        ("results/models/tables/scores.csv", None),
    ],
)
def test_the_model_of_a_path(path: str, model: str | None) -> None:
    expected = "general/s/mix/rho-0.5/seed-2/max-tokens-80" if "max-tokens" in path else model
    assert model_of_path(path) == expected


def test_gaps_reach_the_jobs_of_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    assert PartialRun.from_environment() == PartialRun()
    run = PartialRun((GAP,), ("a.pdf",), ())
    for name, value in run.environment().items():
        monkeypatch.setenv(name, value)
    assert PartialRun.from_environment().gaps == (GAP,)
    assert PartialRun.from_environment().missing == {GAP.model_id}


def test_gaps_are_named(tmp_path: Path) -> None:
    write_gaps([GAP], tmp_path / "partial" / "gaps.csv")
    assert (tmp_path / "partial" / "gaps.csv").read_text() == (
        "model_id,failed_job,log\ngeneral/s/seq/rho-1/seed-0,train_student general s seq 1 0,logs/a.log\n"
    )
    assert [file.name for file in (tmp_path / "partial").iterdir()] == ["gaps.csv"]
    assert gap_note([GAP], 11) == "Partial results: without 1 of 11 models, which partial/gaps.csv lists."
    assert gap_note([], 11) == ""


class Job(SimpleNamespace):
    __hash__ = object.__hash__  # type: ignore[assignment]


def job(inputs: list[str], outputs: list[str]) -> Any:
    return Job(input=inputs, output=outputs, is_group=lambda: False)


def owner(path: str) -> str | None:
    """Files are named KIND-MODEL; those without a hyphen belong to none."""
    return path.partition("-")[2] or None


def run_of(failed: set[str], finished: set[str] = frozenset()) -> FailedJobs:  # type: ignore[assignment]
    """Two models with a common evaluation and separate scores; ``failed`` and ``finished`` name outputs of jobs."""
    jobs = [
        job([], ["data"]),
        *(job(["data"], [f"model-{name}"]) for name in "ab"),
        job(["model-a"], ["model-c"]),  # trained on from a
        job(["model-a", "model-b", "items"], ["answers-a", "answers-b"]),
        *(job([f"answers-{name}"], [f"score-{name}"]) for name in "ab"),
        job(["score-a", "score-b", "model-c"], ["table"]),
    ]
    done = [one for one in jobs if set(one.output) & finished]
    dag = SimpleNamespace(jobs=jobs, needrun_jobs=lambda: [one for one in jobs if one not in done])
    return FailedJobs(dag, [one for one in jobs if set(one.output) & failed], owner, since=0)


def blocked(failed_jobs: FailedJobs) -> set[str]:
    files = ("data", "model-a", "model-b", "model-c", "answers-a", "answers-b", "score-a", "score-b", "table", "items")
    return {file for file in files if failed_jobs.cause(file) is not None}


def test_a_failed_training_takes_its_own_results_only() -> None:
    """The common evaluation cannot run, but the other model can be evaluated without it."""
    failed_jobs = run_of({"model-b"}, {"data", "model-a", "model-c"})
    assert blocked(failed_jobs) == {"model-b", "answers-b", "score-b", "table"}
    assert failed_jobs.cause("score-b").output == ["model-b"]
    assert failed_jobs.is_open("answers-a") and not failed_jobs.is_open("model-a")
    assert set(failed_jobs.open_files()) == {"model-b", "answers-a", "answers-b", "score-a", "score-b", "table"}


def test_what_follows_from_a_model_fails_with_it() -> None:
    assert blocked(run_of({"model-a"}, {"data", "model-b"})) == {"model-a", "model-c", "answers-a", "score-a", "table"}


def test_a_failed_common_job_takes_all_of_its_models() -> None:
    failed_jobs = run_of({"answers-a"}, {"data", "model-a", "model-b", "model-c"})
    assert blocked(failed_jobs) == {"answers-a", "answers-b", "score-a", "score-b", "table"}


def test_finished_results_are_no_gaps() -> None:
    assert blocked(run_of({"table"}, {"data", "model-a", "model-b", "model-c", "answers-a", "score-a", "score-b"})) == {
        "table"
    }


def group_of(tmp_path: Path, *members: tuple[str, bool, bool]) -> list[Any]:
    """Grades of models, each with whether it has begun and whether it was finished."""
    made = []
    for name, begun, finished in members:
        output, log = tmp_path / f"grade-{name}", tmp_path / f"{name}.log"
        for file, exists in ((output, finished), (log, begun)):
            if exists:
                file.touch()
        made.append(Job(input=[], output=[str(output)], log=[str(log)], is_group=lambda: False))
    return made


def test_in_a_failed_group_the_jobs_that_have_begun_in_vain_have_failed(tmp_path: Path) -> None:
    """The finished ones and those that were never started are run again without them."""
    members = group_of(tmp_path, ("a", True, True), ("b", True, False), ("c", False, False))
    dag = SimpleNamespace(jobs=members, needrun_jobs=lambda: members)
    group = SimpleNamespace(is_group=lambda: True, jobs=members)
    failed_jobs = FailedJobs(dag, [group], owner, since=0)
    causes = [failed_jobs.cause(job.output[0]) for job in members]
    assert causes == [None, members[1], None]
    later = FailedJobs(dag, [group], owner, since=time.time() + 60)  # all logs are of earlier runs
    assert [later.cause(job.output[0]) for job in members] == members


@pytest.mark.parametrize(
    ("keep_going", "failed", "running", "ready", "expected"),
    [
        (True, {"a"}, set(), set(), True),
        (False, {"a"}, set(), set(), False),
        (True, set(), set(), set(), False),
        (True, {"a"}, {"b"}, set(), False),  # Ctrl-C
        (True, {"a"}, set(), {"b"}, False),  # SIGTERM
    ],
)
def test_a_stopped_run_makes_nothing(
    keep_going: bool, failed: set[str], running: set[str], ready: set[str], expected: bool
) -> None:
    workflow = SimpleNamespace(
        execution_settings=SimpleNamespace(keep_going=keep_going),
        scheduler=SimpleNamespace(failed=failed, running=running),
        dag=SimpleNamespace(ready_jobs=ready),
    )
    assert has_gone_as_far_as_possible(workflow) is expected


def test_a_second_run_forces_nothing_that_the_first_one_forced() -> None:
    """`-F` would train everything again."""
    first = SimpleNamespace(forceall=True, force=True, forcerun={"train_student"}, until={"a"}, cores=2, nolock=False)
    second = changed(first, {"targets": ["a.pdf"], "forcerun": ["answers"], "report": "report.html"})
    assert vars(second) == {
        **{"targets": {"a.pdf"}, "forcerun": {"answers"}, "force": False, "forceall": False},
        **{"until": set(), "omit_from": set(), "nolock": True, "cores": 2},
        **{"report": Path("report.html"), "report_after_run": True},
    }


def test_a_model_under_another_limit_lacks_results_with_its_own() -> None:
    run = PartialRun((Gap("general/m/seq/rho-1/seed-0", "train_student", "log"),))
    assert run.lacks("general/m/seq/rho-1/seed-0") and run.lacks("general/m/seq/rho-1/seed-0/max-tokens-32768")
    assert run.lacks("general/m/seq/rho-1/seed-0/think-tokens-99")
    assert run.lacks("general/m/seq/rho-1/seed-0/samples-4")
    assert not run.lacks("general/m/seq/rho-1/seed-1")
