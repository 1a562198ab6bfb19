"""Scores that people edit in logs of inspect_ai, as labels: rows of the file that ``labels.path`` names."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.wording import counted
from scale_or_reason.judging.labels import COLUMNS
from scale_or_reason.reporting.eval_logs.log import not_installed

#: The columns of the file: those of labels, the score that was edited, and the reason that the person gave.
EDIT_COLUMNS = [*COLUMNS, "score", "reason"]
#: inspect_ai's value of an edit that leaves a part as it is.
_UNCHANGED = "UNCHANGED"
#: Values of a score as labels. N is no answer; a number is the share of right ones.
_LABELS = {"C": "yes", "I": "no", "N": "unsure", "yes": "yes", "no": "no", "unsure": "unsure", 1: "yes", 0: "no"}
_OWN = ("sample", "answer_hash")

Log = Mapping[str, Any]


def labels_in(
    log: Log, where: object, person: str | None = None, scorers: Sequence[str] = ()
) -> Iterator[dict[str, Any]]:
    """The labels in a log (inspect_ai's ``EvalLog`` as a dictionary): rows with ``EDIT_COLUMNS``.

    Each person who edits a score gives the answer a label: the value of the own last edit. The author of an edit is the
    person; ``person`` stands for edits without one. ``scorers`` are scores that are labels as a whole, of a person with
    the score's name, such as those that ``inspect score`` adds. Scores that nobody edited are no labels.

    Raises :class:`StudyError` for edits without a person, values that are no verdict, two verdicts of a person on an
    answer, and logs that are not of a study.
    """
    for sample in log["samples"] or []:
        found: dict[str, dict[str, Any]] = {}
        for name, score in (sample["scores"] or {}).items():
            place = f"{log['eval']['task']} {sample['id']}, epoch {sample['epoch']}, score {name}"
            for who, edit in _given(name, score, person, scorers):
                if who is None:
                    remedy = "edit with ProvenanceData(author=...), or give --person NAME"
                    raise _refused("an edit without a person", where, place, "no author", "an author", remedy)
                row = {"person": who, "label": _label(edit["value"], where, place), "score": name}
                row["reason"] = ((edit.get("provenance") or {}).get("reason") or "").strip()
                row |= _answer(log, sample, where, place)
                before = found.setdefault(who, row)
                if before["score"] == name:
                    found[who] = row  # the person's later edit of the same score
                elif before["label"] != row["label"]:
                    said = f"{who}: {row['label']}, and {before['label']} as score {before['score']}"
                    expected, remedy = "one label for an answer", "edit one of the scores"
                    raise _refused("a person contradicts an own label", where, place, said, expected, remedy)
        yield from found.values()


def _answer(log: Log, sample: Log, where: object, place: str) -> dict[str, Any]:
    """The columns that name the answer and its text."""
    metadata = sample["metadata"]
    if missing := [key for key in _OWN if key not in metadata]:
        expected, remedy = "a log that `snakemake inspect_logs` wrote", "edit copies of these logs"
        raise _refused("a log that is not of a study", where, place, f"no {', '.join(missing)}", expected, remedy)
    own = {"model_id": log["eval"]["model"], "benchmark": log["eval"]["task"], "item_id": sample["id"]}
    return own | {name: metadata[name] for name in _OWN}


def _given(
    name: str, score: Log, person: str | None, scorers: Sequence[str]
) -> Iterator[tuple[str | None, Mapping[str, Any]]]:
    """Who gives which value of a score, in the order of the edits.

    The history of an edited score begins with its original value, which has no provenance; that of a score that an
    edit created begins with this edit.
    """
    history = score.get("history") or []
    if name in scorers:
        yield name, history[0] if len(history) > 1 else score
    for number, edit in enumerate(history):
        author = ((edit.get("provenance") or {}).get("author") or "").strip() or None
        original = number == 0 and author is None and len(history) > 1
        if not original and edit["value"] != _UNCHANGED and (author is not None or name not in scorers):
            yield author or person, edit


def _label(value: Any, where: object, place: str) -> str:
    if isinstance(value, float) and math.isnan(value):
        return "unsure"
    label = _LABELS.get(value) if isinstance(value, str | int | float) else None
    if label is None:
        remedy = "set the score to C (right), I (wrong) or N (no verdict)"
        raise _refused("a score that is no verdict", where, place, value, "C, I or N", remedy)
    return label


def _refused(problem: str, where: object, key: str, found: object, expected: str, remedy: str) -> StudyError:
    return StudyError(problem, where=where, key=key, found=found, expected=expected, remedy=remedy)


def read_edits(folder: Path, person: str | None = None, scorers: Sequence[str] = ()) -> pl.DataFrame:
    """The labels in all logs below ``folder``, once each: a table with ``EDIT_COLUMNS``.

    Several persons may edit copies of the same logs. Raises :class:`StudyError` as :func:`labels_in` does, without
    inspect_ai, without logs, and without labels.
    """
    try:
        from inspect_ai.log import list_eval_logs, read_eval_log
    except ImportError as error:
        raise not_installed(error, "python") from None
    logs = list_eval_logs(str(folder)) if folder.is_dir() else []
    if not logs:
        raise _refused("there are no logs", folder, "--logs", "no .eval file", "a folder of logs of inspect_ai",
                       "`snakemake inspect_logs` writes them; copy them and edit the copies")  # fmt: skip
    rows: list[dict[str, Any]] = []
    for info in logs:
        log = read_eval_log(info).model_dump(include={"eval": {"model", "task"}, "samples": {"__all__": _READ}})
        rows += labels_in(log, info.name, person, scorers)
    if not rows:
        raise _refused("no score is edited", folder, "--logs", counted(len(logs), "log"), "logs with edited scores",
                       "edit scores with inspect_ai's edit_score, then save the log")  # fmt: skip
    return unique(rows)


#: What is read of a sample.
_READ = {"id", "epoch", "metadata", "scores"}


def unique(rows: Iterable[Mapping[str, Any]]) -> pl.DataFrame:
    """A table of ``EDIT_COLUMNS``, sorted, without rows that repeat a person's label of an answer."""
    table = pl.DataFrame([dict(row) for row in rows], schema={name: pl.String() for name in EDIT_COLUMNS}, strict=False)
    return table.sort(EDIT_COLUMNS).unique([*COLUMNS], keep="first", maintain_order=True)
