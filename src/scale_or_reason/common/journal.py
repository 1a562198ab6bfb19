"""Resumable work in chunks: finished chunks are on disk and are not repeated after a kill.

The journal is a JSONL file beside the output. It is not a declared output, since Snakemake deletes outputs before a job
starts. Its first line is a fingerprint of the inputs; a journal with another fingerprint is discarded. Our own, since
databases such as SQLite need file locks, which the network file systems of clusters often lack.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

Row = dict[str, Any]


class Journal:
    """The rows finished so far, and the seconds spent on them in all runs."""

    def __init__(self, path: Path, fingerprint: str) -> None:
        self.path = path
        self.rows: list[Row] = []
        self.seconds = 0.0
        self._fingerprint = fingerprint
        self._header = json.dumps({"fingerprint": fingerprint})
        whole = self._read()
        path.parent.mkdir(parents=True, exist_ok=True)
        if whole:
            os.truncate(path, whole)
        else:
            path.write_text(self._header + "\n", encoding="utf-8")

    @staticmethod
    def beside(output: Path) -> Path:
        """The journal path of ``output`` (a file or a folder)."""
        return output.with_name(f".{output.name}.journal.jsonl")

    def _read(self) -> int:
        """Load complete chunks; return their size in bytes including the header, 0 if the journal is unusable."""
        if not self.path.is_file():
            return 0
        with self.path.open("rb") as lines:
            if lines.readline() != self._header.encode() + b"\n":
                return 0
            whole, place, chunk = lines.tell(), lines.tell(), []
            for line in lines:
                place += len(line)
                if not line.endswith(b"\n"):
                    break
                try:
                    entry = json.loads(line)
                except ValueError:
                    break  # truncated by a crash of the machine
                if "row" in entry:
                    chunk.append(entry["row"])
                else:
                    self.rows += chunk
                    self.seconds += entry["seconds"]
                    whole, chunk = place, []
        return whole

    def append(self, rows: list[Row], seconds: float) -> None:
        """Append a chunk and flush it to disk. The last line of a chunk marks it as complete."""
        lines = [json.dumps({"row": row}, ensure_ascii=True) for row in rows]
        lines.append(json.dumps({"rows": len(rows), "seconds": seconds}))
        with self.path.open("a", encoding="utf-8") as stream:
            stream.write("\n".join(lines) + "\n")
            stream.flush()
            os.fsync(stream.fileno())
        self.rows += rows
        self.seconds += seconds

    def companion(self, name: str) -> Journal:
        """A second journal with the same fingerprint, for other rows."""
        return Journal(self.path.with_suffix(f".{name}.jsonl"), self._fingerprint)

    def remove(self) -> None:
        """Delete the journal; call this once the output is complete."""
        self.path.unlink(missing_ok=True)


def work_in_chunks(total: int, size: int, journal: Journal, work: Callable[[range], list[Row]]) -> list[Row]:
    """Rows 0 to ``total``: the journal's rows, then those of ``work``, at most ``size`` at a time."""
    while len(journal.rows) < total:
        done = len(journal.rows)
        chunk = range(done, min(done + size, total))
        began = time.monotonic()
        journal.append(work(chunk), time.monotonic() - began)
    return journal.rows
