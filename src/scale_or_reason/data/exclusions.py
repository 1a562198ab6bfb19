"""Whether existing pairs have to be made again because of prompts that overlap with benchmarks.

A new benchmark rarely overlaps with the pairs of a study. Then trainings go on with the pairs that there are. A file
beside the table of overlaps has a revision, which is a parameter of the rules that make pairs: it is raised only if
existing pairs contain a prompt that no student may train on, or if the test for overlaps itself has changed. So a
dropped benchmark makes no pairs old either: they lack more prompts than they need to.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.files import write_json
from scale_or_reason.common.seeds import stable_id
from scale_or_reason.common.wording import counted


@dataclass(frozen=True)
class Exclusions:
    """The state of a corpus: the test for overlaps, the benchmarks that it was made for, and what it excluded."""

    test: str
    benchmarks: tuple[str, ...]
    excluded: str
    revision: int

    @classmethod
    def read(cls, path: Path) -> Exclusions | None:
        """The state in ``path``; None if there is none, or in files of a killed job."""
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
            return cls(**{**values, "benchmarks": tuple(values["benchmarks"])})
        except (FileNotFoundError, ValueError, TypeError, KeyError):
            return None

    def write(self, path: Path) -> None:
        """Write the state."""
        write_json(asdict(self), path)


def next_exclusions(
    before: Exclusions | None,
    test: str,
    benchmarks: Iterable[str],
    excluded: Iterable[str],
    in_pairs: Sequence[str],
) -> Exclusions:
    """The new state, for the ids of the prompts that overlap now (``excluded``).

    ``in_pairs``: those of them that existing pairs contain.
    """
    identity = stable_id(json.dumps(sorted(excluded)))
    revision = before.revision if before else 0
    if in_pairs or (before and before.test != test and before.excluded != identity):
        revision += 1
    return Exclusions(test, tuple(sorted(benchmarks)), identity, revision)


def check_may_replace(pairs: Path, overlapping: Sequence[str], benchmarks: Sequence[str]) -> None:
    """Raise :class:`StudyError` where existing pairs contain prompts that overlap."""
    if overlapping:
        raise StudyError(
            "pairs on which students may have been trained overlap with benchmarks",
            where=pairs,
            found=f"{counted(len(overlapping), 'prompt')} with words of {', '.join(benchmarks)}",
            expected="none",
            remedy="remove these benchmarks from study.families; or add --config confirm=pairs, which makes the pairs "
            "again without these prompts, and every model that was trained on them",
        )
