"""Check the manifests of a study: whether results were made from the inputs, and with the settings, of today."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from scale_or_reason.common.checksums import file_checksum, visible_files
from scale_or_reason.common.wording import counted
from scale_or_reason.integrity.files import File
from scale_or_reason.integrity.findings import OUTDATED, Checked, Finding
from scale_or_reason.integrity.settings import expected_settings
from scale_or_reason.study.study import Study

#: Packages whose versions affect results.
_SHORT = 12


def check_manifests(
    results: Path, files: Mapping[Path, File], checked: Checked, config: Mapping[str, Any] | None
) -> None:
    """Check all manifests among ``files``; add to ``checked`` what is outdated, and notes on versions.

    ``config`` is the study's config; without it the settings are not compared.
    """
    study = Study.from_config(config) if config is not None else None
    hashes = {path: file.present.sha256 for path, file in files.items()}
    versions: dict[str, dict[str, set[Path]]] = defaultdict(lambda: defaultdict(set))
    unseen = 0
    for path, content in manifests(files):
        for name, entry in content["inputs"].items():
            found = _present_hash(_place(str(entry["path"]), results), hashes)
            if found is None:
                unseen += 1
            elif found != entry["sha256"]:
                problem = f"made from another version of {name} ({entry['path']})"
                expected = f"that input with SHA-256 {entry['sha256'][:_SHORT]}"
                checked.findings.append(Finding(OUTDATED, path, problem, f"SHA-256 {found[:_SHORT]}", expected))
        for package, version in (content.get("packages") or {}).items():
            versions[package][version].add(path)
        git = content.get("git") or {}
        versions["code"][_revision(git)].add(path)
        if study is not None and config is not None:
            checked.findings += _settings_findings(path, path.relative_to(results), content, study, config)
    checked.notes += _version_notes(versions)
    if unseen:
        checked.notes.append(f"not on this machine and not compared: {counted(unseen, 'input')} named in manifests")


def manifests(files: Mapping[Path, File]) -> Iterator[tuple[Path, dict[str, Any]]]:
    """The manifests among ``files`` that can be read: JSON objects with inputs and settings."""
    for path in files:
        if path.suffix != ".json":
            continue
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue  # found damaged as a file
        if isinstance(content, dict) and {"inputs", "settings"} <= content.keys():
            yield path, content


def _place(recorded: str, results: Path) -> Path:
    """Where an input of a manifest is now: results may have been moved or renamed."""
    parts = PurePosixPath(recorded).parts
    if len(parts) > 2 and parts[0] == "results":
        return results.joinpath(*parts[2:])
    return Path(recorded)


def _present_hash(path: Path, hashes: dict[Path, str]) -> str | None:
    """The hash of a file or folder as manifests have it; None if it does not exist. ``hashes`` has known ones."""
    if path not in hashes:
        if path.is_file():
            hashes[path] = file_checksum(path).sha256
        elif path.is_dir():
            hashes[path] = _folder_hash(path, hashes)
        else:
            return None
    return hashes[path]


def _folder_hash(folder: Path, hashes: dict[Path, str]) -> str:
    """The same as :func:`scale_or_reason.common.manifests.content_hash`, with known hashes of files."""
    digest = hashlib.sha256()
    for file in sorted(visible_files(folder)):
        digest.update(f"{file.relative_to(folder).as_posix()}\0{_present_hash(file, hashes)}\n".encode())
    return digest.hexdigest()


def _settings_findings(
    path: Path, relative: Path, content: Mapping[str, Any], study: Study, config: Mapping[str, Any]
) -> list[Finding]:
    found = content["settings"]
    differences = [
        (name, found.get(name), value)
        for name, value in expected_settings(relative.as_posix(), study, config).items()
        if found.get(name) != value and not _extends(found.get(name), value)
    ]
    return [
        Finding(OUTDATED, path, f"made with another setting {name}", str(old), f"{new}, as in the config")
        for name, old, new in differences
    ]


def _extends(found: Any, expected: Any) -> bool:
    """Whether ``found`` has all that is expected: manifests also have the defaults of sampling parameters."""
    if not isinstance(found, Mapping) or not isinstance(expected, Mapping):
        return False
    return all(found.get(name) == value for name, value in expected.items())


def _revision(git: Mapping[str, Any]) -> str:
    commit = str(git.get("commit") or "unknown")[:_SHORT]
    return f"{commit} with changes" if git.get("changed") else commit


def _version_notes(versions: Mapping[str, Mapping[str, set[Path]]]) -> list[str]:
    return [
        f"{name}: "
        + ", ".join(f"{version} in {counted(len(paths), 'manifest')}" for version, paths in sorted(found.items()))
        for name, found in sorted(versions.items())
        if len(found) > 1
    ]
