"""Write the checksums of the small world's files, or check them.

python workflow/scripts/write_small_world_manifest.py --folder resources/micro --output resources/micro/MANIFEST.json
python workflow/scripts/write_small_world_manifest.py --folder resources/micro --check resources/micro/MANIFEST.json
"""

from __future__ import annotations

import argparse
import hashlib
import json
from pathlib import Path

from scale_or_reason.common.errors import StudyError, run_script
from scale_or_reason.common.files import write_json

#: The files of a model folder; other files are ignored.
SUFFIXES = (".safetensors", ".json", ".jinja", ".yaml")


def checksums(folder: Path, skip: Path) -> dict[str, str]:
    """SHA-256 of every file of the world below ``folder``, by relative path."""
    files = sorted(path for path in folder.rglob("*") if path.suffix in SUFFIXES and path.resolve() != skip.resolve())
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def check(folder: Path, manifest: Path) -> None:
    """Raise :class:`StudyError` unless the files below ``folder`` are exactly those of ``manifest``."""
    expected = json.loads(manifest.read_text(encoding="utf-8"))["sha256"]
    found = checksums(folder, manifest)
    different = sorted(path for path in {*expected, *found} if expected.get(path) != found.get(path))
    if different:
        raise StudyError(
            "files of the small world differ from its manifest",
            where=manifest,
            found=", ".join(different),
            remedy="restore them with `git checkout resources/micro`, or retrain them with `make micro-world`",
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, required=True)
    action = parser.add_mutually_exclusive_group(required=True)
    action.add_argument("--output", type=Path)
    action.add_argument("--check", type=Path)
    arguments = parser.parse_args()
    if arguments.check:
        check(arguments.folder, arguments.check)
    else:
        write_json({"sha256": checksums(arguments.folder, arguments.output)}, arguments.output)


if __name__ == "__main__":
    run_script(main)
