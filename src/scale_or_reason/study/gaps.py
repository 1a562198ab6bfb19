"""Gaps of a study: models without results, since one of their jobs has failed.

Tables and figures can be made without these models. They are then written below ``results/NAME/partial``, never in the
place of the whole study's. Standard library only: every cluster job imports this module through the Snakefile.
"""

from __future__ import annotations

import csv
import json
import os
import re
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

from scale_or_reason.common.wording import counted
from scale_or_reason.study.cells import MODEL_ID_PATTERN

#: The variable that hands the gaps on to the jobs of a run for partial results.
VARIABLE = "SCALE_OR_REASON_GAPS"
#: Below ``results/NAME``.
FOLDER = "partial"
_MODEL_IN_PATH = re.compile(rf".*/(?:models|answers|verdicts/[^/]+)/({MODEL_ID_PATTERN})(?:/[^/]+)?")


@dataclass(frozen=True)
class Gap:
    """A model without results, the job that has failed, and its log."""

    model_id: str
    failed_job: str
    log: str


@dataclass(frozen=True)
class PartialRun:
    """A run for partial results: what is missing, the files to make, and those that exist and have to be made again."""

    gaps: tuple[Gap, ...] = ()
    targets: tuple[str, ...] = ()
    outdated: tuple[str, ...] = ()

    @classmethod
    def from_environment(cls) -> PartialRun:
        """The run that this process belongs to; one without gaps where it is for the whole study."""
        return cls(tuple(Gap(**gap) for gap in json.loads(os.environ.get(VARIABLE, "[]"))))

    def environment(self) -> dict[str, str]:
        """The variable from which :meth:`from_environment` reads the gaps of this run."""
        return {VARIABLE: json.dumps([asdict(gap) for gap in self.gaps])}

    @property
    def missing(self) -> frozenset[str]:
        """The ids of the models without results."""
        return frozenset(gap.model_id for gap in self.gaps)

    def lacks(self, model_id: str) -> bool:
        """Whether a model has no results, or the model that this one is under another limit or with other answers."""
        return re.sub(r"/(?:(?:max|think)-tokens|samples)-.*", "", model_id) in self.missing


def gap_note(gaps: Sequence[Gap], models: int) -> str:
    """One sentence for figures, pages and the end of a run; ``models`` is the number of all models of the study."""
    return (
        f"Partial results: without {len(gaps)} of {counted(models, 'model')}, which {FOLDER}/gaps.csv lists."
        if gaps
        else ""
    )


def write_gaps(gaps: Iterable[Gap], path: Path) -> None:
    """Write the table of gaps: ``model_id, failed_job, log``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    with partial.open("w", encoding="utf-8", newline="") as stream:
        table = csv.DictWriter(stream, ["model_id", "failed_job", "log"], lineterminator="\n")
        table.writeheader()
        table.writerows(asdict(gap) for gap in gaps)
    partial.replace(path)


@cache
def model_of_path(path: str) -> str | None:
    """The id of the model that a result belongs to; None for results of no single model."""
    match = _MODEL_IN_PATH.fullmatch(path)
    return match[1] if match else None
