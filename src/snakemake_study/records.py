"""Records of what a job was made with, written by the process that has made it.

Snakemake 9.27.1 writes them where it was started, from the settings that it was started with. A cluster job reads the
config anew, so an edit of the config makes the record untrue while jobs wait in a queue. A job that ends after
Snakemake was killed has no record at all, and a later change of its settings goes unnoticed.
"""

from __future__ import annotations

import ast
import json
import os
import re
import shlex
from base64 import urlsafe_b64decode
from collections.abc import Callable, Iterable
from copy import copy
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import snakemake.api  # before snakemake.workflow, which cannot be imported first
import snakemake.workflow
from snakemake.persistence import NO_PARAMS_CHANGE
from snakemake_interface_executor_plugins.settings import ExecMode

from snakemake_study.locks import OwnLocks


class TrueRecords(OwnLocks):
    """Snakemake's records in files, with those of cluster jobs written inside of the jobs."""

    rules_folder: Path | None = None
    #: Called in the main process with the outputs of each job that has ended, also of one that has failed.
    when_ended: Callable[[Iterable[str]], None] | None = None
    longest_text: Callable[[Iterable[str]], int | None] = staticmethod(lambda outputs: None)

    async def finished(self, job: Any) -> None:
        """Record a job that has succeeded, unless the process that ran it has done so."""
        workflow = self.dag.workflow
        if workflow.exec_mode == ExecMode.REMOTE:
            await OwnLocks.finished(self._as_main_process(), job)
            self._clear_cache()
        elif workflow.local_exec or job.is_local or not all(self._recorded_inside(file) for file in job.output):
            await super().finished(job)
        if workflow.exec_mode == ExecMode.DEFAULT and self.when_ended:
            self.when_ended(job.output)

    def _as_main_process(self) -> TrueRecords:
        """These records as Snakemake uses them in the process that a person has started."""
        settings = ("execution_settings", "remote_execution_settings", "deployment_settings")
        workflow = {name: getattr(self.dag.workflow, name) for name in settings}
        records = copy(self)
        records.dag = SimpleNamespace(workflow=SimpleNamespace(exec_mode=ExecMode.DEFAULT, **workflow))
        return records

    def _recorded_inside(self, file: Any) -> bool:
        """Whether the job has recorded this output: it has then removed the mark of an incomplete file, too."""
        mark = self._record_path(self._incomplete_path, self._get_key(file))
        self._clear_cache()
        return not os.path.exists(mark) and self.metadata(file) is not None

    def files_of(self, output: str) -> tuple[Path, Path]:
        """The record of an output, and its mark while a job makes it."""
        record, mark = (self._record_path(folder, output) for folder in (self._metadata_path, self._incomplete_path))
        return Path(record), Path(mark)

    def input_changed(self, job: Any, file: Any = None) -> Any:
        """Whether the list of input files differs from the recorded one; never for the rules of this project.

        Their parameters say what a result depends on. Lists of inputs also change with the way in which work is cut
        into jobs: how many models a job judges, into how many shards the teacher's prompts are cut.
        """
        if _folder_of(job.rule.snakefile) == self.rules_folder:
            return False if file is not None else iter(())
        return super().input_changed(job, file)

    def code_changed(self, job: Any, file: Any = None) -> Any:
        """Whether the command differs in more than ``exec``, which decides who gets a signal, and how Python starts."""
        if _folder_of(job.rule.snakefile) != self.rules_folder:
            return super().code_changed(job, file)
        changes = [
            output
            for output in ([file] if file is not None else job.output)
            if (before := self.code(output)) is not None and _plain(before) != _plain(self._code(job.rule) or "")
        ]
        return bool(changes) if file is not None else iter(changes)

    def params_changed(self, job: Any, file: Any = None) -> Any:
        """Whether parameters differ in more than their spelling, such as 1 for 1.0.

        The context length of an engine counts only if a text would not fit into the shorter one.
        """
        changes = super().params_changed(job, file)
        if not changes or _folder_of(job.rule.snakefile) != self.rules_folder:
            return changes
        before, now = (_meanings(values, job.rule.name) for values in (changes.only_old, changes.only_new))
        for later in _LATER_PARAMETERS:
            if not any(later in text for text in before):
                now = {text for text in now if later not in text}
        if before == now:
            return NO_PARAMS_CHANGE
        (before, lengths), (now, new_lengths) = _without_context(before), _without_context(now)
        if before != now:
            return changes
        longest = self.longest_text(map(str, job.output))
        return NO_PARAMS_CHANGE if longest is not None and longest < min(lengths | new_lengths) else changes


def _plain(command: str) -> str:
    """A command without what changes no result: ``exec``, and Python that starts as a fork."""
    return command.removeprefix("exec ").replace(_FORKED_PYTHON, "python ", 1)


@cache
def _folder_of(file: str) -> Path:
    return Path(file).resolve().parent


#: Python as a parameter, which with `compute.warm_start` starts as a fork.
_FORKED_PYTHON = "{params.python} "
#: Parts of parameters that records of earlier versions lack. A record with another one counts.
_LATER_PARAMETERS = ("'tokens of ",)
#: The engine setting with the tokens that a prompt and its completion share.
_CONTEXT = "max_model_len"
#: A whole number as a decimal number, in JSON.
_WHOLE = re.compile(r"(?<=[ \[])(-?\d+)\.0(?=[,\]}])")


def _meanings(parameters: Iterable[str], rule: str) -> set[str]:
    """Parameters without differences of spelling, and without those that only say how work is cut into jobs."""
    # earlier versions recorded the other models of the same job
    cut = tuple(f"{quote}--model-ids " for quote in "\"'") if rule.startswith("evaluate_") else ()
    return {_WHOLE.sub(r"\1", text) for text in parameters if not (cut and text.startswith(cut))}


def _without_context(parameters: Iterable[str]) -> tuple[set[str], set[int]]:
    """Parameters with the context length taken out of engine settings, and these lengths."""
    rest, lengths = set(), set()
    for text in parameters:
        if text[1:].startswith("--engine "):
            option, values = shlex.split(ast.literal_eval(text))
            settings = json.loads(values)
            if (length := settings.pop(_CONTEXT, None)) is not None:
                lengths.add(length)
            text = f"{option} {json.dumps(settings)}"
        rest.add(text)
    return rest, lengths


def replace_records(rules_folder: Path, longest_text: Callable[[Iterable[str]], int | None]) -> None:
    """Have Snakemake use :class:`TrueRecords` from now on. ``rules_folder`` contains the rules of this project.

    ``longest_text``: the tokens of the longest text in a job's outputs, prompt included; None if they do not say.
    """
    TrueRecords.rules_folder, TrueRecords.longest_text = rules_folder, staticmethod(longest_text)
    snakemake.workflow.FilePersistence = TrueRecords


def incomplete_files(folder: Path = Path(".snakemake", "incomplete")) -> set[str]:
    """The outputs of jobs that are running, or that a killed Snakemake has left unfinished."""
    marks = (file.relative_to(folder).parts for file in folder.rglob("*") if file.is_file())
    return {urlsafe_b64decode("".join(part.removeprefix("@") for part in parts)).decode() for parts in marks}
