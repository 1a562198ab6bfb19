"""The lock file of a study: the commit of every model and data set of the hub that the study uses.

``snakemake prefetch`` writes it. With a lock, jobs use its commits and leave the hub alone. Standard library only:
every cluster job imports this module through the Snakefile.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scale_or_reason.common.errors import StudyError
from scale_or_reason.study.local_files import is_local

MODEL, DATASET = "model", "dataset"
_COMMIT = re.compile("[0-9a-f]{40}")
_REMEDY = "run snakemake prefetch again, with the study's overlays, on a machine with a network"


@dataclass(frozen=True, order=True)
class Repository:
    """A revision of a repository of the hub; ``kind`` is :data:`MODEL` or :data:`DATASET`."""

    kind: str
    name: str
    revision: str = "main"

    @property
    def address(self) -> str:
        """The page of the repository."""
        return f"https://huggingface.co/{'datasets/' if self.kind == DATASET else ''}{self.name}"

    def snapshot(self, commit: str) -> Path:
        """The folder of the hub's cache with the files of a commit."""
        return cache_folder() / f"{self.kind}s--{self.name.replace('/', '--')}" / "snapshots" / commit


@dataclass(frozen=True)
class HubLock:
    """The locked commits; without any, those that the hub has now."""

    path: Path
    commits: Mapping[Repository, str]

    def __bool__(self) -> bool:
        return bool(self.commits)

    def commit(self, kind: str, name: str, revision: str | None = None) -> str | None:
        """The commit of a repository; None if the lock does not have it."""
        return self.commits.get(Repository(kind, name, revision or "main"))

    def named(self, model: str) -> str:
        """``ID@COMMIT`` for a model that has no key for its revision; the name alone if the lock does not have it."""
        commit = None if is_local(model) else self.commit(MODEL, model)
        return f"{model}@{commit}" if commit else model

    def check(self, used: Iterable[Repository]) -> None:
        """Raise :class:`StudyError` if a repository that the study uses is not locked, or not in the hub's cache."""
        used = list(used)
        if missing := [one for one in used if one not in self.commits]:
            raise StudyError(
                "the lock file lacks what the study uses from the hub",
                where=self.path,
                key=f"{missing[0].kind} {missing[0].name}, revision {missing[0].revision}",
                found=f"{len(missing)} of {len(used)} are missing",
                expected="every model and data set of the study",
                remedy=_REMEDY,
            )
        for one in used:
            if not os.path.isdir(one.snapshot(self.commits[one])):
                raise StudyError(
                    "the hub's cache lacks what the lock file names",
                    where=self.path,
                    key=f"{one.kind} {one.name}",
                    found=f"no folder {one.snapshot(self.commits[one])}",
                    expected="the files that snakemake prefetch has downloaded",
                    remedy=f"set HF_HOME as it was for the download, or {_REMEDY}",
                )


def read_lock(path: str | Path) -> HubLock:
    """The lock in a file, or an empty one if the file does not exist; :class:`StudyError` if it is damaged."""
    path = Path(path)
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))["repositories"]
        commits = {Repository(one["kind"], one["name"], one["revision"]): one["commit"] for one in entries}
        if not all(_COMMIT.fullmatch(commit) for commit in commits.values()):
            raise ValueError("a commit does not have 40 hexadecimal digits")
    except FileNotFoundError:
        return HubLock(path, {})
    except (ValueError, LookupError, TypeError) as error:
        raise StudyError(
            "a lock file is damaged",
            where=path,
            found=f"{type(error).__name__}: {error}",
            expected="the file as snakemake prefetch writes it",
            remedy=f"restore it from a copy; or delete it and {_REMEDY}",
        ) from None
    return HubLock(path, commits)


def pin_revisions(config: dict[str, Any], lock: HubLock) -> None:
    """Put the lock's commits in the place of the revisions of models and data sets, in place."""
    for catalogue in ("students", "adopted", "teachers", "judges"):
        for entry in config[catalogue].values():
            if not is_local(entry["model"]) and (commit := lock.commit(MODEL, entry["model"], entry.get("revision"))):
                entry["revision"] = commit
    for corpus in config["corpora"].values():
        for source in (corpus.get("source"), corpus.get("released")):
            if source and source["kind"] == "hub":
                commit = lock.commit(DATASET, source["path"], source.get("revision"))
                source["revision"] = commit or source.get("revision")


def cache_folder() -> Path:
    """The hub's cache, as the hub's library finds it."""
    if folder := os.environ.get("HF_HUB_CACHE") or os.environ.get("HUGGINGFACE_HUB_CACHE"):
        return Path(folder).expanduser()
    caches = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    home = os.environ.get("HF_HOME") or os.path.join(caches, "huggingface")
    return Path(home).expanduser() / "hub"
