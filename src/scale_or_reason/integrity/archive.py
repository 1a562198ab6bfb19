"""One file with everything that a finished study says, for machines without GPUs, torch and vLLM.

A zip file: every system opens it, and single files can be read without unpacking. Unpacked in the project's folder, it
is the results folder of a study without weights: it can be verified, explored and drawn again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

import yaml

from scale_or_reason.common.checksums import (
    FOLDER_RECORD,
    Checksum,
    check_size,
    record_of,
    record_text,
    recorded_checksum,
    visible_files,
)
from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.files import atomic_path
from scale_or_reason.common.redaction import redacted_values
from scale_or_reason.study.local_files import ARCHIVE, PROJECT, RESULTS

#: Always in an archive; patterns below the results, ``*`` matches across folders.
_ALWAYS = (
    *("tables/*", "figures/*", "explorer.html", "report.html", "plan/*", "advice/*", "inspect/*", "timings/*"),
    *("verdicts/*", "scores/*", "costs/*", "learning_rates/*.json", "learning_rates/*.csv", "*/manifest.json"),
    *("benchmarks/*.json", "prompts/*.json", "prompts/*.csv", "pairs/*.json", "pairs/*.csv"),
    *("models/*/config.json", "models/*/training_log.csv", "models/*/sequence_lengths.parquet"),
)
#: In an archive on request: the names of `archive.include`.
PARTS: dict[str, tuple[str, ...]] = {
    "answers": ("answers/*", "benchmarks/*"),
    "pairs": ("prompts/*", "pairs/*", "mixtures/*", "tokens/*", "hybrid_tokens/*"),
    "models": ("models/*",),
}
#: Compressed as they are.
_COMPRESSED = (".parquet", ".pdf", ".png", ".safetensors")
_CHUNK = 1 << 22
#: Snakemake takes the time of a folder from this file in it.
_FOLDER_TIME = ".snakemake_timestamp"


def write_archive(
    results: Path, output: Path, parts: Sequence[str], config: Mapping[str, Any], rules: Sequence[str]
) -> tuple[int, int]:
    """Write the archive of a study to ``output``; return its number of files and their bytes.

    ``parts`` are names of :data:`PARTS`. ``rules`` are the rules that may run in the unpacked archive. Raises
    :class:`StudyError` if there is nothing to archive, and for a file that differs from its checksum.
    """
    files = [file for file in visible_files(results) if _chosen(file.relative_to(results).as_posix(), parts)]
    if not files:
        raise StudyError(
            "there is nothing to archive",
            where=results,
            found="no tables, figures or verdicts",
            expected="the results of a study",
            remedy="run the study first, with the same --configfile",
        )
    root = Path(RESULTS, results.name)
    with atomic_path(output) as temporary, ZipFile(temporary, "w", ZIP_DEFLATED, strict_timestamps=False) as archive:
        sums = {file: _add(archive, file, root / file.relative_to(results)) for file in files}
        _add_records(archive, sums, results, root)
        listed = "".join(f"{sums[file].sha256}  {(root / file.relative_to(results)).as_posix()}\n" for file in files)
        texts = {
            "SHA256SUMS": listed,
            "config.yaml": _config_text(config),
            "profile/config.yaml": _profile(root, rules),
            "README.txt": _readme(root, results.name, parts),
        }
        for name, text in texts.items():
            archive.writestr(f"{(root / ARCHIVE / name).as_posix()}", text)
    return len(files), sum(checksum.bytes for checksum in sums.values())


def _chosen(name: str, parts: Sequence[str]) -> bool:
    patterns = (*_ALWAYS, *(pattern for part in parts for pattern in PARTS[part]))
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _add(archive: ZipFile, file: Path, name: Path) -> Checksum:
    """Add a file; return its checksum. Raises :class:`StudyError` if it differs from the recorded one."""
    check_size(file)
    recorded = recorded_checksum(file)
    entry = ZipInfo.from_file(file, name.as_posix(), strict_timestamps=False)
    entry.compress_type = ZIP_STORED if file.suffix in _COMPRESSED else ZIP_DEFLATED
    digest, count = hashlib.sha256(), 0
    with file.open("rb") as stream, archive.open(entry, "w") as target:
        while data := stream.read(_CHUNK):
            digest.update(data)
            count += len(data)
            target.write(data)
    found = Checksum(count, digest.hexdigest())
    if recorded is not None and found != recorded:
        raise StudyError(
            "a file is damaged: its content has changed since it was written",
            where=file,
            found=str(found),
            expected=str(recorded),
            remedy="`snakemake quarantine` moves damaged files aside and prints how to make them again",
        )
    return found


def _add_records(archive: ZipFile, sums: Mapping[Path, Checksum], results: Path, root: Path) -> None:
    """Add the records of checksums: of a folder that is made as a whole, the part that is in the archive."""
    folders: dict[Path, dict[str, Checksum]] = {}
    for file, checksum in sums.items():
        if record_of(file).is_file():
            name = root / record_of(file).relative_to(results)
            archive.writestr(name.as_posix(), record_text({file.name: checksum}))
        elif (file.parent / FOLDER_RECORD).is_file():
            folders.setdefault(file.parent, {})[file.name] = checksum
    for folder, part in folders.items():
        name = root / folder.relative_to(results)
        archive.writestr((name / FOLDER_RECORD).as_posix(), record_text(part))
        time = folder / _FOLDER_TIME
        if time.is_file():
            archive.write(time, (name / _FOLDER_TIME).as_posix())


def _config_text(config: Mapping[str, Any]) -> str:
    """The config as an overlay; paths of the project's files are relative to it."""
    text = json.dumps(redacted_values(config), ensure_ascii=False).replace(f"{PROJECT}/", "")
    return yaml.safe_dump(json.loads(text), sort_keys=False, allow_unicode=True, width=120)


def _profile(root: Path, rules: Sequence[str]) -> str:
    """A profile of Snakemake: the study's config, and only rules that read what is in the archive."""
    settings = {
        "configfile": [(root / ARCHIVE / "config.yaml").as_posix()],
        "cores": 1,
        "allowed-rules": list(rules),
        "rerun-triggers": ["mtime"],
        "logger": "terse",
    }
    return yaml.safe_dump(settings, sort_keys=False)


def _readme(root: Path, name: str, parts: Sequence[str]) -> str:
    return f"""Results of the study {name}. Parts beside tables, figures and verdicts: {", ".join(parts) or "none"}.

Unpack this archive in a checkout of the project; {root}/tables and
{root}/explorer.html can be opened without it. What follows needs the project's
environment for analyses, which has neither torch nor vLLM:

    pip install '.[analysis]'

Verify:    sha256sum --check --quiet {root}/{ARCHIVE}/SHA256SUMS
           python workflow/scripts/verify_study.py --results {root}
Draw:      snakemake --profile {root}/{ARCHIVE}/profile -- figures tables explorer
Explore:   open {root}/explorer.html in a browser

A change of config/style.yaml draws figures and explorer again. Analyses are computed
again from tables and verdicts where their code has changed.
"""
