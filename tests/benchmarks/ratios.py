"""Ratios of our programs to their peers, from the benchmarks to the table that ``make bench`` writes."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

#: The file that a benchmark appends its ratios to, if it is set.
VARIABLE = "BENCHMARK_RATIOS"


@dataclass(frozen=True)
class Ratio:
    """``ratio`` is our speed over the peer's, on the same work in the same run; ``low``, ``high``: over rounds."""

    work: str
    peer: str
    ratio: float
    low: float
    high: float


def record(work: str, peer: str, ratios: Sequence[float]) -> None:
    """Hand over the ratios of the rounds of one comparison. Does nothing outside of ``make bench``."""
    if path := os.environ.get(VARIABLE):
        row = Ratio(work, peer, median(ratios), min(ratios), max(ratios))
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(row)) + "\n")


def recorded(path: Path) -> list[Ratio]:
    """The ratios in a file, in the order of the benchmarks."""
    return (
        [Ratio(**json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []
    )
