"""The input files of inspection pages.

Standard library only: every cluster job imports this module through the Snakefile.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from scale_or_reason.study.cells import FORMATS
from scale_or_reason.study.result_paths import result_path


def item_files(results: Path, benchmark: str, model_ids: Iterable[str], judges: Sequence[str]) -> list[Path]:
    """All tables about an item of ``benchmark``, existing or not."""
    files = []
    for model_id in model_ids:
        place = {"model_id": model_id, "benchmark": benchmark}
        files.append(results / result_path("answers", **place))
        files += [results / result_path("verdicts", judge=judge, **place) for judge in judges]
    return files


@dataclass(frozen=True)
class CorpusFiles:
    """The files of a corpus in ``results``; the teacher answers it in ``shards`` shards."""

    results: Path
    name: str
    shards: int

    @property
    def prompts(self) -> Path:
        return self.results / result_path("prompts", corpus=self.name)

    @property
    def overlaps(self) -> Path:
        return self.results / result_path("overlaps", corpus=self.name)

    @property
    def pairs(self) -> Path:
        return self.results / result_path("pairs", corpus=self.name)

    def generations(self, answer_format: str, shard: int) -> Path:
        """The teacher's answers of one shard in one format."""
        place = {"corpus": self.name, "format": answer_format, "shard": shard, "shards": self.shards}
        return self.results / result_path("teacher_answers", **place)

    def tokens(self) -> dict[str, Path]:
        """The token counts of the pairs by tokenizer."""
        files = sorted(self.results.glob(result_path("token_counts", corpus=self.name, tokenizer="*")))
        return {file.parent.name: file for file in files}

    def mixtures(self) -> dict[str, Path]:
        """The existing mixtures."""
        files = sorted(self.results.glob(result_path("mixture", corpus=self.name, curriculum="*", ratio="*")))
        return {f"{file.parent.name}/{file.stem}": file for file in files}

    def files(self) -> list[Path]:
        """All tables about a prompt except the prompts, existing or not."""
        answers = [self.generations(name, shard) for name in FORMATS for shard in range(self.shards)]
        return [*answers, self.pairs, self.overlaps, *self.tokens().values(), *self.mixtures().values()]


def state_of(files: Iterable[Path]) -> str:
    """A hash of the existing ``files`` and their times, which invalidates a page when they change."""
    digest = hashlib.sha256()
    for file in files:
        try:
            status = file.stat()
        except OSError:
            continue
        digest.update(f"{file}\0{status.st_mtime_ns}\0{status.st_size}\n".encode())
    return digest.hexdigest()[:16]


def items_with_pages(folder: Path) -> str:
    """A hash of the names of the items' pages in ``folder``, which invalidates what links to them."""
    names = sorted(f"{file.parent.name}/{file.name}" for file in folder.glob("*/*.html"))
    return hashlib.sha256("\n".join(names).encode()).hexdigest()[:16] if names else ""
