"""A mixture made for tests of training."""

from __future__ import annotations

import polars as pl


def make_mixture(questions: int, reasoning_from: int | None = None) -> pl.DataFrame:
    """A sequential mixture: question i has its own number of letters, and reasoning from ``reasoning_from`` on."""
    border = questions if reasoning_from is None else reasoning_from
    rows = []
    for i in range(questions):
        reasons = i >= border
        rows.append(
            {
                "position": i,
                "phase": int(reasons),
                "prompt_id": f"q{i}",
                "format": "reasoning" if reasons else "ift",
                "prompt": f"question {i}: " + "say " * (i % 7),
                "completion": f"<think>\nit is {i}\n</think>\n\nyes {i}" if reasons else f"yes {i}",
            }
        )
    return pl.DataFrame(rows)
