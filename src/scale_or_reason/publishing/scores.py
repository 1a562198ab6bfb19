"""What the tables of a study say about one model: accuracies with intervals, and FLOPs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from scale_or_reason.common.checksums import check_content
from scale_or_reason.scoring.families import family_scores, inference_costs


@dataclass(frozen=True)
class StudyTables:
    """``tables/scores.parquet`` and ``costs.parquet``; None if they do not exist yet."""

    scores: pl.DataFrame | None
    costs: pl.DataFrame | None

    @classmethod
    def read(cls, results: Path) -> StudyTables:
        """Read the tables; raises :class:`StudyError` for a damaged one."""
        return cls(*(_table(results / "tables" / f"{name}.parquet") for name in ("scores", "costs")))

    def benchmarks(self, model_ids: Sequence[str]) -> list[dict[str, Any]]:
        """A row per model id and benchmark: accuracy and interval are shares."""
        return [] if self.scores is None else self._scores(model_ids).to_dicts()

    def families(self, model_ids: Sequence[str]) -> list[dict[str, Any]]:
        """A row per model id and family; ``flops`` is per answer, None if it was not counted."""
        if self.scores is None:
            return []
        means = family_scores(self._scores(model_ids))
        if self.costs is None:
            return means.with_columns(inference_flops=pl.lit(None, pl.Float64)).to_dicts()
        costs = inference_costs(self.costs.filter(pl.col("model_id").is_in(list(model_ids))))
        return means.join(costs, on=["model_id", "family"], how="left", maintain_order="left").to_dicts()

    def training_flops(self, model_ids: Sequence[str]) -> dict[str, float | None]:
        """FLOPs of the trainings by both counts; a model with two modes has one training."""
        if self.costs is None:
            return {}
        rows = self.costs.filter(pl.col("model_id") == model_ids[0], pl.col("stage") == "training")
        if not rows.height or rows["flops"].null_count():
            return {}
        exact = None if rows["exact_flops"].null_count() else float(rows["exact_flops"].sum())
        return {"papers": float(rows["flops"].sum()), "exact": exact}

    def _scores(self, model_ids: Sequence[str]) -> pl.DataFrame:
        assert self.scores is not None
        return self.scores.filter(pl.col("model_id").is_in(list(model_ids)))


def _table(path: Path) -> pl.DataFrame | None:
    if not path.is_file():
        return None
    check_content(path)
    return pl.read_parquet(path)
