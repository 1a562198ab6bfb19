"""Download what a study uses from the hub, once: commits, sizes and free disk first, then the files."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.hub_files import CARD, split_patterns
from scale_or_reason.common.wording import counted
from scale_or_reason.hub.attempts import patiently, readable
from scale_or_reason.hub.needs import LEFT_OUT, Need
from scale_or_reason.study.hub_lock import MODEL, HubLock, Repository, cache_folder

CONNECTIONS = 4
GB = 1e9


@dataclass(frozen=True)
class Selection:
    """The files of a repository at a commit; ``missing`` are those that the cache does not have, with their bytes."""

    repository: Repository
    commit: str
    files: dict[str, int]
    missing: dict[str, int]

    @property
    def row(self) -> dict[str, Any]:
        """The repository's entry in the lock file and in the table of repositories."""
        one = self.repository
        return {
            "kind": one.kind,
            "name": one.name,
            "revision": one.revision,
            "commit": self.commit,
            "files": len(self.files),
            "bytes": sum(self.files.values()),
        }


def select_files(needs: Sequence[Need], lock: HubLock, note: Callable[[str], None]) -> list[Selection]:
    """The commit and the files of each repository. A locked commit stays, even if its branch has moved since.

    Raises :class:`StudyError` that names all repositories which this user cannot read.
    """
    refused: list[StudyError] = []
    selections: list[Selection] = []
    for repository in dict.fromkeys(need.repository for need in needs):
        own = [need for need in needs if need.repository == repository]
        try:
            selections.append(_select(repository, own, lock.commits.get(repository), note))
        except StudyError as error:
            refused.append(error)
    if len(refused) == 1:
        raise refused[0]
    if refused:
        raise StudyError(
            f"{counted(len(refused), 'repository', 'repositories')} of the hub cannot be read",
            where=", ".join(str(error.where) for error in refused),
            key=", ".join(str(error.key) for error in refused),
            found="; ".join(dict.fromkeys(str(error.found) for error in refused)),
            expected="access to each of them",
            remedy="; ".join(dict.fromkeys(str(error.remedy) for error in refused)),
        )
    return selections


def _select(
    repository: Repository, needs: Sequence[Need], locked: str | None, note: Callable[[str], None]
) -> Selection:
    from huggingface_hub import HfApi, try_to_load_from_cache
    from huggingface_hub.hf_api import RepoFile

    api = HfApi()
    name, kind = repository.name, repository.kind
    key = ", ".join(dict.fromkeys(need.key for need in needs))
    with readable(repository, key):
        current = str(patiently(lambda: api.repo_info(name, repo_type=kind, revision=repository.revision)).sha)
        commit = locked or current
        if commit != current:
            note(
                f"{repository.name}: {repository.revision} has moved to {current}; the study stays at {commit}. "
                "To move it, delete its entry in the lock file."
            )
        tree = patiently(lambda: list(api.list_repo_tree(name, repo_type=kind, recursive=True, revision=commit)))
        sizes = {entry.path: int(entry.size) for entry in tree if isinstance(entry, RepoFile)}
        card = _card(repository, commit) if CARD in sizes and any(need.splits for need in needs) else ""
    files = {file: size for file, size in sizes.items() if any(_wanted(file, need, card) for need in needs)}
    if not files:
        raise StudyError(
            "a repository of the hub has none of the files that the study needs",
            where=repository.address,
            key=key,
            found=", ".join(list(sizes)[:10]) or "no files",
            expected=", ".join(dict.fromkeys(pattern for need in needs for pattern in need.patterns)) or "data files",
            remedy="check the name and the revision in the config; pickled weights are never loaded",
        )

    def is_cached(file: str) -> bool:
        return isinstance(try_to_load_from_cache(name, file, repo_type=kind, revision=commit), str)

    missing = {file: size for file, size in files.items() if not is_cached(file)}
    return Selection(repository, commit, files, missing)


def _card(repository: Repository, commit: str) -> str:
    from huggingface_hub import hf_hub_download

    def download() -> str:
        return hf_hub_download(repository.name, CARD, repo_type=repository.kind, revision=commit)

    return Path(patiently(download)).read_text(encoding="utf-8", errors="replace")


def _wanted(name: str, need: Need, card: str) -> bool:
    if need.repository.kind == MODEL:
        return _matches(name, need.patterns) and not _matches(name, LEFT_OUT)
    patterns: list[str] = list(need.patterns)
    for config, split in need.splits:
        named = split_patterns(card, config, split)
        if named is None:  # the library will look through all files
            return True
        patterns += named
    return name == CARD or _matches(name, patterns)


def _matches(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(name, pattern.removeprefix("./")) for pattern in patterns)


def check_disk(selections: Sequence[Selection]) -> None:
    """Raise :class:`StudyError` if the missing files do not fit on the disk of the hub's cache."""
    needed = sum(sum(selection.missing.values()) for selection in selections)
    folder = cache_folder()
    existing = next(parent for parent in (folder, *folder.parents) if parent.exists())
    free = shutil.disk_usage(existing).free
    if needed > free:
        largest = max(selections, key=lambda selection: sum(selection.missing.values()))
        raise StudyError(
            "the disk has no room for the study's models and data sets",
            where=folder,
            key="HF_HOME",
            found=f"{free / GB:.1f} GB free",
            expected=f"{needed / GB:.1f} GB, of which {largest.repository.name} "
            f"{sum(largest.missing.values()) / GB:.1f} GB",
            remedy="export HF_HOME=FOLDER on a larger disk that all nodes see, or remove models from the study",
        )
    if not os.access(existing, os.W_OK):
        raise StudyError(
            "the hub's cache cannot be written",
            where=existing,
            key="HF_HOME",
            found="no permission",
            expected="a folder of yours",
            remedy="export HF_HOME=FOLDER on a disk that all nodes see",
        )


def download(selection: Selection, key: str = "the study") -> None:
    """Download the missing files of a repository. Raises :class:`StudyError` if one cannot be had."""
    from huggingface_hub import hf_hub_download
    from huggingface_hub.utils import disable_progress_bars

    disable_progress_bars()  # of eight files at a time, in a log
    one = selection.repository

    def fetch(name: str) -> None:
        patiently(lambda: hf_hub_download(one.name, name, repo_type=one.kind, revision=selection.commit))

    with readable(one, key), ThreadPoolExecutor(CONNECTIONS) as pool:
        for _ in pool.map(fetch, selection.missing):
            pass
