"""SHA-256 of large files, remembered between programs.

Hashing the weights of a large model takes minutes. A hash is kept in the user's cache folder with the file's size,
inode and times, and computed again if one of them differs. Without a writable cache every program computes its own.
"""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path

from scale_or_reason.common.files import write_json
from scale_or_reason.common.manifests import content_hash
from scale_or_reason.common.seeds import stable_id


def cached_hash(file: Path) -> str:
    """SHA-256 of the content of ``file``, from the cache if the file is unchanged since it was hashed."""
    status = file.stat()
    # the time of the last change of the inode cannot be set back, unlike that of the content
    state = [status.st_size, status.st_ino, status.st_mtime_ns, status.st_ctime_ns]
    entry = _folder() / f"{stable_id(os.path.realpath(file))}.json"
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        known = json.loads(entry.read_text(encoding="utf-8"))
        if known["state"] == state:
            return str(known["sha256"])
    found = content_hash(file)
    with contextlib.suppress(OSError):
        write_json({"state": state, "sha256": found}, entry)
    return found


def _folder() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "scale-or-reason" / "hashes"
