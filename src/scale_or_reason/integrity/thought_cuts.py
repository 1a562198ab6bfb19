"""Check the tokens of percentiles in manifests against the thoughts that were cut there."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl

from scale_or_reason.common.percentiles import length_at
from scale_or_reason.integrity.findings import DAMAGED, Finding
from scale_or_reason.study.thinking_budgets import RESOLVED_TOKENS

#: The table of cuts, beside the manifest of a model with a thinking budget.
CUTS = "cuts.parquet"


def percentile_finding(folder: Path) -> Finding | None:
    """What is wrong with the tokens of a percentile in the manifest of ``folder``, which has a table of cuts.

    The tokens are one of the lengths, and a thought that was cut there keeps exactly so many: the percentile of what
    the thoughts keep is the same number. None for budgets in tokens, and for files that cannot be read, which are
    found damaged as files.
    """
    path = folder / "manifest.json"
    try:
        settings = json.loads(path.read_text(encoding="utf-8"))["settings"]
        cuts = pl.read_parquet(folder / CUTS, columns=["benchmark", "thought_tokens"])
        percentile, noted = settings["think_percentile"], settings[RESOLVED_TOKENS]
    except (OSError, ValueError, LookupError, pl.exceptions.PolarsError):
        return None
    kept = cuts.group_by("benchmark", maintain_order=True).agg(pl.col("thought_tokens").drop_nulls())
    expected = {name: length_at(lengths, percentile) if lengths else None for name, lengths in kept.iter_rows()}
    if noted == expected:
        return None
    problem = f"the tokens of percentile {percentile} are not those of {CUTS}"
    return Finding(DAMAGED, path, problem, json.dumps(noted, sort_keys=True), json.dumps(expected, sort_keys=True))
