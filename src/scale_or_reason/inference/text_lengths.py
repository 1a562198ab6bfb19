"""How long the texts in tables of answers and verdicts are, which decides which context lengths give the same ones."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path

#: Columns with the tokens of prompts and of completions. For a verdict they are sums over its conversation.
_COLUMNS = (("prompt_tokens", "answer_tokens"), ("judge_prompt_tokens", "judge_tokens"))


def longest_text(files: Iterable[str]) -> int | None:
    """The tokens of the longest prompt with its completion in these tables; files that are no tables are left out.

    For verdicts it is an upper bound, since their tokens are sums over a conversation. None if no table has such
    numbers, or if one cannot be read.
    """
    lengths = [_longest(file, Path(file).stat().st_mtime_ns) for file in files if file.endswith(".parquet")]
    known = [length for length in lengths if length is not None]
    return max(known) if known and len(known) == len(lengths) else None


@cache
def _longest(file: str, _changed: int) -> int | None:
    """The same of one table; with the time of its last change, so that a new table is read again."""
    import polars as pl  # here, since every job imports this module by the Snakefile

    try:
        table = pl.scan_parquet(file, glob=False)
        names = table.collect_schema().names()
        for prompt, completion in _COLUMNS:
            if prompt in names and completion in names:
                return table.select((pl.col(prompt) + pl.col(completion)).max()).collect().item() or 0
    except (pl.exceptions.PolarsError, OSError):
        pass
    return None
