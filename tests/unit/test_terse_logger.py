"""The one-line-per-job logger, fed with the records that Snakemake sends."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from snakemake.scheduling import job_scheduler
from snakemake_interface_logger_plugins.common import LogEvent

from snakemake_logger_plugin_terse import LogHandler
from snakemake_logger_plugin_terse.text import duration, last_words
from snakemake_logger_plugin_terse.time_left import TimeLeft

Send = Callable[..., None]


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> StringIO:
    """What is printed on standard error."""
    stream = StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    return stream


@pytest.fixture
def send(screen: StringIO) -> Iterator[Send]:
    """Send one record to the logger."""
    settings = SimpleNamespace(stdout=False, dryrun=False, verbose=False)
    handler = LogHandler(settings, None)

    def send_record(message: str = "", level: int = logging.INFO, **facts: Any) -> None:
        record = logging.LogRecord("snakemake", level, __file__, 1, message, None, None)
        record.__dict__.update(facts)
        handler.handle(record)

    yield send_record
    handler.close()


def job(jobid: int, **facts: Any) -> dict[str, Any]:
    defaults = {"rule_name": "train", "rule_msg": None, "wildcards": {}, "log": []}
    return {"event": LogEvent.JOB_INFO, "jobid": jobid} | defaults | facts


def test_a_job_is_one_line(send: Send, screen: StringIO) -> None:
    send("Job stats: ...", event=LogEvent.RUN_INFO, stats={"total": 12})
    send("Select jobs to execute...")
    send("Execute 2 jobs...", event=LogEvent.JOB_STARTED, jobs=[1, 2])
    send(**job(1, rule_msg="train the small student"))
    send(**job(2, wildcards={"student": "large", "ratio": "0.5"}))
    send("Finished jobid: 2", event=LogEvent.JOB_FINISHED, job_id=2)
    send("", event=LogEvent.PROGRESS, done=1, total=12)
    send("Finished jobid: 1", event=LogEvent.JOB_FINISHED, job_id=1)
    lines = screen.getvalue().splitlines()
    assert len(lines) == 3
    assert lines[0] == "12 jobs to do"
    assert lines[1].startswith("[ 1/12]") and lines[1].endswith("train large 0.5")
    assert lines[2].startswith("[ 2/12]") and lines[2].endswith("train the small student")


def test_without_what_snakemake_knows_of_a_job_its_rule_is_named(send: Send, screen: StringIO) -> None:
    """``--quiet rules`` keeps the records of starting jobs back; the names come from Snakemake's own words."""
    send("", event=LogEvent.RUN_INFO, stats={"total": 2})
    send("Finished jobid: 7 (Rule: train_student)", event=LogEvent.JOB_FINISHED, job_id=7)
    send("Finished jobid: 0 (Rule: all)", event=LogEvent.JOB_FINISHED, job_id=0)
    _, first, second = screen.getvalue().splitlines()
    assert re.fullmatch(r"\[1/2\] \d\d:\d\d:\d\d +train_student", first) and second.endswith("  all")
    assert "(Rule: {job.rule.name})" in Path(str(job_scheduler.__file__)).read_text()


def test_the_end_is_said(send: Send, screen: StringIO) -> None:
    send("", event=LogEvent.PROGRESS, done=3, total=3)
    assert screen.getvalue().startswith("all done after 0.")


def test_a_finished_job_shows_the_warning_at_the_end_of_its_log(send: Send, screen: StringIO, tmp_path: Path) -> None:
    for number, last in enumerate(("warning: 1 trained model has not learnt to stop", "12 answers")):
        log = tmp_path / f"{number}.log"
        log.write_text(f"warning: not at the end\n{last}\n")
        send(**job(number, log=[str(log)]))
        send("", event=LogEvent.JOB_FINISHED, job_id=number)
    assert [line for line in screen.getvalue().splitlines() if "[" not in line] == [
        "warning: 1 trained model has not learnt to stop"
    ]


def test_warnings_and_plain_remarks_are_kept(send: Send, screen: StringIO) -> None:
    send("Nothing to be done (all requested files are present and up to date).")
    send("Using shell: but as a warning", level=logging.WARNING)
    assert len(screen.getvalue().splitlines()) == 2


def failed(send: Send, jobid: int, log: Path, **facts: Any) -> None:
    defaults = {
        "event": LogEvent.JOB_ERROR,
        "jobid": jobid,
        "rule_name": "train",
        "log": [str(log)],
        "shellcmd": "dump",
    }
    send("Error in rule train", level=logging.ERROR, **defaults | facts)


ERROR = """error: no such student
  file: config.yaml
  what to do: add it
"""


def test_a_failed_job_shows_its_error_and_nothing_around_it(send: Send, screen: StringIO, tmp_path: Path) -> None:
    log = tmp_path / "train.log"
    noise = "".join(f"leak {number}\n" for number in range(100))
    log.write_text(f"error: an earlier one\n{noise}{ERROR}{noise}")
    send(**job(1, rule_msg="train the small student"))
    dump = "RuleException:\nCalledProcessError in file \"training.smk\", line 53:\nCommand 'python ...' returned 1"
    send(dump, level=logging.ERROR)
    failed(send, 1, log, rule_msg="Slurm job 7 ended as FAILED. ")
    assert screen.getvalue().splitlines() == [
        "failed: train the small student",
        "  Slurm job 7 ended as FAILED.",
        "  | error: no such student",
        "  |   file: config.yaml",
        "  |   what to do: add it",
        f"  the whole log: {log}",
    ]


def test_an_error_without_words_shows_the_end_of_the_log(send: Send, screen: StringIO, tmp_path: Path) -> None:
    log = tmp_path / "train.log"
    log.write_text("".join(f"line {number}\n" for number in range(100)) + "RuntimeError: no memory\n")
    failed(send, 1, log)
    assert "| RuntimeError: no memory" in screen.getvalue()
    assert "line 99" in screen.getvalue() and "line 50" not in screen.getvalue()


def test_the_errors_come_again_at_the_end(send: Send, screen: StringIO, tmp_path: Path) -> None:
    """But not those of jobs that a restart has finished, and not Snakemake's hint to look above."""
    handler = send.__closure__[0].cell_contents  # type: ignore[attr-defined]
    log, other = tmp_path / "train.log", tmp_path / "none.log"
    log.write_text(ERROR)
    for jobid in (1, 2, 3):
        send(**job(jobid, rule_msg=f"train student {jobid}"))
        failed(
            send, jobid, log if jobid < 3 else other, rule_msg="Slurm job 7 ended as TIMEOUT. " if jobid == 3 else ""
        )
    send(**job(2, rule_msg="train student 2"))
    send("Finished jobid: 2", event=LogEvent.JOB_FINISHED, job_id=2)
    send("Exiting because a job execution failed. Look above for error messages", level=logging.ERROR)
    handler.close()
    assert "Look above" not in screen.getvalue()
    assert screen.getvalue().splitlines()[-3:] == [
        "2 jobs failed:",
        f"  train student 1: error: no such student ({log})",
        "  train student 3: Slurm job 7 ended as TIMEOUT.",
    ]


def test_of_a_failed_group_the_jobs_with_an_error_are_shown(send: Send, screen: StringIO, tmp_path: Path) -> None:
    log, fine = tmp_path / "grade.log", tmp_path / "fine.log"
    log.write_text(ERROR)
    fine.write_text("graded 20 answers\n")
    for jobid in (1, 2):
        send(**job(jobid, rule_msg=f"grade model {jobid}"))
    group = {"groupid": "grading", "job_error_info": [{}, {}], "aux_logs": ["slurm/7.log"]}
    send("Error in group grading", level=logging.ERROR, event=LogEvent.GROUP_ERROR, **group)
    for jobid, file in ((1, fine), (2, log)):
        failed(send, jobid, file, indent=True)
    assert screen.getvalue().splitlines()[:3] == [
        "failed: the group of jobs grading slurm/7.log",
        "failed: grade model 2",
        "  | error: no such student",
    ]
    assert "model 1" not in screen.getvalue()


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.04, "0.0 s"), (9.94, "9.9 s"), (41.2, "41 s"), (59.6, "1:00"), (187, "3:07"), (7387, "2:03:07")],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_a_progress_bar_is_read_in_its_newest_state(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes("start\n\x1b[32m 10%|█  \r 20%|██ \r 30%|███\x1b[0m\n\n".encode())
    assert last_words(log, 1) == ["30%|███"]
    assert last_words(log, 5) == ["start", "30%|███"]
    assert last_words(tmp_path / "absent", 1) == []


def test_a_traceback_of_a_full_disk_is_one_error(send: Send, screen: StringIO) -> None:
    traceback = 'Traceback (most recent call last):\n\n  File "dag.py", line 9, in init\n\n{}\n\n'
    full = "OSError: [Errno 28] No space left on device"
    send(traceback.format(full), logging.ERROR, event=LogEvent.ERROR, exception="OSError")
    said = screen.getvalue()
    assert said.startswith("error: the operating system refuses") and "free disk space" in said
    assert full in said and "dag.py" not in said
    send(traceback.format("KeyError: 7"), logging.ERROR, event=LogEvent.ERROR, exception="KeyError")
    assert "dag.py" in screen.getvalue()  # a fault of a program keeps its traceback


def test_the_time_left_is_that_of_finished_jobs_of_the_same_rules() -> None:
    left = TimeLeft()
    assert left.text(1, 9) == ""
    left.expect({"train": 4, "draw": 6, "plot": 2, "total": 12})
    assert left.text(1, 12) == ""
    left.finish("train", 100)
    left.finish("train", 140)
    # two at a time: 2 trainings of 120 s take 120 s; nothing is known of drawing and plotting
    assert left.text(120, 10) == "about 2:00 left, without 8 jobs of rules that have not run yet"
    left.finish("draw", 60)
    left.finish("plot", 0)
    # 300 s in 150 s: two at a time; 2 x 120 + 5 x 60 + 1 x 0
    assert left.text(150, 8) == "about 4:30 left"
    # one at a time, with pauses: the pauses do not count as half a job
    alone = TimeLeft()
    alone.expect({"train": 2, "total": 2})
    alone.finish("train", 50)
    assert alone.text(100, 1) == "about 50 s left"
    # jobs that a checkpoint has added
    alone.finish("train", 50)
    alone.finish("train", 50)
    assert alone.text(200, 0) == "" and alone.text(200, 3) == ""


def test_the_status_begins_with_the_time_left(send: Send) -> None:
    handler = send.__closure__[0].cell_contents  # type: ignore[attr-defined]
    send("", event=LogEvent.RUN_INFO, stats={"train": 3, "total": 3})
    for jobid in (1, 2):
        send(**job(jobid))
    assert not handler._status().startswith("about")
    handler._running[1] = ("train", handler._running[1][1] - 50, [])
    handler._started -= 50
    send("", event=LogEvent.JOB_FINISHED, job_id=1)
    # the open jobs are the one that runs and one more, of 50 s each
    assert handler._status().startswith("about 1:40 left | ... train (")
