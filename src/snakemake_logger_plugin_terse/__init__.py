"""One line per job on the screen: a logger for Snakemake, chosen with ``--logger terse``.

A finished job is one line: how many are done, the time of day, how long it took, what it was. On a terminal a last line
tells what is running, with the newest line of the job's log (a progress bar, say); where output goes to a file, running
jobs are named once a minute. The line begins with the time that is left, as far as finished jobs tell. Snakemake's own,
longer account is in ``.snakemake/log/`` as always.
"""

from __future__ import annotations

import logging
import re
import sys
import time
from pathlib import Path
from threading import Event, RLock, Thread
from typing import TextIO

from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent

from scale_or_reason.common.errors import refusal
from scale_or_reason.common.wording import counted
from snakemake_logger_plugin_terse.failures import Failure, describe
from snakemake_logger_plugin_terse.screen import Screen
from snakemake_logger_plugin_terse.start import check_start
from snakemake_logger_plugin_terse.text import clock, duration, job_name, last_words
from snakemake_logger_plugin_terse.time_left import TimeLeft

#: Seconds between two looks at the running jobs, on a terminal and elsewhere.
TERMINAL_INTERVAL, FILE_INTERVAL = 0.5, 60.0
#: How many running jobs the status line names.
NAMED_JOBS = 3
#: Remarks of Snakemake and its Slurm executor that nobody needs to read on the screen.
NOISE = re.compile(
    "Assuming unrestricted shared filesystem|Building DAG of jobs|Using shell:|Select jobs to execute"
    "|Conda environments: ignored|Singularity containers: ignored|Config file .* by additional config"
    r"|Complete log\(s\):|Elapsed time:|Adding .* \(.* bytes\)\."
    r"|SLURM run ID:|Auto-selected partition|Job \d+ has been submitted with SLURM jobid"
)
#: The rule in Snakemake's message about a finished job.
_FINISHED_RULE = re.compile(r"\(Rule: ([^)]+)\)")
#: Begins the last line of a log that a reader should see although its job has succeeded.
_WARNING = "warning: "
#: Begins the command line of a job whose record of failure follows.
_DUMP = "RuleException:\nCalledProcessError in file"
#: The errors come again at the end of a run, with the jobs' names, instead of these words of Snakemake.
NO_NEWS = ("Exiting because a job execution failed", "At least one job did not complete successfully")
#: Events whose records never make a line: the job's own lines say the same.
SILENT_EVENTS = {
    LogEvent.WORKFLOW_STARTED,
    LogEvent.JOB_STARTED,
    LogEvent.SHELLCMD,
    LogEvent.RESOURCES_INFO,
    LogEvent.RULEGRAPH,
    LogEvent.DEBUG_DAG,
    LogEvent.GROUP_INFO,
}

check_start()


class LogHandler(LogHandlerBase):
    """Snakemake's handler interface; a dry run and ``--verbose`` print as if this logger were not there."""

    writes_to_stream = True
    writes_to_file = False
    has_filter = False
    has_formatter = False
    needs_rulegraph = False

    def __post_init__(self) -> None:
        stream: TextIO = sys.stdout if self.common_settings.stdout else sys.stderr
        self._screen = Screen(stream)
        self._running: dict[int, tuple[str, float, list[str]]] = {}
        self._rules: dict[int, str] = {}
        self._time_left = TimeLeft()
        self._failures: dict[int, Failure] = {}
        self._done, self._total = 0, 0
        self._started = time.monotonic()
        self._lock = RLock()
        self._stop = Event()
        self._plain = self.common_settings.dryrun or self.common_settings.verbose
        if not self._plain:
            Thread(target=self._watch, daemon=True).start()

    def emit(self, record: logging.LogRecord) -> None:
        """Print what ``record`` has for a reader, if anything."""
        try:
            with self._lock:
                if self._plain:
                    self._screen.line(self.format(record))
                else:
                    self._handle(record)
                    if self._screen.is_terminal:
                        self._screen.status(self._status())
        except Exception:
            self.handleError(record)

    def close(self) -> None:
        """Remove the status line and stop watching."""
        self._stop.set()
        with self._lock:
            self._screen.status("")
            if self._failures and not self._plain:
                number = counted(len(self._failures), "job")
                lines = [failure.summary() for failure in self._failures.values()]
                self._screen.line("\n".join([f"{number} failed:", *lines]))
                self._failures = {}
        super().close()

    def _handle(self, record: logging.LogRecord) -> None:
        event = getattr(record, "event", None)
        facts = record.__dict__
        if event == LogEvent.RUN_INFO:
            self._total = int(facts["stats"]["total"])
            self._time_left.expect(facts["stats"])
            self._screen.line(f"{counted(self._total, 'job')} to do")
        elif event == LogEvent.JOB_INFO:
            self._rules[facts["jobid"]] = str(facts["rule_name"])
            self._running[facts["jobid"]] = (job_name(facts), time.monotonic(), list(facts["log"]))
        elif event == LogEvent.JOB_FINISHED:
            self._finish(facts["job_id"], record.getMessage())
        elif event == LogEvent.PROGRESS:
            self._total = facts["total"]
            if facts["done"] == self._total:
                self._screen.line(f"all done after {duration(time.monotonic() - self._started)}")
        elif event == LogEvent.JOB_ERROR:
            self._fail(record)
        elif event == LogEvent.GROUP_ERROR:
            self._fail_group(record)
        elif event not in SILENT_EVENTS:
            message = record.getMessage()
            if message.startswith(_DUMP):
                return
            if any(words in message for words in NO_NEWS) and self._failures:
                return
            if event == LogEvent.ERROR and (refused := _refused(message)):
                message = refused
            if record.levelno >= logging.WARNING or NOISE.match(message) is None:
                self._screen.line(message)

    def _finish(self, jobid: int, message: str) -> None:
        self._done += 1
        self._failures.pop(jobid, None)
        width = len(str(self._total))
        begin = f"[{self._done:{width}}/{self._total}] {clock()}"
        if jobid not in self._running:  # --quiet rules: Snakemake keeps back what it knows of a job that starts
            rule = _FINISHED_RULE.search(message)
            self._screen.line(f"{begin} {'':7}  {rule[1] if rule else f'job {jobid}'}")
            return
        name, started, logs = self._running.pop(jobid)
        seconds = time.monotonic() - started
        self._time_left.finish(self._rules.pop(jobid, ""), seconds)
        self._screen.line(f"{begin} {duration(seconds):>7}  {name}")
        # what a job has to say last is otherwise seen by nobody
        for line in last_words(Path(logs[0]), 1) if logs else []:
            if line.startswith(_WARNING):
                self._screen.line(line)

    def _fail(self, record: logging.LogRecord) -> None:
        """The error of a failed job; Snakemake's own account of it is in its log."""
        facts = record.__dict__
        jobid, rule = facts.get("jobid", -1), str(facts.get("rule_name", "a job"))
        name, _, _ = self._running.pop(jobid, (rule, 0.0, []))
        logs = [str(log) for log in facts.get("log") or []]
        is_member = bool(facts.get("indent"))
        failure, lines = describe(name, str(facts.get("rule_msg") or ""), logs, is_member)
        if failure is not None:
            self._failures[jobid] = failure
            self._screen.line(lines)

    def _fail_group(self, record: logging.LogRecord) -> None:
        """The end of a group of jobs, whose errors follow."""
        facts = record.__dict__
        logs = " ".join(str(log) for log in facts.get("aux_logs") or [])
        self._screen.line(f"failed: the group of jobs {facts.get('groupid')} {logs}".rstrip())

    def _watch(self) -> None:
        interval = TERMINAL_INTERVAL if self._screen.is_terminal else FILE_INTERVAL
        while not self._stop.wait(interval):
            with self._lock:
                self._screen.status(self._status())

    def _status(self) -> str:
        now = time.monotonic()
        jobs = [(name, now - started, logs) for name, started, logs in self._running.values()]
        more = [f"and {len(jobs) - NAMED_JOBS} more"] if len(jobs) > NAMED_JOBS else []
        left = self._time_left.text(now - self._started, self._total - self._done) if jobs else ""
        return " | ".join([*([left] if left else []), *(_running_job(*job) for job in jobs[:NAMED_JOBS]), *more])


def _refused(message: str) -> str | None:
    """For Snakemake's traceback of a full disk and the like: the error and its remedy. None for other errors."""
    lines = message.strip().splitlines()
    if len(lines) < 2 or not lines[0].startswith("Traceback"):
        return None
    error = refusal(OSError(lines[-1]))
    return f"error: {error}" if error else None


def _running_job(name: str, seconds: float, logs: list[str]) -> str:
    words = last_words(Path(logs[0]), 1) if logs else []
    return " ".join([f"... {name} ({duration(seconds)})", *words])
