"""The verdict of a jury whose judges disagree or have unparsable replies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from scale_or_reason.common.errors import StudyError
from scale_or_reason.judging.jury_settings import MAJORITIES, TIES

#: The columns that identify an answer of one model.
KEY = ["benchmark", "item_id", "sample"]


@dataclass(frozen=True)
class JuryRule:
    """The rule that combines verdicts; the papers specify only a "majority vote" (v2 section 3).

    ``majority``: of the judges with a readable reply, or of all judges, unparsable ones included. ``tie``: the verdict
    if neither yes nor no has the majority. If no judge has a readable reply, the answer is ``unparsable`` under every
    rule.
    """

    majority: str = "readable"
    tie: str = "undecided"

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any], where: object = "--jury") -> JuryRule:
        """The validated rule. Raises :class:`StudyError` for an unknown key or value."""
        allowed = {"majority": MAJORITIES, "tie": tuple(TIES)}
        for key, value in settings.items():
            if value not in allowed.get(key, ()):
                expected = "; ".join(f"{name}: {', '.join(values)}" for name, values in allowed.items())
                raise StudyError("invalid jury rule", where=where, key=key, found=value, expected=expected)
        return cls(**settings)

    def decide(self, verdicts: pl.DataFrame) -> pl.DataFrame:
        """One verdict per answer: columns ``KEY`` (with ``model_id``, if present) and ``verdict``.

        ``verdicts`` has one row per judge with these columns; verdicts are yes, no or unparsable.
        """
        return self.of_votes(count_votes(verdicts))

    def of_votes(self, votes: pl.DataFrame) -> pl.DataFrame:
        """Like :meth:`decide`, from the result of :func:`count_votes`, which several rules can share."""
        yes, no = pl.col("yes"), pl.col("no")
        all_votes = yes + no if self.majority == "readable" else pl.col("judges")
        decided = (
            pl.when(yes + no == 0)
            .then(pl.lit("unparsable"))
            .when(2 * yes > all_votes)
            .then(pl.lit("yes"))
            .when(2 * no > all_votes)
            .then(pl.lit("no"))
            .otherwise(pl.lit(TIES[self.tie]))
        )
        return votes.select(pl.exclude("yes", "no", "judges"), verdict=decided)


def count_votes(verdicts: pl.DataFrame) -> pl.DataFrame:
    """The number of votes ``yes`` and ``no`` and of ``judges``, for each answer."""
    key = [name for name in ("model_id", *KEY) if name in verdicts.columns]
    votes = {word: (pl.col("verdict") == word).sum().cast(pl.Int64) for word in ("yes", "no")}
    return verdicts.group_by(key, maintain_order=True).agg(**votes, judges=pl.len().cast(pl.Int64))
